import { isInRange, parseAddress, parseRange } from './conditions/ip-address.ts'

/** Whether an address lies in one of the networks (CIDR). An address that is not known, or a network that cannot be read, is never trusted. */
export function isTrustedNetwork(networks: readonly string[] | undefined, source: string | undefined): boolean {
  const address = source === undefined ? undefined : parseAddress(source)
  if (address === undefined) return false
  return (networks ?? []).some((network) => {
    const range = parseRange(network)
    return range !== undefined && isInRange(address, range)
  })
}
