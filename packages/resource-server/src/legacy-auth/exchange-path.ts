/**
 * exchange-path tells the mail protocol of a request by its path, on a server that has Exchange's paths.
 *
 * Pure. It resolves nothing: servers do not agree on how, and whoever asks may choose the reading that suits them. So a path that
 * some server reads as another one has no protocol here.
 * @module
 */
import type { MailProtocol, RequestFacts } from './legacy-auth-contract.ts'

const paths: readonly (readonly [prefix: string, protocol: MailProtocol])[] = [
  ['/microsoft-server-activesync', 'activesync'],
  ['/autodiscover', 'autodiscover'],
  ['/ews', 'ews'],
  ['/mapi', 'mapi'],
  ['/oab', 'oab'],
  ['/rpc', 'rpc'],
  ['/powershell', 'powershell'],
]

/** Path in lower case and query, without decoding. */
export function splitAddress(url: string): Readonly<{ path: string; query: string }> {
  const local = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const mark = local.indexOf('?')
  const [path, query] = mark === -1 ? [local, ''] : [local.slice(0, mark), local.slice(mark + 1)]
  return { path: path.toLowerCase(), query: query.replace(/#.*$/s, '') }
}

/**
 * Dot segments and hidden segments; parameters, which Java servers take out before they look for dots (`/ews/..;/mapi`);
 * empty segments; back slashes; a fragment, which no client sends; and what no path is written with (RFC 3986 section 3.3).
 */
const unsettled = /\/[./]|[;\\#?]|[^\x21-\x7e]|%(?![0-9a-f]{2})/i
const escapes = /(?:%[0-9a-f]{2})+/gi
/** What may not stand behind an escape either. A second percent sign is one, since some decode twice. */
const unsettledBehindEscape = /[./\\;%#?\p{Cc}]/u

/**
 * Whether some server may read this path (without its query) as another one: then nobody can say by its beginning what it opens.
 * For those who have paths of their own beside Exchange's. A segment that begins with a dot counts, so look for `/.well-known`
 * before.
 */
export const hidesAnotherPath = (path: string): boolean =>
  unsettled.test(path) || (path.match(escapes) ?? []).some((escaped) => unsettledBehindEscape.test(decode(escaped)))

/**
 * The protocol that goes by this path on an Exchange-like server, or undefined. Letter case does not matter there. For
 * `protocol` of createLegacyAuth. A path that could be read as another one has none: `/ews/../mapi` must not be judged as EWS and
 * answered as MAPI.
 */
export function protocolOfExchangePath({ url }: RequestFacts): MailProtocol | undefined {
  const { path } = splitAddress(url)
  if (hidesAnotherPath(path)) return undefined
  return paths.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1]
}

/** Letters that look like signs are the signs: some servers take them for it. What is no UTF-8 stays escaped. */
function decode(escaped: string): string {
  try {
    return decodeURIComponent(escaped).normalize('NFKC')
  } catch {
    return escaped
  }
}
