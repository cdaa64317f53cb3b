import type { Enrollment, Prompt } from '@postern/mfa'
import { fill } from '../http/html.ts'
import { inWords, messagesIn } from '../http/language.ts'
import { type Answer, page } from '../http/route.ts'
import { secondsUntil, tellPause } from '../http/telling.ts'
import type { EnrollmentPermission } from '../policy/enrollment.ts'
import type { Postponement } from './enroll-postponement.ts'
import type { SigninParts } from './ports.ts'
import {
  type EnrollPage,
  type ProposedPhone,
  renderChooseKindPage,
  renderEnrollKeyPage,
  renderEnrollScanPage,
  renderPermitPage,
  renderPhoneCodePage,
  renderPhonePage,
  renderProposedPhonePage,
} from './views/enroll-pages.ts'
import type { Person, Visit } from './visit.ts'

/** In the order in which they are offered: the safest first. */
export const kinds = ['webauthn', 'totp', 'sms'] as const
export type Kind = (typeof kinds)[number]

/** In the address: which page of setting up. */
export const pages = { phone: 'phone', proposed: 'proposed', pass: 'pass' } as const

export interface Told {
  readonly complaint?: string
  readonly notice?: string
  readonly news?: string
  /** Nothing is looked at for a while: something else may be set up meanwhile. */
  readonly isPaused?: boolean
  readonly status?: number
  readonly retryAfterSeconds?: number
}

/** What one visit may set up, and why. */
export interface Desk {
  readonly visit: Visit
  readonly person: Person
  readonly permission: EnrollmentPermission
  readonly methods: readonly Kind[]
  readonly proposed: (ProposedPhone & { readonly id: string }) | undefined
  readonly later: Postponement | undefined
}

/** The pages of setting up a factor, each as the answer that it is sent with. They decide nothing and write nothing. */
export function createEnrollmentScreens({
  clock,
  phoneChannels: channels = ['sms'],
}: Pick<SigninParts, 'clock' | 'phoneChannels'>) {
  function frameOf({ visit, person, later }: Desk, told: Told): EnrollPage {
    const { status = 200, retryAfterSeconds: _, isPaused: __, ...texts } = told
    return {
      ...visit.view,
      ...texts,
      ...(status === 200 ? {} : { reference: visit.reference }),
      accountName: person.account.upn,
      action: visit.address('/enroll'),
      refuseAction: visit.address('/refuse'),
      ...(later !== undefined && { later: { action: visit.address('/enroll/later'), ...later.words } }),
    }
  }

  const answer = (html: string, told: Told = {}, needs: { scripts?: boolean } = {}): Answer =>
    page(html, {
      forms: 'anywhere',
      ...needs,
      status: told.status ?? 200,
      ...(told.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: told.retryAfterSeconds }),
    })

  const showPermit = (desk: Desk, told: Told = {}): Answer => {
    const { visit, person, permission } = desk
    const hasTrustedNetwork = (person.settings.trustedNetworks?.length ?? 0) > 0
    const back = permission.may === 'proposed' ? { backAddress: visit.address() } : {}
    const view = { ...frameOf(desk, told), action: visit.address('/enroll/permit'), hasTrustedNetwork, ...back }
    return answer(renderPermitPage(view), told)
  }

  function showKinds(desk: Desk, told: Told = {}): Answer {
    const { visit, methods, proposed, later } = desk
    const isStrong = visit.interaction.missing.includes('phishing-resistant')
    const why = isStrong ? 'strong' : later === undefined ? 'demanded' : 'offered'
    const addresses = {
      phoneAddress: visit.address(`?way=${pages.phone}`),
      proposedAddress: visit.address(`?way=${pages.proposed}`),
    }
    const view = {
      ...frameOf(desk, told),
      ...addresses,
      methods,
      channels,
      why,
      ...(proposed !== undefined && { proposed }),
    } as const
    return answer(renderChooseKindPage(view), told)
  }

  const showPhone = (desk: Desk, told: Told = {}, phone?: string): Answer => {
    const view = { ...frameOf(desk, told), channels, backAddress: desk.visit.address(), ...(phone !== undefined && { phone }) }
    return answer(renderPhonePage(view), told)
  }

  function showProposed(desk: Desk, proposed: ProposedPhone, told: Told = {}): Answer {
    const { visit, permission } = desk
    const texts = messagesIn(visit.view.language)
    const mayOther = permission.may === 'anything'
    const other = mayOther
      ? { otherAddress: visit.address(), otherWords: texts.setupOther }
      : { otherAddress: visit.address(`?way=${pages.pass}`), otherWords: texts.permitHave }
    return answer(renderProposedPhonePage({ ...frameOf(desk, told), ...proposed, ...other }), told)
  }

  /** What was begun in this attempt, as its page. */
  function showPending(desk: Desk, { authenticatorId, presentation }: Enrollment, told: Told = {}): Answer {
    const { visit } = desk
    const frame = {
      ...frameOf(desk, told),
      action: visit.address('/enroll/confirm'),
      otherAction: visit.address('/enroll/other'),
      authenticatorId,
    }
    switch (presentation.kind) {
      case 'totp': {
        const { secretInGroups, uri } = presentation
        return answer(renderEnrollScanPage({ ...frame, secretInGroups, uri }), told)
      }
      case 'webauthn':
        return answer(renderEnrollKeyPage({ ...frame, options: presentation.options }), told, { scripts: true })
      case 'message':
        return showPhoneCode(desk, frame, presentation.prompt, told)
    }
  }

  function showPhoneCode(desk: Desk, frame: EnrollPage & { authenticatorId: string }, prompt: Prompt, told: Told): Answer {
    const { visit, permission } = desk
    const { language } = visit.view
    const texts = messagesIn(language)
    const now = clock()
    const to = 'to' in prompt ? prompt.to : ''
    const isLater = prompt.kind === 'sent' && prompt.resendAt > now
    const sent = {
      to,
      channel: prompt.kind === 'sent' ? prompt.channel : ('sms' as const),
      resendAction: visit.address('/enroll/send'),
      ...(isLater && {
        resend: { when: inWords(language, now, prompt.resendAt), seconds: secondsUntil(now, prompt.resendAt) },
      }),
    }
    const notice =
      prompt.kind === 'undeliverable'
        ? fill(texts.smsUndeliverable, { to })
        : prompt.kind === 'limited'
          ? prompt.until === undefined
            ? texts.smsNever
            : tellPause(language, 'smsLimited', now, prompt.until)
          : told.notice
    const view = {
      ...frame,
      ...(notice !== undefined && { notice }),
      sent,
      isSent: prompt.kind === 'sent',
      isProposed: permission.may === 'proposed',
      isPaused: told.isPaused === true,
    }
    return answer(renderPhoneCodePage(view), told, { scripts: isLater })
  }

  return Object.freeze({ showPermit, showKinds, showPhone, showProposed, showPending })
}
