/** What the kit's issuer publishes of certificates: as keys of a key set, and as documents that servers read of each other. */
import { createPublicKey } from 'node:crypto'
import type { SelfSigned } from '../server-to-server/self-signed.ts'

const TOKEN_SERVICE = '00000001-0000-0000-c000-000000000000'

/** A certificate as a key (RFC 7517 section 4.7). */
export function certificateJwk({ x5t, key, der }: SelfSigned): Readonly<Record<string, unknown>> {
  const { n, e } = createPublicKey(key).export({ format: 'jwk' })
  return { kty: 'RSA', n, e, kid: x5t, x5t, use: 'sig', alg: 'RS256', x5c: [der.toString('base64')] }
}

/** The document at `/metadata/json/1`. Without `clientId` that of the token service itself. */
export function serverDocument(
  at: { readonly base: string; readonly realm: string; readonly path: string; readonly clientId?: string },
  shown: readonly SelfSigned[],
): Readonly<Record<string, unknown>> {
  const { base, realm, path, clientId = TOKEN_SERVICE } = at
  const endpoint =
    at.clientId === undefined
      ? { location: `${base}/${realm}/tokens/OAuth/2`, protocol: 'OAuth2', usage: 'issuance' }
      : { location: `${base}${path}`, protocol: 'OAuth2', usage: 'metadata' }
  return {
    id: `_${clientId}`,
    version: '1.0',
    name: 'A server of the conformance kit',
    realm,
    serviceName: clientId,
    issuer: `${clientId}@${realm}`,
    allowedAudiences: [`${clientId}/${new URL(base).hostname}@${realm}`],
    keys: shown.map(({ x5t, der }) => ({
      usage: 'signing',
      keyinfo: { x5t },
      keyvalue: { type: 'x509Certificate', value: der.toString('base64') },
    })),
    endpoints: [endpoint],
  }
}
