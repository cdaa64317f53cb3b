/**
 * guard answers for a server: an `Authorization` value in, accepted claims or a ready refusal (status and headers) out.
 *
 * Tokens it judges itself; apps that know only a password are judged by the gate, where legacyAuth is given. It owns the one table from refusal to wire (RFC 6750 section 3.1). It knows no HTTP framework: the adapters do.
 * It does not read tokens from query or body, because those end up in logs (RFC 9700 section 4.3.2).
 * @module
 */
import { type ChallengeErrorName, type ChallengeOptions, challenge } from './challenge.ts'
import type { AccessTokenClaims } from './claims.ts'
import { diagnostics } from './diagnostics.ts'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { isBasic } from './legacy-auth/basic-credentials.ts'
import type { GatedAccepted, GatedRefused, LegacyAuth, RequestFacts } from './legacy-auth/legacy-auth-contract.ts'
import { requireScope } from './scopes.ts'
import type { TokenValidator } from './validator.ts'

export type HeaderLine = readonly [name: string, value: string]

export type Accepted = Readonly<{ outcome: 'accepted'; via: 'token'; claims: AccessTokenClaims }>

/** An app that knows only a password, and that the gate has let in. It has no scopes: it has the mailbox, by the protocol that was asked about. */
export type AcceptedApp = Readonly<{ via: 'app' }> & GatedAccepted

export type Refused = Readonly<{
  outcome: 'refused'
  status: 400 | 401 | 403 | 503
  /** To be sent as they are, each in its own line. */
  headers: readonly HeaderLine[]
  /** Why, for the log. Undefined when no token was sent: that is the question which the challenge answers. */
  error: TokenError | undefined
}>

/** What an app without a token hears from the gate. Status, headers and text are to be sent as they are. */
export type RefusedApp = GatedRefused & Readonly<{ error: undefined }>

/** What a guard can let in: tokens always, apps where legacyAuth is given. */
export type Admitted = Accepted | AcceptedApp

/** What a guard answers, by what it can let in. */
export type Judgement<Let extends Admitted = Accepted> = Let | Refused | (Let extends AcceptedApp ? RefusedApp : never)

/** What one route asks beyond the guard's own settings. */
export type RouteDemands = Readonly<{
  /** Every one is required. */
  scopes?: readonly string[] | undefined
  /** Parameters of the challenge for this request alone, e.g. without `authorizationUri` for a mailbox of another domain. */
  challenge?: Partial<ChallengeOptions> | undefined
  /** What the gate is told about the request. The adapters know most of it; what is given here goes before. Used for passwords only. */
  request?: Partial<RequestFacts> | undefined
}>

export interface Guard<Let extends Admitted = Accepted> {
  /**
   * Judges the value of the `Authorization` header. Give all its lines if there are several: that is refused with 400.
   *
   * No header, another scheme, or the empty `Bearer` (the discovery trigger of Exchange-like clients): 401 with a challenge
   * without error. A bad token: 401 `invalid_token` with `x-ms-diagnostics`. A missing scope: 403. No keys: 503.
   * With legacyAuth, `Basic` is asked at the gate, and scopes do not bind what it lets in: `via` tells the two apart.
   * Never throws for anything that a client sends.
   */
  check(authorization: string | readonly string[] | undefined, demands?: RouteDemands): Promise<Judgement<Let>>
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
  token_revoked: badToken,
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

/** What follows `Bearer` (RFC 9110 section 11.4); undefined for another scheme, and for the word alone. */
function bearerCredentials(authorization: string): string | undefined {
  const found = /^bearer[ \t]+/i.exec(authorization)
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
  /** See {@link GuardWithLegacyOptions}. Named here, so that nobody gets apps where only tokens were expected. */
  legacyAuth?: undefined
}>

/** A server that takes passwords of apps as well, if the gate lets them in: `legacyAuth` is a createLegacyAuth. */
export type GuardWithLegacyOptions = Omit<GuardOptions, 'legacyAuth'> & Readonly<{ legacyAuth?: LegacyAuth | undefined }>

const noFacts: RequestFacts = Object.freeze({ url: '', headers: {} })

/**
 * Creates a guard. It holds no state of its own and may be shared.
 * @throws {TypeError} if the challenge holds characters that no header line can carry
 */
export function createGuard(options: GuardOptions): Guard
export function createGuard(options: GuardWithLegacyOptions): Guard<Admitted>
export function createGuard(options: GuardWithLegacyOptions): Guard<Admitted> {
  challenge(options.challenge) // misuse shows at start, not at the first refusal
  const { legacyAuth } = options

  const settings = (demands: RouteDemands | undefined): ChallengeOptions => ({ ...options.challenge, ...demands?.challenge })
  const facts = (demands: RouteDemands | undefined): RequestFacts => ({ ...noFacts, ...demands?.request })

  const finish = (headers: readonly HeaderLine[]): readonly HeaderLine[] =>
    Object.freeze([...headers, ['Cache-Control', 'no-store'] as const])
  const answer = (status: Refused['status'], error: TokenError | undefined, headers: readonly HeaderLine[]): Refused =>
    Object.freeze({ outcome: 'refused', status, headers: finish(headers), error })

  /** Bearer first, because clients take the first scheme that they know. Basic is offered to those alone who did not show a token. */
  function question(demands: RouteDemands | undefined, offersBasic = true): readonly HeaderLine[] {
    const basic = offersBasic ? legacyAuth?.offer(facts(demands)) : undefined
    const bearer = ['WWW-Authenticate', challenge(settings(demands))] as const
    return basic === undefined ? [bearer] : [bearer, ['WWW-Authenticate', basic]]
  }

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

  async function judgeApp(gate: LegacyAuth, line: string, demands?: RouteDemands): Promise<AcceptedApp | RefusedApp> {
    const judged = await gate.check(line, facts(demands))
    if (judged.outcome === 'accepted') return Object.freeze({ via: 'app', ...judged })
    const asked = judged.status === 401 ? question(demands, judged.offersBasic) : []
    return Object.freeze({ ...judged, headers: finish([...asked, ...judged.headers]), error: undefined })
  }

  async function judgeToken(token: string, demands?: RouteDemands): Promise<Accepted | Refused> {
    try {
      const claims = await options.validator.validate(token)
      requireScope(claims, ...(options.scopes ?? []), ...(demands?.scopes ?? []))
      return Object.freeze({ outcome: 'accepted', via: 'token', claims })
    } catch (error) {
      if (error instanceof TokenError) return refuse(error, demands)
      throw error // a fault
    }
  }

  return Object.freeze({
    refuse,
    async check(authorization: string | readonly string[] | undefined, demands?: RouteDemands): Promise<Judgement<Admitted>> {
      const lines = authorization === undefined ? [] : typeof authorization === 'string' ? [authorization] : authorization
      const [line = ''] = lines
      const credentials = lines.length === 1 ? bearerCredentials(line) : undefined
      const gate =
        legacyAuth !== undefined && isBasic(line) && legacyAuth.offer(facts(demands)) !== undefined ? legacyAuth : undefined
      // A comma is in no token and in no Basic credentials: a proxy has joined several lines into one.
      if (lines.length > 1 || credentials?.includes(',') || (gate !== undefined && line.includes(','))) {
        const refused = challenge({
          ...settings(demands),
          error: 'invalid_request',
          errorDescription: 'One Authorization header is expected.',
        })
        return answer(400, undefined, [['WWW-Authenticate', refused]])
      }
      if (gate !== undefined) return await judgeApp(gate, line, demands)
      if (credentials === undefined || credentials === '') return answer(401, undefined, question(demands))
      return await judgeToken(credentials, demands)
    },
  })
}
