import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import type { Condition } from './condition.ts'

/** By source address: an address, or a range such as `10.0.0.0/8` or `2001:db8::/32` (RFC 4632, RFC 4291 section 2.3). */
export const network: Condition = {
  value: z.string().refine((value) => parseRange(value) !== undefined, {
    message: 'must be an IP address or a range such as 10.0.0.0/8 or 2001:db8::/32',
  }),
  matcher: (values) => {
    const ranges = new BlockList()
    for (const value of values) {
      const range = parseRange(value)
      if (range === undefined) throw new TypeError(`${value} was not checked before it became a condition`)
      ranges.addSubnet(range.address, range.prefix, range.family)
    }
    return ({ source }) => {
      const address = source === undefined ? undefined : parseAddress(source)
      return address === undefined ? 'unknown' : ranges.check(address.address, address.family)
    }
  },
}

type Address = Readonly<{ address: string; family: 'ipv4' | 'ipv6' }>

/** A dual-stack socket reports IPv4 callers as `::ffff:192.0.2.1`; both spellings are one address (RFC 4291 section 2.5.5.2). */
function parseAddress(text: string): Address | undefined {
  const plain = text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '')
  const version = isIP(plain)
  return version === 0 ? undefined : { address: plain, family: version === 4 ? 'ipv4' : 'ipv6' }
}

function parseRange(text: string): (Address & { readonly prefix: number }) | undefined {
  const [host = '', length, ...rest] = text.split('/')
  const version = isIP(host)
  if (version === 0 || host.includes('%') || rest.length > 0) return undefined
  const longest = version === 4 ? 32 : 128
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined
  const prefix = length === undefined ? longest : Number(length)
  return prefix > longest ? undefined : { address: host, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}
