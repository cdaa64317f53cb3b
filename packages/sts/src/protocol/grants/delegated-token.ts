/**
 * delegated-token makes a token with which a client acts for a person: what on-behalf-of and token exchange have in common.
 *
 * It owns finding the target, asking for person, policy and delegation, and issuing. Tokens go through oidc-provider's own
 * models, so that introspection, revocation and refreshing treat them like all others. What was handed in is read before, in
 * subject-token.ts and own-actor-tokens.ts. Sources: RFC 8693, F 3.3.
 * @module
 */
import type { Resource } from '@postern/storage'
import { errors, type KoaContextWithOIDC, type Provider, type ResourceServer } from 'oidc-provider'
import type { Clock } from '../../clock.ts'
import { type ClientRegistration, registrationOf } from '../clients.ts'
import type { KnownAccount } from '../find-account.ts'
import type { RealmParts } from '../realm-parts.ts'
import { requestState } from '../request-state.ts'
import { acceptedSpellings, DEFAULT_SCOPE, findResource, resourcesOfScopes } from '../resources.ts'
import { findDelegationInHand, noteDelegation, type Shown } from './delegation-in-hand.ts'
import { DelegationRefused } from './delegation-refusals.ts'
import { decideDelegation } from './delegation-rules.ts'

/** RFC 8693 section 3. */
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** What these grants need of the house. */
export interface DelegatedGrantParts {
  readonly realm: RealmParts
  readonly clock: Clock
  /** Whether this service is reached over TLS, by its configuration. */
  readonly secure: boolean
  /** Looks at the account and asks policy, as for every other grant. `undefined`: refused, and noted why. */
  readonly findAccount: (ctx: KoaContextWithOIDC, sub: string, token: object) => Promise<unknown>
  readonly describeResourceServer: (resource: Resource, spellings: readonly string[]) => ResourceServer
}

/** The client that wants to act. */
export interface ActingClient {
  readonly clientId: string
  readonly registration: ClientRegistration
}

/** Who is acted for, as it was proved. */
export interface ProvedPerson {
  readonly accountId: string
  /** Seconds: when that was said, for accounts that were signed out since. */
  readonly saidAt: number
  readonly shown: Shown
  /** Seconds: nothing that is made of it may live longer. */
  readonly endsAt?: number
}

export interface Target {
  readonly resource: Resource
  /** As asked for; `.default` where only the resource was named. */
  readonly scope: string
}

/** What was proved, and for what: who is acted for, and at which resource. */
export interface Asked {
  readonly person: ProvedPerson
  readonly target: Target
}

export interface Permit {
  readonly resource: Resource
  readonly accountId: string
  /** What of the scopes is left, in the spelling of the request. */
  readonly spelled: string
}

/** @throws {DelegationRefused} for a client without a secret or key, and for one whose tokens would have to be bound to a key */
export function requireActingClient(ctx: KoaContextWithOIDC): ActingClient {
  const { client } = ctx.oidc
  if (!client) throw new TypeError('oidc-provider ran a grant without a client')
  const registration = registrationOf(client)
  noteDelegation({ actor: client.clientId })
  if (registration.proof === '0') throw new DelegationRefused('client_is_public')
  // Left out silently, the token would not be what the client believes it is.
  if (ctx.get('DPoP') !== '' || client.dpopBoundAccessTokens) throw new DelegationRefused('token_bound_to_key')
  return { clientId: client.clientId, registration }
}

/** A parameter that was sent and is not empty (RFC 6749 section 3.2). */
export function parameterOf(ctx: KoaContextWithOIDC, name: string): string | undefined {
  const value = ctx.oidc.params?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * The one resource that a request names: by `resource` (RFC 8707), by `audience` (RFC 8693 section 2.1) and by its scopes.
 * @throws {DelegationRefused} when they name none, several, or one that the client has no access to
 */
export function findAskedResource(ctx: KoaContextWithOIDC, { registration }: ActingClient): Target {
  const { resources } = requestState().runtime
  const { access } = registration
  const { resource } = ctx.oidc.params ?? {}
  const names = [...(Array.isArray(resource) ? resource : [resource]), parameterOf(ctx, 'audience')].filter(
    (one): one is string => typeof one === 'string' && one !== '',
  )
  const scope = parameterOf(ctx, 'scope')
  const named = new Set(names.map((name) => findResource(resources, name)))
  if (named.has(undefined)) throw new DelegationRefused('target_unknown')
  const asked = (scope ?? '').split(' ')
  for (const one of asked)
    if (one.includes('/')) named.add(findResource(resources, one.slice(0, one.lastIndexOf('/')).replace(/\/$/, '')))
  if (named.size === 0) for (const one of resourcesOfScopes(resources, access, asked)) named.add(one)
  if (named.has(undefined)) throw new DelegationRefused('target_unknown')
  const [only] = named
  if (only === undefined) throw new DelegationRefused('target_missing')
  if (named.size > 1) throw new DelegationRefused('target_ambiguous')
  if (acceptedSpellings(only, access).length === 0) throw new DelegationRefused('target_unknown')
  const all = `${only.audience.replace(/\/$/, '')}/${DEFAULT_SCOPE}`
  return { resource: only, scope: isForResource(asked) ? (scope ?? all) : [...asked, all].join(' ').trim() }
}

/** Scopes of OpenID Connect ask for nothing at a resource. */
const ABOUT_PERSON: ReadonlySet<string> = new Set(['', 'openid', 'profile', 'email', 'offline_access'])
const isForResource = (asked: readonly string[]): boolean => asked.some((one) => !ABOUT_PERSON.has(one))

/**
 * Looks at the account, signing-out and policy. @throws {errors.InteractionRequired} when policy wants more than the person
 * has shown, and whoever asks can have it shown; {DelegationRefused} for every other reason, which is noted already
 */
export async function requirePerson(
  ctx: KoaContextWithOIDC,
  parts: DelegatedGrantParts,
  { person, target }: Asked,
  options: { readonly canSignInAgain: boolean },
): Promise<void> {
  noteDelegation({ actor: ctx.oidc.client?.clientId ?? '', accountId: person.accountId, shown: person.shown })
  const found = await parts.findAccount(ctx, person.accountId, {
    amr: person.shown.amr,
    authTime: person.shown.authTime,
    iat: person.saidAt,
    resource: target.resource.audience,
  })
  if (found !== undefined) {
    ctx.oidc.entity('Account', found)
    return
  }
  const reason = requestState().refusedBecause ?? 'account_refused'
  if (reason === 'policy_requires_more' && options.canSignInAgain)
    throw new errors.InteractionRequired('the person must show more than at the sign-in behind this token', { detail: reason })
  throw new DelegationRefused('account_refused', reason)
}

/** Holds the request against the delegation. @throws {DelegationRefused} */
export function requireDelegation(ctx: KoaContextWithOIDC, acting: ActingClient, target: Target): Permit {
  const account = ctx.oidc.account as KnownAccount | undefined // found by requirePerson
  if (account === undefined) throw new TypeError('the delegation was asked for before the person')
  const decision = decideDelegation({
    delegations: requestState().runtime.delegations,
    clientId: acting.clientId,
    access: acting.registration.access,
    resource: target.resource,
    groups: account.record.groups,
    scope: target.scope,
  })
  if (decision.outcome === 'refused') throw new DelegationRefused(decision.because)
  noteDelegation({ actor: acting.clientId, delegation: decision.delegation })
  return { resource: target.resource, accountId: account.accountId, spelled: decision.spelled }
}

/**
 * Makes the tokens. A refresh token begins a family of the acting client's own, which ends by itself: when the family behind
 * the subject token ends, it goes on, until the person signs out everywhere or a refresh is refused.
 */
export async function issueDelegated(
  ctx: KoaContextWithOIDC,
  { realm, clock, describeResourceServer }: DelegatedGrantParts,
  made: { readonly permit: Permit; readonly person: ProvedPerson; readonly gty: string; readonly refreshable: boolean },
): Promise<void> {
  const { person, gty } = made
  const { resource, accountId, spelled } = made.permit
  const provider: Provider = ctx.oidc.provider
  const { client } = ctx.oidc
  if (!client) throw new TypeError('oidc-provider ran a grant without a client')
  const { audience } = resource
  const info = describeResourceServer(resource, acceptedSpellings(resource, registrationOf(client).access))
  const seconds = Math.min(
    info.accessTokenTTL ?? realm.realm.settings.accessTokenSeconds,
    person.endsAt === undefined ? Number.POSITIVE_INFINITY : person.endsAt - Math.floor(clock().getTime() / 1000),
  )
  // Kept as long as its token; a refresh family makes it longer (adapter.ts). One is made for each exchange.
  const grant = new provider.Grant({ accountId, clientId: client.clientId, expiresIn: seconds } as { accountId: string })
  grant.addResourceScope(audience, spelled)
  const grantId = await grant.save()
  ctx.oidc.entity('Grant', grant)

  const token = new provider.AccessToken({ accountId, client, grantId, gty, expiresIn: seconds })
  token.resourceServer = new provider.ResourceServer(audience, info)
  token.scope = spelled
  ctx.oidc.entity('AccessToken', token)
  const accessToken = await token.save()

  let refreshToken: string | undefined
  if (made.refreshable && client.grantTypeAllowed('refresh_token')) {
    const { acr, amr, authTime, sid } = person.shown
    const refresh = new provider.RefreshToken({
      accountId,
      client,
      grantId,
      gty,
      acr,
      amr: amr && [...amr],
      authTime,
      sid,
      resource: audience,
      rotations: 0,
      scope: `offline_access ${spelled}`,
    })
    ctx.oidc.entity('RefreshToken', refresh)
    refreshToken = await refresh.save()
  }
  ctx.status = 200
  ctx.body = {
    access_token: accessToken,
    expires_in: seconds,
    scope: spelled,
    token_type: token.tokenType,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
}

/** Whether this request asks to be able to go on without the person. v1 clients have no word for it and expect it (F 3.3). */
export function asksForRefresh(ctx: KoaContextWithOIDC): boolean {
  const asked = (parameterOf(ctx, 'scope') ?? '').split(' ')
  return asked.includes('offline_access') || (requestState().v1 && !isForResource(asked))
}

/** The `claims` that a client passes on to the sign-in, so that the person is asked for what is missing (F 3.4). */
export function claimsChallenge(): string | undefined {
  const strongest = findDelegationInHand()?.missing?.at(-1)
  if (strongest === undefined) return undefined
  const value = strongest === 'phishing-resistant' ? 'urn:postern:acr:phishing-resistant' : 'urn:postern:acr:aal2'
  return JSON.stringify({ access_token: { acrs: { essential: true, value } } })
}
