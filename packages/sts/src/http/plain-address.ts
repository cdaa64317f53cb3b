import { isIP } from 'node:net'

/**
 * One spelling for an IP address, whoever tells it: IPv6 as RFC 5952 writes it and without a zone, which names a wire of some
 * machine (RFC 4007 section 11), and IPv4 for an IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2), as
 * sockets for both families report it. `undefined`: no address.
 */
export function plainAddress(text: string): string | undefined {
  const [address = ''] = text.split('%', 1)
  const version = isIP(address)
  if (version !== 6) return version === 4 && address === text ? address : undefined
  const written = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written ?? '') ?? []
  if (high === undefined || low === undefined) return written
  const bytes = [high, low].map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff])
  return bytes.join('.')
}
