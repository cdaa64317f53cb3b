/**
 * Whether an address may be asked at all: its host, with its port where that is not the scheme's own, is to the letter one
 * of the list. No wildcard, no part of a name, no name or password in it. Pure; resolves nothing.
 */
export function isAllowedAddress(address: string, allowHosts: readonly string[]): boolean {
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false
  if (url.username !== '' || url.password !== '') return false
  return allowHosts.includes(url.host)
}
