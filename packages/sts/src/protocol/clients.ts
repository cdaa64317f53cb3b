import { createHash, timingSafeEqual } from 'node:crypto'
import type { Client, ClientCredential, ClientId, RealmStore } from '@postern/storage'
import type { ClientBehaviour } from './provider-internals.ts'
import { redirectAllowed } from './redirects.ts'

/** What oidc-provider's client object carries of ours, under the name `postern`. */
export interface ClientRegistration {
  readonly displayName: string
  readonly applicationType: 'native' | 'web'
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly pkce: Client['pkce']
  readonly consent: Client['consent']
  readonly access: Client['access']
  /** Nobody vouches for its name. */
  readonly selfRegistered: boolean
  /** base64url SHA-256 of each secret that is valid now. */
  readonly secretDigests: readonly string[]
  /** Where it sends its secret (R26). */
  readonly authenticationMethod: Client['authenticationMethod']
  /** Whether the client proved itself by nothing, a secret, or a key: `appidacr`. */
  readonly proof: '0' | '1' | '2'
}

/** Never reaches oidc-provider, which refuses clients with a grant that it does not know: grants/s2s.ts answers it. */
const ACTOR_GRANT = 'http://oauth.net/grant_type/jwt/1.0/bearer'

// oidc-provider asks for redirect URIs that fit its own schema; ours are compared in redirects.ts instead.
const NOWHERE = 'https://redirect.invalid/'

/** The client as it is now, with its credentials. `undefined`: unknown, disabled, or no id at all. */
export async function findActiveClient(store: RealmStore, id: string) {
  if (id.length > 128 || !/^[\x21-\x7e]+$/.test(id)) return undefined
  const found = await store.clients.findWithCredentials(id as ClientId) // whether one has it is what is asked
  return found?.client.status === 'active' ? found : undefined
}

const livingOf = (credentials: readonly ClientCredential[], now: Date): readonly ClientCredential[] =>
  credentials.filter((one) => one.expiresAt === undefined || one.expiresAt > now)

/** What decides about a client of ours. Times decide which secrets count. */
export function toRegistration(client: Client, credentials: readonly ClientCredential[], now: Date): ClientRegistration {
  return {
    displayName: client.displayName,
    applicationType: client.applicationType,
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    pkce: client.pkce,
    consent: client.consent,
    access: client.access,
    selfRegistered: client.selfRegistered === true,
    secretDigests: livingOf(credentials, now).flatMap((one) =>
      one.kind === 'secret' ? [Buffer.from(one.digest).toString('base64url')] : [],
    ),
    authenticationMethod: client.authenticationMethod,
    proof: client.authenticationMethod === 'none' ? '0' : client.authenticationMethod === 'private_key_jwt' ? '2' : '1',
  }
}

/** A registration as oidc-provider's client metadata. Times decide which credentials count. */
export function toClientMetadata(client: Client, credentials: readonly ClientCredential[], now: Date): Record<string, unknown> {
  const keys = livingOf(credentials, now).flatMap((one) =>
    one.kind === 'key' ? [JSON.parse(one.jwk) as Record<string, unknown>] : [],
  )
  const usesCode = client.grantTypes.includes('authorization_code')
  return {
    client_id: client.id,
    client_name: client.displayName,
    application_type: 'web',
    grant_types: client.grantTypes.filter((one) => one !== ACTOR_GRANT),
    response_types: usesCode ? ['code'] : [],
    redirect_uris: usesCode ? [NOWHERE] : [],
    token_endpoint_auth_method: client.authenticationMethod,
    require_pushed_authorization_requests: client.pushedAuthorizationRequired,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    ...(client.backchannelLogoutUri
      ? { backchannel_logout_uri: client.backchannelLogoutUri, backchannel_logout_session_required: true }
      : {}),
    // Never compared: secretMatches below is asked instead. The schema wants one.
    ...(client.authenticationMethod.startsWith('client_secret') ? { client_secret: 'kept as a digest' } : {}),
    ...(client.authenticationMethod === 'private_key_jwt' ? { jwks: { keys } } : {}),
    postern: toRegistration(client, credentials, now),
  }
}

export const clientBehaviour: ClientBehaviour<ClientRegistration> = {
  redirectUriAllowed: (registration, uri) => redirectAllowed(registration.redirectUris, registration.applicationType, uri),
  postLogoutRedirectUriAllowed: (registration, uri) =>
    redirectAllowed(registration.postLogoutRedirectUris, registration.applicationType, uri),
  secretMatches(registration, secret, sent) {
    // oidc-provider takes the secret from either place. Mail servers that introspect may send it as they can.
    const expected = registration.authenticationMethod === 'client_secret_basic' ? 'header' : 'body'
    if (sent.to !== 'introspection' && sent.in !== expected) return false
    const digest = createHash('sha256').update(secret, 'utf8').digest()
    let matches = false
    for (const kept of registration.secretDigests) {
      const bytes = Buffer.from(kept, 'base64url')
      if (bytes.length === digest.length && timingSafeEqual(bytes, digest)) matches = true
    }
    return matches
  },
}

/** Whether the secret proves the client at the token endpoint: it proves itself by one, this is one, and it stands where it belongs. */
export const provesItself = (registration: ClientRegistration, shown: { secret: string; in: 'header' | 'body' }): boolean =>
  registration.authenticationMethod.startsWith('client_secret') &&
  clientBehaviour.secretMatches(registration, shown.secret, { to: 'token', in: shown.in })

/** What of ours oidc-provider's client object carries. */
export const registrationOf = (client: unknown): ClientRegistration => (client as { postern: ClientRegistration }).postern // set by clients.ts
