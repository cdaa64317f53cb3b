/**
 * koa guards Koa routes: the claims of an accepted token are in `ctx.state.token`, everything else is answered here.
 *
 * It owns the hand-over between guard.ts and Koa. It needs no import of koa, so that the library does not bring one.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { TokenError } from './errors.ts'
import type { Guard, Refused, RouteDemands } from './guard.ts'
import { authorizationLines } from './node-http.ts'

/** The part of Koa's context that is used here. */
export interface BearerContext {
  readonly req: IncomingMessage
  readonly state: object
  status: number
  body: unknown
  append(name: string, value: string): void
}

/** Demands of a route, or how to tell them from the request. */
export type ContextDemands<Context> = RouteDemands | ((ctx: Context) => RouteDemands)

/**
 * Koa middleware. An accepted token's claims are `ctx.state.token`; a refusal is answered with status and headers of the guard
 * and an empty body. A TokenError thrown further in (requireScope in a handler) is answered the same way; every other error passes through.
 */
export function bearer<Context extends BearerContext = BearerContext>(guard: Guard, demands: ContextDemands<Context> = {}) {
  const send = (ctx: Context, refused: Refused): void => {
    ctx.status = refused.status
    ctx.body = ''
    for (const [name, value] of refused.headers) ctx.append(name, value)
  }
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const asked = typeof demands === 'function' ? demands(ctx) : demands
    const judged = await guard.check(authorizationLines(ctx.req), asked)
    if (judged.outcome === 'refused') return send(ctx, judged)
    Object.assign(ctx.state, { token: judged.claims })
    try {
      await next()
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      send(ctx, guard.refuse(error, asked))
    }
  }
}
