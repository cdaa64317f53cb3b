/**
 * possession says whether an assertion proves that whoever made it has the private key of a certificate.
 *
 * A metadata document proves no such thing: anybody can copy a certificate into one. So where two partners publish the same
 * certificate, it belongs to the one that signs with it. It decides nothing more than that; following.ts moves certificates.
 * @module
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { ActorTokenError, createAssertionValidator } from '@postern/resource-server'
import type { Clock } from '../clock.ts'
import type { ReadCertificate } from './public-key.ts'

/** What an assertion of a realm must say: see {@link createAssertionValidator}. */
export type AssertionTerms = Readonly<{ audiences: readonly string[]; realms: readonly string[] }>

/**
 * Whether `assertion` is a whole and present assertion of `clientId`, for this realm and this service, signed with
 * `certificate`. All of it is checked and not the signature alone: else what an honest server signed for another realm, where
 * it has the same well-known id, would prove something here. Does NOT claim its `jti`: who judges it afterwards does.
 */
export async function provesPossession(
  assertion: string,
  {
    clientId,
    certificate,
    terms,
    clock,
  }: { clientId: string; certificate: ReadCertificate; terms: AssertionTerms; clock: Clock },
): Promise<boolean> {
  const { x5t, jwk, notBefore, expiresAt } = certificate
  const key = createPublicKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' }) // written by readCertificate alone
  const validator = createAssertionValidator({
    ...terms,
    clock,
    findCertificate: (named) => (named === x5t ? { x5t, clientId, key, notBefore, notAfter: expiresAt } : undefined),
  })
  try {
    await validator.validate(assertion)
    return true
  } catch (error) {
    if (error instanceof ActorTokenError) return false
    throw error
  }
}
