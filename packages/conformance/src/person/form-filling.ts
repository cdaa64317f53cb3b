/** Decides what a person types into a form and which button is pressed. Pure: the browser sends what is decided here. */
import type { HtmlButton, HtmlField, HtmlForm } from './html-forms.ts'

/** What a form asks a person for. */
export type Asked = 'username' | 'password' | 'one-time-code'

const CANCELS =
  /\b(cancel|deny|denied|decline|reject|refuse|abort|disallow|back|no|not now|abbrechen|ablehnen|verweigern|nein|zur.ck|annuler|refuser|non)\b/i
const SIDE_WAYS = /\b(search|locale|language|theme|resend|forgot|reset|register|sign-?up|log-?out|sign-?out|webauthn|passkey)\b/i
const TYPED = new Set(['text', 'email', 'password', 'tel', 'number', 'search', 'url'])

/** What one field is for: by `autocomplete`, else by its type, else by its name. */
export function askedBy(field: HtmlField): Asked | undefined {
  if (!TYPED.has(field.type)) return undefined
  const hints = field.autocomplete.split(/\s+/)
  if (hints.includes('one-time-code')) return 'one-time-code'
  if (hints.includes('current-password')) return 'password'
  if (hints.includes('new-password')) return undefined
  if (hints.includes('username')) return 'username'
  if (field.type === 'password') return 'password'
  const name = `${field.name} ${field.id}`.toLowerCase()
  if (/otp|totp|code|token/.test(name)) return 'one-time-code'
  if (/user|login|email|e-mail|account|identifier|upn/.test(name) || field.type === 'email') return 'username'
  return undefined
}

export const asks = (form: HtmlForm): readonly Asked[] => [
  ...new Set(
    form.fields.filter((field) => !field.isReadOnly || field.type === 'password').flatMap((field) => askedBy(field) ?? []),
  ),
]

const isCancel = (button: HtmlButton): boolean =>
  CANCELS.test(`${button.name} ${button.value} ${button.text}`.replaceAll('_', ' '))

/** The button that goes on, or the one that declines. Undefined: the form has none of the kind. */
export const chooseButton = (form: HtmlForm, kind: 'go-on' | 'decline'): HtmlButton | undefined =>
  form.buttons.find((button) => isCancel(button) === (kind === 'decline'))

/** A form beside the way: the language, another sign-in method, signing out. */
export function leadsAside(form: HtmlForm): boolean {
  const words = `${new URL(form.action).pathname} ${form.fields.map((field) => field.name).join(' ')}`
  return asks(form).length === 0 && SIDE_WAYS.test(words)
}

function weightOf(form: HtmlForm): number {
  const asked = asks(form)
  if (asked.includes('password')) return 5
  if (asked.includes('one-time-code')) return 4
  if (asked.includes('username')) return 3
  if (form.method !== 'post' || form.buttons.length === 0) return 0
  return leadsAside(form) ? 1 : 2
}

/** The form of a page that leads on: one that asks for something, else one that only has a button, else a way aside. */
export const chooseForm = (forms: readonly HtmlForm[]): HtmlForm | undefined =>
  forms.filter((form) => weightOf(form) > 0).toSorted((one, other) => weightOf(other) - weightOf(one))[0]

/** Name and value of every field as a browser sends them, `typed` over what stands there, and the button. */
export function fillForm(
  form: HtmlForm,
  typed: Readonly<Partial<Record<Asked, string>>>,
  button: HtmlButton | undefined,
): readonly (readonly [string, string])[] {
  const fields = form.fields.flatMap((field): (readonly [string, string])[] => {
    if (field.name === '') return []
    if ((field.type === 'checkbox' || field.type === 'radio') && !field.isChecked) return []
    const asked = field.isReadOnly ? undefined : askedBy(field)
    return [[field.name, (asked && typed[asked]) ?? field.value]]
  })
  return button === undefined || button.name === '' ? fields : [...fields, [button.name, button.value]]
}
