/** Which redirect URIs a client may register: R1, R2, RFC 9700 section 4.1, RFC 8252 section 7. Compared to the letter later, never as patterns. */

/** Forms that recorded mail clients use and that the rules would refuse (F§1.1). Only administrators register them. */
const recorded: readonly RegExp[] = [
  /^urn:ietf:wg:oauth:2\.0:oob$/,
  /^com\.apple\.Preferences:\/\/oauth-redirect$/,
  /^msauth\.[A-Za-z0-9.]+:\/\/auth$/,
  /^ms-appx-web:\/\/Microsoft\.AAD\.BrokerPlugin\/[0-9A-Za-z-]+$/,
]

/**
 * First labels that make a scheme a name of browsers, systems or stores instead of a domain name reversed, whatever follows
 * a dot: `java.script`, `intent.foo`, `ms-settings.x`, `view-source.x`.
 */
const foreign =
  /^(?:about|android-app|applescript|blob|cid|chrome(?:-.*)?|content|data|facetime(?:-.*)?|file|filesystem|ftps?|geo|git|google|https?|imaps?|intent|itms(?:-.*)?|jar|java|javascript|ldaps?|livescript|magnet|mailto|market|message|mid|mms|mocha|moz-extension|ms-.*|nntp|pop|res|resource|rtsp|safari-.*|script|search-ms|sftp|shell|sips?|sms|smb|ssh|steam|tel|telnet|urn|vbscript|view-source|vscode|webcal|wss?|x-.*)$/

/** RFC 8252 section 7.1: a domain name that somebody owns, reversed; so the first label is a top-level domain. */
const reversedDomain = /^[a-z]{2,63}(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/

/** What follows the scheme as recorded clients have it: `:/path` or `://name`, of unreserved characters, and a query. */
const privateUseRest = /^\/(?:\/?[A-Za-z0-9_~.-]+(?:\/[A-Za-z0-9_~.-]+)*\/?)?(?:\?[A-Za-z0-9_~.=&%-]*)?$/

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
  // Servers decode before they resolve, so what is written as %2e or %2f leaves the registered path as well.
  if (hasDotSegment(uri.slice(scheme.length + 1))) return 'must not hold the path segments . or .., percent-encoded neither'
  if (scheme === 'https' || scheme === 'http') return findWebProblem(uri, scheme)
  if (foreign.test(scheme.split('.')[0] ?? '')) return `must not use the scheme ${scheme}`
  if (applicationType === 'web') return 'must be https: a private-use scheme is for native clients'
  if (!reversedDomain.test(scheme))
    return 'must use a scheme with a dot, made from a domain name, for example com.contoso.mail:/callback'
  if (!privateUseRest.test(uri.slice(scheme.length + 1)))
    return 'must go on behind its scheme with :/path or ://name in plain characters, for example com.contoso.mail:/callback'
  return undefined
}

/**
 * What is wrong with a redirect URI of an app that registers itself. Beside the rules for all: the forms of recorded mail
 * clients belong to those, and an app that nobody invited may have none that leaves the person's machine. Whoever is lured
 * by a link to such an app would send a code to a stranger (RFC 8252 sections 7.1 and 7.3).
 */
export function findOwnRedirectUriProblem(
  uri: string,
  app: { readonly applicationType: 'native' | 'web'; readonly isInvited: boolean },
): string | undefined {
  const problem = findRedirectUriProblem(uri, app.applicationType)
  if (problem !== undefined) return problem
  if (recorded.some((form) => form.test(uri))) return 'belongs to a known mail program'
  if (!app.isInvited && /^https:/i.test(uri)) return 'must be a loopback address or a private-use scheme'
  return undefined
}

/** Also where slash, backslash or dot are percent-encoded, once or more often. */
function hasDotSegment(rest: string): boolean {
  const [path = ''] = rest.split('?')
  let plain = path
  for (let before = ''; plain !== before; ) {
    before = plain
    plain = plain.replace(/%(25|2e|2f|5c)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return plain.split(/[/\\]/).some((segment) => /^\.{1,2}(?:;.*)?$/.test(segment))
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
