/** A server that the issuer knows by a certificate: what the caller of the kit gives, and what can be signed with it. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { ConformanceError } from '../errors.ts'
import { thumbprintOf } from './self-signed.ts'

/** Without one, what only a known server meets is skipped. */
export interface KnownServer {
  readonly clientId: string
  /** PEM. */
  readonly certificate: string
  /** Its key, PEM. */
  readonly privateKey: string
  /** What it may ask actor tokens for, as registered: `client_id/host@realm`. */
  readonly resource: string
  /** Dates what is signed. Must agree with the issuer's clock within seconds. */
  readonly clock: () => Date
  readonly person?: PersonServed
}

/** Somebody for whom the server may act. */
export interface PersonServed {
  /** The person's access token for the server itself: a JWT, good for some minutes more. */
  readonly token: string
  /** Where the server may act for people: an identifier that the issuer takes as `resource` (RFC 8707). */
  readonly resource: string
  /** Everything that it may do there for people, separated by spaces, as the issuer takes it in `scope`. */
  readonly scope: string
}

export interface ServerIdentity extends Omit<KnownServer, 'privateKey' | 'certificate'> {
  /** DER. */
  readonly certificate: Uint8Array
  readonly x5t: string
  readonly key: KeyObject
}

const PRINCIPAL = /^[^/@*\s]+\/[^/@*\s]+@[^/@*\s]+$/

/** @throws {ConformanceError} `target_invalid` when certificate and key cannot be read or do not belong together. */
export function readIdentity({ certificate, privateKey, ...server }: KnownServer): ServerIdentity {
  if (!PRINCIPAL.test(server.resource))
    throw new ConformanceError('target_invalid', `what the server asks for must be client_id/host@realm: ${server.resource}`)
  const read = readPair(certificate, privateKey)
  if (!read.certificate.checkPrivateKey(read.key))
    throw new ConformanceError('target_invalid', "the private key is not the certificate's")
  if (read.key.asymmetricKeyType !== 'rsa')
    throw new ConformanceError('target_invalid', 'the key of the server must be RSA: assertions are RS256')
  const der = new Uint8Array(read.certificate.raw)
  return Object.freeze({ ...server, certificate: der, key: read.key, x5t: thumbprintOf(der) })
}

function readPair(certificate: string, privateKey: string): { certificate: X509Certificate; key: KeyObject } {
  try {
    return { certificate: new X509Certificate(certificate), key: createPrivateKey(privateKey) }
  } catch (cause) {
    throw new ConformanceError('target_invalid', 'certificate and private key of the server must be PEM', { cause })
  }
}
