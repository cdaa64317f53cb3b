/**
 * Judges the ID token that came with an access token: is it of this issuer, for this client, of this very sign-in?
 *
 * It owns the rules of OpenID Connect Core section 3.1.3.7 and `at_hash` (3.1.3.8). Keys come from the issuer's key set, fetched
 * anew each time: a sign-in is rare. It does not read who the person is: the mail server says whose mail it gives.
 */
import { createHash } from 'node:crypto'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { AuthorizationError } from './authorization-code.ts'

export type ExpectedIdToken = Readonly<{
  idToken: string
  accessToken: string
  issuer: string
  jwksUri: string
  clientId: string
  /** As it was sent in the authorization request. */
  nonce: string | undefined
  clock: () => Date
  fetch?: typeof fetch
}>

/** Every issuer must be able to sign by it (section 15.1), and a client that registered nothing else takes nothing else. */
const ALGORITHM = 'RS256'

/** @throws {AuthorizationError} `id_token_refused` */
export async function checkIdToken(expected: ExpectedIdToken): Promise<void> {
  const response = await (expected.fetch ?? fetch)(expected.jwksUri, { redirect: 'error' })
  const keys = createLocalJWKSet((await response.json()) as JSONWebKeySet) // jose checks what it is given
  let claims: JWTPayload
  try {
    const verified = await jwtVerify(expected.idToken, keys, {
      algorithms: [ALGORITHM],
      issuer: expected.issuer,
      audience: expected.clientId,
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: expected.clock(),
      clockTolerance: 60,
    })
    claims = verified.payload
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause
    throw refused(cause.message)
  }
  if (claims.nonce !== expected.nonce) throw refused('it belongs to another sign-in: nonce differs')
  // Another audience could have handed the token on, and a party that it names is not us.
  if ([claims.aud].flat().length > 1 || (claims.azp !== undefined && claims.azp !== expected.clientId))
    throw refused('it is for somebody else, too')
  const hash = createHash('sha256').update(expected.accessToken).digest().subarray(0, 16).toString('base64url')
  if (claims.at_hash !== undefined && claims.at_hash !== hash) throw refused('it belongs to another access token')
}

const refused = (why: string) => new AuthorizationError('id_token_refused', `the ID token was refused: ${why}`)
