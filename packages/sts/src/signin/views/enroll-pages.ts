import { assetAddresses } from '../../http/assets.ts'
import {
  renderChoiceButton,
  renderChoiceLink,
  renderCodeField,
  renderComplaint,
  renderHidden,
  renderNews,
  renderNotice,
  renderPrimary,
  renderQuietForm,
  renderSecondary,
} from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import { renderQrCode } from '../../http/qr-code.ts'
import { renderResend, renderWhen, type Sent } from './factor-page.ts'
import type { SigninPage } from './signin-page.ts'
import { renderWebauthnRegister } from './webauthn-page.ts'

/** What every page of setting up is told. */
export interface EnrollPage extends SigninPage {
  /** Whose factor it becomes; named where something of theirs is asked for before there is any. */
  readonly accountName: string
  readonly complaint?: string
  readonly notice?: string
  /** What went well. */
  readonly news?: string
  /** Tells the app that it gets nothing. */
  readonly refuseAction: string
  /** Where to go for setting up something else: a form, as it ends what was begun. Absent: there is nothing else. */
  readonly otherAction?: string
  /** The person may put this off. `when`: the day on which they are asked again, in words. */
  readonly later?: { readonly action: string; readonly left: number; readonly when: string }
}

/** A telephone that an administrator has entered. */
export interface ProposedPhone {
  /** Masked. */
  readonly to: string
  readonly channel: 'sms' | 'voice'
}

export interface Offered {
  readonly methods: readonly ('webauthn' | 'totp' | 'sms')[]
  readonly channels: readonly ('sms' | 'voice')[]
  readonly proposed?: ProposedPhone
  /** Where a number is typed, and where the proposed one is confirmed. */
  readonly phoneAddress: string
  readonly proposedAddress: string
}

/** Which kind? What each needs stands with it. */
export function renderChooseKindPage(view: EnrollPage & Offered & { why: 'demanded' | 'strong' | 'offered' }): string {
  const texts = messagesIn(view.language)
  const named = { realm: view.realm.displayName, app: view.appName }
  const why = { demanded: texts.setupText, strong: texts.setupStrongText, offered: texts.setupOffered }[view.why]
  const begin = (method: string) => ({ action: view.action, fields: { csrf: view.csrf, method } })
  const isCallOnly = !view.channels.includes('sms')
  const { proposed } = view
  const lines = {
    webauthn: () =>
      renderChoiceButton({ icon: 'key-round', title: texts.setupPasskey, hint: texts.setupPasskeyNeeds }, begin('webauthn')),
    totp: () => renderChoiceButton({ icon: 'smartphone', title: texts.setupTotp, hint: texts.setupTotpNeeds }, begin('totp')),
    sms: () =>
      isCallOnly
        ? renderChoiceLink({ icon: 'phone', title: texts.setupVoice, hint: texts.setupVoiceNeeds }, view.phoneAddress)
        : renderChoiceLink({ icon: 'message-square', title: texts.setupSms, hint: texts.setupSmsNeeds }, view.phoneAddress),
  } as const
  return renderFrame(view, {
    title: texts.enrollTitle,
    main: html`<h1>${texts.enrollTitle}</h1>
${renderNotice(view.notice)}
<p class="block">${fill(view.methods.length === 0 ? texts.setupNothing : why, named)}</p>
<ul class="choices">${
      proposed !== undefined &&
      renderChoiceLink(
        {
          icon: proposed.channel === 'voice' ? 'phone' : 'message-square',
          title: fill(texts.setupProposed, { to: proposed.to }),
          hint: fill(texts.setupProposedNeeds, named),
        },
        view.proposedAddress,
      )
    }${view.methods.map((method) => lines[method]())}</ul>
${view.methods.length === 0 && view.later === undefined && html`<div class="turns">${renderBack(view)}</div>`}
${renderLater(view)}`,
  })
}

/** A password alone is not enough: the access pass that is, or whom to ask for it. */
export function renderPermitPage(view: EnrollPage & { hasTrustedNetwork: boolean; backAddress?: string }): string {
  const texts = messagesIn(view.language)
  const named = { realm: view.realm.displayName }
  return renderFrame(view, {
    title: texts.permitTitle,
    main: html`<h1>${texts.permitTitle}</h1>
<p class="lead">${view.accountName}</p>
${renderNotice(view.notice)}
<p class="block">${fill(texts.permitText, named)}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf })}
${renderCodeField({ name: 'code', label: texts.passLabel, kind: 'long', ...complaintOf(view) })}
${renderPrimary(texts.continue)}
</form>
${view.hasTrustedNetwork && html`<p class="hint">${fill(texts.permitNetwork, named)}</p>`}
${view.later === undefined && html`<div class="turns">${renderBack(view)}${view.backAddress !== undefined && html`<a class="quiet" href="${view.backAddress}">${texts.setupOther}</a>`}</div>`}
${renderLater(view)}`,
  })
}

/** The code to scan with the key beside it, and the field that proves that it worked. */
export function renderEnrollScanPage(
  view: EnrollPage & {
    authenticatorId: string
    /** In groups, for reading. */
    secretInGroups: string
    /** `otpauth:` address; made by us, never by a person. */
    uri: string
  },
): string {
  const texts = messagesIn(view.language)
  const groups = view.secretInGroups.split(' ').filter((group) => group !== '')
  return renderFrame(view, {
    title: texts.enrollScanTitle,
    main: html`<h1>${texts.enrollScanTitle}</h1>
${renderNotice(view.notice)}
<p class="lead">${texts.enrollScanText}</p>
<div class="pairing">
${renderQrCode(view.uri, texts.enrollQrLabel)}
<div><h2>${texts.enrollKeyTitle}</h2><code class="key">${groups.map((group) => html`<span>${group}</span> `)}</code></div>
</div>
<p class="hint on-phone"><a href="${view.uri}">${texts.enrollOnThisPhone}</a></p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf, authenticatorId: view.authenticatorId })}
${renderCodeField({ name: 'code', label: texts.enrollCodeLabel, kind: 'digits', ...complaintOf(view) })}
${renderPrimary(texts.enrollConfirm)}
</form>
${renderOther(view)}`,
  })
}

/** The number that codes go to. */
export function renderPhonePage(
  view: EnrollPage & { phone?: string; channels: readonly ('sms' | 'voice')[]; backAddress?: string },
): string {
  const texts = messagesIn(view.language)
  const described = html` aria-describedby="phone-hint${view.complaint !== undefined && ' phone-complaint'}"`
  const isCallOnly = !view.channels.includes('sms')
  return renderFrame(view, {
    title: texts.phoneTitle,
    main: html`<h1>${texts.phoneTitle}</h1>
${renderNotice(view.notice)}
<p class="block">${texts.phoneText}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf, method: 'sms' })}
<div class="field">
<label for="phone">${texts.phoneLabel}</label>
<div class="control"><input id="phone" name="phone" type="tel" inputmode="tel" autocomplete="tel" value="${view.phone ?? ''}" maxlength="40" required autofocus${view.complaint !== undefined && html` aria-invalid="true"`}${described}></div>
<p class="beside" id="phone-hint">${texts.phoneHint}</p>
${renderComplaint('phone-complaint', view.complaint)}
</div>
<div class="buttons">
${!isCallOnly && renderPrimary(texts.phoneBySms, { name: 'channel', value: 'sms' })}
${isCallOnly && renderPrimary(texts.phoneByVoiceOnly, { name: 'channel', value: 'voice' })}
${!isCallOnly && view.channels.includes('voice') && renderSecondary(texts.phoneByVoice, { name: 'channel', value: 'voice' })}
</div>
</form>
${view.backAddress !== undefined && html`<div class="turns"><a class="quiet" href="${view.backAddress}">${texts.setupOther}</a></div>`}
${renderLater(view)}`,
  })
}

/** The number that an administrator entered: yes, or something else. */
export function renderProposedPhonePage(view: EnrollPage & ProposedPhone & { otherAddress: string; otherWords: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.phoneProposedTitle,
    main: html`<h1>${texts.phoneProposedTitle}</h1>
<p class="lead">${view.accountName}</p>
${renderNotice(view.notice)}
<p class="shown-code">${view.to}</p>
<p class="block">${fill(texts.phoneProposedText, { realm: view.realm.displayName })} ${texts.phoneText}</p>
<form class="fields" method="post" action="${view.action}">
${renderHidden({ csrf: view.csrf, method: 'sms', proposed: 'yes' })}
${renderPrimary(view.channel === 'voice' ? texts.phoneProposedByVoice : texts.phoneProposedBySms)}
</form>
<div class="turns"><a class="quiet" href="${view.otherAddress}">${view.otherWords}</a></div>
${renderLater(view)}`,
  })
}

/** The code that was sent to a number that is being bound. `sent` absent: none could be. */
export function renderPhoneCodePage(
  view: EnrollPage & {
    authenticatorId: string
    sent: Omit<Sent, 'way'>
    isSent: boolean
    isProposed: boolean
    isPaused?: boolean
  },
): string {
  const texts = messagesIn(view.language)
  const { sent } = view
  const isCall = sent.channel === 'voice'
  const title = isCall ? texts.voiceTitle : texts.smsTitle
  return renderFrame(view, {
    title: view.isSent ? title : texts.phoneTitle,
    ...(sent.resend !== undefined && { script: assetAddresses(view.realm).countdown }),
    main: html`<h1>${view.isSent ? title : texts.phoneTitle}</h1>
${renderNotice(view.notice)}
${renderNews(view.news)}
${
  view.isSent &&
  html`<p class="block">${phrase(isCall ? texts.voiceText : texts.smsText, { to: html`<strong class="number">${sent.to}</strong>` })}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf, authenticatorId: view.authenticatorId })}
${renderCodeField({ name: 'code', label: texts.codeLabel, kind: 'digits', ...complaintOf(view) })}
${renderPrimary(texts.phoneConfirm)}
</form>`
}
${renderWhen(texts, sent)}
<div class="turns">${
      view.isSent
        ? renderResend(texts, { csrf: view.csrf }, sent)
        : renderQuietForm({
            action: sent.resendAction,
            fields: { csrf: view.csrf },
            words: fill(texts.smsTryAgain, { to: sent.to }),
          })
    }${
      view.otherAction !== undefined &&
      renderQuietForm({
        action: view.otherAction,
        fields: { csrf: view.csrf },
        words: view.isProposed || view.isPaused === true ? texts.setupOther : texts.phoneOther,
      })
    }</div>`,
  })
}

/** Asks the browser to make a passkey. */
export function renderEnrollKeyPage(
  view: EnrollPage & { authenticatorId: string; options: Readonly<Record<string, unknown>> },
): string {
  const texts = messagesIn(view.language)
  const asked = {
    language: view.language,
    options: view.options,
    action: view.action,
    fields: { csrf: view.csrf, authenticatorId: view.authenticatorId },
    ...complaintOf(view),
  }
  return renderFrame(view, {
    title: texts.webauthnCreateTitle,
    script: assetAddresses(view.realm).webauthn,
    main: html`<h1>${texts.webauthnCreateTitle}</h1>
${renderNotice(view.notice)}
${renderWebauthnRegister(asked)}
${renderOther(view)}`,
  })
}

const renderBack = (view: EnrollPage): Markup =>
  renderQuietForm({
    action: view.refuseAction,
    fields: { csrf: view.csrf },
    words: fill(messagesIn(view.language).backToApp, { app: view.appName }),
  })

const complaintOf = ({ complaint }: EnrollPage) => (complaint === undefined ? {} : { complaint })

const renderOther = (view: EnrollPage): Markup | false =>
  view.otherAction !== undefined &&
  html`<div class="turns">${renderQuietForm({ action: view.otherAction, fields: { csrf: view.csrf }, words: messagesIn(view.language).setupOther })}</div>`

/** How often, and until when, is said before anybody presses. */
function renderLater(view: EnrollPage): Markup | false {
  const { later } = view
  if (later === undefined) return false
  const texts = messagesIn(view.language)
  const one = new Intl.PluralRules(view.language).select(later.left) === 'one'
  const words = fill(one ? texts.setupLaterOne : texts.setupLaterOther, { count: later.left, when: later.when })
  return html`<form class="fields" method="post" action="${later.action}">${renderHidden({ csrf: view.csrf })}${renderSecondary(texts.setupLater)}</form>
<p class="hint">${words}</p>`
}
