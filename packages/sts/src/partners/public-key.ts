import { createHash, createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto'
import { PublicKeyRefused } from './errors.ts'

/** A client's public key as the store keeps it. */
export interface ReadKey {
  /** Public JWK as JSON, without private or unknown members. */
  readonly jwk: string
  /** base64url SHA-1 and SHA-256 of the certificate, where one was handed in. */
  readonly x5t?: string
  readonly x5tS256?: string
  /** When the certificate ends. */
  readonly expiresAt?: Date
}

/** The key of a certificate, with everything that a certificate adds to it. */
export type ReadCertificate = Required<ReadKey> & { readonly kind: 'rsa' | 'ec'; readonly notBefore: Date }

/**
 * Reads a PEM certificate, a PEM public key or a public JWK. Checks that it is public, RSA of 2048 bits or more with an
 * exponent of 65537 or more (R60), or P-256. Does NOT check who issued a certificate: the administrator vouches for it.
 * @throws {PublicKeyRefused}
 */
export function readPublicKey(text: string): ReadKey {
  const trimmed = text.trim()
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(trimmed))
    throw new PublicKeyRefused(
      'This is a private key. Keep it, and hand in the certificate or the public key that belongs to it.',
    )
  if (trimmed.includes('-----BEGIN CERTIFICATE-----')) {
    const { jwk, x5t, x5tS256, expiresAt } = readCertificate(trimmed)
    return Object.freeze({ jwk, x5t, x5tS256, expiresAt })
  }
  if (trimmed.startsWith('{')) {
    const jwk = attempt(() => JSON.parse(trimmed) as JsonWebKey) // createPublicKey looks at what it really is
    if (['d', 'p', 'q', 'k'].some((name) => name in jwk))
      throw new PublicKeyRefused('This JWK is private. Hand in the public one: without the members d, p, q, dp, dq and qi.')
    return Object.freeze({ jwk: describeKey(attempt(() => createPublicKey({ key: jwk, format: 'jwk' }))) })
  }
  return Object.freeze({ jwk: describeKey(attempt(() => createPublicKey(trimmed))) })
}

/**
 * Reads a certificate, PEM or DER, with the same checks of its key. Does NOT check who issued it, nor its dates: `notBefore`
 * and `expiresAt` say them.
 * @throws {PublicKeyRefused}
 */
export function readCertificate(certificate: string | Uint8Array): ReadCertificate {
  const read = attempt(() => new X509Certificate(certificate))
  const digest = (algorithm: string) => createHash(algorithm).update(read.raw).digest('base64url')
  const key = attempt(() => read.publicKey)
  return Object.freeze({
    kind: key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec',
    jwk: describeKey(key),
    x5t: digest('sha1'),
    x5tS256: digest('sha256'),
    notBefore: read.validFromDate,
    expiresAt: read.validToDate,
  })
}

function describeKey(key: KeyObject): string {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') {
    if ((details?.modulusLength ?? 0) < 2048)
      throw new PublicKeyRefused(`This RSA key has ${details?.modulusLength ?? 0} bits; at least 2048 are needed.`)
    if ((details?.publicExponent ?? 0n) < 65_537n) throw new PublicKeyRefused('This RSA key has a public exponent below 65537.')
  } else if (key.asymmetricKeyType !== 'ec' || details?.namedCurve !== 'prime256v1') {
    throw new PublicKeyRefused('Only RSA keys and keys on the curve P-256 are accepted.')
  }
  const { kty, n, e, crv, x, y } = key.export({ format: 'jwk' })
  const [members, alg] = kty === 'RSA' ? [{ kty, n, e }, 'RS256'] : [{ kty, crv, x, y }, 'ES256']
  // RFC 7638: the thumbprint is over the required members in the order of their names.
  const ordered = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }
  const kid = createHash('sha256').update(JSON.stringify(ordered)).digest('base64url')
  return JSON.stringify({ ...members, kid, alg, use: 'sig' })
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new PublicKeyRefused('This is neither a PEM certificate, nor a PEM public key, nor a public JWK.', { cause })
  }
}
