import { createPublicKey } from 'node:crypto'
import { webauthnReading } from './library.ts'

/** Labels of COSE keys (RFC 9052 section 7.1, RFC 9053 section 7). */
const keyType = 1
const algorithm = 3

/** Key type, algorithm and curve belong together; a signature of ES256 under another curve than P-256 is none. */
const shapes = [
  { type: 2, algorithm: -7, curve: 1, kty: 'EC', crv: 'P-256' },
  { type: 1, algorithm: -8, curve: 6, kty: 'OKP', crv: 'Ed25519' },
] as const

const leastModulusBits = 2048

/**
 * Whether the COSE key is one that we can verify with: known shape, a point on its curve, or RSA of at least 2048 bits with
 * an exponent of at least 65537. A registration without attestation proves nothing about its key, so without this somebody
 * could bind one that never works.
 */
export function isUsableKey(publicKey: Uint8Array): boolean {
  try {
    // Labels of several key types share numbers, which the library's types tell apart by casts; a map of unknowns is what it is.
    const labels = webauthnReading().decodeCredentialPublicKey(new Uint8Array(publicKey)) as unknown as ReadonlyMap<
      number,
      unknown
    >
    return labels.get(keyType) === 3 ? isUsableRsa(labels) : isUsableCurve(labels)
  } catch {
    return false // no map, or no key that node would import
  }
}

function isUsableCurve(labels: ReadonlyMap<number, unknown>): boolean {
  const shape = shapes.find((one) => one.type === labels.get(keyType) && one.algorithm === labels.get(algorithm))
  if (shape === undefined || labels.get(-1) !== shape.curve) return false
  const { kty, crv } = shape
  const y = kty === 'EC' ? { y: coordinate(labels.get(-3)) } : {}
  createPublicKey({ key: { kty, crv, x: coordinate(labels.get(-2)), ...y }, format: 'jwk' })
  return true
}

function isUsableRsa(labels: ReadonlyMap<number, unknown>): boolean {
  if (labels.get(algorithm) !== -257) return false
  const key = createPublicKey({
    key: { kty: 'RSA', n: coordinate(labels.get(-1)), e: coordinate(labels.get(-2)) },
    format: 'jwk',
  })
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  return modulusLength >= leastModulusBits && publicExponent >= 65537n
}

function coordinate(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new TypeError('a coordinate must be bytes')
  return Buffer.from(value).toString('base64url')
}
