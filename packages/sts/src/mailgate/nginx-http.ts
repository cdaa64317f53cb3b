/**
 * nginx-http answers nginx's `auth_request`, which asks for each request of a mail app over HTTP: ActiveSync, EWS, webmail.
 *
 * It owns this form alone; what is decided comes from decide.ts. nginx knows 2xx, 401 and 403 of an `auth_request`, and makes
 * 500 of anything else: what the app is to be told besides stands in `X-Postern-Status`, for `auth_request_set`.
 * @module
 */
import { isIP } from 'node:net'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import { parseActiveSyncQuery } from './activesync-query.ts'
import { parseBasicCredentials } from './basic-credentials.ts'
import type { GateAnswer } from './gate-answer.ts'
import { cleanName, type GateQuestion, type Shown } from './gate-request.ts'
import type { NginxHeaders } from './nginx-mail.ts'
import type { Refusal } from './refusals.ts'

/** Where an Exchange-like server has its protocols. Letter case says nothing there. */
const paths: readonly (readonly [path: string, protocol: MailProtocol])[] = [
  ['/microsoft-server-activesync', 'activesync'],
  ['/autodiscover', 'autodiscover'],
  ['/ews', 'ews'],
  ['/mapi', 'mapi'],
  ['/oab', 'oab'],
  ['/rpc', 'rpc'],
  ['/powershell', 'powershell'],
  ['/jmap', 'jmap'],
  ['/.well-known/jmap', 'jmap'],
]

/** What of a request can be asked about. `protocol-unknown`: nobody says which it is, so nobody is let in. */
export type NginxHttp =
  | Readonly<{ kind: 'question'; question: GateQuestion }>
  | Readonly<{ kind: 'nothing-shown' | 'protocol-unknown' }>

/**
 * Reads the headers that nginx is configured to send: `X-Postern-Authorization` (what the app showed), `X-Original-URI`,
 * `X-Original-Method`, `X-Postern-Source`, `X-Postern-Scheme`, and `X-Postern-Protocol` where the path does not tell.
 * @throws {MailgateError} `activesync_query_malformed`
 */
export function parseNginxHttp(headers: NginxHeaders): NginxHttp {
  const [path = '', query = ''] = splitOnce(headerOf(headers, 'x-original-uri') ?? '', '?')
  const named = headerOf(headers, 'x-postern-protocol')
  const protocol = named === undefined ? protocolOf(path) : findMailProtocol(named)
  if (protocol === undefined) return { kind: 'protocol-unknown' }
  const shown = shownOf(headerOf(headers, 'x-postern-authorization') ?? '')
  if (shown === undefined) return { kind: 'nothing-shown' }
  const device = protocol === 'activesync' && query !== '' ? parseActiveSyncQuery(query) : undefined
  const address = headerOf(headers, 'x-postern-source')
  const source = address === undefined || isIP(address) === 0 ? undefined : address
  const scheme = headerOf(headers, 'x-postern-scheme')?.toLowerCase()
  const { deviceId, deviceType } = device ?? {}
  const question: GateQuestion = {
    shown,
    app: { protocol, deviceId, deviceType, userAgent: headerOf(headers, 'user-agent'), source },
    ...(source !== undefined && { source }),
    ...(scheme !== undefined && { tls: scheme === 'https' }),
    opensNoMail: protocol === 'activesync' && deviceId === undefined && headerOf(headers, 'x-original-method') === 'OPTIONS',
  }
  return { kind: 'question', question }
}

/** A path that another one hides behind (`/ews/../rpc`, `//`, escapes) is not guessed at. */
function protocolOf(path: string): MailProtocol | undefined {
  const lower = path.toLowerCase()
  if (/%|\/\/|\\|\/\.\.?(?:\/|$)/.test(lower)) return undefined
  return paths.find(([prefix]) => lower === prefix || lower.startsWith(`${prefix}/`))?.[1]
}

function shownOf(authorization: string): Shown | undefined {
  const [, token] = /^bearer +([\w.~+/=-]{1,16000}) *$/i.exec(authorization) ?? []
  if (token !== undefined) return { kind: 'token', token }
  const basic = parseBasicCredentials(authorization)
  return basic && { kind: 'secret', name: cleanName(basic.name), secret: basic.secret }
}

/** Whom the server behind may take it for. Only ASCII goes into headers: what is more is percent-encoded. */
export const renderNginxHttpGrant = ({ account, app }: GateAnswer): Readonly<Record<string, string>> => ({
  'X-Postern-Status': '200',
  ...(account && {
    'X-Postern-Account': account.id,
    'X-Postern-User': plain(account.upn),
    'X-Postern-Mailbox': plain(account.mailbox),
  }),
  ...(app && { 'X-Postern-App': app.id }),
})

/** `status` is what nginx can take; `X-Postern-Status` is the one that the app understands. */
export function renderNginxHttpRefusal(text: string, { http }: Pick<Refusal, 'http'>) {
  const headers: Readonly<Record<string, string>> = {
    ...http.headers,
    'X-Postern-Status': String(http.status),
    'X-Postern-Text': text,
  }
  return { status: http.status === 401 ? 401 : 403, headers }
}

const plain = (text: string): string => text.replaceAll(/[^\x21-\x7e]|%/gu, encodeURIComponent)

const headerOf = (headers: NginxHeaders, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
