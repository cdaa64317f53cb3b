/**
 * assertions makes the two statements with which this server proves itself to a token service.
 *
 * It owns their claims and lives. Pure but for the signature. What a person's token says: user-tokens.ts.
 * @module
 */
import { formatPrincipal, securityTokenServiceId } from '../server-to-server/principal.ts'
import type { SigningIdentity } from './signing-identity.ts'

/** Seconds. In all 300, as Exchange-like servers do; the start is set back for token services whose clock is behind. */
const setBack = 60
const ahead = 240

export const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000)

/** A token service that is trusted, and what its realm is called in principals. */
export type TrustedIssuer = Readonly<{ realm: string; issuer: string }>

/**
 * The self-issued assertion of [MS-XOAUTH] (RFC 7523 section 3): who asks, for one token service, single use. Its audience is
 * the service's own principal with the host of its address.
 */
export function makeSelfIssuedAssertion(
  identity: SigningIdentity,
  wanted: { realm: string; issuer: TrustedIssuer; now: Date; jti: string },
): string {
  const self = formatPrincipal({ clientId: identity.clientId, realm: wanted.realm })
  const start = secondsOf(wanted.now) - setBack
  const audience = { clientId: securityTokenServiceId, host: new URL(wanted.issuer.issuer).host, realm: wanted.issuer.realm }
  return identity.sign(
    { typ: 'JWT', alg: 'RS256', x5t: identity.x5t },
    {
      aud: formatPrincipal(audience),
      iss: self,
      nameid: self,
      nbf: start,
      iat: start,
      exp: start + setBack + ahead,
      jti: wanted.jti,
    },
    wanted.now,
  )
}

/** Seconds: within what is forgiven for clocks, and no longer than a minute in all. */
const authenticationSetBack = 5
const authenticationLife = 60

/** The client assertion of `private_key_jwt` (RFC 7523 section 3) for the issuer `audience`. */
export function makeClientAuthentication(
  identity: SigningIdentity,
  wanted: { audience: string; now: Date; jti: string },
): string {
  const start = secondsOf(wanted.now) - authenticationSetBack
  return identity.sign(
    { typ: 'client-authentication+jwt', alg: 'RS256', kid: identity.keyId },
    {
      iss: identity.clientId,
      sub: identity.clientId,
      aud: wanted.audience,
      iat: start,
      nbf: start,
      exp: start + authenticationLife,
      jti: wanted.jti,
    },
    wanted.now,
  )
}
