import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { isSatisfied } from '../policy/policy.ts'
import { passOverload } from './overload.ts'
import type { PortalParts } from './ports.ts'
import { type PasswordTold, renderPasswordChangePage, renderPasswordDonePage } from './views/password-page.ts'
import type { Visit, Visits } from './visit.ts'

/** The current password is asked for on the page itself, so a session need not be fresh; a factor must have been shown in it. */
const place = { section: 'home', demand: 'own-factor' } as const

/** A person changes the own password (R82-R86). */
export function createPasswordPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const { accounts, sessions, transaction, clock } = parts

  function show(visit: Visit, told: PasswordTold & { status?: number; retryAfterSeconds?: number } = {}): Answer {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const view = { ...visit.view, ...texts, ...(status === 200 ? {} : { reference: visit.reference }) }
    const options = { scripts: true, status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
    return page(renderPasswordChangePage(view), options)
  }

  /** `undefined`: it is right. Behind the same gate as every sign-in, so the portal is no second way to guess (R91). */
  async function refuseCurrent(visit: Visit, password: string, everywhere: boolean): Promise<Answer | undefined> {
    const { store, account, session, source } = visit
    const { language } = visit.view
    const method = 'password'
    // A session in which a factor was shown is a browser of the owner's: strangers' failures do not keep it from the page.
    const isKnown = isSatisfied('second-factor', session.evidence)
    const outcome = await accounts
      .signIn(store, {
        name: account.upn,
        password,
        ...(source === undefined ? {} : { source }),
        ...(isKnown ? { knownBrowser: { accountId: account.id, id: session.attempt } } : {}),
      })
      .catch(passOverload)
    if (outcome.outcome === 'proved' && outcome.account.id === account.id) return undefined
    const now = clock()
    if (outcome.outcome === 'throttled') {
      await visit.record({ event: 'signin.throttled', detail: { method, until: outcome.until } })
      const notice = tellPause(language, 'portalPasswordPaused', now, outcome.until)
      return show(visit, { notice, everywhere, status: 429, retryAfterSeconds: secondsUntil(now, outcome.until) })
    }
    await visit.record({ event: 'signin.failed', detail: { method } })
    const { until, attemptsLeft } = outcome.outcome === 'wrong' ? outcome : {}
    const next =
      until === undefined ? tellTriesLeft(language, attemptsLeft) : tellPause(language, 'portalPasswordPaused', now, until)
    const currentComplaint = sentences(messagesIn(language).portalCurrentWrong, next)
    return show(visit, { currentComplaint, everywhere, status: 422 })
  }

  /** Whatever was proved with the old one ends: sessions, this one too, and what apps hold (R43). */
  async function endEverything({ store, account }: Visit): Promise<void> {
    const at = clock()
    // First: what a request in flight still writes after us was proved before, and counts no more.
    await store.accounts.signOut(account.id, at)
    await store.refreshTokens.revokeByAccount(account.id, { at, because: 'password changed' })
    await store.artifacts.removeByAccount(account.id)
  }

  async function receive(visit: Visit, form: { current: string; next: string; everywhere: boolean }): Promise<Answer> {
    const texts = messagesIn(visit.view.language)
    const { current, next, everywhere } = form
    if (current === '') return show(visit, { currentComplaint: texts.portalCurrentMissing, everywhere, status: 422 })
    if (next === '') return show(visit, { nextComplaint: texts.portalNewMissing, everywhere, status: 422 })
    const refused = await refuseCurrent(visit, current, everywhere)
    if (refused !== undefined) return refused
    if (current === next) return show(visit, { nextComplaint: texts.portalNewSame, everywhere, status: 422 })
    const set = await transaction(async () => {
      const outcome = await accounts.setPassword(visit.store, visit.account.id, next)
      if (outcome !== 'set') return outcome
      await visit.record({ event: 'password.changed', detail: { everywhere } })
      await visit.tell({ kind: 'password_changed' })
      if (everywhere) await endEverything(visit)
      return outcome
    }).catch(passOverload)
    if (set !== 'set') {
      const why = { too_short: 'portalNewShort', too_long: 'portalNewLong', too_common: 'portalNewCommon' } as const
      return show(visit, { nextComplaint: texts[why[set.refused]], everywhere, status: 422 })
    }
    return everywhere
      ? redirect(sessions.signInAddress(visit.ctx, { returnTo: '/portal/password/changed' }))
      : redirect(visit.address('/password/changed'))
  }

  return [
    visits.page('/portal/password', place, async (visit) => show(visit)),
    visits.form(
      '/portal/password',
      { ...place, page: '/portal/password' },
      { current: z.string(), next: z.string(), everywhere: z.string().max(8).optional() },
      (visit, form) => receive(visit, { ...form, everywhere: form.everywhere !== undefined }),
    ),
    visits.page('/portal/password/changed', { section: 'home', demand: 'signed-in' }, async ({ view }) =>
      page(renderPasswordDonePage(view)),
    ),
  ]
}
