import { plainAddress } from '../http/plain-address.ts'

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address, of which one household has 2^64 addresses
 * (RFC 6177). Written in one way, whichever way the address was. Whatever is no address is its own source.
 * Does NOT see through address translation: everybody behind one IPv4 address is one source, and so is everybody behind a
 * proxy that the configuration does not trust.
 */
export function sourceOf(address: string): string {
  const plain = plainAddress(address)
  if (!plain?.includes(':')) return plain ?? address
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
