/**
 * koa guards Koa routes: who was let in is in `ctx.state`, everything else is answered here.
 *
 * It owns the hand-over between guard.ts and Koa. It needs no import of koa, so that the library does not bring one.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { TokenError } from './errors.ts'
import type { Accepted, Admitted, Guard, Refused, RefusedApp, RouteDemands } from './guard.ts'
import { authorizationLines, claimsOf, refusalText, requestFacts } from './node-http.ts'

/** The part of Koa's context that is used here. */
export interface BearerContext {
  readonly req: IncomingMessage
  readonly state: object
  status: number
  body: unknown
  append(name: string, value: string): void
}

/** Demands of a route, or how to tell them from the request. Behind a proxy: `request: { source: ctx.ip, secure: ctx.secure }`. */
export type ContextDemands<Context> = RouteDemands | ((ctx: Context) => RouteDemands)

/**
 * Koa middleware. An accepted token's claims are `ctx.state.token`; a refusal is answered with status and headers of the guard
 * and an empty body. A TokenError thrown further in (requireScope in a handler) is answered the same way; every other error passes through.
 *
 * With legacyAuth, `ctx.state.admitted` says who was let in; `ctx.state.token` is undefined where that is an app with a password, and
 * the refusal of such an app has a text.
 */
export function bearer<Context extends BearerContext = BearerContext, Let extends Admitted = Accepted>(
  guard: Guard<Let>,
  demands: ContextDemands<Context> = {},
) {
  const send = (ctx: Context, refused: Refused | RefusedApp): void => {
    const text = refusalText(refused)
    ctx.status = refused.status
    ctx.body = text
    if (text !== '') ctx.append('X-Content-Type-Options', 'nosniff')
    for (const [name, value] of refused.headers) ctx.append(name, value)
  }
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const asked = typeof demands === 'function' ? demands(ctx) : demands
    const judged = await guard.check(authorizationLines(ctx.req), { ...asked, request: requestFacts(ctx.req, asked.request) })
    if (judged.outcome === 'refused') return send(ctx, judged)
    Object.assign(ctx.state, { token: claimsOf(judged), admitted: judged })
    try {
      await next()
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      send(ctx, guard.refuse(error, asked))
    }
  }
}
