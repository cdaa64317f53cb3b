/**
 * Every refusal of this library: four closed sets of codes and the text each one may show.
 *
 * It owns codes and public texts. It does not decide what a code means on the wire: guard.ts (status, challenge) and
 * diagnostics.ts (`x-ms-diagnostics`) do, each with one total table.
 * @module
 */

/** What may be said aloud about a refused token. No text contains a part of the token. */
const tokenTexts = {
  token_malformed: 'The access token is not a well-formed signed token.',
  token_too_large: 'The access token is too large.',
  header_not_allowed: 'The header of the access token is not acceptable.',
  algorithm_not_allowed: 'The signature algorithm of the access token is not accepted here.',
  type_mismatch: 'The token is of another kind than an access token.',
  issuer_mismatch: 'The access token comes from an issuer that is not trusted here.',
  key_unknown: 'The access token is signed with a key that its issuer does not publish.',
  keys_unavailable: 'The keys of the issuer cannot be fetched at the moment.',
  signature_invalid: 'The signature of the access token is wrong.',
  audience_mismatch: 'The access token is meant for another server.',
  token_expired: 'The access token has expired.',
  token_revoked: 'The access token was withdrawn.',
  token_not_yet_valid: 'The access token is not valid yet.',
  lifetime_too_long: 'The access token lives longer than is accepted here.',
  claim_missing: 'The access token lacks a required claim.',
  claim_invalid: 'A claim of the access token has a wrong form.',
  sender_constraint_missing: 'The access token is bound to a key, and no proof of that key is accepted here.',
  insufficient_scope: 'The access token does not carry the required scope.',
  user_required: 'This request needs a token of a person, not of a program.',
  assurance_insufficient: 'The sign-in behind the access token was not strong enough for this request.',
  authentication_too_old: 'The sign-in behind the access token is too old for this request.',
} as const

/** Why a token was refused. `token_expired` is the one code that a client may answer by refreshing at once. */
export type TokenErrorCode = keyof typeof tokenTexts

/** All codes of {@link TokenError}, for tables and tests. */
export const tokenErrorCodes: readonly TokenErrorCode[] = Object.freeze(Object.keys(tokenTexts) as TokenErrorCode[]) // keys of a closed literal

/** A token that was refused. `message` may be shown to anybody; `detail` is for the log only. */
export class TokenError extends Error {
  readonly code: TokenErrorCode
  /** For the log, never for the client. Names what was wrong; never contains the token. */
  readonly detail: string | undefined

  constructor(code: TokenErrorCode, options: { detail?: string; cause?: unknown } = {}) {
    super(tokenTexts[code], options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'TokenError'
    this.code = code
    this.detail = options.detail
  }
}

export type ChallengeErrorCode = 'challenge_malformed' | 'challenge_too_large' | 'parameter_repeated'

/** A `WWW-Authenticate` value that cannot be read (RFC 9110 section 11.6.1). */
export class ChallengeError extends Error {
  readonly code: ChallengeErrorCode
  /** Where in the value reading stopped, in characters. */
  readonly offset: number

  constructor(code: ChallengeErrorCode, offset: number) {
    super(`The WWW-Authenticate value cannot be read: ${code.replaceAll('_', ' ')} at character ${offset}.`)
    this.name = 'ChallengeError'
    this.code = code
    this.offset = offset
  }
}

const discoveryTexts = {
  url_not_allowed: 'The address may not be asked.',
  address_not_allowed: 'The host name leads to an address that may not be asked.',
  unreachable: 'The server did not answer.',
  timed_out: 'The server did not answer in time.',
  answer_too_large: 'The answer is too large.',
  redirect_not_allowed: 'The server answered with a redirect that may not be followed.',
  status_unexpected: 'The server answered with an unexpected status.',
  challenge_missing: 'The server did not answer with a Bearer challenge.',
  challenge_malformed: 'The challenge of the server cannot be read.',
  challenge_incomplete: 'The challenge names no authorization server.',
  oauth_not_offered: 'The server does not offer OAuth for this mailbox.',
  document_malformed: 'A metadata document is malformed.',
  resource_mismatch: 'The resource metadata speaks of another resource.',
  issuer_mismatch: 'The metadata of the authorization server speaks of another issuer.',
  issuer_not_allowed: 'The authorization server is not one that this client trusts.',
} as const

export type DiscoveryErrorCode = keyof typeof discoveryTexts

/** Discovery stopped. `message` may be shown to the person; `detail` names the address or value for the log. */
export class DiscoveryError extends Error {
  readonly code: DiscoveryErrorCode
  readonly detail: string | undefined

  constructor(code: DiscoveryErrorCode, options: { detail?: string; cause?: unknown } = {}) {
    super(discoveryTexts[code], options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'DiscoveryError'
    this.code = code
    this.detail = options.detail
  }
}

/** What the log is told of something that was thrown, whatever it was. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'unknown reason')

export type SaslErrorCode =
  | 'response_malformed'
  | 'response_too_large'
  | 'user_missing'
  | 'token_missing'
  | 'channel_binding_unsupported'

/** A SASL initial response that cannot be used. The text never contains the response: it carries the token. */
export class SaslError extends Error {
  readonly code: SaslErrorCode

  constructor(code: SaslErrorCode) {
    super(`The SASL response cannot be used: ${code.replaceAll('_', ' ')}.`)
    this.name = 'SaslError'
    this.code = code
  }
}
