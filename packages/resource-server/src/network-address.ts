/**
 * network-address tells public addresses from those of this machine and this network, so that a hostile answer cannot make
 * a client knock on doors inside (R19).
 *
 * Pure. Names are resolved in guarded-fetch.ts, which asks here about every address a name leads to.
 * @module
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** `forbidden`: link-local (cloud metadata), multicast, documentation, translation and other special ranges. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'forbidden'

function ranges(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList()
  for (const [family, entries] of [['ipv4', ipv4] as const, ['ipv6', ipv6] as const]) {
    for (const entry of entries) {
      const [network = '', bits] = entry.split('/')
      list.addSubnet(network, Number(bits), family)
    }
  }
  return list
}

/** From the IANA special-purpose address registries (RFC 6890 and its updates). */
const loopback = ranges(['127.0.0.0/8'], ['::1/128'])
const privateUse = ranges(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7'])
const special = ranges(
  [
    '0.0.0.0/8',
    '169.254.0.0/16',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/3',
  ],
  // 2001::/23 holds Teredo; 2002::/16 is 6to4: both carry an IPv4 address that would escape the checks above.
  ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
)
const globalUnicast = ranges([], ['2000::/3'])

/** What kind of address this is; `forbidden` for anything that is not an IP address in its usual spelling. */
export function kindOfAddress(address: string): AddressKind {
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined
  // An IPv4-mapped address is refused as a whole: nobody who means well publishes one.
  if (family === undefined || address.includes('%') || /^::(ffff|0):/i.test(address)) return 'forbidden'
  if (loopback.check(address, family)) return 'loopback'
  if (privateUse.check(address, family)) return 'private'
  if (special.check(address, family)) return 'forbidden'
  return family === 'ipv4' || globalUnicast.check(address, family) ? 'public' : 'forbidden'
}
