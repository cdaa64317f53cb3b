/**
 * user-token says what the token around an actor token must contain: that it belongs to that actor, and which person it names.
 *
 * It is pure. Whether the person exists: user-lookup.ts. Whether the actor may act for people: actor-token.ts. An outer token
 * proves only that the acting server wrote it, so everything in it is bound to what the actor token proves.
 * @module
 */
import type { JsonObject, JsonValue } from '../strict-json.ts'
import { type ActorRules, readJti, requireCommonClaims, requireOwnAudience, type VerifiedActor } from './actor-claims.ts'
import { quoted, refusal } from './errors.ts'
import { requireLife } from './times.ts'

/** How a user token names its user. Addresses are in lower case, and ASCII: internationalised ones (RFC 6531) are refused. */
export type UserContext = Readonly<{
  upn?: string
  smtp?: string
  sip?: string
  /** In the namespace `nii`: a Windows SID in lower case, 16 hex digits in lower case, or the name at a trusted provider. */
  nameid?: string
  nii?: string
}>

export type UserToken = Readonly<{
  /** One for each independent name in the token. All must lead to the same account. */
  contexts: readonly UserContext[]
  /** For the audit trail: `upn`, else `smtp`, `sip`, `nameid`. */
  name: string
  /** Without `actortoken`; frozen. */
  claims: Readonly<Record<string, unknown>>
  jti: string | undefined
  /** Seconds since 1970. */
  endsAt: number
}>

const part = 'user token'

/** Visible ASCII on both sides of one `@`: a look-alike letter must not become a second person. */
const address = /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/
const longestAddress = 320
/** `S-1-` and what follows, in lower case as [MS-SPS2SAUTH] section 3.1.5 wants all values. */
const securityIdentifier = /^s-1-\d{1,15}(?:-\d{1,10}){1,15}$/
const hexIdentifier = /^[0-9A-Fa-f]{16}$/
const nameAtProvider = /^[\x21-\x7e]{1,320}$/

function readAddress(name: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.length > longestAddress || !address.test(value)) {
    throw refusal('claim_invalid', part, `${name} ${quoted(value)} is not an address`)
  }
  return value.toLowerCase()
}

/** The namespace decides what a `nameid` looks like, so that one kind of identifier is never read as another. */
function readNameid(
  { nameid, nii }: JsonObject,
  trustedProviders: ReadonlySet<string>,
): { nameid: string; nii: string } | undefined {
  if (nii === undefined && nameid === undefined) return undefined
  if (nii === undefined) throw refusal('claim_missing', part, 'nii')
  if (typeof nii !== 'string') throw refusal('claim_invalid', part, 'nii is not a string')
  const provider = nii.startsWith('trusted:') ? nii.slice('trusted:'.length) : undefined
  const form =
    nii === 'urn:office:idp:activedirectory'
      ? securityIdentifier
      : nii === 'urn:federation:MicrosoftOnline'
        ? hexIdentifier
        : provider !== undefined && trustedProviders.has(provider)
          ? nameAtProvider
          : undefined
  if (form === undefined) throw refusal('user_namespace_not_allowed', part, `nii ${quoted(nii)}`)
  if (nameid === undefined) return undefined
  if (typeof nameid !== 'string' || !form.test(nameid)) {
    throw refusal('claim_invalid', part, `nameid ${quoted(nameid)} is not of the namespace ${quoted(nii)}`)
  }
  return { nameid: form === hexIdentifier ? nameid.toLowerCase() : nameid, nii }
}

/** Names that agree are asked for together; each other one by itself. */
function readContexts(
  claims: JsonObject,
  trustedProviders: ReadonlySet<string>,
): { contexts: readonly UserContext[]; name: string } {
  const upn = readAddress('upn', claims.upn)
  const smtp = readAddress('smtp', claims.smtp)
  const sip = readAddress('sip', claims.sip)
  const byNameid = readNameid(claims, trustedProviders)
  const contexts: UserContext[] = []
  const asked: string[] = []
  for (const one of [upn, smtp, sip]) {
    if (one === undefined || asked.includes(one)) continue
    asked.push(one)
    const context: { upn?: string; smtp?: string; sip?: string } = {}
    if (upn === one) context.upn = one
    if (smtp === one) context.smtp = one
    if (sip === one) context.sip = one
    contexts.push(Object.freeze(context))
  }
  if (byNameid !== undefined) contexts.push(Object.freeze(byNameid))
  const name = upn ?? smtp ?? sip ?? byNameid?.nameid
  if (name === undefined) throw refusal('user_missing', part, 'none of upn, smtp, sip, nameid')
  return { contexts: Object.freeze(contexts), name }
}

/**
 * Checks what binds the user token to its actor (F§1.10): `iss` is the actor's `nameid` letter by letter, `aud` is the actor's and ours.
 * Cheap, and done before anything costly.
 * @throws {ActorTokenError} `actor_mismatch`, `audience_mismatch`, `claim_missing`, `claim_invalid`
 */
export function requireBinding(claims: JsonObject, { actor, audience }: VerifiedActor, rules: ActorRules): void {
  const { iss } = claims
  if (iss === undefined) throw refusal('claim_missing', part, 'iss')
  if (typeof iss !== 'string') throw refusal('claim_invalid', part, 'iss is not a string')
  if (iss !== actor.nameid) throw refusal('actor_mismatch', part, `iss ${quoted(iss)}, actor ${quoted(actor.nameid)}`)
  const own = requireOwnAudience(claims, part, rules.audiences)
  if (own !== audience) throw refusal('audience_mismatch', part, `aud ${quoted(claims.aud)} is not that of the actor token`)
}

/** A loop, because taking one member out by a pattern costs several times as much. */
function withoutActor(claims: JsonObject): Readonly<Record<string, unknown>> {
  const rest: Record<string, unknown> = {}
  for (const name in claims) if (name !== 'actortoken') rest[name] = claims[name]
  return Object.freeze(rest)
}

/**
 * Reads the verified claims of a user token around `verified` (F§1.8, F§1.10). The binding was checked by {@link requireBinding}.
 * @throws {ActorTokenError}
 */
export function readUserToken(
  claims: JsonObject,
  verified: VerifiedActor,
  rules: Readonly<{ toleranceSeconds: number; trustedProviders: ReadonlySet<string> }>,
  now: number,
): UserToken {
  if (claims.actor !== undefined) throw refusal('actor_nested', part, 'actor beside actortoken')
  requireCommonClaims(claims, part, 'app_asserted_user_v1', verified.actor)
  const { endsAt } = requireLife(claims, part, { now, toleranceSeconds: rules.toleranceSeconds })
  if (endsAt > verified.endsAt) throw refusal('outlives_actor', part, `exp ${endsAt}, actor ${verified.endsAt}`)
  const jti = readJti(claims, part)
  const { contexts, name } = readContexts(claims, rules.trustedProviders)
  return { contexts, name, claims: withoutActor(claims), jti, endsAt }
}
