/**
 * Compares redirect URIs as strings (RFC 9700 section 2.1). The one exception is the port of a native client's
 * loopback redirect (RFC 8252 section 7.3), for which an absent path equals `/`.
 */
export function redirectAllowed(registered: readonly string[], applicationType: 'native' | 'web', presented: string): boolean {
  if (registered.includes(presented)) return true
  if (applicationType !== 'native') return false
  const loopback = parseLoopback(presented)
  return loopback !== undefined && registered.some((one) => parseLoopback(one) === loopback)
}

/**
 * `location` with the scheme spelled as in `redirectUri`. oidc-provider writes schemes in small letters, which is the same
 * to RFC 3986 section 3.1, but recorded phone clients look for theirs as it was registered. Pure.
 */
export function withSchemeOf(redirectUri: string, location: string): string {
  const scheme = redirectUri.slice(0, redirectUri.indexOf(':') + 1)
  const isSame = scheme !== '' && location.toLowerCase().startsWith(scheme.toLowerCase())
  return isSame ? `${scheme}${location.slice(scheme.length)}` : location
}

/** Host and path of a loopback redirect without its port, read from the text itself so that nothing is normalised. */
function parseLoopback(uri: string): string | undefined {
  const match = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::(\d{1,5}))?(\/[\x21-\x7e]*)?$/.exec(uri)
  if (!match) return undefined
  const [, host, port, path = '/'] = match
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return undefined
  if (path.includes('#') || path.includes('\\')) return undefined
  return `${host}${path}`
}
