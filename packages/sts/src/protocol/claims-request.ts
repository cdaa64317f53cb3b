import { errors } from 'oidc-provider'

/** Objects within objects. A claims request needs three: the parameter, the place, and one claim (with its `values`). */
const DEEPEST = 8

/**
 * Reads the parts of a `claims` parameter that oidc-provider takes as they come: each claim is `null` or an object whose
 * `essential` is a boolean and whose `values` is a list (OpenID Connect Core section 5.5.1).
 * Does NOT look at the names of claims, nor at what a `value` says: unknown ones are simply not given.
 * @throws {errors.InvalidRequest}
 */
export function requireReadableClaims(claims: { readonly id_token?: unknown; readonly userinfo?: unknown }): void {
  if (isDeeperThan(claims, DEEPEST)) throw new errors.InvalidRequest('claims parameter is nested too deeply')
  for (const place of ['id_token', 'userinfo'] as const) {
    for (const claim of Object.values(claims[place] ?? {})) {
      if (claim === null) continue
      if (!isObject(claim)) throw new errors.InvalidRequest(`members of claims.${place} should be null or an object`)
      if (claim.essential !== undefined && typeof claim.essential !== 'boolean')
        throw new errors.InvalidRequest(`essential should be a boolean in claims.${place}`)
      if (claim.values !== undefined && !Array.isArray(claim.values))
        throw new errors.InvalidRequest(`values should be an array in claims.${place}`)
    }
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Goes no deeper than it must, so that the answer comes however deep the value is. */
const isDeeperThan = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => isDeeperThan(one, levels - 1)))
