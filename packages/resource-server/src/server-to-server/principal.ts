/**
 * principal reads and writes the names of servers in server-to-server tokens: `client_id[/host][@realm]` ([MS-XOAUTH] section 2.2).
 *
 * Pure, and strict: one spelling, no second `@`, no second `/`. It does not know who is trusted.
 * @module
 */

/** The client id of every security token service: the issuer of actor tokens, `{this}@{realm}`. */
export const securityTokenServiceId = '00000001-0000-0000-c000-000000000000'

/** A server by name. `realm` is a GUID, a domain, or `*` in lists of trusted issuers; nothing is compared with `*` here. */
export type Principal = Readonly<{ clientId: string; host?: string; realm?: string }>

const longestPrincipal = 512

/** Visible ASCII without the two separators, at most one host before at most one realm. */
const grammar = /^([\x21-\x2e\x30-\x3f\x41-\x7e]+)(?:\/([\x21-\x2e\x30-\x3f\x41-\x7e]+))?(?:@([\x21-\x2e\x30-\x3f\x41-\x7e]+))?$/

/** The parts of `text`, letter case kept; undefined if it is not a principal in its one spelling. Never throws. */
export function parsePrincipal(text: string): Principal | undefined {
  if (typeof text !== 'string' || text.length > longestPrincipal) return undefined
  const found = grammar.exec(text)
  if (found === null) return undefined
  const [, clientId = '', host, realm] = found
  return Object.freeze({ clientId, ...(host === undefined ? {} : { host }), ...(realm === undefined ? {} : { realm }) })
}

/**
 * `client_id/host@realm`, without the parts that are not there.
 * @throws {TypeError} if the parts do not make a principal
 */
export function formatPrincipal({ clientId, host, realm }: Principal): string {
  const text = `${clientId}${host === undefined ? '' : `/${host}`}${realm === undefined ? '' : `@${realm}`}`
  const read = parsePrincipal(text)
  // Where the realm is read otherwise, the host is too: only a second `@` could part them elsewhere.
  if (read?.clientId !== clientId || read.host !== host) throw new TypeError('not the parts of a principal')
  return text
}

/**
 * `client_id/host@realm` with the host in lower case: two audiences are one audience if these are equal ([MS-XOAUTH] section
 * 3.2.5.6: client id and realm letter by letter, the host in any letter case). Undefined unless all three parts are there.
 */
export function comparableAudience(text: string): string | undefined {
  const { clientId, host, realm } = parsePrincipal(text) ?? {}
  if (host === undefined || realm === undefined) return undefined
  return `${clientId}/${host.toLowerCase()}@${realm}`
}

/** {@link comparableAudience} of a configured audience. @throws {TypeError} if a part is missing */
export function requireComparableAudience(audience: string): string {
  const comparable = comparableAudience(audience)
  if (comparable === undefined) throw new TypeError(`audience ${audience} must be client_id/host@realm`)
  return comparable
}
