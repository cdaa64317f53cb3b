import type { Account, Realm, Resource } from '@postern/storage'
import type { ClientRegistration } from './clients.ts'
import { shortScopes } from './resources.ts'

/** Which claims each scope of OpenID Connect Core section 5.4 stands for, and what mail clients read besides. */
export const SCOPE_CLAIMS = {
  openid: ['sub', 'oid', 'tid', 'acr', 'amr', 'auth_time'],
  profile: ['name', 'preferred_username', 'upn', 'unique_name'],
  email: ['email', 'email_verified'],
} as const

/** What is said about a person in ID tokens and at the userinfo endpoint. oidc-provider drops what was not asked for. */
export function personClaims(account: Account, realm: Realm): Record<string, unknown> & { sub: string } {
  return {
    sub: account.id,
    oid: account.id,
    tid: realm.id,
    name: account.displayName,
    preferred_username: account.upn,
    upn: account.upn,
    unique_name: account.upn,
    email: account.address,
    // Addresses are given by the administrator of the very domain; nobody can enter one for himself.
    email_verified: true,
  }
}

/** What oidc-provider knows when it makes an access token. */
export interface AccessTokenSource {
  readonly clientId: string
  readonly account: Account | undefined
  readonly registration: ClientRegistration
  readonly resource: Resource
  readonly realm: Realm
  /** As granted, in the spelling of the request. */
  readonly scope: string
  readonly familyId: string | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  readonly authTime: number | undefined
  readonly sid: string | undefined
  /** The client that acts for the person, where it is not the person's own (RFC 8693 section 4.1). */
  readonly actor: string | undefined
}

/**
 * The claims of an access token beside those of RFC 9068 section 2.2 that oidc-provider writes (`iss`, `aud`, `sub`,
 * `client_id`, `iat`, `exp`, `jti`, `cnf`). Mail servers get `upn`, `email`, `smtp` and the names that Exchange knows.
 */
export function accessTokenClaims(source: AccessTokenSource): Record<string, unknown> {
  const scope = shortScopes(source.resource, source.registration.access, source.scope).join(' ')
  const { account } = source
  return {
    scope,
    scp: scope,
    ver: '2.0',
    tid: source.realm.id,
    appid: source.clientId,
    // Dovecot, which reads nothing but `typ: JWT`, looks for its keys in a folder named by this claim (F 5.3).
    ...(source.resource.tokenType === 'JWT' ? { azp: source.clientId } : {}),
    appidacr: source.registration.proof,
    idtyp: account ? 'user' : 'app',
    ...(account
      ? {
          oid: account.id,
          upn: account.upn,
          email: account.address,
          smtp: account.address,
          acr: source.acr,
          amr: source.amr,
          auth_time: source.authTime,
          sid: source.sid,
          grant_id: source.familyId,
          ...(source.actor === undefined ? {} : { act: { sub: source.actor } }),
        }
      : {}),
  }
}
