/**
 * verification-key turns the members of a published key set into keys that may verify tokens, or into a reason why not.
 *
 * It owns which keys are good enough (R48, R60). It does not fetch (issuer-keys.ts).
 * @module
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { weaknessOfRsaKey } from './weak-keys.ts'

export type SignatureAlgorithm = 'RS256' | 'ES256'

/** A public key of one issuer. The algorithm belongs to the key; a token cannot choose it (RFC 8725 section 3.1). */
export type VerificationKey = Readonly<{
  kid: string
  algorithm: SignatureAlgorithm
  key: KeyObject
  /** RFC 7638 thumbprint: two keys with one `kid` are two keys. */
  thumbprint: string
  /** Certificate thumbprint, when the issuer publishes one. */
  x5t: string | undefined
  /** The published certificate, if it is one of this very key: server-to-server tokens look at its dates. `x5t` is computed. */
  certificate: Readonly<{ x5t: string; notBefore: Date; notAfter: Date }> | undefined
}>

export type KeySet = Readonly<{
  keys: ReadonlyMap<string, VerificationKey>
  /** RSA keys by certificate thumbprint, without padding; a thumbprint that is published twice is not in it. */
  byThumbprint: ReadonlyMap<string, VerificationKey>
  /** Why published keys are not used, for the log: `kid: reason`. */
  ignored: readonly string[]
}>

type Jwk = Readonly<Record<string, unknown>>

const mostKeys = 100
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const isObject = (value: unknown): value is Jwk => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The algorithm that the form of the key fixes, or why there is none. */
function algorithmOf(jwk: Jwk): { algorithm: SignatureAlgorithm } | { reason: string } {
  if (jwk.kty === 'RSA' && typeof jwk.n === 'string' && typeof jwk.e === 'string') {
    const weakness = weaknessOfRsaKey(jwk.n, jwk.e)
    return weakness === undefined ? { algorithm: 'RS256' } : { reason: `RSA key with ${weakness}` }
  }
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return { algorithm: 'ES256' }
  return { reason: 'unsupported kind of key' }
}

/** Why this member may not verify tokens although its numbers are sound, or undefined. */
function misuseOf(jwk: Jwk, algorithm: SignatureAlgorithm): string | undefined {
  if (privateMembers.some((name) => jwk[name] !== undefined)) return 'a private key is published'
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'use is not sig'
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return 'alg does not fit the key'
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return 'key_ops lacks verify'
  return undefined
}

/** SHA-1 over the certificate as `x5t` writes it (RFC 7515 section 4.1.7), from Node's `AB:CD:…`. */
export const thumbprintOf = (certificate: X509Certificate): string =>
  Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url')

/** The first certificate of `x5c`, if it is of `key`. A chain is not followed: the key set itself is what is trusted. */
function readCertificate({ x5c }: Jwk, key: KeyObject): VerificationKey['certificate'] {
  if (!Array.isArray(x5c) || typeof x5c[0] !== 'string') return undefined
  try {
    const certificate = new X509Certificate(Buffer.from(x5c[0], 'base64'))
    if (!certificate.publicKey.equals(key)) return undefined
    const { validFromDate: notBefore, validToDate: notAfter } = certificate
    return Object.freeze({ x5t: thumbprintOf(certificate), notBefore, notAfter })
  } catch {
    return undefined // no certificate; the key may still verify access tokens, which know nothing of it
  }
}

/** RSA keys by thumbprint; see {@link KeySet}. A key whose `x5t` is not the thumbprint of its certificate is left out. */
export function indexByThumbprint(keys: Iterable<VerificationKey>): ReadonlyMap<string, VerificationKey> {
  const index = new Map<string, VerificationKey>()
  const twice = new Set<string>()
  for (const key of keys) {
    const published = key.x5t?.replace(/={1,2}$/, '')
    const thumbprint = key.certificate?.x5t ?? published
    if (key.algorithm !== 'RS256' || thumbprint === undefined) continue
    if (published !== undefined && published !== thumbprint) continue
    if (index.has(thumbprint)) twice.add(thumbprint)
    index.set(thumbprint, key)
  }
  for (const thumbprint of twice) index.delete(thumbprint)
  return index
}

async function readKey(jwk: Jwk, algorithms: ReadonlySet<SignatureAlgorithm>): Promise<VerificationKey | string> {
  const { kid, x5t } = jwk
  if (typeof kid !== 'string' || kid.length === 0 || kid.length > 256) return 'no usable kid'
  const fixed = algorithmOf(jwk)
  if ('reason' in fixed) return fixed.reason
  const { algorithm } = fixed
  if (!algorithms.has(algorithm)) return `${algorithm} is not accepted here`
  const misuse = misuseOf(jwk, algorithm)
  if (misuse !== undefined) return misuse
  const numbers =
    algorithm === 'RS256'
      ? { kty: 'RSA', n: String(jwk.n), e: String(jwk.e) }
      : { kty: 'EC', crv: 'P-256', x: String(jwk.x), y: String(jwk.y) }
  try {
    // Refuses a point that is not on the curve and numbers that are not base64url.
    const key = createPublicKey({ key: numbers, format: 'jwk' })
    const thumbprint = await calculateJwkThumbprint(numbers)
    const certificate = readCertificate(jwk, key)
    return Object.freeze({ kid, algorithm, key, thumbprint, x5t: typeof x5t === 'string' ? x5t : undefined, certificate })
  } catch {
    return 'not a valid public key'
  }
}

/**
 * Reads a JWK set (RFC 7517 section 5). Keys that are weak, private, meant for something else or of an algorithm not in
 * `algorithms` are left out; of keys that share a `kid` all are left out, because none can be chosen.
 * @returns undefined if `document` is not a key set at all
 */
export async function readKeySet(document: unknown, algorithms: ReadonlySet<SignatureAlgorithm>): Promise<KeySet | undefined> {
  if (!isObject(document) || !Array.isArray(document.keys) || document.keys.length > mostKeys) return undefined
  const members: readonly unknown[] = document.keys
  const kids = members.map((member) => (isObject(member) ? member.kid : undefined))
  const keys = new Map<string, VerificationKey>()
  const ignored: string[] = []
  for (const [index, member] of members.entries()) {
    const kid = kids[index]
    const shared = kids.indexOf(kid) !== kids.lastIndexOf(kid)
    const read = !isObject(member) ? 'not an object' : shared ? 'kid is used twice' : await readKey(member, algorithms)
    if (typeof read === 'string') ignored.push(`${typeof kid === 'string' ? kid.slice(0, 60) : `#${index}`}: ${read}`)
    else keys.set(read.kid, read)
  }
  return Object.freeze({ keys, byThumbprint: indexByThumbprint(keys.values()), ignored: Object.freeze(ignored) })
}
