import { html, type Markup } from './html.ts'
import { type IconName, icon } from './icons.ts'

/** What is wrong with a field, in the person's language. */
export const renderComplaint = (id: string, complaint: string | undefined): Markup | false =>
  complaint !== undefined && html`<p class="complaint" id="${id}">${icon('circle-alert')}<span>${complaint}</span></p>`

/** A sentence that concerns the whole page, read out at once by screen readers. */
export const renderNotice = (text: string | undefined, kind: 'warn' | 'bad' = 'warn'): Markup | false =>
  text !== undefined &&
  html`<div class="notice ${kind}" role="alert">${icon(kind === 'warn' ? 'clock' : 'circle-alert')}<p>${text}</p></div>`

/** A sentence about something that went well. */
export const renderNews = (text: string | undefined): Markup | false =>
  text !== undefined && html`<div class="notice good" role="status">${icon('circle-check')}<p>${text}</p></div>`

export interface CodeField {
  readonly name: string
  readonly label: string
  readonly value?: string
  readonly complaint?: string
  /** `digits` brings up the number pad and offers a code from a message; `letters` is for device codes; `long` for 16 letters and digits. */
  readonly kind: 'digits' | 'letters' | 'long'
}

/** One field for a whole code; spaces and dashes may be pasted with it, the server takes them out. */
export function renderCodeField(field: CodeField): Markup {
  const attributes =
    field.kind === 'digits'
      ? html`inputmode="numeric" autocomplete="one-time-code" class="code"`
      : html`autocomplete="off" autocapitalize="characters" class="code letters${field.kind === 'long' && ' long'}"`
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

/** Looks like a link and posts like a button, for what is beside the point of a page. */
export const renderQuiet = (words: string): Markup => html`<button class="quiet" type="submit">${words}</button>`

/** A quiet button with the form that it posts. */
export const renderQuietForm = (form: {
  action: string
  fields: Readonly<Record<string, string>>
  words: string
  /** With script: not before so many seconds. See countdown.js. */
  waitSeconds?: number | undefined
}): Markup =>
  html`<form method="post" action="${form.action}"${form.waitSeconds !== undefined && html` data-waits="${form.waitSeconds}"`}>${renderHidden(form.fields)}${renderQuiet(form.words)}</form>`

/** One box to tick. `hint` says what it means. */
export const renderTick = (tick: { name: string; value: string; label: string; hint?: string }): Markup =>
  html`<div class="tick"><input id="${tick.name}" name="${tick.name}" type="checkbox" value="${tick.value}"${tick.hint !== undefined && html` aria-describedby="${tick.name}-hint"`}><div><label for="${tick.name}">${tick.label}</label>${tick.hint !== undefined && html`<p id="${tick.name}-hint">${tick.hint}</p>`}</div></div>`

/** What one line of a list to choose from says. */
export interface ChoiceWords {
  readonly icon: IconName
  readonly title: string
  readonly hint?: string
}

const renderChoiceWords = (words: ChoiceWords): Markup =>
  html`${icon(words.icon)}<span class="choice-words"><span class="choice-title">${words.title}</span>${words.hint !== undefined && words.hint !== '' && html`<span class="choice-hint">${words.hint}</span>`}</span>${icon('chevron-right')}`

/** A line that leads to its page. Stands in `<ul class="choices">`. */
export const renderChoiceLink = (words: ChoiceWords, address: string): Markup =>
  html`<li><a class="choice" href="${address}">${renderChoiceWords(words)}</a></li>`

/** A line that posts a form of its own. */
export const renderChoiceButton = (
  words: ChoiceWords,
  form: { action: string; fields: Readonly<Record<string, string>> },
): Markup =>
  html`<li><form method="post" action="${form.action}">${renderHidden(form.fields)}<button class="choice" type="submit">${renderChoiceWords(words)}</button></form></li>`

/** A line that cannot be chosen now, with the reason as its hint. */
export const renderChoiceClosed = (words: ChoiceWords): Markup =>
  html`<li><div class="choice closed">${renderChoiceWords(words)}</div></li>`

export const renderEmblem = (name: IconName, kind: 'plain' | 'good' | 'warn' | 'bad' = 'plain'): Markup =>
  html`<div class="emblem ${kind}">${icon(name)}</div>`
