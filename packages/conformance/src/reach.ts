/**
 * Where the kit goes because a target says so: redirects, endpoints of metadata, actions of forms. And where it types a password.
 *
 * A remote issuer must not read this machine or its network through the kit, which often runs in a CI. So addresses of loopback and of
 * private networks are asked only where the issuer itself is there, or where the target file names them. Names are not resolved: what
 * is not on loopback is asked by TLS, which a stranger's name does not pass.
 */
import { BlockList, isIPv6 } from 'node:net'

export interface Reach {
  /** Why nothing is sent there; undefined: it may be. */
  whyNotAsked(url: URL): string | undefined
  /** Whether the person of the target file types a password into a page of this host. */
  signsInAt(url: URL): boolean
}

export interface ReachOptions {
  /** Absent: there is only what was named, and nobody remote who could lead the kit astray. */
  readonly issuer: string | undefined
  /** Addresses that the target file names to be asked. */
  readonly named: readonly string[]
  /** Hosts at which the issuer's people sign in, beside its own: `login.example.com`, with a port where it is not the usual one. */
  readonly signInHosts: readonly string[]
}

type Place = 'loopback' | 'private' | 'public'

const addresses = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  addresses.addSubnet(net, bits)
for (const [net, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  addresses.addSubnet(net, bits, 'ipv6')
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')
loopback.addAddress('::', 'ipv6')

/** Where a host is, as far as its name tells. */
export function placeOf({ hostname }: URL): Place {
  if (/^(.+\.)?localhost\.?$/.test(hostname)) return 'loopback'
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  // Text that is no address is in no list. IPv4 inside IPv6 is seen through.
  if (loopback.check(address, family)) return 'loopback'
  return addresses.check(address, family) ? 'private' : 'public'
}

const hostOf = (url: URL): string => (placeOf(url) === 'loopback' ? `loopback:${url.port}` : url.host)

export function createReach({ issuer, named, signInHosts }: ReachOptions): Reach {
  const own = issuer === undefined ? undefined : URL.parse(issuer)
  const ownPlace = own === null || own === undefined ? undefined : placeOf(own)
  const all = [...named, ...signInHosts.map((host) => `https://${host}`)]
  const hosts = new Set(all.flatMap((one) => URL.parse(one) ?? []).map(hostOf))
  const signIns = new Set(signInHosts)
  return Object.freeze({
    whyNotAsked: (url) => {
      const place = placeOf(url)
      if (own === undefined || place === 'public' || place === ownPlace || hosts.has(hostOf(url))) return undefined
      const where = place === 'loopback' ? 'this machine' : 'a private network'
      return `${url.host} is on ${where}, where the issuer is not: nothing is sent there unless the target file names it (sign_in_hosts)`
    },
    // Every name of this machine is one host.
    signsInAt: (url) =>
      own === undefined ||
      own === null ||
      url.hostname === own.hostname ||
      signIns.has(url.host) ||
      (placeOf(url) === 'loopback' && ownPlace === 'loopback'),
  } satisfies Reach)
}
