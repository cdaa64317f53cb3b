import { createHash, randomBytes } from 'node:crypto'
import type { Client, ClientId } from '@postern/storage'

/** The portal asks for a sign-in as an app does, so that the dispatcher treats it like one. Nobody can register this id. */
export const PORTAL_CLIENT_ID = 'postern-portal' as ClientId // a brand has no runtime part

/** Where a sign-in for the portal comes back to; `state` holds the page that the person was on the way to. */
export const PORTAL_RETURN = '/portal/signed-in'

/** Its registration, the same in every realm. It has no secret, and its codes are exchanged for nothing (find-account.ts). */
export const portalClient = (issuer: string): Client => ({
  id: PORTAL_CLIENT_ID,
  displayName: 'Portal',
  status: 'active',
  authenticationMethod: 'none',
  applicationType: 'web',
  redirectUris: [`${issuer}${PORTAL_RETURN}`],
  postLogoutRedirectUris: [],
  grantTypes: ['authorization_code'],
  pkce: 'required',
  consent: 'implicit',
  dpopBoundAccessTokens: false,
  pushedAuthorizationRequired: false,
  access: [],
  createdAt: new Date(0),
  updatedAt: new Date(0),
})

/**
 * The request that signs somebody in for the portal. The code that it ends with is of no use; its challenge belongs to a
 * verifier that was thrown away.
 */
export function portalRequest(
  issuer: string,
  wanted: { returnTo: string; acr?: string; maxAgeSeconds?: number },
  authorizationPath: string,
): string {
  const address = new URL(`${issuer}${authorizationPath}`)
  const parameters: Record<string, string> = {
    client_id: PORTAL_CLIENT_ID,
    redirect_uri: `${issuer}${PORTAL_RETURN}`,
    response_type: 'code',
    scope: 'openid',
    state: wanted.returnTo,
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
    ...(wanted.maxAgeSeconds === undefined ? {} : { max_age: String(wanted.maxAgeSeconds) }),
    ...(wanted.acr === undefined
      ? {}
      : { claims: JSON.stringify({ id_token: { acr: { essential: true, value: wanted.acr } } }) }),
  }
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  return address.href
}
