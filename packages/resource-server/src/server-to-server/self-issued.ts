/**
 * self-issued judges the assertion by which a server proves itself with its own certificate ([MS-XOAUTH], RFC 7523 section 3).
 *
 * It owns the rules of that one token. Who has which certificate comes in as a function; the single use of a `jti` is the
 * caller's to claim, because only the caller has a memory that all its processes share.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'

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

/** @throws {TypeError} if an option makes no sense */
export function createAssertionValidator(options: AssertionValidatorOptions): AssertionValidator {
  throw new TypeError(`not built yet: ${options.realms[0]}`)
}
