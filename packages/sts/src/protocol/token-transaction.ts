import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '@postern/storage'
import type { Context, Next } from 'koa'
import { findActiveClient } from './clients.ts'
import { forgetDelegation } from './grants/delegation-in-hand.ts'
import { PORTAL_CLIENT_ID } from './portal-client.ts'
import { forgetView, keepClaims } from './provider-internals.ts'
import { type RequestState, requestState } from './request-state.ts'
import { guessClientId } from './token-path/shown-secret.ts'

/** Thrown inside the transaction to roll it back; carries what went wrong. */
class RolledBack extends Error {
  readonly code = 'rolled_back'
  constructor(cause: unknown) {
    super('the token request was rolled back', { cause })
  }
}

/** Thrown inside the transaction to take back what was used up for nothing; the refusal stays. */
class TakenBack extends Error {
  readonly code = 'taken_back'
}

/** So often a request that had to give way to others begins again. */
const mostTries = 3
/** The first pause before that, in milliseconds; each further one is twice as long. */
const firstPause = 10

/**
 * One database transaction per token request. Codes and refresh tokens found inside are locked until it ends.
 * An answer below 500 commits, refusals too, because revocation happens in them; a fault rolls everything back and
 * answers 503, so the client may simply try again. The answer leaves only after the commit.
 *
 * Where the database made it give way to another (a deadlock, a serialisation failure) it was rolled back as if it had never
 * begun, and begins again with the same form: nothing has left yet. Three times at most, then it is a fault like any other.
 * What was counted or claimed outside of the transaction stays: the `jti` of an assertion is this request's own by then
 * (`guardReplays`), and a wrong secret may count twice.
 *
 * A refresh that is refused after its token was used up, e.g. for a resource that the client may not have, takes that back:
 * oidc-provider rotates before it looks, and a slip of the client must not cost the person the sign-in.
 *
 * The client is read before the transaction begins, so that requests that come together read theirs together; in a
 * transaction each would read alone.
 *
 * Many may wait for one family or code that is held. They take half of the sessions at most (`crowd`), so that what goes the short
 * way, and signing in, always finds one.
 *
 * `finish` runs last inside the transaction, when the answer is known and can still be changed. `redeems` tells whether
 * anything is used up: a request that does nothing but write its audit row is one statement, which is a transaction by
 * itself. (An assertion's `jti` stays claimed even if that fails; a client makes a new assertion for each try.)
 */
export function createTokenTransaction(options: {
  store: Pick<Store, 'transaction'>
  finish: (ctx: Context) => Promise<void>
  redeems: (ctx: Context) => boolean
  /** A pause of about so many milliseconds; each request another one, so that two do not meet again. */
  pause?: (milliseconds: number) => Promise<unknown>
}): (ctx: Context, next: Next) => Promise<void> {
  const pause = options.pause ?? ((milliseconds: number) => wait(milliseconds))
  return async (ctx, next) => {
    const state = requestState()
    const answer = async (): Promise<void> => {
      await next()
      if (ctx.status >= 500) throw new RolledBack(state.fault)
      if (ctx.status >= 400 && state.usedRefreshToken !== undefined && state.reusedFamily === undefined) throw new TakenBack()
      await options.finish(ctx)
    }
    const once = async (): Promise<void> => {
      const clientId = guessClientId(ctx, state.parameters ?? [])
      if (clientId !== undefined && clientId !== PORTAL_CLIENT_ID)
        state.readAhead = { clientId, found: await findActiveClient(state.runtime.store, clientId) }
      try {
        await options.store.transaction(
          () => {
            state.locking = true
            return answer()
          },
          { crowd: true },
        )
      } catch (error) {
        if (!(error instanceof TakenBack)) throw error
        await options.finish(ctx)
      }
    }
    const run = async (): Promise<void> => {
      const begun = beginningOf(ctx, state)
      for (let tries = 0; ; tries += 1)
        try {
          return await once()
        } catch (fault) {
          if (tries === mostTries || !gaveWay(fault)) throw fault
          begun()
          await pause(firstPause * 2 ** tries)
        }
    }
    try {
      await (options.redeems(ctx) ? run() : answer())
    } catch (fault) {
      state.fault = fault instanceof RolledBack ? (fault.cause ?? fault) : fault
      answerUnavailable(ctx)
    } finally {
      state.locking = false
    }
  }
}

/**
 * Whether the database made this give way to another: it was rolled back as if it had never begun.
 * By the name of the error's class, because only compose.ts may know the classes of storage.
 */
export const gaveWay = (fault: unknown): boolean =>
  fault instanceof RolledBack
    ? gaveWay(fault.cause)
    : fault instanceof Error && fault.name === 'StorageUnavailable' && 'reason' in fault && fault.reason === 'contention'

/** Remembers a request as it is now; what it returns makes it so again, as if nobody had looked at it yet. */
function beginningOf(ctx: Context, state: RequestState): () => void {
  const known = { ...state }
  const headers = new Set(Object.keys(ctx.response.headers))
  const { path } = ctx
  forgetView(ctx)
  return () => {
    for (const name of Object.keys(state)) if (!(name in known)) delete (state as unknown as Record<string, unknown>)[name]
    Object.assign(state, known)
    forgetDelegation(state)
    keepClaims(state)
    for (const name of Object.keys(ctx.response.headers)) if (!headers.has(name)) ctx.remove(name)
    ctx.path = path
    ctx.body = undefined
    // As Koa begins: nobody has chosen a status yet, so a body may mean 200.
    ctx.res.statusCode = 404
    Object.assign(ctx.response, { _explicitStatus: false, _explicitNullBody: false })
    forgetView(ctx)
  }
}

/** 503 for a fault that is ours and passes: nothing happened, try again (RFC 9110 section 15.6.4). */
export function answerUnavailable(ctx: Context): void {
  ctx.status = 503
  ctx.set('Retry-After', '2')
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { error: 'temporarily_unavailable', error_description: 'the service cannot answer right now; try again in a moment' }
}
