/**
 * nginx-http answers nginx's `auth_request`, which asks for each request of a mail app over HTTP: ActiveSync, EWS, webmail.
 *
 * It owns this form alone; what is decided comes from decide.ts. nginx knows 2xx, 401 and 403 of an `auth_request`, and makes
 * 500 of anything else: what the app is to be told besides stands in `X-Postern-Status`, for `auth_request_set`.
 * @module
 */
import { hidesAnotherPath, protocolOfExchangePath } from '@postern/resource-server'
import { plainAddress } from '../http/plain-address.ts'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import { parseActiveSyncQuery } from './activesync-query.ts'
import { parseBasicCredentials } from './basic-credentials.ts'
import type { GateAnswer } from './gate-answer.ts'
import { cleanName, type GateQuestion, type Shown } from './gate-request.ts'
import type { Refusal } from './refusals.ts'

/** Every line of every header, by name in small letters, as `headersDistinct` of Node has them. */
export type HeaderLines = Readonly<Record<string, readonly string[] | undefined>>

/** Beside those of an Exchange-like server (RFC 8620 section 2.2). */
const jmapPaths: readonly string[] = ['/jmap', '/.well-known/jmap']

/**
 * What of a request can be asked about. `protocol-unknown`: nobody says which it is, or what is said can be read in two ways, so
 * nobody is let in.
 */
export type NginxHttp =
  | Readonly<{ kind: 'question'; question: GateQuestion }>
  | Readonly<{ kind: 'nothing-shown' | 'protocol-unknown' }>

/**
 * Reads the headers that nginx is configured to send: `X-Postern-Authorization` (what the app showed), `X-Original-URI`,
 * `X-Original-Method`, `X-Postern-Source`, `X-Postern-Scheme`, and `X-Postern-Protocol` where the path does not tell.
 * A request that has one of our headers twice is not read: one may be of the client itself, which nginx was to replace.
 * NOT checked: whether nginx has set them at all. Without its own, it hands on those of the client.
 * @throws {MailgateError} `activesync_query_malformed`
 */
export function parseNginxHttp(headers: HeaderLines): NginxHttp {
  if (Object.entries(headers).some(([name, lines]) => isOurs.test(name) && !isOneLine(name, lines))) return unknown
  const [path = '', query = ''] = splitOnce(headerOf(headers, 'x-original-uri') ?? '', '?')
  const protocol = protocolOf(path, headerOf(headers, 'x-postern-protocol'))
  if (protocol === undefined) return unknown
  const shown = shownOf(headerOf(headers, 'x-postern-authorization') ?? '')
  if (shown === undefined) return { kind: 'nothing-shown' }
  const device = protocol === 'activesync' && query !== '' ? parseActiveSyncQuery(query) : undefined
  const source = plainAddress(headerOf(headers, 'x-postern-source') ?? '')
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

const unknown: NginxHttp = Object.freeze({ kind: 'protocol-unknown' })
const isOurs = /^x-(?:postern|original)-/

/**
 * What stands between nginx and us may have made one line of two (RFC 9110 section 5.3): there is a comma then. Addresses may hold
 * one themselves, but no blank; of what the app showed only schemes without a comma are read.
 */
function isOneLine(name: string, lines: readonly string[] = []): boolean {
  const [line = ''] = lines
  if (lines.length !== 1) return false
  return name === 'x-original-uri' ? !/\s/.test(line) : name === 'x-postern-authorization' || !line.includes(',')
}

/**
 * Path and header must not contradict each other: the path is what the server behind goes by, and the header may be the client's.
 * For a path that hides another the header does not speak either.
 */
function protocolOf(path: string, header: string | undefined): MailProtocol | undefined {
  const lower = path.toLowerCase()
  const isJmap = jmapPaths.some((prefix) => isBelow(prefix, lower))
  if (hidesAnotherPath(isJmap ? lower.replace('/.well-known/', '/') : lower)) return undefined
  const byPath = isJmap ? 'jmap' : protocolOfExchangePath({ url: path, headers: {} })
  if (header === undefined) return byPath
  const named = findMailProtocol(header)
  return byPath === undefined || byPath === named ? named : undefined
}

const isBelow = (prefix: string, path: string): boolean => path === prefix || path.startsWith(`${prefix}/`)

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

/** nginx hands on the lines of the app itself where it sets none: of those the first counts, as for `headers` of Node. */
const headerOf = (headers: HeaderLines, name: string): string | undefined => {
  const value = headers[name]?.[0]
  return value === '' ? undefined : value
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
