import { errors } from 'oidc-provider'

/** Seconds. Each number is remembered until its assertion ends, so the end may not be far away. */
const longestAhead = 3600
/** RFC 10070 gives assertions a type of their own; libraries of today say `JWT` or nothing. Any other kind is refused. */
const types = new Set(['client-authentication+jwt', 'application/client-authentication+jwt', 'jwt'])

/**
 * What oidc-provider leaves open about a client's assertion (RFC 7523 section 3, RFC 10070; R28, R29): one audience and no
 * list, a type that is no other kind of token, an end that is near, and a number that is text. It has checked signature,
 * issuer, subject and times before.
 * @throws {errors.InvalidClientAuth}
 */
export function requireStrictAssertion(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>>,
  now: Date,
): void {
  if (typeof claims.aud !== 'string') throw new errors.InvalidClientAuth('audience (aud) must be a single text')
  if (header.typ !== undefined && !(typeof header.typ === 'string' && types.has(header.typ.toLowerCase())))
    throw new errors.InvalidClientAuth('the type (typ) is of another kind of token')
  if (typeof claims.exp !== 'number' || claims.exp > now.getTime() / 1000 + longestAhead)
    throw new errors.InvalidClientAuth(`the assertion must end within ${longestAhead} seconds`)
  if (typeof claims.jti !== 'string' || claims.jti.length > 512)
    throw new errors.InvalidClientAuth('the number (jti) must be text of at most 512 characters')
}
