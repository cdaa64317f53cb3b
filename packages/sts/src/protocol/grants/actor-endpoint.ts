/**
 * actor-endpoint answers requests for actor tokens, at the address of their own and at the standard token endpoints.
 *
 * It owns the form of the answers and the rows of refusals; what is refused, s2s.ts decides. An assertion with a certificate
 * that is unknown, or somebody else's, has the metadata of the partner that it names read again, once, before it is refused.
 * @module
 */
import { ActorTokenError } from '@postern/resource-server'
import type { Context, Middleware } from 'koa'
import type { Audit } from '../../audit/audit.ts'
import { ROUTES } from '../provider.ts'
import type { RealmRuntime } from '../realm-parts.ts'
import { findParameter } from '../request-rewriting.ts'
import { type RequestState, requestState } from '../request-state.ts'
import { shapeTokenAnswer } from '../token-answer.ts'
import { answerUnavailable } from '../token-transaction.ts'
import { GrantRefused, grantRefusals } from './errors.ts'
import { type ActorTokenAnswer, type ActorTokenGrantOptions, asksForActorToken, createActorTokenGrant } from './s2s.ts'

export interface ActorEndpointOptions extends ActorTokenGrantOptions {
  readonly audit: Audit
  /**
   * Reads the metadata of the partner that an unverified assertion names, if it has any and nobody did so a moment ago; takes
   * the certificate back from whoever has only published it. Returns the realm as it is afterwards, or `undefined` where
   * nothing has changed.
   */
  readonly rereadPartner: (runtime: RealmRuntime, assertion: string) => Promise<RealmRuntime | undefined>
}

export function createActorEndpoint(options: ActorEndpointOptions): Middleware {
  const grant = createActorTokenGrant(options)

  async function ask(state: RequestState, grantType: string): Promise<ActorTokenAnswer> {
    const parameters = state.received ?? []
    const request = { runtime: state.runtime, grantType, parameters, source: state.source, reference: state.reference }
    try {
      return await grant(request)
    } catch (error) {
      if (!isOfCertificate(error)) throw error
      const runtime = await options.rereadPartner(state.runtime, findParameter(parameters, 'assertion') ?? '')
      if (runtime === undefined) throw error
      return grant({ ...request, runtime })
    }
  }

  return async (ctx, next) => {
    const state = requestState()
    if (ctx.method !== 'POST' || ctx.path !== ROUTES.token || !asksForActorToken(state.received ?? [])) return next()
    const grantType = findParameter(state.received ?? [], 'grant_type') ?? ''
    ctx.set('Cache-Control', 'no-store')
    try {
      answer(ctx, state, await ask(state, grantType))
    } catch (error) {
      if (error instanceof GrantRefused) await refuse(ctx, state, { error, grantType, audit: options.audit })
      else {
        state.fault = error
        answerUnavailable(ctx)
      }
    }
  }
}

/** Whether an assertion was refused before its signature was looked at, because of whose certificate it names. */
function isOfCertificate(error: unknown): boolean {
  if (!(error instanceof GrantRefused) || !(error.cause instanceof ActorTokenError)) return false
  return error.cause.code === 'key_unknown' || error.cause.code === 'certificate_of_another'
}

/** F 1.6: strings from the original's endpoint and the v1 one, numbers from the v2 one; the same members in both. */
function answer(ctx: Context, { v1 }: RequestState, { token, audience, issuedAt, seconds }: ActorTokenAnswer): void {
  const iat = Math.floor(issuedAt.getTime() / 1000)
  const body = { token_type: 'Bearer', access_token: token, expires_in: seconds }
  ctx.status = 200
  ctx.type = 'application/json'
  ctx.body = JSON.stringify(
    v1
      ? shapeTokenAnswer(body, { v1, now: issuedAt, resource: audience, scopes: [] })
      : { ...body, expires_on: iat + seconds, not_before: iat, resource: audience },
  )
}

/** Clients of the original know a refusal by `{"error` at the very beginning (F 1.6): compact, and `error` first. */
async function refuse(
  ctx: Context,
  { runtime, reference, source, received }: RequestState,
  { error, grantType, audit }: { error: GrantRefused; grantType: string; audit: Audit },
): Promise<void> {
  const resource = findParameter(received ?? [], 'resource')
  try {
    await audit.record(runtime.store, {
      event: 'actor_token.refused',
      reference,
      ...(error.clientId === undefined ? {} : { clientId: error.clientId }),
      ...(source === undefined ? {} : { source }),
      detail: { grantType, error: error.code, reason: error.detail, ...(resource === undefined ? {} : { resource }) },
    })
  } catch (fault) {
    requestState().fault = fault
    return answerUnavailable(ctx)
  }
  ctx.status = grantRefusals[error.code].status
  ctx.type = 'application/json'
  ctx.body = JSON.stringify({ error: error.code, error_description: error.message })
}
