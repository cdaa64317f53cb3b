/**
 * certificates holds what a certificate must be before a signature is checked with its key.
 *
 * It owns soundness of keys and dates of certificates. Chains are not followed: a certificate counts because it is registered.
 * @module
 */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { thumbprintOf } from '../verification-key.ts'
import { weaknessOfRsaKey } from '../weak-keys.ts'
import { refusal, type TokenPart } from './errors.ts'

/** A key that is found by the thumbprint of its certificate. A date that is absent does not bound it. */
export type CertifiedKey = Readonly<{ x5t: string; key: KeyObject; notBefore?: Date; notAfter?: Date }>

/** Why RS256 must not be checked with this key, or undefined. */
export function weaknessOfKey(key: KeyObject): string | undefined {
  // `rsa-pss` is another kind: the same call would check another signature with it.
  if (key.type !== 'public' || key.asymmetricKeyType !== 'rsa') return 'not a public RSA key'
  const { n, e } = key.export({ format: 'jwk' })
  return weaknessOfRsaKey(String(n), String(e))
}

const sound = new WeakSet<KeyObject>()

/** @throws {TypeError} for a key that whoever registered it should not have: weak, or not RSA */
export function requireSoundKey(key: KeyObject): void {
  if (sound.has(key)) return
  const weakness = weaknessOfKey(key)
  if (weakness !== undefined) throw new TypeError(`A registered key must not be used: ${weakness}`)
  sound.add(key)
}

/**
 * Reads a certificate, PEM or DER.
 * @throws {TypeError} if it is none, or its key is weak
 */
export function readCertificate(certificate: string | Uint8Array): CertifiedKey {
  let read: X509Certificate
  try {
    read = new X509Certificate(certificate)
  } catch (cause) {
    throw new TypeError('not an X.509 certificate in PEM or DER', { cause })
  }
  const key = read.publicKey
  requireSoundKey(key)
  return Object.freeze({ x5t: thumbprintOf(read), key, notBefore: read.validFromDate, notAfter: read.validToDate })
}

/** @throws {ActorTokenError} `certificate_not_valid` at or after its end, or before its start; `now` in seconds */
export function requireValidity({ x5t, notBefore, notAfter }: CertifiedKey, part: TokenPart, now: number): void {
  if (notAfter !== undefined && now * 1000 >= notAfter.getTime()) {
    throw refusal('certificate_not_valid', part, `${x5t} ended ${notAfter.toISOString()}`)
  }
  if (notBefore !== undefined && now * 1000 < notBefore.getTime()) {
    throw refusal('certificate_not_valid', part, `${x5t} begins ${notBefore.toISOString()}`)
  }
}
