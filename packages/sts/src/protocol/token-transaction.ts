import type { Store } from '@postern/storage'
import type { Context, Next } from 'koa'
import { findActiveClient } from './clients.ts'
import { PORTAL_CLIENT_ID } from './portal-client.ts'
import { requestState } from './request-state.ts'
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

/**
 * One database transaction per token request. Codes and refresh tokens found inside are locked until it ends.
 * An answer below 500 commits, refusals too, because revocation happens in them; a fault rolls everything back and
 * answers 503, so the client may simply try again. The answer leaves only after the commit.
 *
 * A refresh that is refused after its token was used up, e.g. for a resource that the client may not have, takes that back:
 * oidc-provider rotates before it looks, and a slip of the client must not cost the person the sign-in.
 *
 * The client is read before the transaction begins, so that requests that come together read theirs together; in a
 * transaction each would read alone.
 *
 * `finish` runs last inside the transaction, when the answer is known and can still be changed. `redeems` tells whether
 * anything is used up: a request that does nothing but write its audit row is one statement, which is a transaction by
 * itself. (An assertion's `jti` stays claimed even if that fails; a client makes a new assertion for each try.)
 */
export function createTokenTransaction(options: {
  store: Pick<Store, 'transaction'>
  finish: (ctx: Context) => Promise<void>
  redeems: (ctx: Context) => boolean
}): (ctx: Context, next: Next) => Promise<void> {
  return async (ctx, next) => {
    const state = requestState()
    const answer = async (): Promise<void> => {
      await next()
      if (ctx.status >= 500) throw new RolledBack(state.fault)
      if (ctx.status >= 400 && state.usedRefreshToken !== undefined && state.reusedFamily === undefined) throw new TakenBack()
      await options.finish(ctx)
    }
    const run = async (): Promise<void> => {
      const clientId = guessClientId(ctx, state.parameters ?? [])
      if (clientId !== undefined && clientId !== PORTAL_CLIENT_ID)
        state.readAhead = { clientId, found: await findActiveClient(state.runtime.store, clientId) }
      try {
        await options.store.transaction(() => {
          state.locking = true
          return answer()
        })
      } catch (error) {
        if (!(error instanceof TakenBack)) throw error
        await options.finish(ctx)
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

/** 503 for a fault that is ours and passes: nothing happened, try again (RFC 9110 section 15.6.4). */
export function answerUnavailable(ctx: Context): void {
  ctx.status = 503
  ctx.set('Retry-After', '2')
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { error: 'temporarily_unavailable', error_description: 'the service cannot answer right now; try again in a moment' }
}
