/**
 * self-issued judges the assertion by which a server proves itself with its own certificate ([MS-XOAUTH], RFC 7523 section 3).
 *
 * It owns the rules of that one token. Who has which certificate comes in as a function; the single use of a `jti` is the
 * caller's to claim, because only the caller has a memory that all its processes share.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { type Clock, machineClock } from '../clock.ts'
import { requireRange } from '../option-range.ts'
import type { JsonObject } from '../strict-json.ts'
import { requireSoundKey, requireValidity } from './certificates.ts'
import { quoted, refusal } from './errors.ts'
import { comparableAudience, parsePrincipal, requireComparableAudience } from './principal.ts'
import { requireLife } from './times.ts'
import { type KnownHeaders, readServerToken, rememberHeader, requireSignature } from './token-form.ts'

/** A certificate and whose it is. `key` is an RSA public key of at least 2048 bits. */
export type PartnerCertificate = Readonly<{
  /** Base64url of the SHA-1 over the DER certificate, without padding. */
  x5t: string
  clientId: string
  key: KeyObject
  notBefore?: Date
  notAfter?: Date
}>

/** Who may prove itself by which certificate; `x5t` comes without padding. `undefined`: nobody known. Throwing is a fault. */
export type FindCertificate = (x5t: string) => Promise<PartnerCertificate | undefined> | PartnerCertificate | undefined

export type AssertionValidatorOptions = Readonly<{
  /** Own audiences, `client_id/host@realm`. Compared exactly but for the letter case of the host. */
  audiences: readonly string[]
  /** Spellings of the own realm that count, the GUID first. Compared exactly. */
  realms: readonly string[]
  findCertificate: FindCertificate
  clock?: Clock
  /** How far in the future `nbf` and `iat` may lie, in seconds; default 30, at most 300. Never prolongs a life. */
  clockToleranceSeconds?: number
  /** Longest `exp - nbf`, in seconds; default 600. */
  maxLifetimeSeconds?: number
}>

/** An assertion that holds. `realm` is the GUID, whichever spelling was used. */
export type SelfIssuedAssertion = Readonly<{ clientId: string; realm: string; x5t: string; jti?: string; expiresAt: Date }>

export interface AssertionValidator {
  /**
   * Checks form, header, certificate and its dates, signature, `iss`, `nameid`, `aud`, `nbf`, `exp`, `iat`, and the form of `jti`.
   * Does NOT claim the `jti`, and does NOT look whether the client is enabled: the caller does both.
   * @throws {ActorTokenError}
   */
  validate(assertion: string): Promise<SelfIssuedAssertion>
}

const longestJti = 512

/** Whoever says these speaks of a person: a user token that lost its actor token, and no proof of a server (R57). */
const personalClaims = ['upn', 'smtp', 'sip', 'nii'] as const

/** A principal of this realm without a host. @throws {ActorTokenError} */
function requireOwnPrincipal(claims: JsonObject, name: 'iss' | 'nameid', realms: ReadonlySet<string>): string {
  const value = claims[name]
  if (value === undefined) throw refusal('claim_missing', 'assertion', name)
  const { clientId, host, realm } = (typeof value === 'string' ? parsePrincipal(value) : undefined) ?? {}
  if (clientId === undefined || host !== undefined || realm === undefined) {
    throw refusal('claim_invalid', 'assertion', `${name} ${quoted(value)} is not client_id@realm`)
  }
  if (!realms.has(realm)) throw refusal('realm_mismatch', 'assertion', `${name} ${quoted(value)}`)
  return clientId
}

/** @throws {ActorTokenError} `claim_missing`, `claim_invalid`, `audience_mismatch` */
function requireAudience({ aud }: JsonObject, audiences: ReadonlySet<string>): void {
  if (aud === undefined) throw refusal('claim_missing', 'assertion', 'aud')
  if (typeof aud !== 'string') throw refusal('claim_invalid', 'assertion', 'aud is not one string')
  const comparable = comparableAudience(aud)
  if (comparable === undefined || !audiences.has(comparable)) throw refusal('audience_mismatch', 'assertion', quoted(aud))
}

/** @throws {TypeError} if an option makes no sense */
export function createAssertionValidator(options: AssertionValidatorOptions): AssertionValidator {
  const clock = options.clock ?? machineClock
  const [realm] = options.realms
  if (realm === undefined) throw new TypeError('realms must not be empty')
  const realms: ReadonlySet<string> = new Set(options.realms)
  const audiences: ReadonlySet<string> = new Set(options.audiences.map(requireComparableAudience))
  if (audiences.size === 0) throw new TypeError('audiences must not be empty')
  const toleranceSeconds = requireRange('clockToleranceSeconds', options.clockToleranceSeconds ?? 30, 0, 300)
  const maxSeconds = requireRange('maxLifetimeSeconds', options.maxLifetimeSeconds ?? 600, 1, 3600)
  const known: KnownHeaders = new Map()

  return Object.freeze({
    async validate(assertion: string): Promise<SelfIssuedAssertion> {
      const token = readServerToken(assertion, 'assertion', known)
      const { claims, header } = token
      // An assertion proves a server, and nothing travels in it.
      if (claims.actortoken !== undefined) throw refusal('actor_nested', 'assertion', 'actortoken')
      const person = personalClaims.find((name) => claims[name] !== undefined)
      if (person !== undefined) throw refusal('type_mismatch', 'assertion', `claim ${person}`)
      const clientId = requireOwnPrincipal(claims, 'iss', realms)
      const certificate = await options.findCertificate(header.x5t)
      if (certificate === undefined) throw refusal('key_unknown', 'assertion', `x5t ${header.x5t} of ${quoted(clientId)}`)
      if (certificate.clientId !== clientId) {
        throw refusal('certificate_of_another', 'assertion', `x5t ${header.x5t} is of ${quoted(certificate.clientId)}`)
      }
      const now = Math.floor(clock().getTime() / 1000)
      requireValidity(certificate, 'assertion', now)
      requireSoundKey(certificate.key)
      requireSignature(token, certificate.key, 'assertion')
      rememberHeader(token, known)
      if (claims.nameid !== undefined && requireOwnPrincipal(claims, 'nameid', realms) !== clientId) {
        throw refusal('actor_mismatch', 'assertion', 'nameid is not iss')
      }
      requireAudience(claims, audiences)
      const { endsAt } = requireLife(claims, 'assertion', { now, toleranceSeconds, maxSeconds })
      const { jti } = claims
      if (jti !== undefined && (typeof jti !== 'string' || jti === '' || jti.length > longestJti)) {
        throw refusal('claim_invalid', 'assertion', 'jti is not a short string')
      }
      const expiresAt = new Date(endsAt * 1000)
      return Object.freeze({ clientId, realm, x5t: header.x5t, ...(jti === undefined ? {} : { jti }), expiresAt })
    },
  })
}
