/**
 * federation-document writes the WS-Federation metadata by which `New-AuthServer -Type ADFS` of Exchange learns issuer and
 * signing certificates (F 2.3). Pure. Sources: SAML 2.0 Metadata section 2, WS-Federation 1.2 section 3.1.
 *
 * It is not signed. The certificate of such a signature would be in the document itself, so it would prove nothing to whoever
 * reads it for the first time; https does. Postern speaks no WS-Federation: the endpoints are where people sign in.
 * @module
 */
import type { PublishedRealm } from './published-realm.ts'

export const FEDERATION_DOCUMENT_PATH = '/FederationMetadata/2007-06/FederationMetadata.xml'

/** Below the issuer. The address of the v1 family, as AD FS has it. */
const AUTHORIZE_PATH = '/oauth2/authorize'

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata'
const FEDERATION = 'http://docs.oasis-open.org/wsfed/federation/200706'
const ADDRESSING = 'http://www.w3.org/2005/08/addressing'
const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#'
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance'
/** RFC 8693 section 3. */
const JWT = 'urn:ietf:params:oauth:token-type:jwt'

/** The document as XML 1.0 in UTF-8. The key that signs now is the first. */
export function renderFederationDocument({ issuer, realm, certificates }: PublishedRealm): string {
  const endpoint = `<wsa:EndpointReference xmlns:wsa="${ADDRESSING}"><wsa:Address>${escapeXml(`${issuer}${AUTHORIZE_PATH}`)}</wsa:Address></wsa:EndpointReference>`
  const keys = certificates.map(
    (certificate) =>
      `<KeyDescriptor use="signing"><KeyInfo xmlns="${SIGNATURE}"><X509Data><X509Certificate>${Buffer.from(certificate).toString('base64')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
  )
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<EntityDescriptor xmlns="${METADATA}" ID="_${escapeXml(realm.id)}" entityID="${escapeXml(issuer)}">`,
    `<RoleDescriptor xmlns:xsi="${INSTANCE}" xmlns:fed="${FEDERATION}" xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="${FEDERATION}">`,
    ...keys,
    `<fed:TokenTypesOffered><fed:TokenType Uri="${JWT}"/></fed:TokenTypesOffered>`,
    `<fed:SecurityTokenServiceEndpoint>${endpoint}</fed:SecurityTokenServiceEndpoint>`,
    `<fed:PassiveRequestorEndpoint>${endpoint}</fed:PassiveRequestorEndpoint>`,
    '</RoleDescriptor>',
    '</EntityDescriptor>',
  ].join('')
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For element content and quoted attributes (XML 1.0 section 2.4). Does NOT take out characters that XML has no way to write. */
const escapeXml = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => escapes[one] ?? one)
