/**
 * diagnostics writes the `x-ms-diagnostics` value for a refused server-to-server token.
 *
 * It owns the pairs of number and category. Only pairs that were seen in public are used; a reason without one of its own
 * stands under 2000001 `invalid_token`. The text is the public text of the code, or the text that was seen with the number.
 * @module
 */
import { ActorTokenError, type ActorTokenErrorCode } from './errors.ts'

const invalidToken = [2000001, 'invalid_token'] as const
const unreadable = [2000001, 'invalid_token', 'OAuth token submitted with the request can not be parsed.'] as const
const wrongAudience = [2000003, 'invalid_resource', "The audience claim value is invalid 'aud'."] as const
const wrongUser = [2000005, 'invalid_user'] as const
const notGranted = [2000008, 'invalid_grant'] as const
const notOffered = [4000000, 'oauth_not_available'] as const

const table = {
  token_malformed: unreadable,
  token_too_large: unreadable,
  header_not_allowed: invalidToken,
  algorithm_not_allowed: invalidToken,
  type_mismatch: invalidToken,
  issuer_mismatch: invalidToken,
  key_unknown: invalidToken,
  certificate_of_another: invalidToken,
  certificate_not_valid: invalidToken,
  keys_unavailable: notOffered,
  signature_invalid: invalidToken,
  audience_mismatch: wrongAudience,
  realm_mismatch: invalidToken,
  actor_mismatch: invalidToken,
  actor_nested: invalidToken,
  partner_unknown: notGranted,
  token_expired: invalidToken,
  token_not_yet_valid: invalidToken,
  lifetime_too_long: invalidToken,
  outlives_actor: invalidToken,
  claim_missing: invalidToken,
  claim_invalid: invalidToken,
  unsigned_not_allowed: invalidToken,
  connection_not_secure: invalidToken,
  delegation_missing: notGranted,
  act_as_not_granted: notGranted,
  operation_not_granted: notGranted,
  app_only_not_granted: notGranted,
  nothing_granted: notGranted,
  user_missing: wrongUser,
  user_namespace_not_allowed: wrongUser,
  user_unknown: wrongUser,
  user_ambiguous: wrongUser,
  user_inactive: wrongUser,
  user_excluded: wrongUser,
  token_replayed: invalidToken,
  token_withdrawn: invalidToken,
  status_unavailable: notOffered,
} as const satisfies Record<ActorTokenErrorCode, readonly [number: number, category: string, seen?: string]>

/** `2000005;reason="…";error_category="invalid_user"` for a refused server-to-server token. Never holds secrets. */
export function actorDiagnostics(code: ActorTokenErrorCode): string {
  const [number, category, seen = new ActorTokenError(code).message] = table[code]
  return `${number};reason="${seen}";error_category="${category}"`
}
