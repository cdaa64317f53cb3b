/** Addresses of other servers, as administrators type them. Pure: nothing is resolved or asked here. */

/** Names of this machine, as `hostname` of a URL has them. */
export const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** What is wrong with an address of a metadata document, or `undefined`. Whether its host may be asked, the configuration says. */
export function findMetadataUrlProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'must be an address, for example https://mail.fabrikam.com/autodiscover/metadata/json/1'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopbackNames.has(url.hostname)))
    return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must hold no name and no password'
  if (url.hash !== '' || text.includes('#')) return 'must hold no fragment'
  return undefined
}

/** Where Exchange-like servers publish their metadata (F§2.1). */
const exchangePath = 'autodiscover/metadata/json/1'

/** The base address of a server, as `https://host/`. `undefined`: it has a path, a query, or is no such address. */
export function parseBaseAddress(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || findMetadataUrlProblem(text) !== undefined) return undefined
  return url.pathname === '/' && url.search === '' && !text.includes('?') ? `${url.origin}/` : undefined
}

export const metadataUrlOf = (base: string): string => new URL(exchangePath, base).href
