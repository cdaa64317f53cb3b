/**
 * claims says what an access token must contain, and checks it against a frozen set of rules and a time.
 *
 * It is pure: claims and `now` in, claims or TokenError out. It does not look at signatures or keys, and it does not decide
 * what a caller may do: scopes.ts has the checks a route asks for.
 * @module
 */
import { TokenError } from './errors.ts'
import { ScopeSet } from './scopes.ts'
import type { JsonObject, JsonValue } from './strict-json.ts'

/**
 * The claims of an accepted access token (RFC 9068 section 2.2), as the issuer signed them. Frozen through and through,
 * because one object is handed to every request that carries the same token.
 */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  /** The audience of this server; a list only where the validator was told to accept lists. */
  readonly aud: string | readonly string[]
  readonly client_id: string
  readonly jti: string
  /** Seconds since 1970, as `exp` and `nbf`. */
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
  /** As signed; the empty string when the token carries no scope. */
  readonly scope: string
  /** The scopes of `scope`. Compared exactly, letter case included (RFC 6749 section 3.3). A claim of this name is replaced. */
  readonly scopes: ReadonlySet<string>
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly auth_time?: number
  readonly sid?: string
  readonly upn?: string
  readonly email?: string
  readonly oid?: string
  readonly tid?: string
  /** Every other claim, verified as to its origin but not as to its form. */
  readonly [claim: string]: unknown
}

export type ClaimRules = Readonly<{
  /** Scope strings that were read before, because an issuer writes few different ones. Bounded; filled here. */
  knownScopes: Map<string, ReadonlySet<string>>
  audiences: ReadonlySet<string>
  acceptAudienceLists: boolean
  clockToleranceSeconds: number
  maxLifetimeSeconds: number
}>

/** Year 5138 in seconds, and far below any date in milliseconds: a date in the wrong unit is refused (R58). */
const endOfTime = 1e11

const longestIdentifier = 255
const printable = /^[\x21-\x7e]+$/
/** One or more scope tokens with single spaces between (RFC 6749 section 3.3). */
const scopeGrammar = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

const missing = (name: string): TokenError => new TokenError('claim_missing', { detail: name })
const invalid = (name: string, why: string): TokenError => new TokenError('claim_invalid', { detail: `${name}: ${why}` })

/**
 * A required identifier. ASCII only: a look-alike letter or a second Unicode form of one name must not become a second
 * person (OIDC Core section 2 limits `sub` to 255 ASCII characters; RFC 6749 appendix A.1 does so for client_id).
 */
function requireIdentifier(name: string, value: JsonValue | undefined): void {
  if (value === undefined) throw missing(name)
  if (typeof value !== 'string') throw invalid(name, 'not a string')
  if (value.length > longestIdentifier || !printable.test(value)) throw invalid(name, 'empty, too long or not printable ASCII')
}

const isWhole = (value: unknown): value is number => Number.isInteger(value)

function requireTime(name: string, value: JsonValue | undefined): number {
  if (value === undefined) throw missing(name)
  if (!isWhole(value) || value <= 0 || value >= endOfTime) {
    throw invalid(name, 'not whole seconds since 1970')
  }
  return value
}

function requireOptionalString(name: string, value: JsonValue | undefined): void {
  if (value !== undefined && typeof value !== 'string') throw invalid(name, 'not a string')
}

const isString = (value: unknown): boolean => typeof value === 'string'

/** The optional claims that {@link AccessTokenClaims} gives a type. Named one by one: a loop over names costs more than the checks. */
function requireOptionalForms(claims: JsonObject): void {
  requireOptionalString('acr', claims.acr)
  requireOptionalString('sid', claims.sid)
  requireOptionalString('upn', claims.upn)
  requireOptionalString('email', claims.email)
  requireOptionalString('oid', claims.oid)
  requireOptionalString('tid', claims.tid)
  const { amr } = claims
  if (amr !== undefined && !(Array.isArray(amr) && amr.every(isString))) throw invalid('amr', 'not a list of strings')
  if (claims.auth_time !== undefined) requireTime('auth_time', claims.auth_time)
}

const mostKnownScopes = 1000

function readScope(claims: JsonObject, rules: ClaimRules): ReadonlySet<string> {
  const { scope = '' } = claims
  const known = rules.knownScopes.get(scope as string) // which has none that is no string
  if (known !== undefined) return known
  if (typeof scope !== 'string' || (claims.scope !== undefined && !scopeGrammar.test(scope)))
    throw invalid('scope', 'not a list of scope names')
  const scopes = ScopeSet.of(scope)
  if (scope !== '' && rules.knownScopes.size < mostKnownScopes) rules.knownScopes.set(scope, scopes)
  return scopes
}

function requireAudience(claims: JsonObject, rules: ClaimRules): void {
  const { aud } = claims
  if (aud === undefined) throw missing('aud')
  if (typeof aud === 'string') {
    if (rules.audiences.has(aud)) return
    throw new TokenError('audience_mismatch', { detail: JSON.stringify(aud.slice(0, 200)) })
  }
  if (!rules.acceptAudienceLists || !Array.isArray(aud) || aud.length === 0 || !aud.every(isString)) {
    throw invalid('aud', 'not a single string')
  }
  if (!aud.some((one: string) => rules.audiences.has(one)))
    throw new TokenError('audience_mismatch', { detail: 'none of the list' })
}

function requireTimes(claims: JsonObject, rules: ClaimRules, now: number): void {
  const exp = requireTime('exp', claims.exp)
  const iat = requireTime('iat', claims.iat)
  const nbf = claims.nbf === undefined ? iat : requireTime('nbf', claims.nbf)
  if (exp < iat || exp < nbf) throw invalid('exp', 'before iat or nbf')
  if (exp - iat > rules.maxLifetimeSeconds) throw new TokenError('lifetime_too_long', { detail: `${exp - iat} s` })
  if (now >= exp + rules.clockToleranceSeconds) throw new TokenError('token_expired', { detail: `exp ${exp}` })
  if (now < Math.max(iat, nbf) - rules.clockToleranceSeconds)
    throw new TokenError('token_not_yet_valid', { detail: `iat ${iat}, nbf ${nbf}` })
}

/**
 * Checks verified claims (RFC 9068 section 4; R55, R58) and finishes them: `scope` and `scopes` added, frozen.
 *
 * Checks `sub`, `client_id`, `jti`, `aud`, `exp`, `iat`, `nbf`, `scope` and the form of the optional claims named in
 * {@link AccessTokenClaims}. Does NOT check `iss` (validator.ts chose the key by it) nor what the claims permit.
 * @param now seconds since 1970
 * @throws {TokenError}
 */
export function requireClaims(claims: JsonObject, rules: ClaimRules, now: number): AccessTokenClaims {
  requireAudience(claims, rules)
  requireTimes(claims, rules, now)
  requireIdentifier('sub', claims.sub)
  requireIdentifier('client_id', claims.client_id)
  requireIdentifier('jti', claims.jti)
  const scopes = readScope(claims, rules)
  requireOptionalForms(claims)
  // Without a proof of the key, a bound token is a stolen token (RFC 9449 section 7, RFC 8705 section 3).
  if (claims.cnf !== undefined) throw new TokenError('sender_constraint_missing', { detail: 'cnf' })
  const finished = claims as { [name: string]: unknown } // parsed for this call alone; nobody else holds it yet
  finished.scope ??= ''
  finished.scopes = scopes
  return Object.freeze(finished) as AccessTokenClaims // every member that the type promises was checked above
}
