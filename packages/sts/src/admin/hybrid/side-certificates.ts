import { PublicKeyRefused } from '../../partners/errors.ts'
import { type ReadCertificate, readCertificate } from '../../partners/public-key.ts'
import { OperationRefused } from '../errors.ts'

/**
 * The certificate of a server, PEM or DER, that is good at this moment. Assertions of servers are RS256 (F§1.5), so its key
 * must be RSA. Does NOT check who issued it: the administrator vouches for it.
 * @throws {OperationRefused} `key_refused`
 */
export function readOwnCertificate(certificate: string | Uint8Array, { of, now }: { of: string; now: Date }): ReadCertificate {
  const refused = (message: string, cause?: unknown) =>
    new OperationRefused('key_refused', `The certificate of ${of}: ${message}`, { cause })
  if (typeof certificate === 'string' && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(certificate))
    throw refused('this file holds a private key. Keep that, and hand in the certificate alone.')
  let read: ReadCertificate
  try {
    read = readCertificate(certificate)
  } catch (error) {
    if (error instanceof PublicKeyRefused) throw refused(error.message, error)
    throw error
  }
  if (read.kind !== 'rsa') throw refused('servers sign with RSA (RS256), and this is another key.')
  if (read.expiresAt <= now) throw refused(`it ended on ${read.expiresAt.toISOString().slice(0, 10)}.`)
  if (read.notBefore > now) throw refused(`it begins on ${read.notBefore.toISOString().slice(0, 10)} only.`)
  return read
}
