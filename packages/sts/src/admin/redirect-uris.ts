/** Which redirect URIs a client may register: R1, R2, RFC 9700 section 4.1, RFC 8252 section 7. Compared to the letter later, never as patterns. */

/** Forms that recorded mail clients use and that the rules would refuse (F§1.1). */
const recorded: readonly RegExp[] = [
  /^urn:ietf:wg:oauth:2\.0:oob$/,
  /^com\.apple\.Preferences:\/\/oauth-redirect$/,
  /^msauth\.[A-Za-z0-9.]+:\/\/auth$/,
  /^ms-appx-web:\/\/Microsoft\.AAD\.BrokerPlugin\/[0-9A-Za-z-]+$/,
]

/** Schemes that browsers or mail programs handle themselves; code or data could come back through them. */
const dangerous = new Set([
  'javascript',
  'data',
  'vbscript',
  'file',
  'blob',
  'about',
  'filesystem',
  'ws',
  'wss',
  'ftp',
  'mailto',
  'tel',
  'view-source',
])

/** What is wrong with a redirect URI for this kind of client; `undefined`: nothing. */
export function findRedirectUriProblem(uri: string, applicationType: 'native' | 'web'): string | undefined {
  if (uri.length > 2000) return 'is longer than 2000 characters'
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'may hold visible ASCII characters only'
  if (uri.includes('*')) return 'must not hold a wildcard: each address is registered to the letter'
  if (uri.includes('#')) return 'must not have a fragment'
  if (/["<>\\^`{|}]/.test(uri)) return 'holds characters that no URI has'
  if (recorded.some((form) => form.test(uri))) {
    return applicationType === 'native' ? undefined : 'belongs to a native client: register the client as native'
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined || !URL.canParse(uri)) return 'must be an absolute URI'
  if (dangerous.has(scheme)) return `must not use the scheme ${scheme}`
  if (scheme === 'https' || scheme === 'http') return findWebProblem(uri, scheme)
  if (applicationType === 'web') return 'must be https: a private-use scheme is for native clients'
  // RFC 8252 section 7.1: a scheme under a name that somebody owns, reversed.
  if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(scheme))
    return 'must use a scheme with a dot, made from a domain name, for example com.contoso.mail:/callback'
  return undefined
}

function findWebProblem(uri: string, scheme: 'http' | 'https'): string | undefined {
  const url = new URL(uri)
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?]*@/i.test(uri)) return 'must not hold a name or password'
  if (!/^https?:\/\/[^/]/i.test(uri)) return 'must name a host'
  // What a URL parser would change reads differently for others: dots in the path, upper-case or foreign hosts, backslashes.
  const canonical = url.href === uri || url.href === `${uri}/` || (url.pathname === '/' && url.href === uri.replace('?', '/?'))
  if (!canonical) return `must be written in its plain form: ${url.href}`
  if (scheme === 'https') return undefined
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (!loopback) return 'must be https; http is for loopback addresses only'
  return undefined
}
