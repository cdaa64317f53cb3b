/**
 * gate-question writes what the gate is asked about one request: who, with what, by which protocol, in which app, from where.
 *
 * Pure. What apps claim of themselves is cut and cleaned here, so that one odd header does not cost a person the mailbox.
 * @module
 */
import { isIP } from 'node:net'
import { findActiveSyncDevice } from './activesync-device.ts'
import type { BasicCredentials } from './basic-credentials.ts'
import { splitAddress } from './exchange-path.ts'
import type { MailProtocol, RequestFacts, RequestHeaders } from './legacy-auth-contract.ts'

/** The body of `POST {issuer}/mailgate/decide`, without the number of the request. */
export type GateQuestion = Readonly<{
  name: string
  secret: string
  protocol: MailProtocol
  app?: Readonly<{ deviceId?: string; deviceType?: string; activesyncQuery?: string; userAgent?: string }>
  source?: string
  tls?: boolean
  method?: 'OPTIONS'
}>

const longestUserAgent = 256
const longestQuery = 2048

/** The first value of a header, in the spelling of whoever holds it. */
export function headerOf(headers: RequestHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined
  const value = (headers as Readonly<Record<string, string | readonly string[] | undefined>>)[name] // not `Headers`: Node's object
  return typeof value === 'string' ? value : value?.[0]
}

/** IPv4 inside IPv6, as dual-stack sockets write it, is IPv4. Undefined for what is no address. */
function cleanSource(source: string | undefined): string | undefined {
  const plain = source?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return plain !== undefined && isIP(plain) !== 0 ? plain : undefined
}

function describeApp(protocol: MailProtocol, request: RequestFacts): NonNullable<GateQuestion['app']> {
  const { query } = splitAddress(request.url)
  const device = protocol === 'activesync' ? findActiveSyncDevice(query) : undefined
  const whole = protocol === 'activesync' && device === undefined && /^[\x21-\x7e]+$/.test(query) && query.length <= longestQuery
  const userAgent = headerOf(request.headers, 'user-agent')
    ?.replace(/[^\x20-\x7e]/g, '?')
    .slice(0, longestUserAgent)
  return { ...device, ...(whole ? { activesyncQuery: query } : {}), ...(userAgent ? { userAgent } : {}) }
}

export function makeGateQuestion(credentials: BasicCredentials, protocol: MailProtocol, request: RequestFacts): GateQuestion {
  const app = describeApp(protocol, request)
  const source = cleanSource(request.source)
  return Object.freeze({
    ...credentials,
    protocol,
    ...(Object.keys(app).length === 0 ? {} : { app }),
    ...(source === undefined ? {} : { source }),
    ...(request.secure === undefined ? {} : { tls: request.secure }),
    // The one method that matters: phones ask by it what a server can do, and name no device then.
    ...(protocol === 'activesync' && request.method === 'OPTIONS' ? { method: 'OPTIONS' as const } : {}),
  })
}
