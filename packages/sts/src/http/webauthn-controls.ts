import { renderHidden } from './controls.ts'
import { fill, html, type Markup } from './html.ts'
import { icon } from './icons.ts'
import { messagesIn } from './language.ts'
import type { Language, Messages, TextKey } from './messages/catalogue.ts'

/** JSON form of the options for `navigator.credentials`; it may be shown to this browser and to no other. */
type Options = Readonly<Record<string, unknown>>

/** A form that asks this browser for a passkey or key. The page needs the script `assetAddresses(realm).webauthn`, and `scripts: true`. */
export interface WebauthnForm {
  readonly language: Language
  readonly options: Options
  /** Where the answer goes. */
  readonly action: string
  /** What goes with it, the token against forgery among it. */
  readonly fields: Readonly<Record<string, string>>
  /** Name of the field that holds the answer (JSON, at most `answerLimit` characters). Default `answer`. */
  readonly answerName?: string
  /** What was wrong with the last answer. */
  readonly complaint?: string
  /** Further controls, sent with the answer. */
  readonly inside?: Markup | false
}

/** Most characters of an answer, for the schema of a form that takes one. The whole form must keep below `formLimit` of form.ts. */
export const answerLimit = 12_000

/**
 * Shows a bound passkey or key. It asks by itself once when the page has loaded, unless something was wrong with the last
 * answer: then it waits for the button, so that nobody is caught in a circle of dialogues.
 */
export const renderWebauthnAsk = (view: WebauthnForm & { readonly realmName: string }): Markup => {
  const texts = messagesIn(view.language)
  return html`<p class="block">${fill(texts.webauthnText, { realm: view.realmName })}</p>
${renderForm(view, { asks: 'get', button: 'webauthnButton', ...(view.complaint === undefined ? { starts: 'once' } : {}) })}`
}

/** Binds a new one. It never begins by itself: whoever is new to this reads first. */
export const renderWebauthnRegister = (view: WebauthnForm): Markup => {
  const texts = messagesIn(view.language)
  return html`<p class="block">${texts.webauthnCreateText}</p>
${renderForm(view, { asks: 'create', button: 'webauthnCreateButton' })}`
}

/** Signs in without a name: by a button, and by what the field of the name completes to (`autocomplete="… webauthn"`). */
export const renderPasskeySignIn = (view: WebauthnForm): Markup =>
  renderForm(view, { asks: 'get', button: 'webauthnSignIn', offers: 'autofill' })

interface Manner {
  readonly asks: 'get' | 'create'
  readonly button: TextKey
  readonly starts?: 'once'
  readonly offers?: 'autofill'
}

function renderForm(view: WebauthnForm, manner: Manner): Markup {
  const { answerName = 'answer', complaint } = view
  const { asks, starts, offers } = manner
  const texts = messagesIn(view.language)
  const begins = html`${starts !== undefined && html` data-starts="${starts}"`}${offers !== undefined && html` data-offers="${offers}"`}`
  // Beside the field of a name the button is the smaller thing, and without it nobody misses anything.
  const isAside = offers !== undefined
  return html`<form class="fields webauthn" method="post" action="${view.action}" data-webauthn="${asks}" data-answer="${answerName}" data-options="${JSON.stringify(view.options)}"${begins}${renderWords(texts, asks)}>
${renderHidden({ ...view.fields, [answerName]: '' })}
<p data-told role="alert"${complaint === undefined ? html` hidden` : html` class="complaint"`}>${complaint ?? ''}</p>
${!isAside && html`<noscript><p class="complaint">${icon('circle-alert')}<span>${texts.webauthnNoScript}</span></p></noscript>`}
${view.inside}
<div data-begins hidden><button class="button${!isAside && ' primary'}" type="button">${icon('key-round')}${texts[manner.button]}</button></div>
</form>`
}

/** What can go wrong in the browser; webauthn.js picks. */
const renderWords = (texts: Messages, asks: Manner['asks']): Markup =>
  html` data-told-cancelled="${texts.webauthnCancelled}" data-told-unsuited="${texts.webauthnUnsuited}" data-told-elsewhere="${texts.webauthnElsewhere}" data-told-broken="${texts.webauthnBroken}"${asks === 'create' && html` data-told-taken="${texts.webauthnCreateTaken}"`}`
