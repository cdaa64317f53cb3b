import type { Client, ClientCredential, Resource } from '@postern/storage'
import { grantableScopes } from '../resources.ts'
import { OPENID_SCOPES } from './client-metadata.ts'

/** What the answer to a registration holds beside what was registered. */
export interface Handed {
  /** Where the app manages its registration, and by what. */
  readonly address: string
  readonly token: string
  /** Shown once, when it is made. */
  readonly secret?: { readonly value: string; readonly expiresAt: Date }
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)

/** The client information response: RFC 7591 section 3.2.1, RFC 7592 section 3. Pure. */
export function renderRegisteredClient(
  client: Client,
  {
    credentials,
    resources,
    handed,
  }: {
    readonly credentials: readonly ClientCredential[]
    readonly resources: readonly Resource[]
    readonly handed: Handed
  },
): Readonly<Record<string, unknown>> {
  const keys = credentials.flatMap((one) => (one.kind === 'key' ? [JSON.parse(one.jwk) as unknown] : []))
  const { secret } = handed
  return Object.freeze({
    client_id: client.id,
    client_id_issued_at: seconds(client.createdAt),
    ...(secret === undefined ? {} : { client_secret: secret.value, client_secret_expires_at: seconds(secret.expiresAt) }),
    registration_client_uri: handed.address,
    registration_access_token: handed.token,
    client_name: client.displayName,
    application_type: client.applicationType,
    redirect_uris: client.redirectUris,
    ...(client.postLogoutRedirectUris.length === 0 ? {} : { post_logout_redirect_uris: client.postLogoutRedirectUris }),
    grant_types: client.grantTypes,
    response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: client.authenticationMethod,
    ...(keys.length === 0 ? {} : { jwks: { keys } }),
    scope: scopesOf(client, resources).join(' '),
    id_token_signed_response_alg: 'RS256',
    subject_type: 'public',
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    require_pushed_authorization_requests: client.pushedAuthorizationRequired,
  })
}

/** All that the client may ask for, scopes of resources behind their audience, so that no two are alike. */
const scopesOf = (client: Client, resources: readonly Resource[]): readonly string[] => [
  ...OPENID_SCOPES,
  ...(client.grantTypes.includes('refresh_token') ? ['offline_access'] : []),
  ...resources
    .filter(({ status }) => status === 'active')
    .flatMap((resource) =>
      grantableScopes(resource, client.access).map((scope) => `${resource.audience.replace(/\/$/, '')}/${scope}`),
    ),
]
