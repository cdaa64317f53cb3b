/**
 * guard answers for a server: an `Authorization` value in, accepted claims or a ready refusal (status and headers) out.
 *
 * It owns the one table from refusal to wire (RFC 6750 section 3.1). It knows no HTTP framework: koa.ts and node-http.ts do.
 * It does not read tokens from query or body, because those end up in logs (RFC 9700 section 4.3.2).
 * @module
 */
import { type ChallengeErrorName, type ChallengeOptions, challenge } from './challenge.ts'
import type { AccessTokenClaims } from './claims.ts'
import { diagnostics } from './diagnostics.ts'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { requireScope } from './scopes.ts'
import type { TokenValidator } from './validator.ts'

export type HeaderLine = readonly [name: string, value: string]

export type Accepted = Readonly<{ outcome: 'accepted'; claims: AccessTokenClaims }>

export type Refused = Readonly<{
  outcome: 'refused'
  status: 400 | 401 | 403 | 503
  /** To be sent as they are, each in its own line. */
  headers: readonly HeaderLine[]
  /** Why, for the log. Undefined when no token was sent: that is the question which the challenge answers. */
  error: TokenError | undefined
}>

/** What one route asks beyond the guard's own settings. */
export type RouteDemands = Readonly<{
  /** Every one is required. */
  scopes?: readonly string[] | undefined
  /** Parameters of the challenge for this request alone, e.g. without `authorizationUri` for a mailbox of another domain. */
  challenge?: Partial<ChallengeOptions> | undefined
}>

export interface Guard {
  /**
   * Judges the value of the `Authorization` header. Give all its lines if there are several: that is refused with 400.
   *
   * No header, another scheme, or the empty `Bearer` (the discovery trigger of Exchange-like clients): 401 with a challenge
   * without error. A bad token: 401 `invalid_token` with `x-ms-diagnostics`. A missing scope: 403. No keys: 503.
   * Never throws for anything that a client sends.
   */
  check(authorization: string | readonly string[] | undefined, demands?: RouteDemands): Promise<Accepted | Refused>
  /** The refusal for an error that a later check threw, such as requireScope in a handler. */
  refuse(error: TokenError, demands?: RouteDemands): Refused
}

type Wire = Readonly<{ status: Refused['status']; error: ChallengeErrorName | undefined }>

const badToken = { status: 401, error: 'invalid_token' } as const
const notEnough = { status: 403, error: 'insufficient_scope' } as const
const signInAgain = { status: 401, error: 'insufficient_user_authentication' } as const

/** Add a code to the union and this stops compiling until its answer is chosen. */
const wire = {
  token_malformed: badToken,
  token_too_large: badToken,
  header_not_allowed: badToken,
  algorithm_not_allowed: badToken,
  type_mismatch: badToken,
  issuer_mismatch: badToken,
  key_unknown: badToken,
  keys_unavailable: { status: 503, error: undefined }, // says nothing about the token: the client must not throw it away
  signature_invalid: badToken,
  audience_mismatch: badToken,
  token_expired: badToken,
  token_not_yet_valid: badToken,
  lifetime_too_long: badToken,
  claim_missing: badToken,
  claim_invalid: badToken,
  sender_constraint_missing: badToken,
  insufficient_scope: notEnough,
  user_required: notEnough,
  assurance_insufficient: signInAgain,
  authentication_too_old: signInAgain,
} as const satisfies Record<TokenErrorCode, Wire>

const retryAfterSeconds = 30

/** `Bearer` and what follows it (RFC 9110 section 11.4); undefined for another scheme. */
function bearerCredentials(authorization: string): string | undefined {
  const found = /^bearer(?:[ \t]+|$)/i.exec(authorization)
  return found === null ? undefined : authorization.slice(found[0].length).trimEnd()
}

export type GuardOptions = Readonly<{
  validator: Pick<TokenValidator, 'validate'>
  /** What the challenge says about this server. `error`, `errorDescription` and `claims` are filled in where they are due. */
  challenge: ChallengeOptions
  /** Required of every request. */
  scopes?: readonly string[]
  /** Told of each refused token, for the log. */
  onRefused?: (error: TokenError) => void
}>

/**
 * Creates a guard. It holds no state of its own and may be shared.
 * @throws {TypeError} if the challenge holds characters that no header line can carry
 */
export function createGuard(options: GuardOptions): Guard {
  challenge(options.challenge) // misuse shows at start, not at the first refusal

  const settings = (demands: RouteDemands | undefined): ChallengeOptions => ({ ...options.challenge, ...demands?.challenge })

  const answer = (status: Refused['status'], error: TokenError | undefined, headers: readonly HeaderLine[]): Refused =>
    Object.freeze({
      outcome: 'refused',
      status,
      headers: Object.freeze([...headers, ['Cache-Control', 'no-store'] as const]),
      error,
    })

  function refuse(error: TokenError, demands?: RouteDemands): Refused {
    options.onRefused?.(error)
    const said = wire[error.code]
    if (said.error === undefined) return answer(said.status, error, [['Retry-After', String(retryAfterSeconds)]])
    const needed = [...(options.scopes ?? []), ...(demands?.scopes ?? [])]
    const line = challenge({
      ...settings(demands),
      ...(error.code === 'insufficient_scope' && needed.length > 0 ? { scope: needed } : {}),
      error: said.error,
      errorDescription: error.message,
    })
    return answer(said.status, error, [
      ['WWW-Authenticate', line],
      ['x-ms-diagnostics', diagnostics(error.code)],
    ])
  }

  return Object.freeze({
    refuse,
    async check(authorization: string | readonly string[] | undefined, demands?: RouteDemands): Promise<Accepted | Refused> {
      const lines = authorization === undefined ? [] : typeof authorization === 'string' ? [authorization] : authorization
      const credentials = lines.length === 1 ? bearerCredentials(lines[0] ?? '') : undefined
      // A comma is in no token: a proxy has joined several lines into one.
      if (lines.length > 1 || credentials?.includes(',')) {
        const line = challenge({
          ...settings(demands),
          error: 'invalid_request',
          errorDescription: 'One Authorization header is expected.',
        })
        return answer(400, undefined, [['WWW-Authenticate', line]])
      }
      if (credentials === undefined || credentials === '') {
        return answer(401, undefined, [['WWW-Authenticate', challenge(settings(demands))]])
      }
      try {
        const claims = await options.validator.validate(credentials)
        requireScope(claims, ...(options.scopes ?? []), ...(demands?.scopes ?? []))
        return Object.freeze({ outcome: 'accepted', claims })
      } catch (error) {
        if (error instanceof TokenError) return refuse(error, demands)
        throw error // a fault
      }
    },
  })
}
