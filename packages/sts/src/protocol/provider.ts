/**
 * provider configures oidc-provider for one realm: our answers to its questions, one key one line.
 *
 * It owns which features are on and how long things live. It does not store (adapter.ts), decide sign-ins
 * (interaction-policy.ts) or show pages (handed in as {@link ProviderPages}).
 * @module
 */
import { createHash } from 'node:crypto'
import type { AccountId, ClientId, Resource, SigningKey } from '@postern/storage'
import type { Context } from 'koa'
import {
  type ClientAuthMethod,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  Provider,
  type ResourceServer,
} from 'oidc-provider'
import type { Clock } from '../clock.ts'
import { extraClaims, requireUnblockedProgram, shapeAccessToken } from './access-tokens.ts'
import { createAdapterFactory } from './adapter.ts'
import { requireStrictAssertion } from './assertion-rules.ts'
import { watchAuthorizations } from './authorization-outcome.ts'
import { grantWhatWasAsked, scopesOf } from './authorized-grant.ts'
import { SCOPE_CLAIMS } from './claims.ts'
import { requireReadableClaims } from './claims-request.ts'
import { type ClientRegistration, clientBehaviour, registrationOf } from './clients.ts'
import { createFindAccount } from './find-account.ts'
import { registerDelegatedGrants } from './grants/delegated-grants.ts'
import { accessInHand } from './grants/delegation-in-hand.ts'
import { createInteractionPolicy, type FindStrengths } from './interaction-policy.ts'
import { decideLost } from './interactions-of-provider.ts'
import { expectAssertionAudience, guardReplays, replaceClientBehaviour, structureRefreshTokens } from './provider-internals.ts'
import { ProviderSigningKey, typeIdTokens } from './provider-signing-key.ts'
import type { RealmParts } from './realm-parts.ts'
import { createRefreshTokenCodec, refreshSeconds } from './refresh-tokens.ts'
import { findRequestState, requestState } from './request-state.ts'
import { acceptedSpellings, accessTokenSeconds, decideResource, findResource, findUngranted } from './resources.ts'
import type { KeyUse } from './signing-keys.ts'

/** The pages that oidc-provider asks for by itself. Made by features, handed in by compose. */
export interface ProviderPages {
  deviceCodeInput(ctx: Context, form: { action: string; xsrf: string; userCode?: string; problem?: DeviceProblem }): void
  deviceCodeConfirm(
    ctx: Context,
    form: { action: string; xsrf: string; userCode: string; clientName: string; isUnverified: boolean },
  ): void
  deviceDone(ctx: Context, done: { clientName: string }): void
  logoutConfirm(ctx: Context, form: { action: string; xsrf: string }): void
  loggedOut(ctx: Context): void
  /** There is no sign-in to continue, and it cannot be begun from here. */
  lost(ctx: Context, why: 'expired' | 'cookies'): void
  error(ctx: Context, problem: { error: string; description: string | undefined; reference: string }): void
}

export type DeviceProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'aborted' | 'failed'

export interface ProviderParts {
  readonly clock: Clock
  readonly cookieKeys: readonly string[]
  /** Whether the base URL is https, so cookies may say `Secure` and take the `__Host-` prefix. */
  readonly secure: boolean
  readonly pages: ProviderPages
  readonly strengths: FindStrengths
  /** Back-channel logout and other outgoing requests. */
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>
}

/** Addresses below the issuer, as product.md promises them. */
export const ROUTES = {
  authorization: '/oauth2/v2.0/authorize',
  token: '/oauth2/v2.0/token',
  device_authorization: '/oauth2/v2.0/devicecode',
  introspection: '/oauth2/v2.0/introspect',
  revocation: '/oauth2/v2.0/revoke',
  pushed_authorization_request: '/oauth2/v2.0/par',
  end_session: '/oauth2/v2.0/logout',
  userinfo: '/oidc/userinfo',
  jwks: '/discovery/v2.0/keys',
  code_verification: '/device',
  registration: '/oauth2/v2.0/register',
} as const

export function createProvider(realm: RealmParts, parts: ProviderParts): Provider {
  const { settings } = realm.realm
  const { clock } = parts
  const cookie = (name: string, prefix: '__Host-' | '__Secure-') =>
    `${parts.secure ? prefix : ''}postern_${name}_${realm.realm.id.slice(0, 8)}`
  const cookieOptions = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, secure: parts.secure } as const

  const findAccount = createFindAccount({ clock })
  const describeResourceServer = (resource: Resource, accepted: readonly string[]): ResourceServer => ({
    audience: resource.audience,
    scope: accepted.join(' '),
    accessTokenTTL: accessTokenSeconds(resource, settings),
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: resource.algorithm } },
  })

  const configuration: Configuration = {
    adapter: createAdapterFactory({ realm: realm.realm, issuer: realm.issuer, store: realm.store, clock }),
    jwks: { keys: inSigningOrder(realm.keys).map((key) => new ProviderSigningKey(key)) },
    routes: { ...ROUTES },
    // registration/registration.ts answers there; oidc-provider only tells where it is.
    discovery:
      settings.clientRegistration === undefined ? {} : { registration_endpoint: `${realm.issuer}${ROUTES.registration}` },
    cookies: {
      keys: [...parts.cookieKeys],
      names: {
        session: cookie('session', '__Host-'),
        interaction: cookie('signin', '__Secure-'),
        resume: cookie('resume', '__Secure-'),
      },
      long: { ...cookieOptions, path: '/' },
      short: cookieOptions,
    },
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: {
      ...Object.fromEntries(Object.entries(SCOPE_CLAIMS).map(([scope, names]) => [scope, [...names]])),
      acr: null,
      amr: null,
      auth_time: null,
      iss: null,
      sid: null,
    },
    acrValues: ['urn:postern:acr:aal1', 'urn:postern:acr:aal2', 'urn:postern:acr:phishing-resistant'],
    subjectTypes: ['public'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] satisfies ClientAuthMethod[],
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256'],
      clientAuthSigningAlgValues: ['RS256', 'ES256', 'PS256'],
      dPoPSigningAlgValues: ['ES256', 'RS256', 'EdDSA'],
    },
    clientDefaults: { id_token_signed_response_alg: 'RS256', grant_types: [], response_types: [], redirect_uris: [] },
    extraClientMetadata: { properties: ['postern'] },
    extraParams: ['postern_offline', 'postern_again', 'postern_v1', 'domain_hint'],
    allowOmittingSingleRegisteredRedirectUri: false,
    conformIdTokenClaims: false,
    assertJwtClientAuthClaimsAndHeader: async (_ctx, claims, header) => requireStrictAssertion(claims, header, clock()),
    // Browser posts from other sites come without cookies; request-front.ts turns them into GET.
    enableHttpPostMethods: false,
    clockTolerance: 15,
    pkce: { required: (_ctx, client) => registrationOf(client).pkce === 'required' },
    clientBasedCORS: (_ctx, origin, client) =>
      registrationOf(client).redirectUris.some((uri) => uri.startsWith('https://') && new URL(uri).origin === origin),
    // A family belongs to one authorization of one client and outlives the browser session (peers: refresh died with it).
    expiresWithSession: async () => false,
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    findAccount,
    loadExistingGrant: grantWhatWasAsked,
    interactions: {
      policy: createInteractionPolicy(parts),
      url: (_ctx, interaction) => `${realm.issuer}/signin/${interaction.uid}`,
    },
    extraTokenClaims: async (ctx, token) => {
      requireUnblockedProgram(token)
      return extraClaims(ctx, token)
    },
    formats: { customizers: { jwt: (_ctx, token, jwt) => shapeAccessToken(realm, token, jwt) } },
    renderError: async (ctx, out, thrown) => {
      const { reference, runtime } = requestState()
      if (thrown instanceof errors.SessionNotFound && ctx.method === 'GET') {
        const lost = await decideLost(runtime.provider, ctx.path.slice(ctx.path.lastIndexOf('/') + 1))
        if (lost.lost === 'restart') return ctx.redirect(lost.location)
        return parts.pages.lost(ctx, lost.lost)
      }
      parts.pages.error(ctx, { error: out.error, description: out.error_description, reference })
    },
    fetch: (url, init) => parts.fetch(new URL(url), init as RequestInit),
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? settings.accessTokenSeconds,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? settings.accessTokenSeconds,
      AuthorizationCode: settings.authorizationCodeSeconds,
      DeviceCode: settings.deviceCodeSeconds,
      IdToken: settings.idTokenSeconds,
      Interaction: settings.interactionSeconds,
      Session: (_ctx, session) => Math.max(1, sessionEnd(session.loginTs, settings.sessionSeconds, clock)),
      // Short until a refresh family grows from it: keepGrantUntil in adapter.ts.
      Grant: Math.max(settings.sessionSeconds, settings.accessTokenSeconds),
      RefreshToken: (_ctx, token) => refreshSeconds((token as { iiat?: number }).iiat, settings, clock()),
    },
    features: {
      devInteractions: { enabled: false },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => mayIntrospect(client.clientId, registrationOf(client), token),
      },
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: true },
      claimsParameter: { enabled: true, assertClaimsParameter: async (_ctx, claims) => requireReadableClaims(claims) },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: false },
      dPoP: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx) =>
          parts.pages.logoutConfirm(ctx, { action: `${realm.issuer}${ROUTES.end_session}/confirm`, xsrf: secretOf(ctx) }),
        postLogoutSuccessSource: async (ctx) => parts.pages.loggedOut(ctx),
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        userCodeInputSource: async (ctx, _form, out, err) => {
          if (err && !isKept(ctx.oidc.session)) return restartDevice(ctx, realm.issuer)
          if (err instanceof errors.SessionNotFound) return restartDevice(ctx, realm.issuer)
          const problem = out || err ? deviceProblem(err) : undefined
          if (problem === 'unknown') requestState().userCodeUnknown = true
          const userCode = (err as { userCode?: string } | undefined)?.userCode
          parts.pages.deviceCodeInput(ctx, {
            action: `${realm.issuer}/device`,
            xsrf: secretOf(ctx),
            ...(userCode ? { userCode } : {}),
            ...(problem ? { problem } : {}),
          })
        },
        userCodeConfirmSource: async (ctx, _form, client, _info, userCode) =>
          parts.pages.deviceCodeConfirm(ctx, {
            action: `${realm.issuer}/device`,
            xsrf: secretOf(ctx),
            userCode,
            clientName: registrationOf(client).displayName,
            isUnverified: registrationOf(client).selfRegistered,
          }),
        successSource: async (ctx) => parts.pages.deviceDone(ctx, { clientName: registrationOf(ctx.oidc.client).displayName }),
      },
      resourceIndicators: {
        enabled: true,
        // A token request without `resource` means the one that was granted, not the userinfo endpoint.
        useGrantedResource: async () => true,
        defaultResource: async (ctx, client, oneOf) => {
          requireGranted(realm, registrationOf(client), scopesOf(ctx))
          const named = decideResource(realm.resources, registrationOf(client).access, { scopes: scopesOf(ctx), oneOf })
          return typeof named === 'object' ? [...named] : named
        },
        getResourceServerInfo: async (ctx, indicator, client) => {
          requireGranted(realm, registrationOf(client), scopesOf(ctx))
          const resource = findResource(realm.resources, indicator)
          const accepted = resource ? acceptedSpellings(resource, accessInHand(registrationOf(client).access)) : []
          if (!resource || accepted.length === 0) throw new errors.InvalidTarget('this client may not ask for this resource')
          return describeResourceServer(resource, accepted)
        },
      },
    },
  }

  const provider = new Provider(realm.issuer, configuration)
  registerDelegatedGrants(provider, {
    realm,
    clock,
    secure: parts.secure,
    // What is shown is no stored token here; of any, only the members that it has in common with one are read.
    findAccount: async (ctx, sub, token) => findAccount(ctx, sub, token as Parameters<typeof findAccount>[2]),
    describeResourceServer,
  })
  provider.proxy = true // the app sets the forwarded protocol from configuration, see app.ts
  structureRefreshTokens(provider, createRefreshTokenCodec({ ring: realm.ring, issuer: realm.issuer, clock }))
  typeIdTokens(provider)
  guardReplays(provider, (issuer, jti, expiresAt) => realm.store.replay.claim(issuer, jti, expiresAt))
  replaceClientBehaviour(provider, clientBehaviour)
  expectAssertionAudience(provider, realm.issuer)
  provider.on('authorization.success', (ctx, answer) => {
    if (answer && ctx.oidc.params?.postern_v1 === '1') addSessionState(answer as Record<string, unknown>)
  })
  watchAuthorizations(provider)
  provider.on('grant.error', (_ctx, refusal) => {
    const state = findRequestState()
    if (state && refusal.error_detail) state.refusedBecause ??= refusal.error_detail
  })
  provider.on('backchannel.error', (_ctx, _fault, client) => {
    const state = findRequestState()
    if (state) state.untoldApps = new Set([...(state.untoldApps ?? []), client.clientId])
  })
  provider.on('server_error', (_ctx, fault) => {
    const state = findRequestState()
    if (state) state.fault = fault
  })
  return provider
}

/** oidc-provider signs with the first key of an algorithm; those that do not sign now only verify hints. */
function inSigningOrder(keys: KeyUse): readonly SigningKey[] {
  const signing = Object.values(keys.signing)
  return [...signing, ...keys.verifying.filter((key) => !signing.includes(key))]
}

const secretOf = (ctx: KoaContextWithOIDC): string =>
  String((ctx.oidc.session as { state?: { secret?: string } } | undefined)?.state?.secret ?? '')

/** Seconds that a session has left: its end is counted from the sign-in, however often it is used (R124). */
const sessionEnd = (loginTs: number | undefined, seconds: number, clock: Clock): number =>
  loginTs === undefined ? seconds : loginTs + seconds - Math.floor(clock().getTime() / 1000)

/** oidc-provider begins a session for whoever comes without one, and fails when it changes one that it never saved. */
const isKept = (session: unknown): boolean => typeof (session as { exp?: unknown } | undefined)?.exp === 'number'

/** The page is too old or another browser's. oidc-provider has begun a session here that it could not keep. */
function restartDevice(ctx: KoaContextWithOIDC, issuer: string): void {
  if (ctx.oidc.session) (ctx.oidc.session as { touched?: boolean }).touched = false
  ctx.status = 303
  ctx.set('Location', `${issuer}/device`)
  ctx.body = ''
}

function deviceProblem(err: unknown): DeviceProblem {
  const names: Readonly<Record<string, DeviceProblem>> = {
    NoCodeError: 'missing',
    NotFoundError: 'unknown',
    ExpiredError: 'expired',
    AlreadyUsedError: 'used',
    AbortedError: 'aborted',
  }
  return names[(err as { name?: string } | undefined)?.name ?? ''] ?? 'failed'
}

/** Said before anybody types a password: dropped silently, a scope that is not granted gives a token that opens nothing. */
function requireGranted(realm: RealmParts, registration: ClientRegistration, scopes: readonly string[]): void {
  const ungranted = findUngranted(realm.resources, registration.access, scopes)
  if (ungranted !== undefined) throw new errors.InvalidScope('this client may not ask for this scope', ungranted)
}

/** v1 clients read the code as the text between `code=` and `&session_state=`, so it stands right behind the code. */
function addSessionState(answer: Record<string, unknown>): void {
  const { code, ...rest } = answer
  if (typeof code !== 'string') return
  for (const name of Object.keys(rest)) delete answer[name]
  Object.assign(answer, { session_state: createHash('sha256').update(code).digest('base64url').slice(0, 22) }, rest)
}

/** Tokens of one's own, and tokens that are meant for the resource that asks (R62). */
async function mayIntrospect(
  clientId: string,
  registration: ClientRegistration,
  token: { clientId?: string | undefined; aud?: unknown; accountId?: string | undefined },
): Promise<boolean> {
  const { resources, store } = requestState().runtime
  if (token.accountId && (await store.accounts.find(token.accountId as AccountId))?.status !== 'active') return false
  if (token.clientId === clientId) return true
  // A client that was disabled has no living tokens.
  if (!token.clientId || (await store.clients.find(token.clientId as ClientId))?.status !== 'active') return false
  return (
    typeof token.aud === 'string' &&
    resources.some((one) => one.audience === token.aud && one.principalId === clientId && registration.proof !== '0')
  )
}
