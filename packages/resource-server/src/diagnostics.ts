/**
 * diagnostics writes the `x-ms-diagnostics` value that Exchange-like clients show when a token was refused.
 *
 * It owns the numbers and categories. Only numbers that are publicly documented are used; where none is documented for a
 * reason, 2000001 `invalid_token` stands for it. The text is the public text of the code, or the text that was seen with the number,
 * and holds nothing of the token.
 * @module
 */
import { TokenError, type TokenErrorCode } from './errors.ts'

const unreadable = [2000001, 'invalid_token'] as const
const wrongPlace = [2000003, 'invalid_resource', "The audience claim value is invalid 'aud'."] as const
const wrongUser = [2000005, 'invalid_user'] as const
const notGranted = [2000008, 'invalid_grant'] as const
const notOffered = [4000000, 'oauth_not_available'] as const

const table = {
  token_malformed: unreadable,
  token_too_large: unreadable,
  header_not_allowed: unreadable,
  algorithm_not_allowed: unreadable,
  type_mismatch: unreadable,
  issuer_mismatch: unreadable,
  key_unknown: unreadable,
  keys_unavailable: notOffered,
  signature_invalid: unreadable,
  audience_mismatch: wrongPlace,
  token_expired: unreadable,
  token_revoked: unreadable,
  token_not_yet_valid: unreadable,
  lifetime_too_long: unreadable,
  claim_missing: unreadable,
  claim_invalid: unreadable,
  sender_constraint_missing: unreadable,
  insufficient_scope: notGranted,
  user_required: wrongUser,
  assurance_insufficient: notGranted,
  authentication_too_old: notGranted,
} as const satisfies Record<TokenErrorCode, readonly [number: number, category: string, seen?: string]>

/** `2000003;reason="…";error_category="invalid_resource"` for a refused token. Never holds secrets. */
export function diagnostics(code: TokenErrorCode): string {
  const [number, category, seen = new TokenError(code).message] = table[code]
  return `${number};reason="${seen}";error_category="${category}"`
}

/** The value for a mailbox that is not offered OAuth, e.g. for an `X-User-Identity` of another domain. */
export const oauthNotAvailableDiagnostics =
  '4000000;reason="OAuth is not available for this mailbox.";error_category="oauth_not_available"'
