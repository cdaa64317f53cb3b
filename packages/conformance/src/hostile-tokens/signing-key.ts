/**
 * Keys of a made-up issuer, and signatures over exactly the text that is given: no library mends a hostile token on the way.
 *
 * It owns making and signing with node:crypto. What is signed is bench.ts and the files beside it.
 */
import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'

export type SigningKey = Readonly<{ kid: string; alg: 'RS256' | 'ES256'; privateKey: KeyObject; jwk: JsonWebKey }>

/** Makes a key pair. `bits` counts for RSA alone; EC is P-256. */
export function makeSigningKey(kid: string, alg: 'RS256' | 'ES256' = 'RS256', bits = 2048): SigningKey {
  const { privateKey, publicKey } =
    alg === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return Object.freeze({ kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } })
}

/** The same key, published with other members. */
export const withJwk = (key: SigningKey, changes: Readonly<Record<string, unknown>>): SigningKey =>
  Object.freeze({ ...key, jwk: { ...key.jwk, ...changes } })

/** The same key under another name. */
export const underKid = (key: SigningKey, kid: string): SigningKey => Object.freeze({ ...withJwk(key, { kid }), kid })

export const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The signature over `input`, made with `key` in its own algorithm, or with `hash` where a case needs another. */
export function signatureOver(input: string, key: SigningKey, hash = 'sha256'): string {
  const dsaEncoding = 'ieee-p1363' as const
  return sign(hash, Buffer.from(input), key.alg === 'ES256' ? { key: key.privateKey, dsaEncoding } : key.privateKey).toString(
    'base64url',
  )
}

/** Signs the header and payload exactly as these texts are. */
export function signText(header: string, payload: string | Uint8Array, key: SigningKey): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${signatureOver(input, key)}`
}
