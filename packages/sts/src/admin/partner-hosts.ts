import { isAllowedAddress } from '../partners/allowed-address.ts'

/** What to write where, so that these hosts may be asked as well as those that may be already. Pure. */
export const howToAllow = (hosts: readonly string[], partnerHosts: readonly string[]): string =>
  `set POSTERN_PARTNER_HOSTS=${[...new Set([...partnerHosts, ...hosts])].join(',')} (partnerHosts in the configuration file)`

/** Why new certificates at these addresses would not be noticed, and what to do. `undefined`: they are. Pure. */
export function noteUnfollowed(urls: readonly string[], partnerHosts: readonly string[]): string | undefined {
  const hosts = urls.filter((url) => !isAllowedAddress(url, partnerHosts)).map((url) => new URL(url).host)
  if (hosts.length === 0) return undefined
  return `New certificates of ${hosts.join(' and ')} are not followed yet. So that they are: ${howToAllow(hosts, partnerHosts)}, and start the service anew.`
}
