import type { Context, Middleware } from 'koa'
import { ROUTES } from '../provider.ts'
import { findParameter } from '../request-rewriting.ts'
import { type RequestState, requestState } from '../request-state.ts'
import { answerUnavailable, gaveWay } from '../token-transaction.ts'

/** One of these headers has a meaning that is not known here. */
const TELLING_HEADERS = ['origin', 'dpop', 'oauth-client-attestation', 'oauth-client-attestation-pop'] as const

/** Thrown before anything is written: oidc-provider answers, and says why if it refuses. */
export class LongWay extends Error {
  readonly code = 'long_way'
}

export interface ShortRequest {
  readonly ctx: Context
  readonly state: RequestState
}

/**
 * A stage of protocol that answers by `grant` what is plain. It hands on the rest, what `grant` throws {@link LongWay} for, and
 * what had to give way to another in the database.
 */
export function createShortWay(options: {
  readonly grantType: string
  /** The parameters that `grant` understands. */
  readonly known: ReadonlySet<string>
  readonly grant: (request: ShortRequest) => Promise<{ readonly body: string }>
}): Middleware {
  return async (ctx, next) => {
    const state = requestState()
    if (!isPlain(ctx, state, options)) return next()
    try {
      const { body } = await options.grant({ ctx, state })
      answer(ctx, body)
    } catch (error) {
      // What had to give way wrote nothing either; that way begins again as often as it must.
      if (error instanceof LongWay || gaveWay(error)) return next()
      state.fault = error
      answerUnavailable(ctx)
    }
  }
}

/** Whether the form is one that is understood whole. The front has seen to it that no name but `resource` comes twice. */
function isPlain(
  ctx: Context,
  { parameters = [] }: RequestState,
  { grantType, known }: { readonly grantType: string; readonly known: ReadonlySet<string> },
): boolean {
  if (ctx.method !== 'POST' || ctx.path !== ROUTES.token || findParameter(parameters, 'grant_type') !== grantType) return false
  if (TELLING_HEADERS.some((name) => ctx.req.headers[name] !== undefined)) return false
  return parameters.every(([name], at) => known.has(name) && !parameters.some(([other], before) => before < at && other === name))
}

/** Names and values as oidc-provider's way sends them, other sites included: the answer is told to whoever knows the secret. */
function answer(ctx: Context, body: string): void {
  ctx.status = 200
  ctx.set('cache-control', 'no-store')
  ctx.vary('Origin')
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate')
  ctx.type = 'application/json'
  ctx.body = body
}
