import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import type { SigninParts } from './ports.ts'
import { renderBlockedPage } from './views/blocked-page.ts'
import { renderFactorPage } from './views/factor-page.ts'
import { accountNameOf, requireAccountId, requirePerson, type Step, type Visit, type Visits } from './visit.ts'

/** A code of a bound factor. How often one may try is the gate's business, not this step's. */
export function createFactorStep(parts: Pick<SigninParts, 'interactions' | 'factors' | 'clock'>, visits: Visits): Step {
  const { interactions, factors, clock } = parts

  async function show(
    visit: Visit,
    told: { complaint?: string; notice?: string; status?: number; retryAfterSeconds?: number } = {},
  ): Promise<Answer> {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const refused = status === 200 ? {} : { reference: visit.reference }
    const view = {
      ...visit.view,
      ...refused,
      ...texts,
      action: visit.address('/factor'),
      accountName: await accountNameOf(visit),
    }
    return page(renderFactorPage(view), {
      forms: 'anywhere',
      status,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }

  async function showLocked(visit: Visit): Promise<Answer> {
    const view = {
      ...visit.view,
      action: visit.address('/refuse'),
      reference: visit.reference,
      because: { kind: 'factor-locked' } as const,
    }
    return page(renderBlockedPage(view), { forms: 'anywhere', status: 403 })
  }

  async function receive(visit: Visit, form: { method: string; code: string }): Promise<Answer> {
    const accountId = requireAccountId(visit)
    const { language } = visit.view
    const texts = messagesIn(language)
    const { method } = form
    if (form.code.trim() === '') return show(visit, { complaint: texts.codeMissing, status: 422 })

    const result = await factors.verify(requirePerson(visit).occasion, { method, answer: form.code })
    switch (result.outcome) {
      case 'proved': {
        await visit.record({ event: 'signin.proved', accountId, detail: { method } })
        return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence: result.evidence }))
      }
      case 'wrong': {
        await visit.record({ event: 'signin.failed', accountId, detail: { method } })
        const next =
          result.until === undefined
            ? tellTriesLeft(language, result.attemptsLeft)
            : tellPause(language, 'factorPaused', clock(), result.until)
        return show(visit, { complaint: sentences(texts.wrongCode, texts.wrongCodeHint, next), status: 422 })
      }
      case 'throttled': {
        await visit.record({ event: 'signin.throttled', accountId, detail: { method } })
        const now = clock()
        const notice = tellPause(language, 'factorPaused', now, result.until)
        return show(visit, { notice, status: 429, retryAfterSeconds: secondsUntil(now, result.until) })
      }
      case 'disabled': {
        await visit.record({ event: 'signin.blocked', accountId, detail: { reason: `${method} is disabled` } })
        return showLocked(visit)
      }
      // The factor went away between page and form: look again at what is due.
      case 'expired':
        return redirect(visit.address())
    }
  }

  return {
    name: 'factor',
    async show(visit) {
      return requirePerson(visit).bound.some((factor) => factor.state === 'active') ? show(visit) : showLocked(visit)
    },
    routes: [
      visits.form('/factor', ['factor'], { method: z.enum(['totp']).default('totp'), code: z.string().max(200) }, receive),
    ],
  }
}
