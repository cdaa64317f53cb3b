import type { Context, Middleware } from 'koa'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RequestProblem } from './problems.ts'

/** Every path below a realm whose pages take forms. oidc-provider takes its own, `/device`, in any case. */
const PAGES = /^\/(?:signin|portal|device)(?:\/|$)/i
/** Where apps register themselves: whoever may do that without a token is nobody who could be counted otherwise. */
const REGISTRATION = '/oauth2/v2.0/register'

/**
 * Stands in front of every form of a page: before anything is read, hashed or counted, whoever sends too many in a minute
 * is answered 429 with `Retry-After`, whatever the forms say (R92). Requests that are no form of a page pass untouched.
 *
 * Mount it where `ctx.path` is without the realm and `ctx.state.source` is the caller's IP address. `countedAs` tells who
 * is one sender; requests without an address are not counted. Without a `store` each process counts for itself, so that
 * with n processes a sender has up to n times as many. Windows follow the system's time, not the service's clock.
 *
 * This bounds work, not guesses: how often a secret may be tried is the gate's business, and holds without this.
 * @throws {RequestProblem} `too_many_requests`
 */
export function createFormLimit(options: {
  readonly perMinute: number
  readonly countedAs: (address: string) => string
  readonly store?: RateLimiterAbstract
}): Middleware {
  const { perMinute, countedAs } = options
  const limiter = options.store ?? new RateLimiterMemory({ points: perMinute, duration: 60, keyPrefix: 'form' })

  return async (ctx, next) => {
    const address = isForm(ctx) ? addressOf(ctx) : undefined
    if (address !== undefined) await limiter.consume(countedAs(address)).catch(refuse)
    await next()
  }
}

const isForm = (ctx: Context): boolean => ctx.method === 'POST' && (PAGES.test(ctx.path) || ctx.path === REGISTRATION)

function addressOf(ctx: Context): string | undefined {
  const { source } = ctx.state
  return typeof source === 'string' && source !== '' ? source : undefined
}

/** The library rejects with what it counted; anything else is a fault of the store. */
function refuse(cause: unknown): never {
  if (!(cause instanceof RateLimiterRes)) throw cause
  throw new RequestProblem('too_many_requests', { retryAfterSeconds: Math.max(1, Math.ceil(cause.msBeforeNext / 1000)) })
}
