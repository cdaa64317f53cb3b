/**
 * The refusals of server-to-server tokens: one closed set of codes and the text that each may show.
 *
 * It owns codes and public texts. What a code means on the wire: diagnostics.ts for resource servers, the token service's own
 * tables for token requests.
 * @module
 */
import { TokenError } from '../errors.ts'

/** What may be said aloud. No text contains a part of the token, or says which accounts exist beyond what the protocol says. */
const texts = {
  token_malformed: 'The token is not a well-formed server-to-server token.',
  token_too_large: 'The token is too large.',
  header_not_allowed: 'The header of the token is not acceptable.',
  algorithm_not_allowed: 'The signature algorithm of the token is not accepted here.',
  type_mismatch: 'The token is of another kind.',
  issuer_mismatch: 'The token comes from an issuer that is not trusted here.',
  key_unknown: 'The token is signed with a certificate that is not registered for its issuer.',
  certificate_of_another: 'The token is signed with a certificate that belongs to another server.',
  certificate_not_valid: 'The certificate behind the token has expired or is not valid yet.',
  keys_unavailable: 'The keys of the issuer cannot be had at the moment.',
  signature_invalid: 'The signature of the token is wrong.',
  audience_mismatch: 'The token is meant for another server.',
  realm_mismatch: 'The token mixes realms.',
  actor_mismatch: 'The token was not made by the server that acts.',
  actor_nested: 'An acting server cannot be acted for.',
  partner_unknown: 'The acting server is not known here.',
  token_expired: 'The token has expired.',
  token_not_yet_valid: 'The token is not valid yet.',
  lifetime_too_long: 'The token lives longer than is accepted here.',
  outlives_actor: 'The user token lives longer than the actor token in it.',
  claim_missing: 'The token lacks a required claim.',
  claim_invalid: 'A claim of the token has a wrong form.',
  unsigned_not_allowed: 'User tokens without a signature are not accepted here.',
  connection_not_secure: 'User tokens without a signature are accepted over TLS only.',
  delegation_missing: 'The acting server is not trusted to act for people.',
  act_as_not_granted: 'The acting server may not act for people here.',
  operation_not_granted: 'The acting server may not act for people in this operation.',
  app_only_not_granted: 'The acting server may not act in its own name here.',
  nothing_granted: 'The token says that nothing is granted.',
  user_missing: 'The token names no user.',
  user_namespace_not_allowed: 'The token names its user in a way that is not accepted here.',
  user_unknown: 'The user specified by the user-context in the token does not exist.',
  user_ambiguous: 'The user specified by the user-context in the token is ambiguous.',
  user_inactive: 'The user specified by the user-context in the token may not sign in.',
  user_excluded: 'The user specified by the user-context in the token is not open to acting servers.',
  token_replayed: 'The token was used before.',
  token_withdrawn: 'The token has been withdrawn.',
  status_unavailable: 'The issuer cannot be asked at the moment whether the token still holds.',
} as const

/** Why a server-to-server token was refused. `keys_unavailable` and `status_unavailable` say nothing about the token. */
export type ActorTokenErrorCode = keyof typeof texts

/** All codes of {@link ActorTokenError}, for tables and tests. */
export const actorTokenErrorCodes: readonly ActorTokenErrorCode[] = Object.freeze(Object.keys(texts) as ActorTokenErrorCode[]) // keys of a closed literal

/** A server-to-server token that was refused. `message` may be shown to anybody; `detail` is for the log only. */
export class ActorTokenError extends Error {
  readonly code: ActorTokenErrorCode
  /** For the log, never for the client. Says which of the two tokens and what was wrong; never contains a token. */
  readonly detail: string | undefined

  constructor(code: ActorTokenErrorCode, options: { detail?: string; cause?: unknown } = {}) {
    super(texts[code], options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'ActorTokenError'
    this.code = code
    this.detail = options.detail
  }
}

/** Which token a refusal speaks of: `detail` begins with it. */
export type TokenPart = 'actor token' | 'user token' | 'assertion'

/** A refusal that says which token it speaks of. */
export const refusal = (code: ActorTokenErrorCode, part: TokenPart, detail: string): ActorTokenError =>
  new ActorTokenError(code, { detail: `${part}: ${detail}` })

/** A value of a token for `detail`: quoted, cut, never more than 120 characters. */
export const quoted = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 120)

/**
 * A refusal of the strict gate (compact-token.ts) as one of ours. Anything else is handed back as it is.
 * The gate throws `token_malformed` and `token_too_large` alone.
 */
export function fromGate(error: unknown, part: TokenPart): unknown {
  if (!(error instanceof TokenError)) return error
  const code = error.code === 'token_too_large' ? 'token_too_large' : 'token_malformed'
  return new ActorTokenError(code, { detail: `${part}: ${error.detail ?? error.code}`, cause: error })
}
