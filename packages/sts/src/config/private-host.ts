import { BlockList, isIP } from 'node:net'

const privateNetworks = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  privateNetworks.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNetworks.addSubnet(network, prefix, 'ipv6')

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()

/** Whether the host is this machine. */
export const isLoopbackHost = (host: string): boolean =>
  bare(host) === 'localhost' || bare(host) === '::1' || (isIP(bare(host)) === 4 && bare(host).startsWith('127.'))

/**
 * Whether the host is on a private network (RFC 1918, RFC 4193, loopback, link-local), or has a name that only a private
 * network can know: one word, or below `.internal`, `.local`, `.localhost` or `.home.arpa`. Looks at the name only; resolves nothing.
 */
export function isPrivateHost(host: string): boolean {
  const name = bare(host)
  const family = isIP(name)
  if (family !== 0) return privateNetworks.check(name, family === 6 ? 'ipv6' : 'ipv4')
  return /^[^.]+$/.test(name) || /\.(?:internal|local|localhost|home\.arpa)$/.test(name)
}
