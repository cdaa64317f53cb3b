/** An address as a number. IPv4 in IPv6 clothes (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is the IPv4 address. */
export type IpAddress = Readonly<{ bits: bigint; length: 32 | 128 }>

/** Every address whose first `prefix` bits are those of `address` (RFC 4632 section 3.1, RFC 4291 section 2.3). */
export type IpRange = Readonly<{ address: IpAddress; prefix: number }>

const mappedPrefix = 0xffffn

/** `undefined`: no address. A zone (`%eth0`) is left out: it says through which interface, not from where. */
export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const bits = parseIpv6(text.replace(/%.*$/s, ''))
  if (bits === undefined) return undefined
  return bits >> 32n === mappedPrefix ? { bits: bits & 0xffffffffn, length: 32 } : { bits, length: 128 }
}

/** An address, or a range such as `10.0.0.0/8` or `2001:db8::/32`. `undefined`: neither, or IPv4 in IPv6 clothes with a length that leaves open what it counts. */
export function parseRange(text: string): IpRange | undefined {
  const [host = '', length, ...rest] = text.split('/')
  const address = host.includes('%') ? undefined : parseAddress(host)
  if (address === undefined || rest.length > 0) return undefined
  if (length === undefined) return { address, prefix: address.length }
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || (host.includes(':') && address.length === 32)) return undefined
  const prefix = Number(length)
  return prefix <= address.length ? { address, prefix } : undefined
}

export function isInRange(address: IpAddress, range: IpRange): boolean {
  if (address.length !== range.address.length) return false
  const ignored = BigInt(address.length - range.prefix)
  return address.bits >> ignored === range.address.bits >> ignored
}

/** Four numbers without leading zeros, which some readers take for octal. */
function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), length: 32 }
}

/** Eight groups of four hex digits; `::` once for one or more groups of zeros, and the last two may be an IPv4 address (RFC 4291 section 2.2). */
function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const zeros = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined
  const groups = [...head, ...Array<bigint>(zeros).fill(0n), ...(tail ?? [])]
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n)
}

function parseGroups(text: string, mayEndInIpv4: boolean): readonly bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const endsInIpv4 = mayEndInIpv4 && last.includes('.')
  const ipv4 = endsInIpv4 ? parseIpv4(last) : undefined
  if (endsInIpv4 && ipv4 === undefined) return undefined
  const hex = endsInIpv4 ? parts.slice(0, -1) : parts
  if (!hex.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined
  const groups = hex.map((part) => BigInt(`0x${part}`))
  return ipv4 === undefined ? groups : [...groups, ipv4.bits >> 16n, ipv4.bits & 0xffffn]
}
