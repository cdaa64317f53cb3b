/**
 * scopes holds what a route may ask of an accepted token: scopes, a person, a strong enough and recent enough sign-in.
 *
 * It does not validate tokens (validator.ts) and knows no route. Each check throws TokenError, which the guard answers.
 * @module
 */
import type { AccessTokenClaims } from './claims.ts'
import { TokenError } from './errors.ts'

/** A set of scopes that cannot be changed: claims are shared between requests that carry the same token. */
export class ScopeSet extends Set<string> {
  static readonly of = (scope: string): ReadonlySet<string> => new ScopeSet(scope)

  constructor(scope: string) {
    super()
    if (scope !== '') for (const one of scope.split(' ')) super.add(one)
  }
  /** The names, where claims are written out as JSON. */
  toJSON(): readonly string[] {
    return [...this]
  }
  override add(): never {
    throw new TypeError('The scopes of a token cannot be changed')
  }
  override delete(): never {
    throw new TypeError('The scopes of a token cannot be changed')
  }
  override clear(): never {
    throw new TypeError('The scopes of a token cannot be changed')
  }
}

/**
 * Requires every one of `scopes` (RFC 6750 section 3.1). Exact comparison, letter case included.
 * @throws {TokenError} `insufficient_scope`
 */
export function requireScope(claims: AccessTokenClaims, ...scopes: readonly string[]): void {
  for (const scope of scopes) {
    if (!claims.scopes.has(scope)) throw new TokenError('insufficient_scope', { detail: `lacks ${scope}` })
  }
}

/**
 * Requires at least one of `scopes`, for a route that several kinds of client use.
 * @throws {TokenError} `insufficient_scope`
 */
export function requireAnyScope(claims: AccessTokenClaims, ...scopes: readonly string[]): void {
  if (!scopes.some((scope) => claims.scopes.has(scope))) {
    throw new TokenError('insufficient_scope', { detail: `lacks all of ${scopes.join(' ')}` })
  }
}

/**
 * Requires a token that a person obtained: not `idtyp` `app`, and `sub` is not the client itself (RFC 9068 section 2.2).
 * @throws {TokenError} `user_required`
 */
export function requireUser(claims: AccessTokenClaims): void {
  if (claims.sub === claims.client_id || claims.idtyp === 'app') throw new TokenError('user_required')
}

/**
 * Requires that the sign-in reached one of the `accepted` values of `acr`. The order of strength is the caller's: list all that will do.
 * @throws {TokenError} `assurance_insufficient`
 */
export function requireAssurance(claims: AccessTokenClaims, ...accepted: readonly string[]): void {
  const wanted: readonly (string | undefined)[] = accepted
  if (!wanted.includes(claims.acr)) {
    throw new TokenError('assurance_insufficient', { detail: `acr ${claims.acr ?? 'missing'}` })
  }
}

/**
 * Requires that the person signed in at most `seconds` before `now` (`auth_time`).
 * @throws {TokenError} `authentication_too_old`
 */
export function requireRecentSignIn(claims: AccessTokenClaims, seconds: number, now: Date): void {
  if (claims.auth_time === undefined || now.getTime() / 1000 - claims.auth_time > seconds) {
    throw new TokenError('authentication_too_old', { detail: `auth_time ${claims.auth_time ?? 'missing'}` })
  }
}
