/**
 * use-reports takes down what mail servers say about actor tokens that were shown to them, so that issue and use stand in
 * one trail (R69).
 *
 * It owns the address, the form of a report and who may send one: a service principal, about tokens for itself. It believes
 * what such a server says and checks no token: the server has.
 * @module
 */
import { parsePrincipal } from '@postern/resource-server'
import type { Store } from '@postern/storage'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import type { Audit } from '../audit/audit.ts'
import { readBodyText } from '../http/form.ts'
import { RequestProblem } from '../http/problems.ts'
import { GrantRefused } from './grants/errors.ts'
import { authenticatePrincipal, useOnce } from './grants/s2s.ts'
import type { RealmRuntime } from './realm-parts.ts'
import { type RequestState, requestState } from './request-state.ts'

const PATH = '/tokens/uses'
/** Bytes of one report: a hundred uses fit. */
const LIMIT = 256 * 1024
const MOST_USES = 100

const short = z.string().max(512)
const report = z.strictObject({
  uses: z
    .array(
      z.strictObject({
        at: z.iso.datetime().transform((text) => new Date(text)),
        outcome: z.enum(['allowed', 'refused']),
        form: z.enum(['app', 'signed', 'unsigned', 'unknown']),
        reason: short.optional(),
        /** `nameid` of the actor token. */
        actor: short.optional(),
        user: short.optional(),
        realm: short.optional(),
        // What looks like a token is none: the trail takes no such thing (R134).
        jti: z
          .string()
          .regex(/^(?!.*eyJ)[\w.:~-]{1,128}$/)
          .optional(),
        audience: short.optional(),
      }),
    )
    .min(1)
    .max(MOST_USES),
})

export interface UseReportOptions {
  readonly store: Pick<Store, 'transaction'>
  readonly audit: Audit
}

/**
 * `POST {issuer}/tokens/uses`, JSON, `Authorization: Bearer` and a self-issued assertion with a `jti`. 204 when all of it is
 * written; otherwise nothing of it is.
 */
export function createUseReports(options: UseReportOptions): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== PATH) return next()
    ctx.set('Cache-Control', 'no-store')
    if (ctx.method !== 'POST') {
      ctx.set('Allow', 'POST')
      return refuse(ctx, 405, { error: 'invalid_request', description: 'this endpoint takes POST' })
    }
    try {
      await take(ctx, requestState(), options)
    } catch (error) {
      if (error instanceof GrantRefused) {
        await options.audit.record(requestState().runtime.store, {
          event: 'client.refused',
          reference: requestState().reference,
          ...(error.clientId === undefined ? {} : { clientId: error.clientId }),
          ...(requestState().source === undefined ? {} : { source: requestState().source }),
          detail: { endpoint: 'uses', error: error.code, reason: error.detail },
        })
        return refuse(ctx, error.code === 'invalid_client' ? 401 : 400, { error: error.code, description: error.message })
      }
      if (error instanceof RequestProblem)
        return refuse(ctx, error.status, { error: 'invalid_request', description: error.message })
      throw error
    }
  }
}

async function take(ctx: Context, state: RequestState, { store, audit }: UseReportOptions): Promise<void> {
  const { runtime, reference } = state
  const [, assertion = ''] = /^bearer +(\S+)$/i.exec(ctx.get('Authorization')) ?? []
  const actor = await authenticatePrincipal(runtime, runtime.assertions, assertion)
  const { id } = actor.principal.client
  const uses = parseReport(await readBodyText(ctx.req, { type: 'application/json', limit: LIMIT }), id)
  const accounts = rememberAccounts(runtime)
  const foreign = uses.find(({ audience }) => audience !== undefined && parsePrincipal(audience)?.clientId !== id)
  if (foreign)
    throw new GrantRefused('invalid_request', 'audience_foreign', { clientId: id, text: 'a use is about another server' })
  await store.transaction(async () => {
    await useOnce(runtime, requireNumber(actor.assertion))
    for (const use of uses) {
      const accountId = await accounts.of(use.user)
      await audit.record(runtime.store, rowOf(use, { reporter: id, reference, source: state.source, accountId }))
    }
  })
  ctx.status = 204
}

type Use = z.output<typeof report>['uses'][number]

function parseReport(text: string, clientId: string): readonly Use[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new GrantRefused('invalid_request', 'report_malformed', { clientId, text: 'the report is no JSON', cause })
  }
  const parsed = report.safeParse(value)
  if (parsed.success) return parsed.data.uses
  const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
  throw new GrantRefused('invalid_request', 'report_malformed', { clientId, text: `the report is malformed at: ${where}` })
}

/** A report that somebody repeats would be in the trail twice, so each needs a number. */
function requireNumber<Assertion extends { readonly clientId: string; readonly jti?: string }>(assertion: Assertion): Assertion {
  if (assertion.jti === undefined)
    throw new GrantRefused('invalid_request', 'jti_missing', { clientId: assertion.clientId, text: 'the assertion needs a jti' })
  return assertion
}

/** So that what was done in a person's name is found by the person. Nobody, for a name that is nobody's. */
function rememberAccounts({ store }: RealmRuntime) {
  const known = new Map<string, string | undefined>()
  return {
    async of(user: string | undefined): Promise<string | undefined> {
      if (user === undefined) return undefined
      if (!known.has(user)) known.set(user, (await store.accounts.findByName(user))?.id)
      return known.get(user)
    },
  }
}

interface AboutReport {
  readonly reporter: string
  readonly reference: string
  readonly source: string | undefined
  readonly accountId: string | undefined
}

function rowOf(use: Use, about: AboutReport) {
  const { at, outcome, form, reason, actor, user, realm, jti, audience } = use
  const detail = {
    form,
    at,
    // At whose word the row is written.
    reporter: about.reporter,
    ...(jti && { jti }),
    ...(audience && { resource: audience }),
    ...(user && { user }),
    ...(realm && { realm }),
  }
  const shared = {
    reference: about.reference,
    ...(actor === undefined ? {} : { clientId: clientOf(actor), actor: clientOf(actor) }),
    ...(about.accountId === undefined ? {} : { accountId: about.accountId }),
    ...(about.source === undefined ? {} : { source: about.source }),
  }
  return outcome === 'allowed'
    ? ({ ...shared, event: 'actor_token.used', detail } as const)
    : ({ ...shared, event: 'actor_token.use_refused', detail: { ...detail, ...(reason && { reason }) } } as const)
}

/** The server that acted, from the `nameid` of its actor token. */
const clientOf = (nameid: string): string => parsePrincipal(nameid)?.clientId ?? nameid

function refuse(ctx: Context, status: number, { error, description }: { error: string; description: string }): void {
  ctx.status = status
  ctx.type = 'application/json'
  ctx.body = JSON.stringify({ error, error_description: description })
}
