/**
 * exchange-document writes the metadata document that Exchange-like servers read of a token service, as the original's did.
 * Pure. Sources: F 2.1 (spelling of the members), F 2.2 (what readers take: the first key, the only OAuth2 endpoint).
 * @module
 */
import { securityTokenServiceId } from '@postern/resource-server'
import { serviceAudiences, serviceIssuer } from '../principals.ts'
import { thumbprintOf } from '../signing-keys.ts'
import type { PublishedRealm } from './published-realm.ts'

/** Where actor tokens are asked for, below the issuer. */
const ISSUANCE_PATH = '/tokens/OAuth/2'
export const EXCHANGE_DOCUMENT_PATH = '/metadata/json/1'

/**
 * The document as JSON. The realm is its GUID, never `*`: a reader that trusts every realm of a service trusts all its
 * neighbours (CVE-2025-55241). Only one endpoint says OAuth2, because readers take whichever they find first.
 */
export function renderExchangeDocument({ baseUrl, issuer, realm, certificates }: PublishedRealm): string {
  return JSON.stringify({
    // Stable, so that a document can be told from another one.
    id: `_${realm.id}`,
    version: '1.0',
    name: 'Postern',
    realm: realm.id,
    serviceName: securityTokenServiceId,
    issuer: serviceIssuer(realm),
    allowedAudiences: serviceAudiences(realm, baseUrl).slice(0, 1),
    keys: certificates.map((certificate) => ({
      usage: 'signing',
      keyinfo: { x5t: thumbprintOf(certificate) },
      keyvalue: { type: 'x509Certificate', value: Buffer.from(certificate).toString('base64') },
    })),
    endpoints: [
      { location: `${issuer}${ISSUANCE_PATH}`, protocol: 'OAuth2', usage: 'issuance' },
      { location: `${issuer}${EXCHANGE_DOCUMENT_PATH}`, protocol: 'MetadataJson1.0', usage: 'metadata' },
    ],
  })
}
