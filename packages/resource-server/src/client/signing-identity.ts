/**
 * signing-identity is what this server proves itself with: its client id, its certificate and the key that belongs to it.
 *
 * It owns reading and matching the two, and the signature. What is signed, and for how long: assertions.ts and user-tokens.ts.
 * @module
 */
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { ServerClientError } from './errors.ts'

export type SigningIdentity = Readonly<{
  clientId: string
  /** base64url SHA-1 of the certificate: how the token service and partners find it. */
  x5t: string
  /** RFC 7638 thumbprint of the public key: how the token service names the key itself. */
  keyId: string
  /** A compact JWS over these texts, RS256. @throws {ServerClientError} `certificate_outdated` */
  sign(header: object, claims: object, now: Date): string
}>

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

function readKey(privateKey: string | KeyObject): KeyObject {
  if (typeof privateKey !== 'string') return privateKey
  try {
    return createPrivateKey(privateKey)
  } catch (cause) {
    throw new TypeError('privateKey is not a PEM private key', { cause })
  }
}

function readCertificate(certificate: string): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (cause) {
    throw new TypeError('certificate is not a PEM certificate', { cause })
  }
}

/** RFC 7638 section 3: SHA-256 over the required members in the order of their names. */
function thumbprintOf(key: KeyObject): string {
  const { e, kty, n } = key.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
}

/**
 * Reads certificate and key. Checks that they belong together and are RSA of at least 2048 bits (R60; Exchange-like servers know
 * RS256 only). Does NOT check who issued the certificate: whoever registers it vouches for it.
 * @throws {TypeError} where they cannot be used
 */
export function readSigningIdentity(options: {
  clientId: string
  certificate: string
  privateKey: string | KeyObject
}): SigningIdentity {
  const { clientId } = options
  if (!/^[\x21-\x7e]{1,200}$/.test(clientId) || /[@/]/.test(clientId))
    throw new TypeError('clientId must be printable, without @ and /')
  const key = readKey(options.privateKey)
  const certificate = readCertificate(options.certificate)
  if (key.type !== 'private' || key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new TypeError('privateKey must be an RSA key of at least 2048 bits')
  if (!certificate.checkPrivateKey(key)) throw new TypeError('privateKey does not belong to the certificate')
  const { validToDate } = certificate
  return Object.freeze({
    clientId,
    x5t: createHash('sha1').update(certificate.raw).digest('base64url'),
    keyId: thumbprintOf(certificate.publicKey),
    sign(header: object, claims: object, now: Date) {
      // Its beginning is not looked at: a new certificate and a clock that is behind must reach the token service, which knows the time.
      if (now > validToDate) throw new ServerClientError('certificate_outdated', { detail: `until ${validToDate.toISOString()}` })
      const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`
      return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
    },
  })
}
