/**
 * The document at `/autodiscover/metadata/json/1`: how an Exchange-like server shows its certificate to its partners (F 2.1).
 *
 * Pure. It shows the public half only. The realm is always a concrete one, never `*`.
 */
import { createHash, X509Certificate } from 'node:crypto'

export const EXCHANGE_METADATA_PATH = '/autodiscover/metadata/json/1'

/** @param certificate PEM; the first one in it is shown. */
export function exchangeMetadata(options: {
  certificate: string
  principalId: string
  realm: string
  baseUrl: string
}): Readonly<Record<string, unknown>> {
  const { raw } = new X509Certificate(options.certificate)
  const principal = `${options.principalId}@${options.realm}`
  return Object.freeze({
    id: `_${options.principalId}`,
    version: '1.0',
    name: 'Exchange',
    realm: options.realm,
    serviceName: options.principalId,
    issuer: principal,
    allowedAudiences: [`${options.principalId}/${new URL(options.baseUrl).hostname}@${options.realm}`],
    keys: [
      {
        usage: 'signing',
        keyinfo: { x5t: thumbprintOf(raw) },
        keyvalue: { type: 'x509Certificate', value: raw.toString('base64') },
      },
    ],
    endpoints: [{ location: `${options.baseUrl}${EXCHANGE_METADATA_PATH}`, protocol: 'OAuth2', usage: 'metadata' }],
  })
}

/** RFC 7515 section 4.1.7: SHA-1 names the certificate here; it protects nothing. */
const thumbprintOf = (der: Uint8Array): string => createHash('sha1').update(der).digest('base64url')
