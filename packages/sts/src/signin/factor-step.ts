import type { Evidence, Prompt } from '@postern/mfa'
import { z } from 'zod'
import { fill } from '../http/html.ts'
import { inWords, messagesIn } from '../http/language.ts'
import type { RealmView } from '../http/realm-view.ts'
import { type Answer, page, redirect } from '../http/route.ts'
import { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { isUnfinished } from '../http/unfinished-code.ts'
import { answerLimit } from '../http/webauthn-controls.ts'
import type { AttemptNotes } from './attempt-notes.ts'
import { createFactorTrail } from './factor-trail.ts'
import { keepBrowserCookie, keptBrowserCookie } from './known-browser.ts'
import type { SigninParts } from './ports.ts'
import { renderApprovalOverPage, renderApprovalPage } from './views/approval-page.ts'
import { renderBlockedPage } from './views/blocked-page.ts'
import { type CodeMethod, type FactorPage, renderFactorPage, renderKeyPage, type Sent } from './views/factor-page.ts'
import { renderWaysPage } from './views/ways-page.ts'
import { type Person, requirePerson, type Step, type Visit, type Visits } from './visit.ts'
import { type Choice, choicesOf, chooseWay, othersThan } from './ways.ts'

/** A page that waits for an answer elsewhere looks again after so long. */
const lookAgainSeconds = 3
/** In the address: the list of all ways instead of one of them. */
const anyWay = 'other'

const codeMethods = ['totp', 'sms', 'recovery-code', 'access-pass'] as const satisfies readonly CodeMethod[]
const methods = [...codeMethods, 'webauthn'] as const
/** Their owner has few, and no new one comes by itself: one that is used up must have let somebody in. */
const spent: ReadonlySet<string> = new Set(['recovery-code', 'access-pass'])

interface Told {
  readonly complaint?: string
  readonly notice?: string
  readonly news?: string
  readonly status?: number
  readonly retryAfterSeconds?: number
}

/** What is on the table at one visit: the ways, the chosen one, and what their pages share. */
interface Table {
  readonly visit: Visit
  readonly person: Person
  readonly choices: readonly Choice[]
}

type FactorStepParts = Pick<
  SigninParts,
  'interactions' | 'sessions' | 'factors' | 'recoveryCodes' | 'rememberedBrowsers' | 'notices' | 'transaction' | 'clock'
>

/**
 * Shows a second thing: the default way first, the others behind a link. How often one may try is the gate's business, what
 * a way sends or asks is its method's; this step only chooses, shows and tells.
 */
export function createFactorStep(parts: FactorStepParts, notes: AttemptNotes, visits: Visits): Step {
  const { interactions, sessions, factors, rememberedBrowsers, clock } = parts
  const trail = createFactorTrail(parts)

  /** `method`: the only one that matters, where the others would change nothing about it. */
  async function lay(visit: Visit, method?: string): Promise<Table> {
    const person = requirePerson(visit)
    const missing = person.isConfirming ? [] : visit.interaction.missing
    // What is phishing-resistant pushes the others out, so all have to be seen then (see `choicesOf`).
    const only = method === undefined || missing.includes('phishing-resistant') ? undefined : { method }
    const ways = await factors.waysOf(person.occasion, only)
    return { visit, person, choices: choicesOf(ways, { missing, bound: person.bound }) }
  }

  const addressOf = (visit: Visit, choice: Choice): string => visit.address(`?way=${encodeURIComponent(choice.key)}`)

  function frameOf({ visit, person, choices }: Table, choice: Choice | undefined, told: Told): FactorPage {
    const { status, retryAfterSeconds: _, ...texts } = told
    const hasOthers = choice === undefined ? choices.length > 0 : othersThan(choices, choice).length > 0
    return {
      ...visit.view,
      ...texts,
      ...(status === undefined || status === 200 ? {} : { reference: visit.reference }),
      action: visit.address('/factor'),
      accountName: person.account.upn,
      rememberDays: person.isConfirming ? 0 : (person.settings.rememberBrowserDays ?? 0),
      isConfirming: person.isConfirming,
      ...(hasOthers && { othersAddress: visit.address(`?way=${anyWay}`) }),
    }
  }

  const answer = (html: string, told: Told, needs: { scripts?: boolean; refreshSeconds?: number } = {}): Answer =>
    page(html, {
      forms: 'anywhere',
      ...needs,
      status: told.status ?? 200,
      ...(told.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: told.retryAfterSeconds }),
    })

  function showLocked({ view, address, reference }: Visit): Answer {
    const because = { kind: 'factor-locked' } as const
    const html = renderBlockedPage({ ...view, action: address('/refuse'), reference, because })
    return page(html, { forms: 'anywhere', status: 403 })
  }

  /** All ways, or those beside the one that cannot be used now. */
  function showWays(
    table: Table,
    told: Told = {},
    without?: Choice,
    again?: { words: string; action: string; way: string },
  ): Answer {
    const { visit, choices } = table
    const frame = frameOf(table, undefined, told)
    const view = {
      ...frame,
      choices: without === undefined ? choices : othersThan(choices, without),
      addressOf: (choice: Choice) => addressOf(visit, choice),
      now: clock(),
      refuseAction: visit.address('/refuse'),
      ...(again !== undefined && { again }),
    }
    return answer(renderWaysPage(view), told)
  }

  const showCode = (table: Table, choice: Choice, method: CodeMethod, told: Told, sent?: Sent): Answer =>
    answer(
      renderFactorPage({
        ...frameOf(table, choice, told),
        method,
        ...(choice.authenticatorId !== undefined && { way: choice.key }),
        ...(sent !== undefined && { sent }),
      }),
      told,
      { scripts: sent?.resend !== undefined },
    )

  /** The telephone whose code is asked for. `at`: when another code may be sent. */
  function sentTo({ visit }: Table, choice: Choice, at?: Date): Sent {
    const now = clock()
    const later = at !== undefined && at > now ? at : undefined
    return {
      to: choice.hint ?? '',
      channel: choice.channel,
      resendAction: visit.address('/factor/send'),
      way: choice.key,
      ...(later !== undefined && {
        resend: { when: inWords(visit.view.language, now, later), seconds: secondsUntil(now, later) },
      }),
    }
  }

  /** What a way has sent, made or asked, as its page. */
  async function showPrompt(table: Table, choice: Choice, prompt: Prompt, told: Told): Promise<Answer> {
    const { visit } = table
    const { language } = visit.view
    const texts = messagesIn(language)
    const words = fill(texts.smsTryAgain, { to: choice.hint ?? '' })
    const again = { words, action: visit.address('/factor/send'), way: choice.key }
    switch (prompt.kind) {
      case 'code':
        return showCode(table, choice, requireCodeMethod(choice.method), told)
      case 'sent':
        return showCode(table, choice, 'sms', told, sentTo(table, choice, prompt.resendAt))
      case 'undeliverable':
        return showWays(table, { ...told, notice: fill(texts.smsUndeliverable, { to: prompt.to }) }, choice, again)
      case 'limited': {
        if (choice.method === 'approval') return showApprovalOver(table, choice, 'limited')
        const { until } = prompt
        const notice = until === undefined ? texts.smsNever : tellPause(language, 'smsLimited', clock(), until)
        return showWays(table, { ...told, notice }, choice)
      }
      case 'webauthn': {
        const view = { ...frameOf(table, choice, told), options: prompt.options }
        return answer(renderKeyPage(view), told, { scripts: true })
      }
      case 'number':
        return showNumber(table, choice, prompt)
    }
  }

  async function showNumber(table: Table, choice: Choice, prompt: Extract<Prompt, { kind: 'number' }>): Promise<Answer> {
    const { visit, person } = table
    if (prompt.state === 'approved') {
      const result = await factors.verify(person.occasion, { method: 'approval', answer: '' })
      // Nobody is asked whether to remember this browser: the page goes on by itself, so a tick on it would be lost at the
      // next look, and the one who could answer sits in front of another browser.
      if (result.outcome === 'proved') return goOn(table, { method: 'approval', evidence: result.evidence, remember: false })
      // Another load of this page was first, or time ran out in between.
      const after = await factors.begin(person.occasion, wantedOf(choice))
      const isOther = after?.kind === 'number' && after.state !== 'approved'
      return isOther ? showNumber(table, choice, after) : showApprovalOver(table, choice, 'expired')
    }
    if (prompt.state !== 'waiting' && prompt.state !== 'used') return showApprovalOver(table, choice, prompt.state)
    const noted = { store: visit.store, accountId: person.account.id, attempt: visit.uid }
    // It let this sign-in in, but the load that saw that has not ended the step yet: this page looks again, and is led on.
    const isUsed = prompt.state === 'used'
    if (!isUsed && (await notes.approvalAsked(noted, prompt.expiresAt))) await trail.approvalAsked(visit, person)
    const portalAddress = portalAddressFor(visit.view.realm)
    const html = renderApprovalPage({ ...frameOf(table, choice, {}), number: prompt.number, portalAddress })
    return answer(html, {}, { refreshSeconds: isUsed ? 1 : lookAgainSeconds })
  }

  function showApprovalOver(table: Table, choice: Choice, state: 'denied' | 'expired' | 'limited'): Answer {
    const { visit } = table
    // What was denied stays denied for this sign-in.
    const retry = { action: visit.address('/factor/send'), way: choice.key }
    const view = { ...frameOf(table, choice, {}), state, ...(state === 'expired' && { retry }) }
    return answer(renderApprovalOverPage({ ...view, reference: visit.reference }), {})
  }

  /** The page of a way. Sends or asks what is needed, once however often it is loaded. */
  async function showWay(table: Table, choice: Choice, told: Told = {}): Promise<Answer> {
    const { method } = choice
    if (method === 'totp' || method === 'recovery-code' || method === 'access-pass') return showCode(table, choice, method, told)
    const prompt = await factors.begin(table.person.occasion, wantedOf(choice))
    return prompt === undefined ? showWays(table, {}, choice) : showPrompt(table, choice, prompt, told)
  }

  /** The same because the person asked for it once more. Whoever is too early is told when, and gets nothing new. */
  async function sendAgain(table: Table, choice: Choice): Promise<Answer> {
    const { occasion } = table.person
    const before = await factors.begin(occasion, wantedOf(choice))
    const prompt = await factors.begin(occasion, { ...wantedOf(choice), again: true })
    if (prompt === undefined) return showWays(table, {}, choice)
    const isNew = prompt.kind === 'sent' && before?.kind === 'sent' && prompt.resendAt > before.resendAt
    const told = isNew ? { news: messagesIn(table.visit.view.language).smsSentAgain } : {}
    return showPrompt(table, choice, prompt, told)
  }

  /** Somebody showed something right: it ends the step, or opens the way to binding another factor. */
  async function goOn(table: Table, shown: { method: string; evidence: Evidence; remember: boolean }): Promise<Answer> {
    const { visit, person } = table
    const { method, evidence } = shown
    const accountId = person.account.id
    await trail.proved(visit, person, method)
    const session = mayBindNext(table, evidence) ? await sessions.current(visit.ctx) : undefined
    if (session !== undefined) await notes.factorShown({ store: visit.store, accountId, attempt: session.attempt })
    if (person.isConfirming) return redirect(visit.address())
    if (shown.remember) await remember(table)
    return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence }))
  }

  /** Whether what is shown here lets its owner bind a stronger factor right afterwards. */
  const mayBindNext = ({ visit, person }: Table, evidence: Evidence): boolean =>
    person.isConfirming ||
    (visit.interaction.missing.includes('phishing-resistant') && !evidence.amr.some((one) => one === 'hwk' || one === 'swk'))

  async function remember({ visit, person }: Table): Promise<void> {
    const days = person.settings.rememberBrowserDays ?? 0
    if (days <= 0 || person.isConfirming) return
    const place = { ctx: visit.ctx, realm: visit.view.realm, store: visit.store }
    const accountId = person.account.id
    const instead = keptBrowserCookie(place, accountId)
    const label = person.occasion.browser ?? visit.view.appName
    const kept = await trail.browserRemembered(visit, person, () =>
      rememberedBrowsers.remember(visit.store, { accountId, label, days, ...(instead !== undefined && { instead }) }),
    )
    keepBrowserCookie(place, accountId, kept)
  }

  async function receive(
    visit: Visit,
    form: {
      method: (typeof methods)[number]
      way?: string | undefined
      code: string
      answer: string
      remember?: 'yes' | undefined
    },
  ): Promise<Answer> {
    const { method } = form
    const near = await lay(visit, method)
    const choice = near.choices.find((one) => one.method === method && (form.way === undefined || one.key === form.way))
    // The factor went away between page and form, or would not do: look again at what is due.
    if (choice === undefined) return redirect(visit.address())
    const typed = method === 'webauthn' ? form.answer : form.code
    if (isUnfinished(method, typed))
      return refuse(await lay(visit), choice, { complaint: missingText(visit, method), status: 422 })

    const show = async () => {
      const shown = await factors.verify(near.person.occasion, { method, answer: typed })
      return shown.outcome === 'proved'
        ? { goesOn: await goOn(near, { method, evidence: shown.evidence, remember: form.remember === 'yes' }), result: undefined }
        : { goesOn: undefined, result: shown }
    }
    // Failures are counted outside of every transaction, so they stay counted whatever becomes of this one.
    const { goesOn, result } = await (spent.has(method) ? parts.transaction<Awaited<ReturnType<typeof show>>>(show) : show())
    if (goesOn !== undefined) return goesOn
    await trail.notProved(visit, near.person, method, result)
    const table = await lay(visit)
    const { language } = visit.view
    switch (result.outcome) {
      case 'wrong': {
        const next =
          result.until === undefined
            ? tellTriesLeft(language, result.attemptsLeft)
            : tellPause(language, 'factorPaused', clock(), result.until)
        return refuse(table, choice, { complaint: sentences(wrongText(visit, method), next), status: 422 })
      }
      case 'throttled': {
        const now = clock()
        const notice = tellPause(language, 'factorPaused', now, result.until)
        return refuse(table, choice, { notice, status: 429, retryAfterSeconds: secondsUntil(now, result.until) })
      }
      case 'disabled': {
        const usable = table.choices.some(({ state }) => state === 'active')
        if (!usable) return showLocked(visit)
        return showWays(table, { notice: messagesIn(language).waysLocked, status: 403 }, choice)
      }
      case 'expired':
        if (method === 'totp' || method === 'recovery-code') return redirect(visit.address())
        return refuse(table, choice, { complaint: expiredText(visit, method), status: 422 })
    }
  }

  /** The page of the way again. A telephone gets no further message by it. */
  const refuse = (table: Table, choice: Choice, told: Told): Promise<Answer> | Answer =>
    choice.method === 'sms' ? showCode(table, choice, 'sms', told, sentTo(table, choice)) : showWay(table, choice, told)

  return {
    name: 'factor',
    async show(visit, { way }) {
      const table = await lay(visit)
      const chosen = chooseWay(table.choices, way)
      if (chosen === undefined) return showLocked(visit)
      return way === anyWay ? showWays(table) : showWay(table, chosen)
    },
    routes: [
      visits.form(
        '/factor',
        ['factor'],
        {
          method: z.enum(methods).default('totp'),
          way: z.string().max(64).optional(),
          code: z.string().max(200).default(''),
          answer: z.string().max(answerLimit).default(''),
          remember: z.literal('yes').optional(),
        },
        receive,
      ),
      visits.form('/factor/send', ['factor'], { way: z.string().max(64) }, async (visit, { way }) => {
        const table = await lay(visit)
        const choice = table.choices.find(({ key, state }) => key === way && state === 'active')
        return choice === undefined ? redirect(visit.address()) : sendAgain(table, choice)
      }),
    ],
  }
}

/** Without the scheme, as a person types it, and by a domain that the realm answers to: nobody types an id. */
const portalAddressFor = ({ issuer, id, domain }: RealmView): string => {
  const { host, pathname } = new URL(issuer)
  return `${host}${pathname.slice(0, pathname.length - id.length)}${domain ?? id}/portal`
}

const wantedOf = ({ method, authenticatorId }: Choice) =>
  Object.freeze({ method, ...(authenticatorId !== undefined && { authenticatorId }) })

function requireCodeMethod(method: string): CodeMethod {
  const found = codeMethods.find((one) => one === method)
  if (found === undefined) throw new TypeError(`no page asks for a code of "${method}"`)
  return found
}

type Method = (typeof methods)[number]

function missingText({ view }: Visit, method: Method): string {
  const texts = messagesIn(view.language)
  const told = {
    totp: texts.codeMissing,
    sms: texts.smsMissing,
    'recovery-code': texts.recoveryMissing,
    'access-pass': texts.passMissing,
    webauthn: texts.webauthnWrong,
  } as const satisfies Record<Method, string>
  return told[method]
}

function wrongText({ view }: Visit, method: Method): string {
  const texts = messagesIn(view.language)
  const told = {
    totp: sentences(texts.wrongCode, texts.wrongCodeHint),
    sms: texts.phoneWrongCode,
    'recovery-code': texts.recoveryWrong,
    'access-pass': texts.passWrong,
    webauthn: texts.webauthnWrong,
  } as const satisfies Record<Method, string>
  return told[method]
}

function expiredText({ view }: Visit, method: Method): string {
  const texts = messagesIn(view.language)
  if (method === 'sms') return texts.smsExpired
  return method === 'access-pass' ? texts.passWrong : texts.webauthnExpired
}
