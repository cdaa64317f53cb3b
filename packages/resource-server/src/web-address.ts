/**
 * web-address says which addresses this library may speak to at all: https, or http on this machine where that is allowed.
 *
 * Pure. It does not resolve names: guarded-fetch.ts does, with the help of network-address.ts.
 * @module
 */

/** True for a host that is this machine by its spelling: `localhost`, `127.x.x.x`, `[::1]`. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)

/** The address as a URL if it may be asked: https without user info, or http to loopback if `allowInsecureLoopback`. */
export function allowedUrl(address: string, allowInsecureLoopback: boolean): URL | undefined {
  const url = URL.parse(address)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && allowInsecureLoopback && isLoopbackHost(url.hostname) ? url : undefined
}

/** `https://host/.well-known/{name}/path` for `https://host/path`: the segment is inserted (RFC 8414 section 3.1, RFC 9728 section 3.1). */
export function insertWellKnown(url: URL, name: string): URL {
  const inserted = new URL(url.origin)
  inserted.pathname = `/.well-known/${name}${url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '')}`
  inserted.search = url.search
  return inserted
}

/** `{issuer}/.well-known/openid-configuration`: the segment is appended (OIDC Discovery section 4). */
export const openidConfigurationUrl = (issuer: URL): URL =>
  new URL(`${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`)
