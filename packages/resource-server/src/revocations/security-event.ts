/**
 * security-event verifies one Security Event Token of the revocation feed (RFC 8417) and says what has ended.
 *
 * It owns form, header, signature and claims of these tokens, and what each kind of event ends. It keeps nothing.
 * @module
 */
import { createVerify } from 'node:crypto'
import { parseTokenHeader, parseTokenPayload, signatureBytes, splitCompactToken } from '../compact-token.ts'
import { TokenError } from '../errors.ts'
import type { IssuerKeys } from '../issuer-keys.ts'
import type { JsonObject, JsonValue } from '../strict-json.ts'
import type { EndedAccess } from './revocation-marks.ts'

export type SecurityEvent = Readonly<{ number: number; ended: EndedAccess; kind: string }>

/** CAEP 1.0 sections 3.1 and 3.3. */
const eventTypes = [
  'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  'https://schemas.openid.net/secevent/caep/event-type/credential-change',
] as const

/** What each kind takes with it, and which member of the event names it. */
const kinds: ReadonlyMap<string, readonly [ends: EndedAccess['ends'], member?: string]> = new Map([
  ['account-disabled', ['account']],
  ['account-removed', ['account']],
  ['signed-out', ['account']],
  ['password-changed', ['account']],
  // Its tokens from before say a name that may be another account's by now; a refresh token brings new ones.
  ['account-renamed', ['account']],
  ['session', ['session', 'session_id']],
  ['refresh-family', ['family', 'family_id']],
  ['client-disabled', ['client', 'client_id']],
  ['mail-app', ['answers']],
  ['app-password', ['answers']],
])

const refuse = (detail: string): TokenError => new TokenError('claim_invalid', { detail })

const objectOf = (value: JsonValue | undefined, what: string): JsonObject => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`${what}: not an object`)
  return value as JsonObject // neither null nor a list
}

const secondsOf = (value: JsonValue | undefined, what: string): number => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0 || value >= 1e11) throw refuse(`${what}: not seconds`)
  return value
}

const optionalName = (value: JsonValue | undefined, what: string): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(value)) throw refuse(`${what}: not a name`)
  return value
}

/** The account (RFC 9493 section 3.2.3). Where none is concerned, the subject is opaque and the event itself names the client. */
function readAccount(value: JsonValue | undefined, issuer: string): string | undefined {
  const subject = objectOf(value, 'sub_id')
  if (subject.format === 'opaque') return undefined
  if (subject.format !== 'iss_sub') throw refuse('sub_id: of an unknown format')
  if (subject.iss !== issuer) throw refuse('sub_id: of another issuer')
  const accountId = optionalName(subject.sub, 'sub_id.sub')
  if (accountId === undefined) throw refuse('sub_id: names nobody')
  return accountId
}

function readEnded(claims: JsonObject, issuer: string): Omit<SecurityEvent, 'number'> {
  const events = objectOf(claims.events, 'events')
  const [type, further] = Object.keys(events)
  if (further !== undefined || !eventTypes.some((known) => known === type)) throw refuse('events: not one known event')
  const event = objectOf(events[type ?? ''], 'event')
  const at = secondsOf(event.event_timestamp, 'event_timestamp')
  const kind = optionalName(event.kind, 'kind') ?? ''
  const accountId = readAccount(claims.sub_id, issuer)
  // What is not known here may end anything that it names: rather a sign-in too many.
  const [ends, member] = kinds.get(kind) ?? [accountId === undefined ? 'answers' : 'account']
  const id = member === undefined ? undefined : optionalName(event[member], member)
  if (member !== undefined && id === undefined) throw refuse(`${member}: missing`)
  if (ends === 'account' && accountId === undefined) throw refuse('sub_id: names no account')
  const named = { ...(accountId === undefined ? {} : { accountId }), ...(id === undefined ? {} : { id }) }
  return { kind, ended: Object.freeze({ at, ends, ...named }) }
}

/** `{realm}:{number}`; the realm is the last part of the issuer. */
function readNumber(jti: JsonValue | undefined, realm: string): number {
  const number = typeof jti === 'string' && jti.startsWith(`${realm}:`) ? jti.slice(realm.length + 1) : ''
  if (!/^[1-9]\d{0,14}$/.test(number)) throw refuse('jti: not a number of this realm')
  return Number(number)
}

/**
 * Verifies `token`: `typ: secevent+jwt`, RS256 with a published key of the issuer, `iss`, `aud`, `jti`, one known event and its
 * subject (RFC 8417 sections 2.2 and 4; RFC 8725). Does NOT compare `jti` with those before: the feed does.
 * @throws {TokenError} `keys_unavailable` says nothing about the token
 */
export async function verifySecurityEvent(
  token: string,
  from: Readonly<{ keys: IssuerKeys; audience: string; realm: string }>,
): Promise<SecurityEvent> {
  const { keys } = from
  const compact = splitCompactToken(token)
  const header = parseTokenHeader(compact.headerPart)
  if (header.typ !== 'secevent+jwt') throw new TokenError('type_mismatch')
  if (header.alg !== 'RS256') throw new TokenError('algorithm_not_allowed')
  const key = await keys.findKey(header.kid)
  if (key === 'unavailable') throw new TokenError('keys_unavailable', { detail: keys.issuer })
  if (key === 'unknown') throw new TokenError('key_unknown')
  if (key.algorithm !== 'RS256') throw new TokenError('algorithm_not_allowed')
  const verifier = createVerify('sha256').update(compact.signingInput, 'latin1')
  const claims = parseTokenPayload(compact.payloadPart) // checks its one spelling, and holds the signed bytes to be ASCII
  if (!verifier.verify(key.key, signatureBytes(compact))) throw new TokenError('signature_invalid')
  if (claims.iss !== keys.issuer) throw new TokenError('issuer_mismatch')
  if (claims.aud !== from.audience) throw new TokenError('audience_mismatch')
  secondsOf(claims.iat, 'iat')
  return Object.freeze({ number: readNumber(claims.jti, from.realm), ...readEnded(claims, keys.issuer) })
}
