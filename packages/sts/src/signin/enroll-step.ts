import { type Enrollment, FactorError } from '@postern/mfa'
import { z } from 'zod'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import type { SigninParts } from './ports.ts'
import { renderBlockedPage } from './views/blocked-page.ts'
import { renderEnrollIntroPage, renderEnrollScanPage } from './views/enroll-pages.ts'
import { requireAccountId, requirePerson, type Step, type Visit, type Visits } from './visit.ts'

const method = 'totp'

/**
 * Leads an account without a factor through binding its first one: why and what one needs, then the code to scan, then
 * one code to prove it. What is shown once stays until it is proved or too old, so a reload shows the same key. It is
 * shown to the sign-in that began it and to no other, which has shown no more than a password that both may know.
 */
export function createEnrollStep(parts: Pick<SigninParts, 'interactions' | 'factors' | 'clock'>, visits: Visits): Step {
  const { interactions, factors, clock } = parts

  const pendingOf = async (visit: Visit) => factors.pendingEnrollment(requirePerson(visit).occasion, { method })

  const begin = async (visit: Visit) => {
    const begun = await factors.beginEnrollment(requirePerson(visit).occasion, {
      method,
      label: visit.view.realm.displayName,
      kind: 'first',
    })
    if ('refused' in begun) throw new TypeError('an authenticator app has nothing to be refused for')
    return begun
  }

  const showIntro = (visit: Visit): Answer =>
    page(renderEnrollIntroPage({ ...visit.view, action: visit.address('/enroll') }), { forms: 'anywhere' })

  function showScan(
    visit: Visit,
    enrollment: Enrollment,
    told: { complaint?: string; notice?: string; status?: number; retryAfterSeconds?: number } = {},
  ): Answer {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const { authenticatorId, presentation } = enrollment
    if (presentation.kind !== 'totp') throw new TypeError('this page shows authenticator apps')
    const { secretInGroups, uri } = presentation
    const refused = status === 200 ? {} : { reference: visit.reference }
    const view = {
      ...visit.view,
      ...refused,
      ...texts,
      action: visit.address('/enroll/confirm'),
      authenticatorId,
      secretInGroups,
      uri,
    }
    return page(renderEnrollScanPage(view), {
      forms: 'anywhere',
      status,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }

  async function confirm(visit: Visit, form: { authenticatorId: string; code: string }): Promise<Answer> {
    const accountId = requireAccountId(visit)
    const { language, realm } = visit.view
    const texts = messagesIn(language)
    const pending = await pendingOf(visit)
    // Another window or browser began anew, or half an hour went by: the code belongs to a key that is no more.
    if (pending === undefined || pending.authenticatorId !== form.authenticatorId) {
      return showScan(visit, pending ?? (await begin(visit)), { notice: texts.enrollExpired, status: 422 })
    }
    if (form.code.trim() === '') return showScan(visit, pending, { complaint: texts.codeMissing, status: 422 })

    const proof = { authenticatorId: pending.authenticatorId, answer: form.code, kind: 'first' } as const
    const result = await factors.confirmEnrollment(requirePerson(visit).occasion, proof)
    if (result.outcome === 'proved') {
      await visit.record({ event: 'factor.enrolled', accountId, detail: { method } })
      return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence: result.evidence }))
    }
    await visit.record({ event: 'factor.enrolment_failed', accountId, detail: { method } })
    switch (result.outcome) {
      case 'wrong': {
        const wrong = fill(texts.enrollWrongCode, { realm: realm.displayName })
        const next =
          result.until === undefined
            ? tellTriesLeft(language, result.attemptsLeft)
            : tellPause(language, 'factorPaused', clock(), result.until)
        return showScan(visit, pending, { complaint: sentences(wrong, next), status: 422 })
      }
      case 'throttled': {
        const now = clock()
        const notice = tellPause(language, 'factorPaused', now, result.until)
        return showScan(visit, pending, { notice, status: 429, retryAfterSeconds: secondsUntil(now, result.until) })
      }
      case 'disabled': {
        const because = { kind: 'factor-locked' } as const
        return page(renderBlockedPage({ ...visit.view, action: visit.address('/refuse'), reference: visit.reference, because }), {
          forms: 'anywhere',
          status: 403,
        })
      }
      case 'expired':
        return showScan(visit, await begin(visit), { notice: texts.enrollExpired, status: 422 })
    }
  }

  /** Somebody bound a factor meanwhile: what is due is decided anew. */
  const orLookAgain =
    (visit: Visit) =>
    (cause: unknown): Answer => {
      if (cause instanceof FactorError && cause.code === 'already_bound') return redirect(visit.address())
      throw cause
    }

  return {
    name: 'enroll',
    async show(visit) {
      const pending = await pendingOf(visit)
      return pending === undefined ? showIntro(visit) : showScan(visit, pending)
    },
    routes: [
      visits.form('/enroll', ['enroll'], {}, async (visit) => {
        if ((await pendingOf(visit)) !== undefined) return redirect(visit.address())
        return begin(visit).then(() => redirect(visit.address()), orLookAgain(visit))
      }),
      visits.form(
        '/enroll/confirm',
        ['enroll'],
        { authenticatorId: z.string().max(64), code: z.string().max(200) },
        (visit, form) => confirm(visit, form).catch(orLookAgain(visit)),
      ),
    ],
  }
}
