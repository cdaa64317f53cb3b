import { type Enrollment, type EnrollmentInput, FactorError, type Outcome, type Prompt } from '@postern/mfa'
import { z } from 'zod'
import { fill } from '../http/html.ts'
import { inWords, messagesIn } from '../http/language.ts'
import type { TextKey } from '../http/messages/catalogue.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { isUnfinished } from '../http/unfinished-code.ts'
import { answerLimit } from '../http/webauthn-controls.ts'
import { mayEnroll } from './demands.ts'
import { createPermits } from './permits.ts'
import type { PortalParts } from './ports.ts'
import { createCodesMaking } from './recovery-codes.ts'
import { onward, withReplaced } from './replacement.ts'
import {
  type Addable,
  addable,
  choicePath,
  type MessageState,
  renderAppPage,
  renderChoicePage,
  renderMessagePage,
  renderPasskeyPage,
  renderPhonePage,
  type Told,
} from './views/add-pages.ts'
import { requireFound, type Visit, type Visits } from './visit.ts'

const place = { section: 'methods', demand: 'fresh' } as const
const names = { webauthn: 'portalMethodWebauthn', totp: 'portalMethodTotp', sms: 'portalMethodSms' } as const satisfies Record<
  Addable,
  TextKey
>

/**
 * Binds one more factor, or the first one: which kind, then what it needs, then one answer that proves it. What was begun
 * belongs to this session and stays until it is proved or too old, so a page that is loaded twice shows the same.
 */
export function createEnrollmentPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const { factors, recoveryCodes, transaction, phoneChannels = ['sms'] } = parts
  const permits = createPermits(parts)
  const makeCodes = createCodesMaking(parts)

  const decide = async (visit: Visit) =>
    mayEnroll({
      hasFactor: visit.hasFactor,
      evidence: visit.session.evidence,
      isTrustedNetwork: parts.isTrustedNetwork(visit.settings, visit.source),
      hasPermit: await permits.has(visit),
    })

  const isOffered = ({ isOff }: Visit, method: Addable): boolean => !isOff(method)

  /** `Passkey`, and `Passkey 2` beside another one. */
  const labelFor = ({ view, factors: bound }: Visit, method: Addable): string => {
    const name = messagesIn(view.language)[names[method]]
    const taken = new Set(bound.map(({ label }) => label))
    if (!taken.has(name)) return name
    for (let number = 2; ; number += 1) if (!taken.has(`${name} ${number}`)) return `${name} ${number}`
  }

  const toChoice = ({ view, address }: Visit): string => address(choicePath(view))

  /**
   * A telephone that an administrator put there may be confirmed by whoever has the password: the code goes to that telephone.
   * Their wrong codes are counted apart from those of who was permitted.
   */
  async function permissionFor(visit: Visit, input: EnrollmentInput) {
    const decided = await decide(visit)
    if (decided !== 'unproved') return { kind: decided, isPermitted: true }
    return input.proposedId !== undefined && !visit.hasFactor ? ({ kind: 'first', isPermitted: false } as const) : undefined
  }

  async function begin(visit: Visit, method: Addable, input: EnrollmentInput = {}): Promise<Answer> {
    const permission = await permissionFor(visit, input)
    if (permission === undefined || !isOffered(visit, method)) return redirect(toChoice(visit))
    const wanted = { method, label: labelFor(visit, method), ...permission, ...input }
    const begun = await factors.beginEnrollment(visit.occasion, wanted)
    if (!('refused' in begun)) return redirect(onward(visit, `/add/${method}`))
    const texts = messagesIn(visit.view.language)
    const complaint = begun.refused === 'phone_invalid' ? texts.portalPhoneInvalid : texts.portalPhoneRefused
    return showPhone(visit, { complaint }, input.phone)
  }

  const showPhone = ({ view, reference }: Visit, told: Told = {}, typed?: string): Answer =>
    told.complaint === undefined
      ? page(renderPhonePage(view, phoneChannels))
      : page(renderPhonePage({ ...view, reference, ...told, ...(typed === undefined ? {} : { typed }) }, phoneChannels), {
          status: 422,
        })

  /** What an unfinished enrolment is shown as. */
  function showPending(visit: Visit, pending: Enrollment, told: Told & Refusal = {}): Answer {
    const { status = 200, retryAfterSeconds, ...texts } = told
    const view = { ...visit.view, ...texts, ...(status === 200 ? {} : { reference: visit.reference }) }
    const { authenticatorId, presentation } = pending
    const options = { status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
    switch (presentation.kind) {
      case 'totp': {
        const { secretInGroups, uri } = presentation
        return page(renderAppPage(view, { authenticatorId, secretInGroups, uri }), options)
      }
      case 'message':
        return page(renderMessagePage(view, { authenticatorId, state: messageState(visit, presentation.prompt) }), options)
      case 'webauthn':
        return page(renderPasskeyPage(view, { authenticatorId, options: presentation.options }), { ...options, scripts: true })
    }
  }

  /** What belongs to a factor that was just bound, in the caller's transaction; and where to go from there. */
  async function finish(visit: Visit, pending: Enrollment): Promise<Answer> {
    const { store, account } = visit
    const { method, authenticatorId } = pending
    const bound = (await factors.methodsOf(store, account.id)).find(({ id }) => id === authenticatorId)
    // An administrator who asked for a factor gets what they asked for: from now on it is demanded.
    await store.enforcement.enforce(account.id, visit.now)
    await visit.record({ event: 'factor.enrolled', detail: { method, authenticatorId } })
    const masked = bound?.detail.masked
    const label = typeof masked === 'string' ? masked : bound?.label
    await visit.tell({ kind: 'factor_added', method, ...(label === undefined ? {} : { label }) })
    await permits.use(visit)
    const { replaces } = visit.view
    const next = replaces === undefined ? '/methods' : `/methods/${replaces.id}/remove?by=${authenticatorId}`
    // What one does when it is lost belongs to setting it up.
    if (!visit.isOff('recovery-code') && (await recoveryCodes.left(store, account.id)) === undefined)
      return makeCodes(visit, next)
    return redirect(visit.address(next))
  }

  async function confirm(visit: Visit, method: Addable, form: { authenticatorId: string; answer: string }): Promise<Answer> {
    const texts = messagesIn(visit.view.language)
    const pending = await factors.pendingEnrollment(visit.occasion, { method })
    // Another window began anew, or half an hour went by: the answer belongs to something that is no more.
    if (pending === undefined || pending.authenticatorId !== form.authenticatorId) return startOver(visit)
    if (isUnfinished(method, form.answer))
      return showPending(visit, pending, { complaint: method === 'sms' ? texts.smsMissing : texts.codeMissing, status: 422 })
    const { authenticatorId } = pending
    const kind = visit.hasFactor ? 'further' : 'first'
    const confirmAndKeep = async () => {
      const shown = await factors.confirmEnrollment(visit.occasion, { authenticatorId, answer: form.answer, kind })
      return shown.outcome === 'proved'
        ? { answer: await finish(visit, pending), outcome: undefined }
        : { answer: undefined, outcome: shown }
    }
    // A factor is bound with its row, its letter and the recovery codes, or not at all.
    const confirmed = await transaction<Awaited<ReturnType<typeof confirmAndKeep>>>(confirmAndKeep).catch(passBound)
    if (confirmed === 'already_bound') {
      await factors.abandonEnrollment(visit.occasion, { method })
      const notice = texts.portalPasskeyTaken
      return page(renderChoicePage({ ...visit.view, reference: visit.reference, notice }, offered(visit)), { status: 409 })
    }
    const { answer, outcome } = confirmed
    if (answer !== undefined) return answer
    const reason = outcome.outcome === 'wrong' ? outcome.because : outcome.outcome
    await visit.record({ event: 'factor.enrolment_failed', detail: { method, reason } })
    if (outcome.outcome === 'expired' && method !== 'webauthn') return startOver(visit)
    // Of a passkey the challenge is used up now: the page is made with a new one.
    const again = (await factors.pendingEnrollment(visit.occasion, { method })) ?? pending
    return showPending(visit, again, tellRefusal(visit, method, outcome, parts.clock()))
  }

  const offered = (visit: Visit): readonly Addable[] => addable.filter((method) => isOffered(visit, method))

  const showChoice = async (visit: Visit): Promise<Answer> =>
    (await decide(visit)) === 'unproved' ? permits.show(visit) : page(renderChoicePage(visit.view, offered(visit)))

  const startOver = (visit: Visit): Answer => {
    const notice = messagesIn(visit.view.language).portalCodeOver
    return page(renderChoicePage({ ...visit.view, reference: visit.reference, notice }, offered(visit)), { status: 422 })
  }

  /** What every form here may carry. */
  const carried = { replaces: z.string().max(64).optional() }

  const rowsOf = (method: Addable): readonly Route[] => {
    const here = `/portal/add/${method}` as const
    const row = { ...place, page: here }
    const shape = {
      ...carried,
      authenticatorId: z.string().max(64),
      answer: z.string().max(method === 'webauthn' ? answerLimit : 200),
    }
    return [
      visits.page(here, place, async (bare) => {
        const visit = withReplaced(bare, bare.ctx.query.replaces)
        const pending = await factors.pendingEnrollment(visit.occasion, { method })
        if (pending !== undefined) return showPending(visit, pending)
        if (method !== 'sms' || !isOffered(visit, method)) return redirect(toChoice(visit))
        return (await decide(visit)) === 'unproved' ? permits.show(visit) : showPhone(visit)
      }),
      visits.form(`${here}/confirm`, row, shape, (visit, form) => confirm(withReplaced(visit, form.replaces), method, form)),
      visits.form(`${here}/cancel`, row, carried, async (bare, { replaces }) => {
        const visit = withReplaced(bare, replaces)
        await factors.abandonEnrollment(visit.occasion, { method })
        return redirect(method === 'sms' ? onward(visit, '/add/sms') : toChoice(visit))
      }),
    ]
  }

  return [
    visits.page('/portal/add', place, showChoice),
    visits.page('/portal/methods/:id/replace', place, async (bare) => {
      const visit = withReplaced(bare, bare.id)
      requireFound(visit.view.replaces)
      return showChoice(visit)
    }),
    visits.form(
      '/portal/add',
      { ...place, page: '/portal/add' },
      { ...carried, method: z.enum(addable) },
      async (bare, { method, replaces }) => {
        const visit = withReplaced(bare, replaces)
        // A telephone needs its number first.
        return method === 'sms' ? redirect(onward(visit, '/add/sms')) : begin(visit, method)
      },
    ),
    visits.form(
      '/portal/add/sms',
      { ...place, page: '/portal/add/sms' },
      {
        ...carried,
        phone: z.string().max(200).optional(),
        channel: z.enum(['sms', 'voice']).default('sms'),
        proposedId: z.string().max(64).optional(),
      },
      async (bare, { phone = '', channel, proposedId, replaces }) => {
        const visit = withReplaced(bare, replaces)
        if (proposedId !== undefined) return begin(visit, 'sms', { proposedId })
        if (phone.trim() === '') return showPhone(visit, { complaint: messagesIn(visit.view.language).portalPhoneMissing }, phone)
        return begin(visit, 'sms', { phone, channel: phoneChannels.includes(channel) ? channel : 'sms' })
      },
    ),
    visits.form('/portal/add/sms/resend', { ...place, page: '/portal/add/sms' }, carried, async (bare, { replaces }) => {
      const visit = withReplaced(bare, replaces)
      await factors.promptEnrollment(visit.occasion, { method: 'sms' })
      return redirect(onward(visit, '/add/sms'))
    }),
    ...addable.flatMap(rowsOf),
    permits.form(visits),
  ]
}

interface Refusal {
  readonly status?: number
  readonly retryAfterSeconds?: number
}

/** Somebody else was first, or another account has this passkey. */
function passBound(cause: unknown): 'already_bound' {
  if (cause instanceof FactorError && cause.code === 'already_bound') return 'already_bound'
  throw cause
}

function tellRefusal(visit: Visit, method: Addable, outcome: Exclude<Outcome, { outcome: 'proved' }>, now: Date): Told & Refusal {
  const { language, realm } = visit.view
  const texts = messagesIn(language)
  if (outcome.outcome === 'throttled') {
    const notice = tellPause(language, 'factorPaused', now, outcome.until)
    return { notice, status: 429, retryAfterSeconds: secondsUntil(now, outcome.until) }
  }
  if (method === 'webauthn') return { complaint: texts.portalPasskeyWrong, status: 422 }
  const wrong = method === 'totp' ? fill(texts.enrollWrongCode, { realm: realm.displayName }) : texts.portalCodeWrong
  if (outcome.outcome !== 'wrong') return { complaint: wrong, status: 422 }
  const next =
    outcome.until === undefined
      ? tellTriesLeft(language, outcome.attemptsLeft)
      : tellPause(language, 'factorPaused', now, outcome.until)
  return { complaint: sentences(wrong, next), status: 422 }
}

function messageState({ view, now }: Visit, prompt: Prompt): MessageState {
  const inTime = (until: Date | undefined) =>
    until === undefined || until <= now ? undefined : inWords(view.language, now, until)
  switch (prompt.kind) {
    case 'sent':
      return { kind: 'sent', to: prompt.to, channel: prompt.channel, resendIn: inTime(prompt.resendAt) }
    case 'undeliverable':
      return { kind: 'undeliverable', to: prompt.to }
    case 'limited':
      return { kind: 'limited', when: inTime(prompt.until) }
    default:
      throw new TypeError(`a message is not shown as ${prompt.kind}`)
  }
}
