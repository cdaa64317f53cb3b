import { assetAddresses } from '../../http/assets.ts'
import {
  renderCodeField,
  renderHidden,
  renderNews,
  renderNotice,
  renderPrimary,
  renderQuietForm,
  renderTick,
} from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import type { Language, Messages } from '../../http/messages/catalogue.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { SigninPage } from './signin-page.ts'
import { renderWebauthnAsk } from './webauthn-page.ts'

/** What the page of every way is told. Whose account it is stands above, so that nobody reads off the wrong entry. */
export interface FactorPage extends SigninPage {
  readonly accountName: string
  readonly complaint?: string
  readonly notice?: string
  /** What went well. */
  readonly news?: string
  /** Where the other ways are. Absent: there are none. */
  readonly othersAddress?: string
  /** For how many days this browser may be remembered. 0: not at all. */
  readonly rememberDays: number
  /** Asked for so that another factor may be bound. */
  readonly isConfirming: boolean
}

export type CodeMethod = 'totp' | 'sms' | 'recovery-code' | 'access-pass'

/** A code on its way, or one that was. */
export interface Sent {
  /** Masked. */
  readonly to: string
  readonly channel: 'sms' | 'voice'
  readonly resendAction: string
  readonly way: string
  /** When another one may be sent, in words, and in how many seconds. Absent: now, as far as the page knows. */
  readonly resend?: { readonly when: string; readonly seconds: number }
}

interface Words {
  readonly title: string
  readonly text: Markup
  readonly label: string
  readonly kind: 'digits' | 'long'
}

function wordsOf(view: FactorPage, method: CodeMethod, sent: Sent | undefined): Words {
  const texts = messagesIn(view.language)
  const realm = html`<strong>${view.realm.displayName}</strong>`
  const to = html`<strong class="number">${sent?.to ?? ''}</strong>`
  switch (method) {
    case 'totp':
      return { title: texts.factorTitle, text: phrase(texts.factorText, { realm }), label: texts.codeLabel, kind: 'digits' }
    case 'sms':
      return sent?.channel === 'voice'
        ? { title: texts.voiceTitle, text: phrase(texts.voiceText, { to }), label: texts.codeLabel, kind: 'digits' }
        : { title: texts.smsTitle, text: phrase(texts.smsText, { to }), label: texts.codeLabel, kind: 'digits' }
    case 'recovery-code':
      return { title: texts.recoveryTitle, text: html`${texts.recoveryText}`, label: texts.recoveryLabel, kind: 'long' }
    case 'access-pass':
      return { title: texts.passTitle, text: phrase(texts.passText, { realm }), label: texts.passLabel, kind: 'long' }
  }
}

/** One code in one field. `way` is what the form names beside the method. */
export function renderFactorPage(view: FactorPage & { method: CodeMethod; way?: string; sent?: Sent }): string {
  const texts = messagesIn(view.language)
  const { title, text, label, kind } = wordsOf(view, view.method, view.sent)
  const fields = { csrf: view.csrf, method: view.method, ...(view.way !== undefined && { way: view.way }) }
  return renderFrame(view, {
    title,
    ...(view.sent?.resend !== undefined && { script: assetAddresses(view.realm).countdown }),
    main: html`${renderTop(view, title)}
<p class="block">${text}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden(fields)}
${renderCodeField({ name: 'code', label, kind, ...(view.complaint !== undefined && { complaint: view.complaint }) })}
${renderRemember(view.language, view.rememberDays)}
${renderPrimary(texts.continue)}
</form>
${renderTurns(view, view.sent)}`,
  })
}

/** A passkey or key. It asks by itself once. */
export function renderKeyPage(view: FactorPage & { options: Readonly<Record<string, unknown>> }): string {
  const texts = messagesIn(view.language)
  const asked = {
    language: view.language,
    realmName: view.realm.displayName,
    options: view.options,
    action: view.action,
    fields: { csrf: view.csrf, method: 'webauthn' },
    inside: renderRemember(view.language, view.rememberDays),
    ...(view.complaint !== undefined && { complaint: view.complaint }),
  }
  return renderFrame(view, {
    title: texts.webauthnTitle,
    script: assetAddresses(view.realm).webauthn,
    main: html`${renderTop(view, texts.webauthnTitle)}
${renderWebauthnAsk(asked)}
${renderTurns(view, undefined)}`,
  })
}

/** Title, whose sign-in it is, and what concerns the whole page. */
export const renderTop = (
  view: Pick<FactorPage, 'accountName' | 'notice' | 'news' | 'isConfirming' | 'language'>,
  title: string,
): Markup => html`<h1>${title}</h1>
<p class="lead">${view.accountName}</p>
${renderNotice(view.notice)}
${renderNews(view.news)}
${view.isConfirming && html`<p class="block">${messagesIn(view.language).confirmText}</p>`}`

const renderRemember = (language: Language, days: number): Markup | false => {
  const texts = messagesIn(language)
  const one = new Intl.PluralRules(language).select(days) === 'one'
  const label = fill(one ? texts.rememberBrowserOne : texts.rememberBrowserOther, { count: days })
  return days > 0 && renderTick({ name: 'remember', value: 'yes', label, hint: texts.rememberBrowserHint })
}

/** What else one can do here: another code, another way, somebody to ask. */
function renderTurns(view: FactorPage, sent: Sent | undefined): Markup {
  const texts = messagesIn(view.language)
  const others = view.othersAddress
  return html`${sent !== undefined && renderWhen(texts, sent)}
<div class="turns">${sent !== undefined && renderResend(texts, { csrf: view.csrf, way: sent.way }, sent)}${others !== undefined && html`<a class="quiet" href="${others}">${texts.useAnotherWay}</a>`}</div>
${others === undefined && html`<p class="hint">${fill(texts.factorHelp, { realm: view.realm.displayName })}</p>`}`
}

/** When another code may be had. Works without script; whoever is too early is told again. */
export const renderWhen = (texts: Messages, { resend }: Pick<Sent, 'resend'>): Markup | false =>
  resend !== undefined &&
  html`<p class="when" data-when="${texts.smsResendAt}">${fill(texts.smsResendAt, { when: resend.when })}</p>`

export const renderResend = (
  texts: Messages,
  fields: Readonly<Record<string, string>>,
  { channel, resendAction, resend }: Omit<Sent, 'way'>,
): Markup =>
  renderQuietForm({
    action: resendAction,
    fields,
    words: channel === 'voice' ? texts.voiceResend : texts.smsResend,
    waitSeconds: resend?.seconds,
  })
