/**
 * protocol is the OAuth 2.0 and OpenID Connect room: everything that touches oidc-provider.
 *
 * It owns the endpoints for programs, the dispatcher of sign-ins (interaction-policy.ts), grants and token forms. It
 * shows no page and checks no secret of a person; features do, through the port in interactions.ts.
 * @module
 */
import type { FamilyId, Realm, Store } from '@postern/storage'
import type { Context, Middleware, Next } from 'koa'
import mount from 'koa-mount'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { aboutRequest, createAuthorizationTrail, recordUnread } from './authorization-trail.ts'
import { type AuthorizedApps, createAuthorizedApps } from './authorized-apps.ts'
import { asksTooSoon, DEVICE_INTERVAL } from './device-pace.ts'
import { createActorEndpoint } from './grants/actor-endpoint.ts'
import { ON_BEHALF_OF, TOKEN_EXCHANGE } from './grants/delegation-rules.ts'
import { aboutDelegation, recordUnsigned } from './grants/delegation-trail.ts'
import type { Interactions } from './interactions.ts'
import { createInteractions } from './interactions-of-provider.ts'
import { createMetadataDocuments } from './metadata/metadata-documents.ts'
import { createPersonTokens, type PersonTokens } from './person-tokens.ts'
import { type ProviderParts, ROUTES } from './provider.ts'
import type { RealmRuntime } from './realm-parts.ts'
import { createRealmRuntimes } from './realm-runtime.ts'
import { withSchemeOf } from './redirects.ts'
import { createRegistration } from './registration/registration.ts'
import { createRequestFront } from './request-front.ts'
import { findParameter } from './request-rewriting.ts'
import { requestState } from './request-state.ts'
import type { Sessions } from './sessions.ts'
import { createSessions } from './sessions-of-provider.ts'
import { toPublicJwk } from './signing-keys.ts'
import { peekClaims, shapeDeviceAnswer, shapeTokenAnswer } from './token-answer.ts'
import { createTokenInspection } from './token-inspection.ts'
import { createPlainRedemption } from './token-path/plain-redemption.ts'
import { createPlainRefresh } from './token-path/plain-refresh.ts'
import { createProgramTokens } from './token-path/program-tokens.ts'
import { writeRotation } from './token-path/written-rotation.ts'
import { createTokenTransaction } from './token-transaction.ts'
import { createUseReports } from './use-reports.ts'

const GRANT_TYPES: ReadonlySet<string> = new Set([
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
  ON_BEHALF_OF,
  TOKEN_EXCHANGE,
])

export interface ProtocolOptions {
  readonly store: Store
  /** Without a trailing slash; every issuer and link begins with it. */
  readonly baseUrl: string
  readonly clock: Clock
  readonly audit: Audit
  readonly parts: ProviderParts
  /** Makes the values that tie a form to the browser's interaction. */
  readonly csrfKey: Uint8Array
  readonly newId: () => string
  /** Reads a partner's metadata again because a certificate is unknown. Says whether anything changed. */
  readonly rereadPartner: (runtime: RealmRuntime, assertion: string) => Promise<boolean>
  /**
   * Counts typed user codes by source, before they are looked up (RFC 8628 section 5.1). `attempt` says whether the
   * code was known. Returns when the source may try again, or `undefined` when it could try.
   */
  readonly guardUserCode: (source: string, runtime: RealmRuntime, attempt: () => Promise<boolean>) => Promise<Date | undefined>
}

export interface Protocol {
  /** The realm, ready to answer. */
  runtimeOf(realm: Realm): Promise<RealmRuntime>
  readonly interactions: Interactions
  readonly sessions: Sessions
  readonly tokens: PersonTokens
  readonly authorizedApps: AuthorizedApps
  /** Serves the realm of the request state; `ctx.path` is relative to its issuer. */
  readonly middleware: Middleware
}

export function createProtocol(options: ProtocolOptions): Protocol {
  const { store, clock, parts } = options
  const runtimes = createRealmRuntimes({ store, baseUrl: options.baseUrl, clock, parts })
  const front = createRequestFront({ refused: (ctx, reason) => recordUnread(ctx, options.audit, reason) })
  const trail = createAuthorizationTrail({ store, audit: options.audit, clock })
  const inspection = createTokenInspection({ clock, baseUrl: options.baseUrl })
  const actorTokens = createActorEndpoint({
    clock,
    audit: options.audit,
    baseUrl: options.baseUrl,
    newId: options.newId,
    rereadPartner: async (runtime, assertion) => {
      if (!(await options.rereadPartner(runtime, assertion))) return undefined
      const realm = await store.realms.find(runtime.realm.id)
      return realm && runtimes.of(realm)
    },
  })
  const transaction = createTokenTransaction({
    store,
    finish: (ctx) => finishTokenRequest(ctx, options),
    redeems: ({ path }) =>
      path !== ROUTES.token || findParameter(requestState().parameters ?? [], 'grant_type') !== 'client_credentials',
  })

  /** The order in which a request passes; each part calls the next. */
  const stages: readonly Middleware[] = [
    front,
    publishKeys,
    createMetadataDocuments({ baseUrl: options.baseUrl }),
    createUseReports({ store, audit: options.audit }),
    createRegistration({ store, audit: options.audit, clock, newId: options.newId }),
    actorTokens,
    createProgramTokens({ clock, audit: options.audit }),
    createPlainRefresh({ clock, audit: options.audit }),
    createPlainRedemption({ clock, audit: options.audit }),
    (ctx, next) => within(transaction, ctx, next),
    inspection,
    (ctx, next) => guardDevice(ctx, next),
    answerDevices,
    trail,
    (ctx, next) => recordLogout(ctx, next, options.audit),
    callProvider,
  ]

  function within(run: typeof transaction, ctx: Context, next: Next): Promise<void> {
    const transacted = ctx.method === 'POST' && (ctx.path === ROUTES.token || ctx.path === ROUTES.revocation)
    return transacted ? run(ctx, next) : Promise.resolve(next())
  }

  async function guardDevice(ctx: Context, next: Next): Promise<void> {
    if (ctx.method !== 'POST' || ctx.path !== ROUTES.code_verification) return next()
    const state = requestState()
    const again = await options.guardUserCode(state.source ?? '', state.runtime, async () => {
      await next()
      return state.userCodeUnknown !== true
    })
    if (!again) return
    ctx.status = 429
    ctx.set('Retry-After', String(Math.max(1, Math.ceil((again.getTime() - clock().getTime()) / 1000))))
    parts.pages.error(ctx, { error: 'slow_down', description: undefined, reference: state.reference })
  }

  return {
    runtimeOf: (realm) => runtimes.of(realm),
    interactions: createInteractions({ csrfKey: options.csrfKey }),
    sessions: createSessions({ csrfKey: options.csrfKey, clock }),
    authorizedApps: createAuthorizedApps({ clock }),
    tokens: createPersonTokens({ clock, baseUrl: options.baseUrl }),
    middleware: (ctx, next) => {
      const run = (at: number): Promise<unknown> => {
        const stage = stages[at]
        return Promise.resolve(stage ? stage(ctx, () => run(at + 1)) : next())
      }
      return run(0)
    },
  }
}

/** The realm's public keys, the signing one first. Any web page may read them. */
async function publishKeys(ctx: Context, next: Next): Promise<void> {
  if (ctx.path !== ROUTES.jwks || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
  ctx.set('Cache-Control', 'public, max-age=300')
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.body = { keys: requestState().runtime.keys.published.map((key) => toPublicJwk(key)) }
  ctx.type = 'application/jwk-set+json'
}

async function answerDevices(ctx: Context, next: Next): Promise<void> {
  await next()
  if (ctx.path !== ROUTES.device_authorization || ctx.status !== 200 || ctx.method !== 'POST') return
  ctx.body = shapeDeviceAnswer(ctx.body as Record<string, unknown>, { v1: requestState().v1 }) // made by oidc-provider a moment ago
}

/** A session that its owner ended. Written before the answer leaves; without the row the answer is a fault (R133). */
async function recordLogout(ctx: Context, next: Next, audit: Audit): Promise<void> {
  await next()
  const session = ctx.oidc?.session
  if (ctx.path !== `${ROUTES.end_session}/confirm` || ctx.method !== 'POST' || !session?.destroyed || !session.accountId) return
  const { runtime, reference, source } = requestState()
  await audit.record(runtime.store, {
    event: 'session.ended',
    reference,
    accountId: session.accountId,
    ...(source ? { source } : {}),
    detail: { because: 'signed out' },
  })
}

/** Mounted below the canonical path, whatever name the request used, so every address that it tells is canonical. */
async function callProvider(ctx: Context, next: Next): Promise<void> {
  const { runtime } = requestState()
  const path = `/${runtime.realm.id}`
  const { path: relative } = ctx
  ctx.path = `${path}${relative}`
  try {
    await mount(path, runtime.provider)(ctx as never, next) // koa-mount's types are of another koa
  } finally {
    ctx.path = relative
  }
  const { redirect_uri: redirectUri } = ctx.oidc?.params ?? {}
  const location = ctx.res.getHeader('Location')
  if (typeof redirectUri === 'string' && typeof location === 'string') ctx.set('Location', withSchemeOf(redirectUri, location))
}

/** Ends a token request inside its transaction: the last shape of the answer, what is kept of it, and the audit row. */
async function finishTokenRequest(ctx: Context, { audit, clock }: ProtocolOptions): Promise<void> {
  if (ctx.path !== ROUTES.token) return finishRevocation(ctx, audit)
  const state = requestState()
  const { runtime } = state
  const body = (ctx.body ?? {}) as Record<string, unknown> // made by oidc-provider, always an object here
  const about = { ...aboutRequest(ctx), ...aboutDelegation() }
  const grantType = grantTypeOf(ctx)
  await recordUnsigned(audit, aboutRequest(ctx))

  if (ctx.status !== 200) {
    if (body.error === 'authorization_pending') {
      await slowDown(ctx, body, clock())
      // Nothing was decided yet; a device that waits politely would fill the trail.
      if (body.error === 'authorization_pending') return
    }
    const reason = state.refusedBecause ?? String(body.error_description ?? '')
    if (state.reusedFamily) {
      const owner = await ownerOf(state.reusedFamily)
      await audit.record(runtime.store, { ...about, ...owner, event: 'refresh.reused', detail: { familyId: state.reusedFamily } })
    }
    await audit.record(runtime.store, {
      ...about,
      event: 'token.refused',
      detail: { grantType, error: String(body.error ?? ''), reason },
    })
    return
  }
  const accountId = ctx.oidc?.account?.accountId
  const who = { ...about, ...(accountId ? { accountId } : {}) }
  ctx.type = 'application/json'
  if (state.replayed) {
    ctx.body = state.replayed.answer
    await audit.record(runtime.store, { ...who, event: 'refresh.replayed', detail: { familyId: state.replayed.familyId } })
    return
  }
  const now = clock()
  const claims = peekClaims(body.access_token)
  // An opaque access token carries no claims, but belongs to a family all the same.
  const familyId = claims.grant_id ?? ctx.oidc?.entities?.AccessToken?.grantId
  const resource = typeof claims.aud === 'string' ? claims.aud : undefined
  const scopes = typeof claims.scope === 'string' && claims.scope !== '' ? claims.scope.split(' ') : []
  const answer = JSON.stringify(shapeTokenAnswer(body, { v1: state.v1, now, resource, scopes }))
  ctx.body = answer
  const issued = {
    ...who,
    event: 'token.issued',
    detail: {
      grantType,
      scope: String(claims.scope ?? body.scope ?? ''),
      refresh: typeof body.refresh_token === 'string',
      ...(resource ? { resource } : {}),
      ...(typeof claims.jti === 'string' ? { jti: claims.jti } : {}),
      ...(typeof familyId === 'string' ? { familyId } : {}),
    },
  } as const
  const { usedRefreshToken: used, successor, form } = state
  if (used === undefined) {
    await audit.record(runtime.store, issued)
    return
  }
  if (successor === undefined) throw new TypeError('a refresh token was used and nothing follows it')
  const rotated = await writeRotation({ used, successor, form, answer, at: now, trail: audit.toRow(issued) })
  // It was found unused, and held since then together with its family.
  if (!rotated) throw new TypeError('a refresh token was used by another while this request held it')
}

/** oidc-provider lets a waiting device ask as often as it likes. The code exists and is this client's: it said so. */
async function slowDown(ctx: Context, body: Record<string, unknown>, now: Date): Promise<void> {
  const { store, realm } = requestState().runtime
  const expiresAt = new Date(now.getTime() + realm.settings.deviceCodeSeconds * 1000)
  const deviceCode = String(ctx.oidc?.params?.device_code)
  if (!(await asksTooSoon(store.artifacts, { deviceCode, now, expiresAt }))) return
  body.error = 'slow_down'
  body.error_description = `wait ${DEVICE_INTERVAL} seconds longer between requests from now on`
}

/** A name that the service knows. Whatever else was sent in its place is not kept: it may be anything, a secret too. */
function grantTypeOf(ctx: Context): string {
  const sent = ctx.oidc?.params?.grant_type
  return typeof sent === 'string' && GRANT_TYPES.has(sent) ? sent : '[other]'
}

async function finishRevocation(ctx: Context, audit: Audit): Promise<void> {
  const state = requestState()
  if (ctx.status !== 200 || !state.ended) return
  await audit.record(state.runtime.store, {
    ...aboutRequest(ctx),
    ...(state.ended.familyId ? await ownerOf(state.ended.familyId) : {}),
    event: 'family.revoked',
    detail: { because: 'revocation request', ...state.ended },
  })
}

/** Whose family it is, for the trail. A grant without refresh token has no family. */
async function ownerOf(familyId: string): Promise<{ accountId?: string }> {
  const family = await requestState().runtime.store.refreshTokens.family(familyId as FamilyId) // the id of a grant of ours
  return family?.accountId ? { accountId: family.accountId } : {}
}
