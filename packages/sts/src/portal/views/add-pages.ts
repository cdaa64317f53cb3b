import { assetAddresses } from '../../http/assets.ts'
import {
  renderChoiceButton,
  renderCodeField,
  renderComplaint,
  renderHidden,
  renderNotice,
  renderPrimary,
  renderQuiet,
  renderSecondary,
} from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import type { IconName } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { TextKey } from '../../http/messages/catalogue.ts'
import { renderQrCode } from '../../http/qr-code.ts'
import { renderWebauthnRegister } from '../../http/webauthn-controls.ts'
import { nameOf } from './method-words.ts'
import { type PortalView, renderBack, renderPanel, renderPortal } from './portal-frame.ts'

/** What can be added, the safest first. */
export const addable = ['webauthn', 'totp', 'sms'] as const
export type Addable = (typeof addable)[number]

const told = {
  webauthn: { drawing: 'key-round', name: 'portalAddWebauthn', text: 'portalAddWebauthnText' },
  totp: { drawing: 'smartphone', name: 'portalAddTotp', text: 'portalAddTotpText' },
  sms: { drawing: 'message-square', name: 'portalAddSms', text: 'portalAddSmsText' },
} as const satisfies Record<Addable, { drawing: IconName; name: TextKey; text: TextKey }>

/** A refusal on a page of an enrolment. `complaint` concerns the field, `notice` the page. */
export interface Told {
  readonly complaint?: string
  readonly notice?: string
}

/** What every form on the way carries: which factor is to go in the end, where one is. */
const renderCarried = (view: PortalView, fields: Readonly<Record<string, string>> = {}): Markup =>
  renderHidden(carried(view, fields))
const carried = ({ csrf, replaces }: PortalView, fields: Readonly<Record<string, string>> = {}) => ({
  csrf,
  ...fields,
  ...(replaces === undefined ? {} : { replaces: replaces.id }),
})

/** Where kinds are chosen, below the portal's first page. */
export const choicePath = ({ replaces }: PortalView): string =>
  replaces === undefined ? '/add' : `/methods/${replaces.id}/replace`

/** Which kind? One button each, and of what is replaced its own kind first. */
export function renderChoicePage(view: PortalView & Told, offered: readonly Addable[]): string {
  const texts = messagesIn(view.language)
  const { replaces } = view
  const name = replaces === undefined ? '' : nameOf(texts, replaces)
  const title = replaces === undefined ? texts.portalAddTitle : fill(texts.portalReplaceTitle, { name })
  const kinds = offered.toSorted((one, other) => Number(other === replaces?.method) - Number(one === replaces?.method))
  return renderPortal(view, {
    title,
    main: html`${replaces === undefined ? renderBack(view, '/methods', texts.portalMethodsTitle) : renderBack(view, `/methods/${replaces.id}`, name)}
<h1>${title}</h1>
${replaces !== undefined && html`<p class="lead">${fill(texts.portalReplaceText, { name })}</p>`}
${renderNotice(view.notice)}
${offered.length === 0 && html`<p class="block">${fill(texts.portalAddNothing, { realm: view.realm.displayName })}</p>`}
<ul class="choices">${kinds.map((method) => {
      const { drawing, name, text } = told[method]
      return renderChoiceButton(
        { icon: drawing, title: texts[name], hint: texts[text] },
        { action: `${view.base}/add`, fields: carried(view, { method }) },
      )
    })}</ul>`,
  })
}

/** A password alone binds no first factor, and changes none: asks for an access pass. `next`: the page that it is for. */
export function renderPermitPage(view: PortalView & Told & { readonly next?: string }): string {
  const texts = messagesIn(view.language)
  const described = view.complaint !== undefined && html` aria-invalid="true"`
  return renderPortal(view, {
    title: texts.portalPermitTitle,
    main: html`${renderBack(view, '/methods', texts.portalMethodsTitle)}
${renderPanel(html`<h1>${texts.portalPermitTitle}</h1>
<p class="block">${texts.portalPermitText}</p>
${renderNotice(view.notice)}
<form class="fields" method="post" action="${view.base}/add/permit" novalidate>
${renderHidden({ csrf: view.csrf, ...(view.next !== undefined && { next: view.next }) })}
<div class="field">
<label for="pass">${texts.portalPermitLabel}</label>
<div class="control"><input id="pass" name="pass" type="text" class="code letters long" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="64" required aria-describedby="pass-hint${view.complaint !== undefined && ' pass-complaint'}"${described}></div>
<p class="field-hint" id="pass-hint">${fill(texts.portalPermitHint, { realm: view.realm.displayName })}</p>
${renderComplaint('pass-complaint', view.complaint)}
</div>
${renderPrimary(texts.continue)}
</form>`)}`,
  })
}

/** An app to be connected: the code to scan with the key beside it, and one code to prove it. */
export function renderAppPage(
  view: PortalView & Told,
  pending: { authenticatorId: string; secretInGroups: string; uri: string },
): string {
  const texts = messagesIn(view.language)
  const groups = pending.secretInGroups.split(' ').filter((group) => group !== '')
  return renderPortal(view, {
    title: texts.enrollScanTitle,
    main: renderPanel(html`<h1>${texts.enrollScanTitle}</h1>
${renderNotice(view.notice)}
<p class="lead">${texts.enrollScanText}</p>
<div class="pairing">
${renderQrCode(pending.uri, texts.enrollQrLabel)}
<div><h2>${texts.enrollKeyTitle}</h2><code class="key">${groups.map((group) => html`<span>${group}</span> `)}</code></div>
</div>
<p class="hint on-phone"><a href="${pending.uri}">${texts.enrollOnThisPhone}</a></p>
${renderProof(view, { method: 'totp', authenticatorId: pending.authenticatorId, label: texts.enrollCodeLabel })}
${renderCancel(view, 'totp')}`),
  })
}

const renderProof = (view: PortalView & Told, wanted: { method: Addable; authenticatorId: string; label: string }): Markup => {
  const texts = messagesIn(view.language)
  return html`<form class="fields" method="post" action="${view.base}/add/${wanted.method}/confirm" novalidate>
${renderCarried(view, { authenticatorId: wanted.authenticatorId })}
${renderCodeField({ name: 'answer', label: wanted.label, kind: 'digits', ...(view.complaint === undefined ? {} : { complaint: view.complaint }) })}
${renderPrimary(texts.enrollConfirm)}
</form>`
}

/** Forgets what was begun. */
const renderCancel = (view: PortalView, method: Addable, words?: string): Markup =>
  html`<form class="portal-aside" method="post" action="${view.base}/add/${method}/cancel">${renderCarried(view)}${renderQuiet(words ?? messagesIn(view.language).portalCancel)}</form>`

/** A telephone to be added: its number, and how a code gets there. */
export function renderPhonePage(view: PortalView & Told & { typed?: string }, channels: readonly ('sms' | 'voice')[]): string {
  const texts = messagesIn(view.language)
  const described = view.complaint !== undefined && html` aria-invalid="true"`
  const buttons = channels.map((channel, at) => {
    const words = channel === 'voice' ? texts.portalPhoneByVoice : texts.portalPhoneBySms
    const field = { name: 'channel', value: channel }
    return at === 0 ? renderPrimary(words, field) : renderSecondary(words, field)
  })
  return renderPortal(view, {
    title: texts.portalPhoneTitle,
    main: html`${renderBack(view, choicePath(view), texts.portalBack)}
${renderPanel(html`<h1>${texts.portalPhoneTitle}</h1>
<p class="lead">${texts.portalPhoneText}</p>
${renderNotice(view.notice)}
<form class="fields" method="post" action="${view.base}/add/sms" novalidate>
${renderCarried(view)}
<div class="field">
<label for="phone">${texts.portalPhoneLabel}</label>
<div class="control"><input id="phone" name="phone" type="tel" autocomplete="tel" maxlength="40" value="${view.typed ?? ''}" required aria-describedby="phone-hint${view.complaint !== undefined && ' phone-complaint'}"${described}></div>
<p class="field-hint" id="phone-hint">${texts.portalPhoneHint}</p>
${renderComplaint('phone-complaint', view.complaint)}
</div>
<div class="actions">${buttons}</div>
</form>`)}`,
  })
}

/** What became of a message, for its page. */
export type MessageState =
  | { readonly kind: 'sent'; readonly to: string; readonly channel: 'sms' | 'voice'; readonly resendIn: string | undefined }
  | { readonly kind: 'undeliverable'; readonly to: string }
  | { readonly kind: 'limited'; readonly when: string | undefined }

/** The code that was sent to a telephone, or why none was. */
export function renderMessagePage(view: PortalView & Told, pending: { authenticatorId: string; state: MessageState }): string {
  const texts = messagesIn(view.language)
  const { state, authenticatorId } = pending
  const trouble = tellTrouble(view, state)
  return renderPortal(view, {
    title: texts.portalCodeTitle,
    main: renderPanel(html`<h1>${texts.portalCodeTitle}</h1>
${state.kind === 'sent' && html`<p class="lead">${phrase(state.channel === 'voice' ? texts.portalCodeCalling : texts.portalCodeSent, { to: html`<strong>${state.to}</strong>` })}</p>`}
${renderNotice(view.notice ?? trouble)}
${state.kind === 'sent' && renderProof(view, { method: 'sms', authenticatorId, label: texts.portalCodeLabel })}
${renderResend(view, state)}
${renderCancel(view, 'sms', texts.portalOtherNumber)}`),
  })
}

function tellTrouble(view: PortalView, state: MessageState): string | undefined {
  const texts = messagesIn(view.language)
  if (state.kind === 'undeliverable') return fill(texts.portalCodeUndeliverable, { to: state.to })
  if (state.kind !== 'limited') return undefined
  return state.when === undefined ? texts.portalCodeLimitedLong : fill(texts.portalCodeLimited, { when: state.when })
}

/** Without script it is a sentence until the time has come, and then a button: a reload shows which. */
function renderResend(view: PortalView, state: MessageState): Markup | false {
  const texts = messagesIn(view.language)
  if (state.kind === 'limited') return false
  if (state.kind === 'sent' && state.resendIn !== undefined)
    return html`<p class="hint">${fill(texts.portalCodeResendAt, { when: state.resendIn })}</p>`
  return html`<form class="portal-aside" method="post" action="${view.base}/add/sms/resend">${renderCarried(view)}${renderQuiet(texts.portalCodeResend)}</form>`
}

/** A passkey to be made: the control asks the browser. */
export function renderPasskeyPage(
  view: PortalView & Told,
  pending: { authenticatorId: string; options: Readonly<Record<string, unknown>> },
): string {
  const texts = messagesIn(view.language)
  const { language, complaint } = view
  const control = renderWebauthnRegister({
    language,
    options: pending.options,
    action: `${view.base}/add/webauthn/confirm`,
    fields: carried(view, { authenticatorId: pending.authenticatorId }),
    ...(complaint === undefined ? {} : { complaint }),
  })
  return renderPortal(view, {
    title: texts.portalPasskeyTitle,
    script: assetAddresses(view.realm).webauthn,
    main: renderPanel(html`<h1>${texts.portalPasskeyTitle}</h1>
${renderNotice(view.notice)}
${control}
${renderCancel(view, 'webauthn')}`),
  })
}
