import { z } from 'zod'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { secondsUntil, tellPause } from '../http/telling.ts'
import { mayChange, mayEnroll, portalPath } from './demands.ts'
import type { PortalParts } from './ports.ts'
import { renderPermitPage } from './views/add-pages.ts'
import type { Visit, Visits } from './visit.ts'

const kind = 'PortalEnrollmentPermit'
const lastsMinutes = 30
const addPath = '/portal/add'

/**
 * Leave to bind a first factor, or to change those that the realm accepts no more, given for an access pass, to this session
 * alone and for half an hour. Without it a stolen password could bind the thief's phone, or remove the owner's.
 */
export function createPermits(parts: Pick<PortalParts, 'factors' | 'transaction' | 'clock' | 'isTrustedNetwork'>) {
  const idOf = ({ occasion }: Visit): string => occasion.attempt

  const has = async (visit: Visit): Promise<boolean> => {
    const found = await visit.store.artifacts.find(kind, idOf(visit))
    return found !== undefined && found.expiresAt > visit.now
  }

  const show = (
    visit: Visit,
    told: { next?: string; complaint?: string; notice?: string; status?: number; retryAfterSeconds?: number } = {},
  ): Answer => {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const view = { ...visit.view, ...texts, ...(status === 200 ? {} : { reference: visit.reference }) }
    return page(renderPermitPage(view), { status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) })
  }

  async function give(visit: Visit): Promise<void> {
    const { store, account, now } = visit
    await parts.transaction(async () => {
      const expiresAt = new Date(now.getTime() + lastsMinutes * 60_000)
      await store.artifacts.upsert({ kind, id: idOf(visit), payload: {}, expiresAt, keys: { accountId: account.id } })
      await visit.record({ event: 'access_pass.used', detail: {} })
      await visit.tell({ kind: 'access_pass_used' })
    })
  }

  const mayGoOn = async (visit: Visit, isAdding: boolean): Promise<boolean> => {
    const asked = { hasFactor: visit.hasFactor, evidence: visit.session.evidence, hasPermit: await has(visit) }
    if (!isAdding) return mayChange(asked)
    const isTrustedNetwork = parts.isTrustedNetwork(visit.settings, visit.source)
    return mayEnroll({ ...asked, isTrustedNetwork }) !== 'unproved'
  }

  async function receive(visit: Visit, pass: string, next: string): Promise<Answer> {
    const { language, realm } = visit.view
    const texts = messagesIn(language)
    if (pass.trim() === '') return show(visit, { next, complaint: texts.portalPermitMissing, status: 422 })
    const method = 'access-pass'
    const outcome = await parts.factors.verify(visit.occasion, { method, answer: pass })
    switch (outcome.outcome) {
      case 'proved':
        await give(visit)
        return redirect(`${visit.view.realm.path}${next}`)
      // No pass at all looks like a wrong one: there is nothing to learn from it.
      case 'expired':
      case 'wrong':
        await visit.record({ event: 'signin.failed', detail: { method } })
        return show(visit, { next, complaint: texts.portalPermitWrong, status: 422 })
      case 'throttled': {
        await visit.record({ event: 'signin.throttled', detail: { method, until: outcome.until } })
        const now = parts.clock()
        const notice = tellPause(language, 'portalPermitPaused', now, outcome.until)
        return show(visit, { next, notice, status: 429, retryAfterSeconds: secondsUntil(now, outcome.until) })
      }
      case 'disabled':
        await visit.record({ event: 'signin.throttled', detail: { method } })
        return show(visit, { next, notice: fill(texts.portalPermitLocked, { realm: realm.displayName }), status: 429 })
    }
  }

  return {
    has,
    show: (visit: Visit): Answer => show(visit),
    /** Runs `change` for who may change what is bound; everybody else is asked for a pass, and led on to the page of the method. */
    async beforeChange(visit: Visit, change: () => Promise<Answer>): Promise<Answer> {
      if (await mayGoOn(visit, false)) return change()
      const isForm = visit.ctx.method === 'POST'
      return show(visit, { next: `/portal/methods/${visit.id}`, ...(isForm && { status: 403 }) })
    },
    /** It was good for one factor. */
    use: (visit: Visit): Promise<void> => visit.store.artifacts.destroy(kind, idOf(visit)),
    form: (visits: Visits): Route =>
      visits.form(
        '/portal/add/permit',
        { section: 'methods', demand: 'fresh', page: '/portal/add' },
        { pass: z.string().max(500), next: z.string().max(200).optional() },
        async (visit, form) => {
          const next = form.next === undefined ? addPath : portalPath(form.next)
          // Whoever may go on already spends no pass. What `next` says decides no more than that.
          if (!(await mayGoOn(visit, next === addPath))) return receive(visit, form.pass, next)
          return redirect(`${visit.view.realm.path}${next}`)
        },
      ),
  }
}
