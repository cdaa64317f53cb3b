import type { BoundFactor, Occasion } from '@postern/mfa'
import type { Account, RealmId, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { requireOurForm } from '../http/csrf.ts'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import type { Language } from '../http/messages/catalogue.ts'
import type { Surroundings } from '../http/page-frame.ts'
import type { RealmView } from '../http/realm-view.ts'
import { type Answer, page, type Request, type Route, redirect, route } from '../http/route.ts'
import type { LostInteraction, PendingInteraction } from '../protocol/interactions.ts'
import { type AttemptNotes, factorCountsSeconds } from './attempt-notes.ts'
import { browserName } from './browser-name.ts'
import type { SigninEvent, SigninParts, SigninSettings } from './ports.ts'
import { decideStep, type StepName } from './steps.ts'
import { renderLostPage } from './views/lost-page.ts'

/** One request of one browser to the sign-in that it is in the middle of. */
export interface Visit {
  readonly ctx: Request['ctx']
  readonly uid: string
  readonly interaction: PendingInteraction
  readonly store: RealmStore
  readonly step: StepName
  /** Whose sign-in it is and what is known about it. Present at the steps after the first. */
  readonly person?: Person
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

/** The account that a sign-in is about, once somebody has proved whose it is. */
export interface Person {
  readonly account: Account
  readonly settings: SigninSettings
  readonly occasion: Occasion
  /** What is bound and not switched off here; `disabled` ones too. */
  readonly bound: readonly BoundFactor[]
  /** A bound factor is asked for so that another may be bound, not to end the step. */
  readonly isConfirming: boolean
}

/** What a GET asks for beside the step that is due. */
export interface Wish {
  readonly otherAccount: boolean
  /** Which way of showing a second thing, or of setting one up; see ways.ts and enroll-step.ts. */
  readonly way?: string
}

/** A step: what GET shows while it is due, and the forms that its pages post. */
export interface Step {
  readonly name: StepName
  show(visit: Visit, wish: Wish): Promise<Answer>
  readonly routes: readonly Route[]
}

/** Opens visits. Returns an answer instead where there is no sign-in to continue. */
export function createVisits(parts: SigninParts, notes: AttemptNotes) {
  /** One was shown lately enough, or this attempt has bound one and is about to go on. */
  async function mayBindAnother(request: Opened, person: Omit<Person, 'isConfirming'>): Promise<boolean> {
    const { interaction, store } = request
    const { id: accountId } = person.account
    const noted = { store, accountId }
    if ((await notes.findBound({ ...noted, attempt: interaction.uid })) !== undefined) return true
    if (!interaction.evidence.includes('mfa')) return false
    const session = await parts.sessions.current(request.ctx)
    if (session?.accountId !== accountId) return false
    const age = parts.clock().getTime() - session.signedInAt.getTime()
    return age <= factorCountsSeconds * 1000 || (await notes.wasFactorShown({ ...noted, attempt: session.attempt }))
  }

  async function personOf(request: Opened): Promise<Omit<Person, 'isConfirming'> | undefined> {
    const { interaction, store, view } = request
    if (interaction.accountId === undefined || interaction.prompt !== 'assurance') return undefined
    const { account } = interaction
    if (account === undefined) return undefined
    const settings = await parts.settingsOf(store.realmId)
    const browser = browserName(request.ctx.get('User-Agent'))
    const occasion: Occasion = Object.freeze({
      realm: store,
      accountId: account.id,
      settings,
      // While a step is due its uid stays, and it opens nothing without this browser's cookie.
      attempt: interaction.uid,
      language: view.language,
      issuerName: view.realm.displayName,
      accountName: account.upn,
      appName: view.appName,
      ...(request.source === undefined ? {} : { source: request.source }),
      ...(browser === undefined ? {} : { browser }),
    })
    const bound = (await parts.factors.look(occasion)).filter(({ method }) => !settings.disabledMethods?.includes(method))
    return { account, settings, occasion, bound }
  }

  async function open(request: Request<'/signin/:uid'>): Promise<Visit | { readonly instead: Answer }> {
    const { ctx, realm, reference, params } = request
    const interaction = await parts.interactions.current(ctx, params.uid)
    if ('lost' in interaction) return { instead: answerLost(interaction, request) }
    const store = parts.storeFor(realm.id as RealmId) // the app found this very realm in the store
    const base = `${realm.path}/signin/${encodeURIComponent(params.uid)}`
    const from: unknown = ctx.state.source
    const source = typeof from === 'string' && from !== '' ? { source: from } : {}
    const language = request.languageFor(interaction.locales)
    const view = {
      realm,
      language,
      appName: shownName(interaction.client, language),
      csrf: interaction.csrf,
    }
    const opened = { ctx, interaction, store, view, ...source }
    const person = await personOf(opened)
    const hasFactor = person !== undefined && person.bound.length > 0
    const at = { hasFactor, mayBindAnother: hasFactor && asksToBind(interaction) && (await mayBindAnother(opened, person)) }
    const step = decideStep(interaction, at)
    const isConfirming = step === 'factor' && asksToBind(interaction) && interaction.evidence.includes('mfa')
    return {
      ctx,
      uid: params.uid,
      interaction,
      store,
      step,
      ...(person === undefined ? {} : { person: { ...person, isConfirming } }),
      view,
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

/** What is known of a visit before its step is. */
type Opened = Pick<Visit, 'ctx' | 'interaction' | 'store' | 'view' | 'source'>

const asksToBind = ({ reasons }: PendingInteraction): boolean =>
  reasons[0] === 'factor_missing' || reasons[0] === 'factor_offered'

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

/** The account with what is known about it. The steps of a second factor cannot be reached without. */
export function requirePerson(visit: Visit): Person {
  if (visit.person === undefined) throw new TypeError(`the step ${visit.step} was reached before anybody signed in`)
  return visit.person
}

/** The name that a person knows their account by. */
export async function accountNameOf(visit: Visit): Promise<string> {
  const account = visit.person?.account ?? (await visit.store.accounts.find(requireAccountId(visit)))
  return account?.upn ?? ''
}

/** A name that nobody vouches for is not said as if somebody did. */
const shownName = ({ displayName, isUnverified }: PendingInteraction['client'], language: Language): string =>
  isUnverified ? fill(messagesIn(language).unverifiedApp, { app: displayName }) : displayName
