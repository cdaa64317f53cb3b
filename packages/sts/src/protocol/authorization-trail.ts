/**
 * authorization-trail writes down what became of requests to authorize, and who was turned away at the other endpoints.
 *
 * oidc-provider tells of each by an event while it works (authorization-outcome.ts); the row is written when the answer is
 * known, before it leaves. What the token endpoint answers is not here but in protocol.ts, inside its transaction.
 * @module
 */
import type { ClientId, Store } from '@postern/storage'
import type { Context, Middleware } from 'koa'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { outcomeOf } from './authorization-outcome.ts'
import { registrationOf } from './clients.ts'
import { ROUTES } from './provider.ts'
import { requestState } from './request-state.ts'

/**
 * Writes the row of what was decided below. Without the row there is no answer (R133): a code stays unsent, and what a
 * person said about a device is taken back, since the device itself would ask for the outcome.
 */
export function createAuthorizationTrail(options: { store: Pick<Store, 'transaction'>; audit: Audit; clock: Clock }): Middleware {
  return async (ctx, next) => {
    const run = async (): Promise<void> => {
      await next()
      try {
        await record(ctx, options)
      } catch (fault) {
        ctx.remove('Location')
        throw fault
      }
    }
    const aboutDevice = ctx.path === ROUTES.code_verification || ctx.path.startsWith(`${ROUTES.code_verification}/`)
    return aboutDevice ? options.store.transaction(run) : run()
  }
}

async function record(ctx: Context, { audit, clock }: { audit: Audit; clock: Clock }): Promise<void> {
  const state = requestState()
  const outcome = outcomeOf(state)
  if (!outcome) return
  const { store } = state.runtime
  if (outcome.kind === 'refused') {
    const { error, reason } = outcome
    const accountId = ctx.oidc?.session?.accountId
    const about = { ...aboutRequest(ctx), ...(accountId ? { accountId } : {}) }
    await recordRefusal(audit, about, { endpoint: endpointOf(ctx.path), error, reason })
    return
  }
  const { clientId, accountId, grantId, scope } = outcome.of
  const about = { ...aboutRequest(ctx), ...(clientId ? { clientId } : {}), ...(accountId ? { accountId } : {}) }
  const given = { ...(scope ? { scope } : {}), ...(grantId ? { familyId: grantId } : {}) }
  if (outcome.kind !== 'denied' && ctx.oidc?.client && registrationOf(ctx.oidc.client).selfRegistered)
    await store.clientRegistrations.noteUse(ctx.oidc.client.clientId as ClientId, clock()) // of a client of ours
  if (outcome.kind === 'granted') await audit.record(store, { ...about, event: 'authorization.granted', detail: given })
  else if (outcome.kind === 'approved') await audit.record(store, { ...about, event: 'device.approved', detail: given })
  else {
    const person = ctx.oidc?.session?.accountId
    const detail = { error: outcome.of.error ?? '' }
    await audit.record(store, { ...about, ...(person ? { accountId: person } : {}), event: 'device.denied', detail })
  }
}

/** The one row of a request that was refused before oidc-provider saw it. */
export async function recordUnread(ctx: Context, audit: Audit, reason: string): Promise<void> {
  const { store } = requestState().runtime
  const error = 'invalid_request'
  if (ctx.path === ROUTES.token)
    await audit.record(store, { ...aboutRequest(ctx), event: 'token.refused', detail: { error, reason } })
  else await recordRefusal(audit, aboutRequest(ctx), { endpoint: endpointOf(ctx.path), error, reason })
}

interface About {
  readonly reference: string
  readonly clientId?: string
  readonly accountId?: string
  readonly source?: string
}

/** What every row about a request tells: which one it was, and of whom. */
export function aboutRequest(ctx: Context): About {
  const { reference, source } = requestState()
  const clientId = ctx.oidc?.client?.clientId
  return { reference, ...(clientId ? { clientId } : {}), ...(source ? { source } : {}) }
}

const ABOUT_TOKENS = new Set(['introspection', 'revocation'])

async function recordRefusal(
  audit: Audit,
  about: About,
  detail: { endpoint: string; error: string; reason: string },
): Promise<void> {
  // At the browser's endpoint no client shows credentials; an unknown one there is a wrong request.
  const unproved = detail.error === 'invalid_client' && detail.endpoint !== 'authorization'
  const event = unproved || ABOUT_TOKENS.has(detail.endpoint) ? 'client.refused' : 'authorization.refused'
  await audit.record(requestState().runtime.store, { ...about, event, detail })
}

/** oidc-provider's name of the endpoint; a sign-in that is resumed belongs to the one where it began. */
const endpointOf = (path: string): string =>
  Object.entries(ROUTES).find(([, route]) => path === route || path.startsWith(`${route}/`))?.[0] ?? ''
