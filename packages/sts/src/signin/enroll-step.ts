import { type Enrollment, type EnrollmentOutcome, FactorError } from '@postern/mfa'
import type { Authenticator } from '@postern/storage'
import { z } from 'zod'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import { type Answer, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { isUnfinished } from '../http/unfinished-code.ts'
import { answerLimit } from '../http/webauthn-controls.ts'
import { decideEnrollment } from '../policy/enrollment.ts'
import type { AttemptNotes } from './attempt-notes.ts'
import { createEnrollPostponement } from './enroll-postponement.ts'
import { createEnrollmentEnd } from './enrollment-end.ts'
import { createEnrollmentScreens, type Desk, type Kind, kinds, pages, type Told } from './enrollment-screens.ts'
import type { SigninParts } from './ports.ts'
import type { ProposedPhone } from './views/enroll-pages.ts'
import { requirePerson, type Step, type Visit, type Visits } from './visit.ts'

/**
 * Leads through binding a factor: may this person, which kind, prove it, save the recovery codes. What was begun stays until
 * it is proved or too old, so a reload shows the same key. It is shown to the sign-in that began it and to no other.
 */
export function createEnrollStep(parts: SigninParts, notes: AttemptNotes, visits: Visits): Step {
  const { factors, clock, phoneChannels: channels = ['sms'] } = parts
  const postponement = createEnrollPostponement(parts)
  const end = createEnrollmentEnd(parts, notes)
  const { showPermit, showKinds, showPhone, showProposed, showPending } = createEnrollmentScreens(parts)

  const notedOf = (visit: Visit) => ({ store: visit.store, accountId: requirePerson(visit).account.id, attempt: visit.uid })

  async function lay(visit: Visit): Promise<Desk> {
    const person = requirePerson(visit)
    const { settings, account, bound } = person
    const isOff = (method: string) => settings.disabledMethods?.includes(method) === true
    const isStrong = visit.interaction.missing.includes('phishing-resistant')
    const methods: readonly Kind[] = isStrong ? ['webauthn'] : kinds
    const hasPhones = channels.length > 0 && methods.includes('sms') && !isOff('sms')
    const proposed = hasPhones ? proposedIn(await visit.store.authenticators.list(account.id)) : undefined
    const permission = decideEnrollment({
      hasFactor: bound.length > 0,
      // Otherwise this step would not be due: the factor would be asked for first.
      wasFactorShown: bound.length > 0,
      isTrustedNetwork: parts.isTrustedNetwork(settings, visit.source),
      hasPermit: await notes.hasPermit(notedOf(visit)),
      hasProposal: proposed !== undefined,
    })
    return {
      visit,
      person,
      permission,
      methods: methods.filter((kind) => !isOff(kind) && (kind !== 'sms' || hasPhones)),
      proposed,
      later: await postponement.find(visit, person),
    }
  }

  /** Which label it gets; its owner may give it another. */
  function labelOf({ visit, person }: Desk, method: Kind): string {
    const texts = messagesIn(visit.view.language)
    const number = person.bound.filter((one) => one.method === method).length + 1
    if (method === 'webauthn') return number === 1 ? texts.webauthnLabel : fill(texts.webauthnLabelNext, { number })
    const name = method === 'totp' ? texts.wayTotp : texts.phoneName
    return number === 1 ? name : `${name} ${number}`
  }

  interface Wanted {
    readonly method: Kind
    readonly phone?: string | undefined
    readonly channel?: 'sms' | 'voice' | undefined
    readonly proposed?: 'yes' | undefined
  }

  async function begin(visit: Visit, wanted: Wanted): Promise<Answer> {
    const desk = await lay(visit)
    const { permission, proposed, person } = desk
    const { method } = wanted
    const isProposal = method === 'sms' && wanted.proposed === 'yes' && proposed !== undefined
    // Nobody gets a message, and no key is shown, before this (R98): whatever the form says.
    if (permission.may === 'nothing' || (permission.may === 'proposed' && !isProposal)) return showPermit(desk)
    if (!isProposal && !desk.methods.includes(method)) return redirect(visit.address())
    if ((await factors.pendingEnrollment(person.occasion, { method })) !== undefined) return redirect(visit.address())
    const texts = messagesIn(visit.view.language)
    const phone = wanted.phone?.trim() ?? ''
    if (method === 'sms' && !isProposal && phone === '') return showPhone(desk, { complaint: texts.phoneMissing, status: 422 })

    const channel = channels.find((one) => one === wanted.channel) ?? channels[0] ?? 'sms'
    const input = isProposal ? { proposedId: proposed.id } : method === 'sms' ? { phone, channel } : {}
    const begun = await factors.beginEnrollment(person.occasion, {
      method,
      label: labelOf(desk, method),
      kind: permission.kind,
      isPermitted: permission.may === 'anything',
      ...input,
    })
    if (!('refused' in begun)) return redirect(visit.address())
    const complaint = begun.refused === 'phone_invalid' ? texts.phoneInvalid : texts.phoneNotAllowed
    return showPhone(desk, { complaint, status: 422 }, phone)
  }

  async function confirm(visit: Visit, form: { authenticatorId: string; code: string; answer: string }): Promise<Answer> {
    const desk = await lay(visit)
    const { permission, person } = desk
    const { occasion, account } = person
    const pending = await factors.pendingEnrollment(occasion)
    if (permission.may === 'nothing') return showPermit(desk)
    // Another window or browser began anew, or half an hour went by: the answer belongs to something that is no more.
    if (pending === undefined || pending.authenticatorId !== form.authenticatorId)
      return pending === undefined ? beginAnew(desk) : showPending(desk, pending, over(desk, pending.method))
    const typed = pending.method === 'webauthn' ? form.answer : form.code
    if (isUnfinished(pending.method, typed)) {
      const { codeMissing, smsMissing } = messagesIn(visit.view.language)
      return showPending(desk, pending, { complaint: pending.method === 'sms' ? smsMissing : codeMissing, status: 422 })
    }

    const { authenticatorId, method } = pending
    const confirmAndKeep = async () => {
      const shown = await factors.confirmEnrollment(occasion, { authenticatorId, answer: typed, kind: permission.kind })
      return shown.outcome === 'proved'
        ? { answer: await end.bound(visit, { method, authenticatorId, evidence: shown.evidence }), result: undefined }
        : { answer: undefined, result: shown }
    }
    // A factor is bound with its row, its letter and the recovery codes, or not at all.
    const confirmed = await parts
      .transaction<Awaited<ReturnType<typeof confirmAndKeep>>>(confirmAndKeep)
      .catch(takenBy(desk, method))
    if (confirmed === 'taken') {
      const anew = await factors.pendingEnrollment(occasion, { method })
      const complaint = messagesIn(visit.view.language).webauthnCreateTaken
      return anew === undefined ? redirect(visit.address()) : showPending(desk, anew, { complaint, status: 422 })
    }
    const { answer, result } = confirmed
    if (answer !== undefined) return answer
    const reason = result.outcome === 'wrong' ? result.because : result.outcome
    await visit.record({ event: 'factor.enrolment_failed', accountId: account.id, detail: { method, reason } })
    return refuse(desk, pending, result)
  }

  async function refuse(
    desk: Desk,
    pending: Enrollment,
    result: Exclude<EnrollmentOutcome, { outcome: 'proved' }>,
  ): Promise<Answer> {
    const { visit, person } = desk
    const { language, realm } = visit.view
    const { method } = pending
    // A challenge is good for one answer: the page needs another one.
    const shown = (method === 'webauthn' ? await factors.pendingEnrollment(person.occasion, { method }) : pending) ?? pending
    switch (result.outcome) {
      case 'wrong': {
        const texts = messagesIn(language)
        const wrong = {
          totp: fill(texts.enrollWrongCode, { realm: realm.displayName }),
          sms: texts.phoneWrongCode,
          webauthn: texts.webauthnCreateWrong,
        }[method as Kind] // only these can be begun here
        const next =
          result.until === undefined
            ? tellTriesLeft(language, result.attemptsLeft)
            : tellPause(language, 'factorPaused', clock(), result.until)
        const isPaused = result.until !== undefined
        return showPending(desk, shown, { complaint: sentences(wrong, next), isPaused, status: 422 })
      }
      case 'throttled': {
        const now = clock()
        const notice = tellPause(language, 'factorPaused', now, result.until)
        const retryAfterSeconds = secondsUntil(now, result.until)
        return showPending(desk, shown, { notice, isPaused: true, status: 429, retryAfterSeconds })
      }
      case 'expired':
        return beginAnew(desk)
    }
  }

  const over = ({ visit }: Desk, method: string): Told => ({
    ...(method === 'totp' && { notice: messagesIn(visit.view.language).enrollExpired }),
    status: 422,
  })

  /** An app that was to be bound gets a new key; whoever was about to prove something else chooses again. */
  async function beginAnew(desk: Desk): Promise<Answer> {
    const { visit, person, permission, methods } = desk
    if (permission.may !== 'anything' || !methods.includes('totp')) return redirect(visit.address())
    const label = labelOf(desk, 'totp')
    const begun = await factors.beginEnrollment(person.occasion, { method: 'totp', label, kind: permission.kind })
    return 'refused' in begun ? redirect(visit.address()) : showPending(desk, begun, over(desk, 'totp'))
  }

  /** The access pass that lets somebody begin. It is used up by that, and proves nothing else. */
  async function permit(visit: Visit, { code }: { code: string }): Promise<Answer> {
    const desk = await lay(visit)
    const { person } = desk
    const { language } = visit.view
    const texts = messagesIn(language)
    if (desk.permission.may === 'anything') return redirect(visit.address())
    if (code.trim() === '') return showPermit(desk, { complaint: texts.passMissing, status: 422 })
    const accountId = person.account.id
    const result = await factors.verify(person.occasion, { method: 'access-pass', answer: code })
    switch (result.outcome) {
      case 'proved':
        await notes.permit(notedOf(visit))
        await end.passUsed(visit, person)
        // What a password alone began is counted with what strangers get wrong; the owner begins anew, apart from them.
        await factors.abandonEnrollment(person.occasion, { method: 'sms' })
        return redirect(visit.address())
      case 'throttled': {
        await visit.record({ event: 'signin.throttled', accountId, detail: { method: 'access-pass' } })
        const now = clock()
        const notice = tellPause(language, 'factorPaused', now, result.until)
        return showPermit(desk, { notice, status: 429, retryAfterSeconds: secondsUntil(now, result.until) })
      }
      default: {
        await visit.record({ event: 'signin.failed', accountId, detail: { method: 'access-pass' } })
        return showPermit(desk, { complaint: texts.passWrong, status: 422 })
      }
    }
  }

  /** Whose credential it is already, or whether somebody bound a factor meanwhile, in which case all is decided anew. */
  const takenBy =
    ({ permission }: Desk, method: string) =>
    (cause: unknown): 'taken' => {
      const isTaken = cause instanceof FactorError && cause.code === 'already_bound' && method === 'webauthn'
      if (isTaken && permission.may === 'anything') return 'taken'
      throw cause
    }

  const orLookAgain =
    (visit: Visit) =>
    (cause: unknown): Answer => {
      if (cause instanceof FactorError) return redirect(visit.address())
      throw cause
    }

  return {
    name: 'enroll',
    async show(visit, { way }) {
      const bound = await notes.findBound(notedOf(visit))
      if (bound !== undefined) return end.showGone(visit, bound.method)
      const desk = await lay(visit)
      const { permission, proposed, person, methods } = desk
      if (permission.may === 'nothing') return showPermit(desk)
      const pending = await factors.pendingEnrollment(person.occasion)
      if (pending !== undefined) return showPending(desk, pending)
      if (permission.may === 'proposed') {
        return way === pages.pass || proposed === undefined ? showPermit(desk) : showProposed(desk, proposed)
      }
      if (way === pages.phone && methods.includes('sms')) return showPhone(desk)
      return way === pages.proposed && proposed !== undefined ? showProposed(desk, proposed) : showKinds(desk)
    },
    routes: [
      visits.form(
        '/enroll',
        ['enroll'],
        {
          method: z.enum(kinds).default('totp'),
          phone: z.string().max(200).optional(),
          channel: z.enum(['sms', 'voice']).optional(),
          proposed: z.literal('yes').optional(),
        },
        (visit, form) => begin(visit, form).catch(orLookAgain(visit)),
      ),
      visits.form(
        '/enroll/confirm',
        ['enroll'],
        {
          authenticatorId: z.string().max(64),
          code: z.string().max(200).default(''),
          answer: z.string().max(answerLimit).default(''),
        },
        (visit, form) => confirm(visit, form).catch(orLookAgain(visit)),
      ),
      visits.form('/enroll/send', ['enroll'], {}, async (visit) => {
        const desk = await lay(visit)
        if (desk.permission.may === 'nothing') return showPermit(desk)
        const { occasion } = desk.person
        const before = await factors.pendingEnrollment(occasion, { method: 'sms' })
        if (before?.presentation.kind !== 'message') return redirect(visit.address())
        const prompt = await factors.promptEnrollment(occasion, { method: 'sms' })
        if (prompt === undefined) return redirect(visit.address())
        const { prompt: earlier } = before.presentation
        const isNew = prompt.kind === 'sent' && (earlier.kind !== 'sent' || prompt.resendAt > earlier.resendAt)
        const told = isNew ? { news: messagesIn(visit.view.language).smsSentAgain } : {}
        return showPending(desk, { ...before, presentation: { kind: 'message', prompt } }, told)
      }),
      visits.form('/enroll/other', ['enroll'], {}, async (visit) => {
        const { occasion } = requirePerson(visit)
        const pending = await factors.pendingEnrollment(occasion)
        if (pending !== undefined) await factors.abandonEnrollment(occasion, { method: pending.method })
        return redirect(visit.address())
      }),
      visits.form('/enroll/permit', ['enroll'], { code: z.string().max(200) }, permit),
      visits.form('/enroll/later', ['enroll'], {}, (visit) => postponement.postpone(visit, requirePerson(visit))),
      visits.form('/enroll/codes', ['enroll'], {}, (visit) => end.showCodes(visit)),
      visits.form('/enroll/finish', ['enroll'], {}, (visit) => end.finish(visit)),
    ],
  }
}

/** The number that an administrator put there, newest first. */
function proposedIn(authenticators: readonly Authenticator[]): (ProposedPhone & { id: string }) | undefined {
  const found = authenticators.findLast(({ method, state }) => method === 'sms' && state === 'proposed')
  if (found === undefined) return undefined
  const { id, detail } = found
  return { id, to: typeof detail.masked === 'string' ? detail.masked : '', channel: detail.channel === 'voice' ? 'voice' : 'sms' }
}
