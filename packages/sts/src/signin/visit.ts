import type { RealmId, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { requireOurForm } from '../http/csrf.ts'
import type { Surroundings } from '../http/page-frame.ts'
import type { RealmView } from '../http/realm-view.ts'
import { type Answer, page, type Request, type Route, redirect, route } from '../http/route.ts'
import type { LostInteraction, PendingInteraction } from '../protocol/interactions.ts'
import type { SigninEvent, SigninParts } from './ports.ts'
import { decideStep, type StepName } from './steps.ts'
import { renderLostPage } from './views/lost-page.ts'

/** One request of one browser to the sign-in that it is in the middle of. */
export interface Visit {
  readonly ctx: Request['ctx']
  readonly uid: string
  readonly interaction: PendingInteraction
  readonly store: RealmStore
  readonly step: StepName
  /** What every view is told; add `action` and, on refusals, `reference`. */
  readonly view: Surroundings & { readonly realm: RealmView; readonly appName: string; readonly csrf: string }
  readonly reference: string
  /** IP address of the browser, where it is known. */
  readonly source?: string
  /** Address of this sign-in, or of something below it: `address('/password')`. */
  address(below?: string): string
  /** Throws when the row cannot be written; then the step is not finished either (R133). */
  record(event: SigninEvent): Promise<void>
}

/** A step: what GET shows while it is due, and the forms that its pages post. */
export interface Step {
  readonly name: StepName
  show(visit: Visit, wish: { otherAccount: boolean }): Promise<Answer>
  readonly routes: readonly Route[]
}

/** Opens visits. Returns an answer instead where there is no sign-in to continue. */
export function createVisits(parts: SigninParts) {
  async function open(request: Request<'/signin/:uid'>): Promise<Visit | { readonly instead: Answer }> {
    const { ctx, realm, reference, params } = request
    const interaction = await parts.interactions.current(ctx, params.uid)
    if ('lost' in interaction) return { instead: answerLost(interaction, request) }
    const store = parts.storeFor(realm.id as RealmId) // the app found this very realm in the store
    const { accountId } = interaction
    const factors =
      interaction.prompt === 'assurance' && accountId !== undefined ? await parts.factors.methodsOf(store, accountId) : []
    const base = `${realm.path}/signin/${encodeURIComponent(params.uid)}`
    const from: unknown = ctx.state.source
    const source = typeof from === 'string' && from !== '' ? { source: from } : {}
    return {
      ctx,
      uid: params.uid,
      interaction,
      store,
      step: decideStep(interaction, factors.length > 0),
      view: {
        realm,
        language: request.languageFor(interaction.locales),
        appName: interaction.client.displayName,
        csrf: interaction.csrf,
      },
      reference,
      ...source,
      address: (below = '') => `${base}${below}`,
      record: (event) =>
        parts.audit.record(store, {
          ...event,
          reference,
          clientId: interaction.client.id,
          ...source,
        }),
    }
  }

  return {
    open,
    /**
     * A form of a step. `handle` runs only for a form of this very interaction (R20) whose step is due; whoever comes
     * late, by the back button or a second window, is shown what is due instead.
     */
    form<const S extends z.ZodRawShape>(
      below: `/${string}`,
      steps: readonly StepName[],
      shape: S,
      handle: (visit: Visit, form: z.output<z.ZodObject<S>>) => Promise<Answer>,
    ): Route {
      const schema = z.object({ ...shape, csrf: z.string().max(512) })
      return route(`POST /signin/:uid${below}`, { form: schema }, async (request) => {
        const visit = await open(request as unknown as Request<'/signin/:uid'>) // the same path with a tail, the same params
        if ('instead' in visit) return visit.instead
        requireOurForm(String((request.form as { csrf: unknown }).csrf), visit.interaction.csrf)
        if (!steps.includes(visit.step)) return redirect(visit.address())
        return handle(visit, request.form as z.output<z.ZodObject<S>>) // parsed by the schema above, which extends S
      })
    },
  }
}

export type Visits = ReturnType<typeof createVisits>

function answerLost(lost: LostInteraction, request: Request<'/signin/:uid'>): Answer {
  if (lost.lost === 'restart') return redirect(lost.location)
  const { realm, language, reference } = request
  return page(renderLostPage({ realm, language, reference }, lost.lost), { status: 400 })
}

/** Whose sign-in it is, once somebody has proved it. A step after the first cannot be reached without. */
export function requireAccountId(visit: Visit): NonNullable<PendingInteraction['accountId']> {
  const { accountId } = visit.interaction
  if (accountId === undefined) throw new TypeError(`the step ${visit.step} was reached before anybody signed in`)
  return accountId
}

/** The name that a person knows their account by. */
export async function accountNameOf(visit: Visit): Promise<string> {
  const account = await visit.store.accounts.find(requireAccountId(visit))
  return account?.upn ?? ''
}
