/**
 * times reads the times of server-to-server tokens, which older servers write as strings of digits.
 *
 * Strings are accepted here and nowhere else: access tokens have a reader of their own, in claims.ts, that refuses them.
 * @module
 */

import type { JsonObject, JsonValue } from '../strict-json.ts'
import { quoted, refusal, type TokenPart } from './errors.ts'

/** Year 5138 in seconds, and far below any date in milliseconds: a date in the wrong unit is refused. */
const endOfTime = 1e11
/** No sign, no exponent, no space, no leading zero, at most 12 digits. */
const digits = /^[1-9][0-9]{0,11}$/

/** Whole seconds since 1970 from a number or a string of digits; undefined if it is neither. */
export function parseTime(value: JsonValue | undefined): number | undefined {
  const seconds = typeof value === 'string' && digits.test(value) ? Number(value) : value
  return typeof seconds === 'number' && Number.isInteger(seconds) && seconds > 0 && seconds < endOfTime ? seconds : undefined
}

/** A required time. @throws {ActorTokenError} `claim_missing`, `claim_invalid` */
export function requireTime(claims: JsonObject, name: 'nbf' | 'exp' | 'iat', part: TokenPart): number {
  const value = claims[name]
  if (value === undefined) throw refusal('claim_missing', part, name)
  const time = parseTime(value)
  if (time === undefined) throw refusal('claim_invalid', part, `${name} ${quoted(value)} is not whole seconds since 1970`)
  return time
}

export type Life = Readonly<{ startsAt: number; endsAt: number }>

/**
 * Checks `nbf`, `exp` and, if it is there, `iat` against `now` (all in seconds). The tolerance forgives a start that lies a little in
 * the future; it never moves an end, so that what was used once may be forgotten at `exp`.
 * @throws {ActorTokenError}
 */
export function requireLife(
  claims: JsonObject,
  part: TokenPart,
  rules: Readonly<{ now: number; toleranceSeconds: number; maxSeconds?: number }>,
): Life {
  const nbf = requireTime(claims, 'nbf', part)
  const endsAt = requireTime(claims, 'exp', part)
  const iat = claims.iat === undefined ? nbf : requireTime(claims, 'iat', part)
  const startsAt = Math.min(nbf, iat)
  if (endsAt <= nbf || endsAt <= iat) throw refusal('claim_invalid', part, 'exp is not after nbf and iat')
  if (rules.maxSeconds !== undefined && endsAt - startsAt > rules.maxSeconds) {
    throw refusal('lifetime_too_long', part, `${endsAt - startsAt} s`)
  }
  if (rules.now >= endsAt) throw refusal('token_expired', part, `exp ${endsAt}`)
  const latest = Math.max(nbf, iat)
  if (latest - rules.toleranceSeconds > rules.now) throw refusal('token_not_yet_valid', part, `nbf ${nbf}, iat ${iat}`)
  return { startsAt, endsAt }
}
