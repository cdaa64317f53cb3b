import { BlockList, isIP } from 'node:net'
import { plainAddress } from './plain-address.ts'

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * Makes the function that tells from where a request comes. `trustedProxies` are CIDR blocks or single addresses;
 * `X-Forwarded-For` is read only when the socket's other end is one of them, and from its right end, where our own
 * proxies write: what stands further left is whatever the client liked to send.
 * @throws {TypeError} when a block is not a CIDR block
 */
export function createClientAddress(options: { trustedProxies: readonly string[] }) {
  const trusted = new BlockList()
  for (const block of options.trustedProxies) addBlock(trusted, block)
  const isTrusted = (address: string): boolean => trusted.check(address, family(address))

  return (request: { socketAddress: string | undefined; forwardedFor: string | undefined }): string => {
    let address = plainAddress(request.socketAddress ?? '') ?? ''
    if (address === '') return ''
    const hops = (request.forwardedFor ?? '')
      .slice(-2000)
      .split(',')
      .map((hop) => plainAddress(hop.trim())) // newest proxies stand last
    while (isTrusted(address)) {
      const previous = hops.pop()
      if (previous === undefined) break
      address = previous
    }
    return address
  }
}

function addBlock(list: BlockList, block: string): void {
  const [address = '', bits, ...rest] = block.split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (version === 0 || rest.length > 0 || !(prefix >= 0 && prefix <= most)) {
    throw new TypeError(`"${block}" is not a CIDR block, e.g. 10.0.0.0/8 or 2001:db8::/32`)
  }
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
}
