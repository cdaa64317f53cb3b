/**
 * actor-claims says what an actor token must contain: which server it names, for whom it is meant, and until when.
 *
 * It is pure: verified claims, rules and `now` in, the actor or ActorTokenError out. Keys: actor-tokens.ts. What the actor may do here:
 * actor-token.ts.
 * @module
 */
import type { JsonObject } from '../strict-json.ts'
import type { Actor } from './actor-token-contract.ts'
import { quoted, refusal, type TokenPart } from './errors.ts'
import { comparableAudience, parsePrincipal } from './principal.ts'
import { requireLife } from './times.ts'

export type ActorRules = Readonly<{
  /** Own audiences in comparable form, each with its realm. */
  audiences: ReadonlyMap<string, string>
  toleranceSeconds: number
  maxActorSeconds: number
}>

/** An actor token that holds, with what a user token around it is compared with. */
export type VerifiedActor = Readonly<{
  actor: Actor
  /** In comparable form. */
  audience: string
  /** What the token says of delegation, for the log. */
  delegation: string
  /** Seconds since 1970. */
  endsAt: number
  startsAt: number
}>

const longestJti = 512
const namesOfPeople = ['upn', 'smtp', 'sip', 'nii'] as const

/** Marks of proof tokens that once opened a server to everybody (CVE-2023-29357). No token that is meant here has them. */
function refuseForeignMarks(claims: JsonObject, part: TokenPart, version: string): void {
  const { ver } = claims
  if (ver !== undefined && ver !== version) throw refusal('type_mismatch', part, `ver ${quoted(ver)}`)
  if (claims.isloopback !== undefined) throw refusal('type_mismatch', part, 'isloopback')
}

const isEmptyGrant = (value: unknown): boolean =>
  value !== undefined && !(typeof value === 'string' ? value.trim() !== '' : Array.isArray(value) && value.length > 0)

/** What the two tokens have in common: marks, empty grants, and the newer names of client and realm, which must agree with the older. */
export function requireCommonClaims(claims: JsonObject, part: TokenPart, version: string, of: Actor): void {
  refuseForeignMarks(claims, part, version)
  for (const name of ['scp', 'roles'] as const) {
    if (isEmptyGrant(claims[name])) throw refusal('nothing_granted', part, `empty ${name}`)
  }
  if (claims.tid !== undefined && claims.tid !== of.realm) throw refusal('realm_mismatch', part, `tid ${quoted(claims.tid)}`)
  if (claims.appid !== undefined && claims.appid !== of.clientId)
    throw refusal('actor_mismatch', part, `appid ${quoted(claims.appid)}`)
}

/** The comparable form of `aud`, if it is one of ours. @throws {ActorTokenError} `claim_missing`, `claim_invalid`, `audience_mismatch` */
export function requireOwnAudience({ aud }: JsonObject, part: TokenPart, audiences: ActorRules['audiences']): string {
  if (aud === undefined) throw refusal('claim_missing', part, 'aud')
  if (typeof aud !== 'string') throw refusal('claim_invalid', part, 'aud is not one string')
  if (audiences.has(aud)) return aud
  const comparable = comparableAudience(aud)
  if (comparable === undefined) throw refusal('audience_mismatch', part, `${quoted(aud)} is not client_id/host@realm`)
  if (!audiences.has(comparable)) throw refusal('audience_mismatch', part, quoted(aud))
  return comparable
}

export function readJti({ jti }: JsonObject, part: TokenPart): string | undefined {
  if (jti !== undefined && (typeof jti !== 'string' || jti === '' || jti.length > longestJti)) {
    throw refusal('claim_invalid', part, 'jti is not a short string')
  }
  return jti
}

function requireNameid({ nameid }: JsonObject): Readonly<{ nameid: string; clientId: string; realm: string }> {
  if (nameid === undefined) throw refusal('claim_missing', 'actor token', 'nameid')
  if (typeof nameid !== 'string') throw refusal('claim_invalid', 'actor token', 'nameid is not a string')
  const { clientId, host, realm } = parsePrincipal(nameid) ?? {}
  if (clientId === undefined || host !== undefined || realm === undefined) {
    throw refusal('claim_invalid', 'actor token', `nameid ${quoted(nameid)} is not client_id@realm`)
  }
  return { nameid, clientId, realm }
}

/**
 * Checks the verified claims of an actor token (F§1.7, F§1.10). `issuer` is what the signature was found to be of: its `iss` and its realm.
 * Does NOT check the signature, that nothing is nested in it (actor-tokens.ts), nor what the actor is granted here.
 * @throws {ActorTokenError}
 */
export function readActor(
  claims: JsonObject,
  issuer: Readonly<{ principal: string; realm: string }>,
  rules: ActorRules,
  now: number,
): VerifiedActor {
  const part = 'actor token'
  const audience = requireOwnAudience(claims, part, rules.audiences)
  const named = requireNameid(claims)
  if (named.realm !== issuer.realm) throw refusal('realm_mismatch', part, `nameid ${quoted(named.nameid)}`)
  if (rules.audiences.get(audience) !== issuer.realm) throw refusal('realm_mismatch', part, `aud ${quoted(claims.aud)}`)
  if (claims.identityprovider !== undefined && claims.identityprovider !== issuer.principal) {
    throw refusal('issuer_mismatch', part, `identityprovider ${quoted(claims.identityprovider)}`)
  }
  const person = namesOfPeople.find((name) => claims[name] !== undefined)
  if (person !== undefined) throw refusal('type_mismatch', part, `it names a person: ${person}`)
  const { toleranceSeconds, maxActorSeconds } = rules
  const life = requireLife(claims, part, { now, toleranceSeconds, maxSeconds: maxActorSeconds })
  const jti = readJti(claims, part)
  const actor: Actor = Object.freeze({
    clientId: named.clientId,
    realm: named.realm,
    nameid: named.nameid,
    ...(jti === undefined ? {} : { jti }),
    expiresAt: new Date(life.endsAt * 1000),
    // The string and nothing else: what a boolean or "True" was meant to say is not ours to guess.
    trustedForDelegation: claims.trustedfordelegation === 'true',
  })
  requireCommonClaims(claims, part, 'service_asserted_app_v1', actor)
  const delegation = actor.trustedForDelegation ? 'true' : quoted(claims.trustedfordelegation)
  return Object.freeze({ actor, audience, delegation, ...life })
}
