/**
 * token-answer reads what a token service answers to a token request: both shapes of F§1.6, and the actor token inside.
 *
 * Pure. The signature of the actor token is not checked: it came from the token service itself, and only the server that it is shown to
 * relies on it. Its claims are read because the outer token of a person must repeat them, and because a token for somebody else than was
 * asked for must not be sent to anybody.
 * @module
 */
import { comparableAudience, parsePrincipal, securityTokenServiceId } from '../server-to-server/principal.ts'
import { type JsonObject, parseStrictObject } from '../strict-json.ts'
import { ServerClientError } from './errors.ts'
import type { IssuerAnswer } from './exchange.ts'

export type ReadActorToken = Readonly<{
  token: string
  /** The claims that an outer token repeats, and its `exp` in the issuer's time. */
  nameid: string
  audience: string
  endsAtSeconds: number
  /** How long it is good for from now on, as the answer says. */
  lifeSeconds: number
}>

const longestToken = 8192
/** Nobody should issue for longer; where somebody does, a token of ours is fetched anew all the same. */
const longestLife = 86_400

/** Seconds from a JSON number, or from a decimal string as the v1 form has it. */
function readSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined
}

const malformed = (detail: string, status: number): ServerClientError =>
  new ServerClientError('answer_malformed', { detail, status })

function readClaims(token: string): JsonObject | undefined {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
  const parsed = parseStrictObject(payload)
  return parsed.ok ? parsed.value : undefined
}

/** `expires_in`, or the distance of the two times where only those are given: never a time of the issuer's clock alone. */
function readLife({ expires_in, expires_on, not_before }: JsonObject): number | undefined {
  const life = readSeconds(expires_in)
  if (life !== undefined) return life
  const [end, start] = [readSeconds(expires_on), readSeconds(not_before)]
  return end === undefined || start === undefined ? undefined : end - start
}

/** A refusal that is worth trying again later says so by its status or its code. */
function refusalOf(answer: IssuerAnswer, body: JsonObject | undefined): ServerClientError {
  const { status } = answer
  const oauthError = typeof body?.error === 'string' ? body.error : undefined
  const detail = typeof body?.error_description === 'string' ? body.error_description : undefined
  const later = status >= 500 || status === 429 || oauthError === 'temporarily_unavailable'
  return new ServerClientError(later ? 'issuer_unavailable' : 'token_request_refused', { status, oauthError, detail })
}

/** What was asked: by whom, for what, and the realm of the token service that was asked. */
export type AskedToken = Readonly<{ clientId: string; resource: string; realm: string }>

/**
 * Whether `aud` is what was asked for: the same principal with its host in any letter case, its realm that of the service where none was
 * said. What was asked for by a URI is that URI, or a server of that realm on the host of the URI: only the service knows which.
 */
function isAsked(aud: string, { resource, realm }: AskedToken): boolean {
  if (aud === resource) return true
  const comparable = comparableAudience(aud)
  if (comparable === undefined) return false
  if (!resource.includes('://')) {
    const isWhole = parsePrincipal(resource)?.realm !== undefined
    return comparable === comparableAudience(isWhole ? resource : `${resource}@${realm}`)
  }
  const named = parsePrincipal(comparable)
  return named?.host === URL.parse(resource)?.hostname && named?.realm === realm && named.clientId !== securityTokenServiceId
}

/**
 * Reads the answer to a request for an actor token.
 * @throws {ServerClientError} `token_request_refused`, `issuer_unavailable`, `answer_malformed`
 */
export function readTokenAnswer(answer: IssuerAnswer, asked: AskedToken): ReadActorToken {
  const { status } = answer
  const parsed = parseStrictObject(answer.text)
  const body = parsed.ok ? parsed.value : undefined
  if (status !== 200) throw refusalOf(answer, body)
  if (body === undefined) throw malformed('not one JSON object', status)
  const { access_token: token, token_type: type } = body
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw malformed('token_type', status)
  if (typeof token !== 'string' || token.length > longestToken || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    throw malformed('access_token', status)
  const life = readLife(body)
  if (life === undefined || life <= 0) throw malformed('expires_in', status)
  const { nameid, aud, exp } = readClaims(token) ?? {}
  const endsAtSeconds = readSeconds(exp)
  if (typeof nameid !== 'string' || typeof aud !== 'string' || endsAtSeconds === undefined)
    throw malformed('the claims of the actor token', status)
  if (parsePrincipal(nameid)?.clientId !== asked.clientId) throw malformed('the actor token is for somebody else', status)
  if (!isAsked(aud, asked)) throw malformed(`the actor token is for ${aud}, not for ${asked.resource}`, status)
  return Object.freeze({ token, nameid, audience: aud, endsAtSeconds, lifeSeconds: Math.min(life, longestLife) })
}
