import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { RequestProblem } from '../http/problems.ts'
import { type Answer, page, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { browserName } from './browser-name.ts'
import { findBrowserOfName } from './known-browser.ts'
import { createPasskeySignin, type PasskeyTold } from './passkey-signin.ts'
import type { PasswordOutcome, SigninParts } from './ports.ts'
import { renderNamePage, renderPasswordPage } from './views/password-pages.ts'
import type { Step, Visit, Visits } from './visit.ts'

/**
 * Name, then password. An unknown name, a wrong password, an account that may not sign in: one answer, so that nobody
 * learns who has an account here (R87). The name is kept nowhere; it travels in the form.
 */
export function createPasswordStep(
  parts: Pick<SigninParts, 'interactions' | 'accounts' | 'rememberedBrowsers' | 'passkeys' | 'settingsOf' | 'clock'>,
  visits: Visits,
): Step {
  const { interactions, accounts, rememberedBrowsers, clock } = parts

  const showName = async (
    visit: Visit,
    told: { name?: string; complaint?: string } & Partial<PasskeyTold> = {},
  ): Promise<Answer> => {
    const passkey = await passkeys.offer(visit)
    const isRefused = told.complaint !== undefined || told.passkeyComplaint !== undefined
    const view = { ...visit.view, action: visit.address('/name'), ...(passkey && { passkey }), ...told }
    return page(renderNamePage({ ...view, ...(told.passkeyComplaint !== undefined && { reference: visit.reference }) }), {
      forms: 'anywhere',
      scripts: passkey !== undefined,
      status: isRefused ? 422 : 200,
    })
  }

  const passkeys = createPasskeySignin(parts, visits, showName)

  const showPassword = (
    visit: Visit,
    name: string,
    told: { complaint?: string; notice?: string; status?: number; retryAfterSeconds?: number } = {},
  ): Answer => {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const refused = status === 200 ? {} : { reference: visit.reference }
    const view = {
      ...visit.view,
      ...refused,
      action: visit.address('/password'),
      changeAddress: visit.address('?as=other'),
      name,
    }
    return page(renderPasswordPage({ ...view, ...texts }), {
      forms: 'anywhere',
      scripts: true,
      status,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }

  async function receivePassword(visit: Visit, form: { name: string; password: string }): Promise<Answer> {
    const name = form.name.trim()
    const { language } = visit.view
    const texts = messagesIn(language)
    if (name === '') return showName(visit, { complaint: texts.nameMissing })
    if (form.password === '') return showPassword(visit, name, { complaint: texts.passwordMissing, status: 422 })

    const { ctx, source } = visit
    const place = { ctx, realm: visit.view.realm, store: visit.store }
    const knownBrowser = await findBrowserOfName(place, name, rememberedBrowsers)
    const app = browserName(ctx.get('User-Agent'))
    const attempt = {
      name,
      password: form.password,
      ...(source === undefined ? {} : { source }),
      ...(app === undefined ? {} : { app }),
      ...(knownBrowser === undefined ? {} : { knownBrowser }),
    }
    const result = await accounts.signIn(visit.store, attempt).catch(passOverload)
    if (result.outcome === 'proved') {
      const accountId = result.account.id
      await visit.record({ event: 'signin.proved', accountId, detail: { method: 'password' } })
      // That the browser is known is a signal for policies, and never a second thing (R129).
      const amr = knownBrowser?.accountId === accountId ? ['pwd', 'rba'] : ['pwd']
      const { account } = result
      return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence: { amr, at: clock() }, account }))
    }
    await visit.record({
      event: result.outcome === 'wrong' ? 'signin.failed' : 'signin.throttled',
      detail: { method: 'password' },
      accountId: result.accountId,
    })
    return showPassword(visit, name, tellRefusal(visit, result, clock()))
  }

  return {
    name: 'password',
    async show(visit, { otherAccount }) {
      const hint = visit.interaction.loginHint?.trim()
      if (hint === undefined || hint === '' || hint.length > 320) return showName(visit)
      return otherAccount ? showName(visit, { name: hint }) : showPassword(visit, hint)
    },
    routes: [
      visits.form('/name', ['password'], { name: z.string().max(2000) }, async (visit, form) => {
        const name = form.name.trim()
        const complaint = messagesIn(visit.view.language).nameMissing
        return name === '' || name.length > 320 ? showName(visit, { name, complaint }) : showPassword(visit, name)
      }),
      visits.form('/password', ['password'], { name: z.string().max(2000), password: z.string() }, receivePassword),
      ...passkeys.routes,
    ],
  }
}

function tellRefusal(visit: Visit, result: Exclude<PasswordOutcome, { outcome: 'proved' }>, now: Date) {
  const { language } = visit.view
  const pause = (until: Date) => tellPause(language, 'signInPaused', now, until)
  if (result.outcome === 'throttled') {
    return { notice: pause(result.until), status: 429, retryAfterSeconds: secondsUntil(now, result.until) }
  }
  const next = result.until === undefined ? tellTriesLeft(language, result.attemptsLeft) : pause(result.until)
  return { complaint: sentences(messagesIn(language).wrongPassword, next), status: 422 }
}

/** The hashing queue is full: the person is asked to try again, and the password was not looked at. */
function passOverload(cause: unknown): never {
  const seconds = cause instanceof Error && 'retryAfterSeconds' in cause ? cause.retryAfterSeconds : undefined
  if (typeof seconds === 'number') throw new RequestProblem('busy', { retryAfterSeconds: seconds, cause })
  throw cause
}
