/**
 * How the cloud server proves itself at the token endpoint: private_key_jwt with its own key (RFC 7523 section 2.2).
 *
 * It owns that one statement. Self-issued assertions for actor tokens are the library's business.
 */
import { X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, importPKCS8, SignJWT } from 'jose'
import type { ServerIdentity } from './neighbour.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const LIFE_SECONDS = 60

/** The two form fields for one request. The statement holds once, for this issuer, for a minute. */
export async function clientAssertion(
  { clientId, certificate, privateKey }: ServerIdentity,
  request: { issuer: string; now: Date; id: string },
): Promise<Readonly<Record<'client_assertion_type' | 'client_assertion', string>>> {
  const kid = await calculateJwkThumbprint(await exportJWK(new X509Certificate(certificate).publicKey))
  const now = Math.floor(request.now.getTime() / 1000)
  const assertion = await new SignJWT()
    .setProtectedHeader({ typ: 'client-authentication+jwt', alg: 'RS256', kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(request.issuer)
    .setJti(request.id)
    .setIssuedAt(now)
    .setExpirationTime(now + LIFE_SECONDS)
    .sign(await importPKCS8(privateKey, 'RS256'))
  return Object.freeze({ client_assertion_type: ASSERTION_TYPE, client_assertion: assertion })
}
