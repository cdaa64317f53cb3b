/**
 * validator turns an access token into its claims, or into a TokenError. It is the way in for every request.
 *
 * It owns the order of the checks and what is remembered. Form: compact-token.ts. Keys: issuer-keys.ts. Claims: claims.ts.
 * It does not speak HTTP (guard.ts does) and does not ask the issuer whether a token was revoked since; a revocation feed may tell it.
 * @module
 */
import { createVerify } from 'node:crypto'
import { type AccessTokenClaims, type ClaimRules, requireClaims } from './claims.ts'
import { type Clock, machineClock } from './clock.ts'
import {
  type CompactToken,
  maxTokenLength,
  parseTokenHeader,
  parseTokenPayload,
  shortType,
  signatureBytes,
  splitCompactToken,
  type TokenHeader,
} from './compact-token.ts'
import { TokenError } from './errors.ts'
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts'
import type { KeyKeeper } from './kept-keys.ts'
import { requireRange } from './option-range.ts'
import type { Revocations } from './revocations/revocations-contract.ts'
import type { JsonObject } from './strict-json.ts'
import { TokenMemory } from './token-memory.ts'
import type { SignatureAlgorithm, VerificationKey } from './verification-key.ts'

export type TokenValidatorOptions = Readonly<{
  /** The issuers that are trusted, character by character. Keys come from their metadata, or from `jwksUri`, and from nowhere else. */
  issuers: readonly (string | Readonly<{ issuer: string; jwksUri?: string }>)[]
  /** The audiences that mean this server. Take them from configuration, never from the Host header. */
  audience: string | readonly string[]
  /** Accepted `typ`; default `['at+jwt']`. With `JWT`, tokens with the marks of an ID or logout token are refused. */
  types?: readonly ('at+jwt' | 'JWT')[]
  /** Accepted algorithms; default both. Each key fixes its own. */
  algorithms?: readonly SignatureAlgorithm[]
  /** Accept `aud` as a list that contains us; default false, because Postern never issues one. */
  acceptAudienceLists?: boolean
  /** Difference of clocks that is forgiven, in seconds; default 30, at most 300. */
  clockToleranceSeconds?: number
  /** Longest accepted `exp - iat`, in seconds; default 86400. */
  maxLifetimeSeconds?: number
  /** How many verified tokens are remembered; default 10000, 0 switches it off. */
  rememberTokens?: number
  /** What has ended since tokens were issued: `revocations` of a createRevocationFeed. Without it, a token holds until it expires. */
  revocations?: Revocations
  /**
   * Where the issuers' keys outlive a restart: `keepKeysIn(directory)`. Without it, a server that starts while an issuer is away
   * answers `keys_unavailable` until it is back. With it, the last set counts, for a day after it was fetched.
   */
  keepKeys?: KeyKeeper
  clock?: Clock
  fetch?: typeof fetch
  /** Accept issuers at `http://localhost` and the like, for development. */
  allowInsecureLoopback?: boolean
  /** Told of key fetches that failed and of published keys that are not used. No secrets. Default: nobody. */
  onProblem?: (problem: string) => void
}>

export interface TokenValidator {
  /**
   * Validates an access token presented to this server (RFC 9068 section 4, RFC 8725).
   *
   * Checks form, `typ`, `alg`, signature, `iss`, `aud`, `exp`, `iat`, `nbf`, lifetime, and the presence and form of `sub`,
   * `client_id`, `jti`, `scope`; and `revocations`, where given. Does NOT look at what the scopes permit: call requireScope.
   * Does NOT ask the issuer whether the token was revoked since. A key that the issuer withdraws is noticed within ten minutes.
   * @throws {TokenError} always with a code; `keys_unavailable` is the only one that says nothing about the token
   */
  validate(token: string): Promise<AccessTokenClaims>
  /** Fetches the keys of all issuers now, so that the first request need not wait. Never fails. */
  prepare(): Promise<void>
}

type Remembered = Readonly<{ claims: AccessTokenClaims; key: VerificationKey; keys: IssuerKeys }>

/** Marks of other tokens that also say `typ: JWT`: ID tokens, logout tokens, actor tokens (R56, R57). */
const marksOfOtherTokens = [
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'events',
  'nameid',
  'actortoken',
  'trustedfordelegation',
  'fam',
]

const mostHeaders = 256

function requireSome<Item>(name: string, items: readonly Item[]): readonly Item[] {
  if (items.length === 0 || items.some((item) => item === '')) throw new TypeError(`${name} must not be empty`)
  return items
}

function isSignedBy(token: CompactToken, { algorithm, key }: VerificationKey): boolean {
  const signature = signatureBytes(token)
  const verifier = createVerify('sha256').update(token.signingInput, 'latin1') // both parts are base64url by now, so ASCII
  if (algorithm === 'RS256') return verifier.verify(key, signature)
  return signature.length === 64 && verifier.verify({ key, dsaEncoding: 'ieee-p1363' }, signature)
}

/**
 * Creates a validator; one for each server is enough, and all requests share it.
 * @throws {TypeError} if an option makes no sense
 */
export function createTokenValidator(options: TokenValidatorOptions): TokenValidator {
  const { clock = machineClock, revocations } = options
  const types: ReadonlySet<string> = new Set(requireSome('types', options.types ?? ['at+jwt']).map(shortType))
  const algorithms: ReadonlySet<string> = new Set(requireSome('algorithms', options.algorithms ?? ['RS256', 'ES256']))
  for (const name of algorithms)
    if (name !== 'RS256' && name !== 'ES256') throw new TypeError(`algorithm ${name} is not supported`)
  for (const name of types) if (name !== 'at+jwt' && name !== 'jwt') throw new TypeError(`type ${name} is not supported`)
  const rules: ClaimRules = Object.freeze({
    knownScopes: new Map<string, ReadonlySet<string>>(),
    audiences: new Set(requireSome('audience', typeof options.audience === 'string' ? [options.audience] : options.audience)),
    acceptAudienceLists: options.acceptAudienceLists ?? false,
    clockToleranceSeconds: requireRange('clockToleranceSeconds', options.clockToleranceSeconds ?? 30, 0, 300),
    maxLifetimeSeconds: requireRange('maxLifetimeSeconds', options.maxLifetimeSeconds ?? 86_400, 1, 31_536_000),
  })
  const issuers = new Map<string, IssuerKeys>()
  for (const entry of requireSome('issuers', options.issuers)) {
    const { issuer, jwksUri } = typeof entry === 'string' ? { issuer: entry, jwksUri: undefined } : entry
    const keys = createIssuerKeys({
      issuer,
      jwksUri,
      algorithms: algorithms as ReadonlySet<SignatureAlgorithm>, // compared with the two names above
      clock,
      fetch: options.fetch ?? fetch,
      allowInsecureLoopback: options.allowInsecureLoopback ?? false,
      onProblem: options.onProblem ?? (() => undefined),
      keepKeys: options.keepKeys,
    })
    if (issuers.has(issuer)) throw new TypeError(`issuer ${issuer} is given twice`)
    issuers.set(issuer, keys)
  }
  const memory = new TokenMemory<Remembered>(requireRange('rememberTokens', options.rememberTokens ?? 10_000, 0, 10_000_000))
  /** Headers of tokens that were accepted: an issuer writes the same one into every token. */
  const headers = new Map<string, TokenHeader>()

  const seconds = (): number => Math.floor(clock().getTime() / 1000)

  /** What can be said before any key is looked at. */
  function inspect(token: string): { compact: CompactToken; header: TokenHeader; claims: JsonObject; keys: IssuerKeys } {
    const compact = splitCompactToken(token)
    const header = headers.get(compact.headerPart) ?? parseTokenHeader(compact.headerPart)
    if (!algorithms.has(header.alg))
      throw new TokenError('algorithm_not_allowed', { detail: JSON.stringify(header.alg.slice(0, 40)) })
    if (!types.has(header.typ)) throw new TokenError('type_mismatch', { detail: JSON.stringify(header.typ.slice(0, 40)) })
    const claims = parseTokenPayload(compact.payloadPart)
    const { iss } = claims
    if (iss === undefined) throw new TokenError('claim_missing', { detail: 'iss' })
    if (typeof iss !== 'string') throw new TokenError('claim_invalid', { detail: 'iss: not a string' })
    const keys = issuers.get(iss)
    if (keys === undefined) throw new TokenError('issuer_mismatch', { detail: JSON.stringify(iss.slice(0, 200)) })
    return { compact, header, claims, keys }
  }

  function accept(token: string, inspected: ReturnType<typeof inspect>, key: VerificationKey, now: number): AccessTokenClaims {
    const { compact, header, keys } = inspected
    if (header.alg !== key.algorithm)
      throw new TokenError('algorithm_not_allowed', { detail: `${header.alg}, but the key is for ${key.algorithm}` })
    if (header.x5t !== undefined && key.x5t !== undefined && header.x5t !== key.x5t) {
      throw new TokenError('key_unknown', { detail: 'x5t belongs to another key than kid' })
    }
    if (!isSignedBy(compact, key)) throw new TokenError('signature_invalid', { detail: `kid ${JSON.stringify(key.kid)}` })
    if (header.typ === 'jwt') {
      const mark = marksOfOtherTokens.find((name) => inspected.claims[name] !== undefined)
      if (mark !== undefined) throw new TokenError('type_mismatch', { detail: `claim ${mark}` })
    }
    const claims = requireClaims(inspected.claims, rules, now)
    memory.remember(token, { claims, key, keys })
    // Stryker disable next-line ConditionalExpression,EqualityOperator,CallExpression: remembering changes what a header costs, not what it says
    if (headers.size < mostHeaders) headers.set(compact.headerPart, header)
    return claims
  }

  /** Remembered tokens too: it is the one thing about a token that changes. */
  function requireUnrevoked(claims: AccessTokenClaims): AccessTokenClaims {
    if (revocations === undefined) return claims
    const { sub: accountId, iat: issuedAt, sid: sessionId, client_id: clientId, grant_id: family } = claims
    const familyId = typeof family === 'string' ? family : undefined
    if (revocations.isRevoked({ accountId, issuedAt, sessionId, clientId, familyId }))
      throw new TokenError('token_revoked', { detail: `jti ${JSON.stringify(claims.jti)}` })
    return claims
  }

  async function validateWaiting(token: string, inspected: ReturnType<typeof inspect>): Promise<AccessTokenClaims> {
    const key = await inspected.keys.findKey(inspected.header.kid)
    if (key === 'unavailable') throw new TokenError('keys_unavailable', { detail: inspected.keys.issuer })
    if (key === 'unknown') throw new TokenError('key_unknown', { detail: `kid ${JSON.stringify(inspected.header.kid)}` })
    return requireUnrevoked(accept(token, inspected, key, seconds()))
  }

  /** The remembered claims, if time and key still permit them. */
  function recall(token: string, now: number): AccessTokenClaims | undefined {
    const remembered = typeof token === 'string' && token.length <= maxTokenLength ? memory.find(token) : undefined
    if (remembered === undefined || remembered.keys.mustWait(now)) return undefined
    const { claims, key, keys } = remembered
    if (now >= claims.exp + rules.clockToleranceSeconds || !keys.holds(key, now)) {
      memory.forget(token)
      return undefined // the full validation says why
    }
    keys.refreshIfDue(now)
    return claims
  }

  return Object.freeze({
    validate(token: string): Promise<AccessTokenClaims> {
      try {
        const now = seconds()
        const recalled = recall(token, now)
        if (recalled !== undefined) return Promise.resolve(requireUnrevoked(recalled))
        const inspected = inspect(token)
        const { keys, header } = inspected
        keys.refreshIfDue(now)
        const key = keys.mustWait(now) ? undefined : keys.heldKey(header.kid, now)
        if (key === undefined) return validateWaiting(token, inspected)
        return Promise.resolve(requireUnrevoked(accept(token, inspected, key, now)))
      } catch (refusal) {
        return Promise.reject(refusal)
      }
    },
    async prepare(): Promise<void> {
      await Promise.all([...issuers.values()].map((keys) => (keys.mustWait(seconds()) ? keys.findKey('') : undefined)))
    },
  })
}
