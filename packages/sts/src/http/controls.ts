import { html, type Markup } from './html.ts'
import { type IconName, icon } from './icons.ts'

/** What is wrong with a field, in the person's language. */
export const renderComplaint = (id: string, complaint: string | undefined): Markup | false =>
  complaint !== undefined && html`<p class="complaint" id="${id}">${icon('circle-alert')}<span>${complaint}</span></p>`

/** A sentence that concerns the whole page, read out at once by screen readers. */
export const renderNotice = (text: string | undefined, kind: 'warn' | 'bad' = 'warn'): Markup | false =>
  text !== undefined &&
  html`<div class="notice ${kind}" role="alert">${icon(kind === 'warn' ? 'clock' : 'circle-alert')}<p>${text}</p></div>`

export interface CodeField {
  readonly name: string
  readonly label: string
  readonly value?: string
  readonly complaint?: string
  /** `digits` brings up the number pad and offers a code from a message; `letters` is for device codes. */
  readonly kind: 'digits' | 'letters'
}

/** One field for a whole code; spaces and dashes may be pasted with it, the server takes them out. */
export function renderCodeField(field: CodeField): Markup {
  const attributes =
    field.kind === 'digits'
      ? html`inputmode="numeric" autocomplete="one-time-code" class="code"`
      : html`autocomplete="off" autocapitalize="characters" class="code letters"`
  const described = field.complaint !== undefined && html` aria-invalid="true" aria-describedby="${field.name}-complaint"`
  return html`<div class="field">
<label for="${field.name}">${field.label}</label>
<div class="control"><input id="${field.name}" name="${field.name}" type="text" ${attributes} value="${field.value ?? ''}" maxlength="32" spellcheck="false" autocorrect="off" required autofocus${described}></div>
${renderComplaint(`${field.name}-complaint`, field.complaint)}
</div>`
}

export const renderHidden = (fields: Readonly<Record<string, string>>): Markup =>
  html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`

export const renderPrimary = (words: string, field?: { name: string; value: string }): Markup =>
  html`<button class="button primary" type="submit"${renderButtonField(field)}>${words}</button>`

export const renderSecondary = (words: string, field?: { name: string; value: string }): Markup =>
  html`<button class="button" type="submit"${renderButtonField(field)}>${words}</button>`

const renderButtonField = (field: { name: string; value: string } | undefined): Markup | false =>
  field !== undefined && html` name="${field.name}" value="${field.value}"`

export const renderEmblem = (name: IconName, kind: 'plain' | 'good' | 'warn' | 'bad' = 'plain'): Markup =>
  html`<div class="emblem ${kind}">${icon(name)}</div>`
