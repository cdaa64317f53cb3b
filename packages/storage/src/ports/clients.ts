import type { ClientId, ResourceId } from '../identifiers.ts'

export type ClientAuthenticationMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

export interface Client {
  readonly id: ClientId
  readonly displayName: string
  readonly status: 'active' | 'disabled'
  readonly authenticationMethod: ClientAuthenticationMethod
  /** `native`: loopback redirects on any port and private-use schemes (RFC 8252). */
  readonly applicationType: 'native' | 'web'
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri?: string
  readonly grantTypes: readonly string[]
  /** `optional-recorded-phone-client` is the named exception for clients recorded to send no challenge. */
  readonly pkce: 'required' | 'optional-recorded-phone-client'
  /** `explicit`: the person is asked at each authorization (R17). */
  readonly consent: 'implicit' | 'explicit'
  readonly dpopBoundAccessTokens: boolean
  readonly pushedAuthorizationRequired: boolean
  /** It registered itself: nobody vouches for its name. */
  readonly selfRegistered?: true
  /** Which resources it may ask for, and which of their scopes. */
  readonly access: readonly { readonly resourceId: ResourceId; readonly scopes: readonly string[] }[]
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type ClientCredential = {
  readonly id: string
  readonly clientId: ClientId
  readonly createdAt: Date
  readonly expiresAt?: Date
} & (
  | {
      readonly kind: 'secret'
      /** SHA-256 of the secret, which is random and 256 bits long. */
      readonly digest: Uint8Array
    }
  | {
      readonly kind: 'key'
      /** Public JWK as JSON. */
      readonly jwk: string
      /** base64url SHA-1 and SHA-256 of the certificate, where there is one. */
      readonly x5t?: string
      readonly x5tS256?: string
    }
)

export interface ClientWithCredentials {
  readonly client: Client
  readonly credentials: readonly ClientCredential[]
}

export interface ClientStore {
  add(client: Client): Promise<'added' | 'conflict'>
  find(id: ClientId): Promise<Client | undefined>
  /** The client together with its credentials: one read, for every request of a client. */
  findWithCredentials(id: ClientId): Promise<ClientWithCredentials | undefined>
  list(page: { after?: string; limit: number }): Promise<readonly Client[]>
  replace(client: Client): Promise<boolean>
  remove(id: ClientId): Promise<boolean>
  /** `'conflict'`: this certificate is registered already, for whichever client of whichever realm of the installation (R72). */
  addCredential(credential: ClientCredential): Promise<'added' | 'conflict'>
  credentials(id: ClientId): Promise<readonly ClientCredential[]>
  removeCredential(id: ClientId, credentialId: string): Promise<boolean>
}
