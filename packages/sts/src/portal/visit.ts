import type { BoundFactor, Occasion } from '@postern/mfa'
import type { Account, RealmId, RealmStore } from '@postern/storage'
import { z } from 'zod'
import type { Notice } from '../delivery/delivery.ts'
import { requireOurForm } from '../http/csrf.ts'
import { RequestProblem } from '../http/problems.ts'
import { type Answer, page, type Request, type Route, redirect, route } from '../http/route.ts'
import type { SignedIn } from '../protocol/sessions.ts'
import { type Demand, decideSignIn, lacksFactor, portalPath } from './demands.ts'
import { decideIdle, findUse, idleMaxAge, noteUse, standardIdleMinutes } from './idle.ts'
import type { PortalEvent, PortalParts, PortalSettings } from './ports.ts'
import { renderFactorFirstPage } from './views/factor-first-page.ts'
import type { PortalView, Section } from './views/portal-frame.ts'

/** One request of a signed-in person. */
export interface Visit {
  readonly ctx: Request['ctx']
  readonly store: RealmStore
  readonly account: Account
  readonly session: SignedIn
  readonly settings: PortalSettings
  /** Bound ones, locked ones included. */
  readonly factors: readonly BoundFactor[]
  /** Of these, whether any is of a method that this realm has not switched off. */
  readonly hasFactor: boolean
  /** Whether this realm has switched the method off. */
  readonly isOff: (method: string) => boolean
  readonly occasion: Occasion
  readonly view: PortalView
  /** For the last part of the path, where it names something. */
  readonly id: string
  readonly reference: string
  /** IP address of the browser, where it is known. */
  readonly source?: string
  readonly now: Date
  /** Address of a page of the portal: `address('/methods')`. */
  address(below?: string): string
  /** Throws when the row cannot be written; then nothing is changed either (R133). */
  record(event: PortalEvent): Promise<void>
  /** Puts an e-mail to the person into the outbox. */
  tell(notice: Notice): Promise<void>
}

type PortalPath = `/portal${string}`
interface Place {
  readonly section: Section
  readonly demand: Demand
  /** The browser asks for the page by itself, so that it is shown says nothing about the person. */
  readonly isAskedForByItself?: true
}

/** Opens visits: who is let in by policy, and whether what they showed is enough for the page. */
export function createVisits(parts: PortalParts) {
  const { sessions, factors, approvals, audit, notices, clock } = parts

  async function open(request: Request, place: Place, returnTo: string): Promise<Visit | { readonly instead: Answer }> {
    const { ctx, realm, language, reference } = request
    const signIn = (wanted: { acr?: string; maxAgeSeconds?: number }) => ({
      instead: redirect(sessions.signInAddress(ctx, { returnTo: portalPath(returnTo), ...wanted })),
    })
    const session = await sessions.entitled(ctx)
    if (session === undefined) return signIn({})
    const realmId = realm.id as RealmId // the app found this very realm in the store
    const store = parts.storeFor(realmId)
    const account = await store.accounts.find(session.accountId)
    if (account === undefined) return signIn({})
    const settings = await parts.settingsOf(realmId)
    const bound = await factors.methodsOf(store, account.id)
    const isOff = (method: string): boolean => settings.disabledMethods?.includes(method) === true
    const hasFactor = bound.some(({ method }) => !isOff(method))
    const now = clock()
    const idleMinutes = settings.portalIdleMinutes ?? standardIdleMinutes
    const usedAt = await findUse(store, session.attempt)
    const idle = decideIdle({ usedAt, signedInAt: session.signedInAt, idleMinutes, now })
    const shown = { ...session, demand: place.demand, hasFactor }
    const isFirst = lacksFactor(shown)
    const missing = isFirst ? undefined : decideSignIn({ ...shown, now })
    if (idle.isOver) {
      const maxAgeSeconds = Math.min(idleMaxAge(idleMinutes), missing?.maxAgeSeconds ?? Number.POSITIVE_INFINITY)
      return signIn({ ...missing, maxAgeSeconds })
    }
    if (missing !== undefined) return signIn(missing)
    if (idle.isNews && place.isAskedForByItself !== true)
      await noteUse(store, { session: session.attempt, accountId: account.id, idleMinutes, now })

    const from: unknown = ctx.state.source
    const source = typeof from === 'string' && from !== '' ? { source: from } : {}
    const base = `${realm.path}/portal`
    const waiting = await approvals.waiting(store, account.id)
    const view: PortalView = {
      realm,
      language,
      base,
      section: place.section,
      csrf: session.csrf,
      person: account.displayName,
      upn: account.upn,
      signOutAddress: sessions.signOutAddress(),
      waiting: waiting.length,
      now,
    }
    if (isFirst) return { instead: page(renderFactorFirstPage(view), { status: ctx.method === 'POST' ? 403 : 200 }) }
    return {
      ctx,
      store,
      account,
      session,
      settings,
      factors: bound,
      hasFactor,
      isOff,
      occasion: Object.freeze({
        realm: store,
        accountId: account.id,
        settings,
        issuerName: realm.displayName,
        accountName: account.upn,
        attempt: `portal ${session.attempt}`,
        language,
        ...source,
      }),
      view,
      id: (request.params as { readonly id?: string }).id ?? '',
      reference,
      ...source,
      now,
      address: (below = '') => `${base}${below}`,
      record: (event) => audit.record(store, { ...event, accountId: account.id, reference, ...source }),
      tell: (notice) =>
        notices.tell(store, {
          account,
          language,
          notice: { at: now, realm: realm.displayName, issuer: realm.issuer, ...source, ...notice },
        }),
    }
  }

  return {
    /** A page. Whoever has to show more first comes back to it. */
    page(path: PortalPath, place: Place, show: (visit: Visit) => Promise<Answer>): Route {
      return route(`GET ${path}`, {}, async (request) => {
        const visit = await open(request as unknown as Request, place, request.ctx.path) // only `id` is read of the params
        return 'instead' in visit ? visit.instead : show(visit)
      })
    },

    /**
     * A form of a page. `handle` runs only for a form of this very session (R130). Whoever has to show more first comes
     * back to `page`, where the form stands, and fills it in again.
     */
    form<const S extends z.ZodRawShape>(
      path: PortalPath,
      place: Place & { readonly page: PortalPath },
      shape: S,
      handle: (visit: Visit, form: z.output<z.ZodObject<S>>) => Promise<Answer>,
    ): Route {
      const schema = z.object({ ...shape, csrf: z.string().max(512) })
      return route(`POST ${path}`, { form: schema }, async (request) => {
        const { id } = request.params as { readonly id?: string }
        const visit = await open(request as unknown as Request, place, place.page.replace(':id', id ?? ''))
        if ('instead' in visit) return visit.instead
        requireOurForm(String((request.form as { csrf: unknown }).csrf), visit.session.csrf)
        return handle(visit, request.form as z.output<z.ZodObject<S>>) // parsed by the schema above, which extends S
      })
    },
  }
}

export type Visits = ReturnType<typeof createVisits>

/** Other people's things are nothing here: the answer does not tell them from what never was. */
export function requireFound<T>(found: T | undefined): T {
  if (found === undefined) throw new RequestProblem('not_found')
  return found
}

/** Of the portal, as it may stand in a mail: from the configuration, never from a request. */
export const portalAddress = ({ view }: Pick<Visit, 'view'>): string => `${view.realm.issuer}/portal`
