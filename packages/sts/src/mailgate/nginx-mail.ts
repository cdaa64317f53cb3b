/**
 * nginx-mail answers nginx's mail proxy (`auth_http`), which asks with headers and is told by headers where to go on.
 *
 * It owns this form alone; what is decided comes from decide.ts. nginx must hand on its own credentials
 * (`auth_http_header Authorization "Basic …"`). It takes passwords; an app that shows a token has to reach the server
 * behind by itself, since nginx of Debian knows no such mechanism.
 * @module
 */
import { plainAddress } from '../http/plain-address.ts'
import type { MailProtocol } from '../policy/mail/protocols.ts'
import { cleanName, type GateQuestion } from './gate-request.ts'
import type { Refusal } from './refusals.ts'

/** What nginx sends, by header name in small letters. */
export type NginxHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

const protocols: ReadonlyMap<string, MailProtocol> = new Map([
  ['imap', 'imap'],
  ['pop3', 'pop'],
  ['smtp', 'smtp'],
])
/** Seconds that nginx keeps somebody waiting before the next try on the same connection. */
const waitSeconds = '3'

/** `undefined`: a mechanism that shows no password (CRAM-MD5, APOP, none), or values that cannot be read. */
export function parseNginxMail(headers: NginxHeaders): GateQuestion | undefined {
  const protocol = protocols.get(headerOf(headers, 'auth-protocol').toLowerCase())
  const name = unescapeValue(headerOf(headers, 'auth-user'))
  const secret = unescapeValue(headerOf(headers, 'auth-pass'))
  const isPlain = headerOf(headers, 'auth-method').toLowerCase() === 'plain'
  if (protocol === undefined || !isPlain || name === undefined || name === '' || secret === undefined) return undefined
  const source = plainAddress(headerOf(headers, 'client-ip'))
  return {
    shown: { kind: 'secret', name: cleanName(name), secret },
    app: { protocol, source },
    ...(source !== undefined && { source }),
    // nginx sends it for encrypted connections only.
    tls: headerOf(headers, 'auth-ssl').toLowerCase() === 'on',
    opensNoMail: false,
  }
}

/** By the word that nginx has for it. For answers to requests that {@link parseNginxMail} cannot read. */
export const nginxProtocolOf = (headers: NginxHeaders): MailProtocol =>
  protocols.get(headerOf(headers, 'auth-protocol').toLowerCase()) ?? 'imap'

/**
 * The headers that send nginx on to `upstream` (`host:port`), under one name whichever the app used; under the one that it
 * used where the other does not fit into a header.
 */
export function renderNginxGrant(account: { readonly upn: string }, upstream: string): Readonly<Record<string, string>> {
  // The port follows the last colon, so an IPv6 address may stand in brackets or not.
  const colon = upstream.lastIndexOf(':')
  const host = upstream.slice(0, colon).replaceAll(/[[\]]/g, '')
  const user = /^[\x21-\x7e]+$/.test(account.upn) ? { 'Auth-User': account.upn } : {}
  return { 'Auth-Status': 'OK', 'Auth-Server': host, 'Auth-Port': upstream.slice(colon + 1), ...user }
}

/**
 * The headers that refuse. nginx writes what goes before: the tag and `NO`, `-ERR`, or for SMTP the code of its own header.
 * What follows is ours, response codes of IMAP and POP in brackets included.
 */
export function renderNginxRefusal(refusal: Refusal, protocol: MailProtocol): Readonly<Record<string, string>> {
  const [, code = '', smtp = ''] = /^(\d{3} [\d.]+) (.*)$/s.exec(refusal.smtp) ?? []
  const lines: Partial<Record<MailProtocol, string>> = { pop: refusal.pop.replace(/^-ERR /, ''), smtp }
  const text = lines[protocol] ?? refusal.imap.replace(/^NO /, '')
  return { 'Auth-Status': text, 'Auth-Wait': waitSeconds, 'Auth-Error-Code': code }
}

const headerOf = (headers: NginxHeaders, name: string): string => {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

/** nginx escapes what could end a header. */
function unescapeValue(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
