/**
 * app puts the parts behind one address: operations, assets, and per realm the features and the protocol.
 *
 * It owns the order in which a request passes, and the rule that no header of a request tells who we are (R37). It knows
 * no domain rules and builds nothing: compose.ts does.
 * @module
 */
import Koa, { type Context, type Middleware, type Next } from 'koa'
import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import { assets } from './http/assets.ts'
import { problemAnswers } from './http/problem-answers.ts'
import { RequestProblem, type RequestProblemCode } from './http/problems.ts'
import type { RealmView } from './http/realm-view.ts'
import { requestLog } from './http/request-log.ts'
import { createRouter, type Feature } from './http/route.ts'
import { securityHeaders } from './http/security-headers.ts'
import { findRealmOfQuery } from './protocol/metadata/metadata-documents.ts'
import type { Protocol } from './protocol/protocol.ts'
import type { RealmRuntime } from './protocol/realm-parts.ts'
import { findRequestState, type RequestState, withRequestState } from './protocol/request-state.ts'
import type { RealmRegistry } from './realms/realm-registry.ts'

export interface AppOptions {
  readonly baseUrl: string
  readonly clock: Clock
  readonly log: Logger
  readonly registry: RealmRegistry
  readonly protocol: Protocol
  readonly features: readonly Feature[]
  readonly health: Middleware
  /** Stands before every form of a page. */
  readonly formLimit: Middleware
  readonly cookieKeys: readonly string[]
  readonly clientAddress: (request: { socketAddress: string | undefined; forwardedFor: string | undefined }) => string
  /** Correlation id of a request: short enough to be read out on the telephone. */
  readonly newReference: () => string
  /** For what many requests wait for together: nobody's limit ends it, and each waits as long as it may itself. */
  readonly shared: <T>(begin: () => Promise<T>) => Promise<T>
  /** Which faults of others have an answer of their own, e.g. a database that is away. */
  readonly codeOf: (fault: unknown) => { code: RequestProblemCode; retryAfterSeconds?: number } | undefined
}

/** RFC 8414 section 3.1 puts the well-known segment before the issuer's path. */
const METADATA_BEFORE_PATH = /^\/\.well-known\/(oauth-authorization-server|openid-configuration)\/([^/]+)$/

export function createApp(options: AppOptions): Koa {
  const { log, clock } = options
  const https = options.baseUrl.startsWith('https:')
  const app = new Koa({ proxy: true })
  app.keys = [...options.cookieKeys]
  // Every fault is answered and reported below; Koa's own report would print it a second time.
  app.silent = true

  app.use(pinOrigin(options))
  app.use(requestLog({ logger: log, clock }))
  app.use(securityHeaders({ https }))
  app.use(
    problemAnswers({
      codeOf: options.codeOf,
      report: (fault, ctx) => log.error({ err: fault, reference: ctx.state.reference }, 'a request could not be answered'),
    }),
  )
  app.use(options.health)
  app.use(assets())
  app.use(serveRealm(options))
  return app
}

/**
 * Issuer, links and cookies come from configuration (R37, RFC 9700 section 4.13): whatever the request calls us is
 * replaced by the configured name before anybody reads it. The caller's address is determined first.
 */
function pinOrigin(options: AppOptions): Middleware {
  const base = new URL(options.baseUrl)
  return async (ctx: Context, next: Next) => {
    const { headers } = ctx.req
    const forwardedFor = headers['x-forwarded-for']
    ctx.state.source = options.clientAddress({
      socketAddress: ctx.req.socket.remoteAddress,
      forwardedFor: Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor,
    })
    ctx.state.reference = options.newReference()
    for (const name of Object.keys(headers)) if (name.startsWith('x-forwarded-') || name === 'forwarded') delete headers[name]
    headers.host = base.host
    headers['x-forwarded-proto'] = base.protocol.slice(0, -1)
    await next()
  }
}

function serveRealm(options: AppOptions): Middleware {
  const router = createRouter(options.features.flatMap((feature) => feature.routes))
  const { formLimit } = options
  return async (ctx: Context) => {
    const { name, path } = findRealmOfQuery(ctx) ?? splitPath(ctx.path)
    const realm = name === undefined ? undefined : await options.shared(() => options.registry.find(name))
    if (!realm) throw new RequestProblem('not_found', { detail: 'no such realm' })
    const runtime = await options.shared(() => options.protocol.runtimeOf(realm))
    ctx.state.realm = viewOf(runtime)
    const state: RequestState = {
      runtime,
      reference: String(ctx.state.reference),
      source: typeof ctx.state.source === 'string' && ctx.state.source !== '' ? ctx.state.source : undefined,
      v1: false,
      locking: false,
    }
    const { path: asked } = ctx
    ctx.path = path
    try {
      await withRequestState(state, async () => {
        await formLimit(ctx, () => router(ctx, () => options.protocol.middleware(ctx, notFound)))
        settleHiddenFault(ctx, options.log)
      })
    } finally {
      // The log tells the address that was asked for.
      ctx.path = asked
    }
  }
}

const notFound = async (): Promise<never> => {
  throw new RequestProblem('not_found')
}

/**
 * oidc-provider answers faults by itself, as 500. The operator must see them all the same, and a database that is away is
 * no fault of this request: it is thrown on, so that it is answered like everywhere else.
 */
function settleHiddenFault(ctx: Context, log: Logger): void {
  const state = findRequestState()
  if (state?.fault === undefined) return
  if (ctx.status === 500) throw state.fault
  log.error({ err: state.fault, reference: state.reference }, 'a protocol request could not be answered')
}

/** The realm's name and the rest of the path, which begins with a slash. */
export function splitPath(full: string): { name: string | undefined; path: string } {
  const metadata = METADATA_BEFORE_PATH.exec(full)
  if (metadata) return { name: metadata[2], path: `/.well-known/${metadata[1]}` }
  const [, name = '', ...rest] = full.split('/')
  return { name: name === '' || name.startsWith('.') ? undefined : name, path: `/${rest.join('/')}` }
}

/** Made once: a runtime is replaced when anything of its realm changes. */
const views = new WeakMap<RealmRuntime, RealmView>()

function viewOf(runtime: RealmRuntime): RealmView {
  const known = views.get(runtime)
  if (known !== undefined) return known
  const { realm, issuer } = runtime
  const view: RealmView = Object.freeze({
    id: realm.id,
    displayName: realm.displayName,
    issuer,
    path: new URL(issuer).pathname,
    ...(realm.domains[0] === undefined ? {} : { domain: realm.domains[0] }),
    ...(realm.settings.accent === undefined ? {} : { accent: realm.settings.accent }),
    ...(realm.settings.logo === undefined ? {} : { logo: realm.settings.logo }),
  })
  views.set(runtime, view)
  return view
}
