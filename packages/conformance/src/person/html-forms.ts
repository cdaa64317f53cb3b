/** Reads the forms of any HTML page, tolerant as browsers are: quotes or none, any case, buttons outside of their form. */
import { ConformanceError } from '../errors.ts'
import { type Attributes, createEndFinder, decodeHtml, tagsOf } from './html-tags.ts'

export interface HtmlField {
  readonly name: string
  readonly value: string
  /** Of an input: `text`, `hidden`, `checkbox`...; `select`, `textarea`; of buttons `submit`. */
  readonly type: string
  readonly autocomplete: string
  readonly isChecked: boolean
  readonly isReadOnly: boolean
  readonly id: string
}

export interface HtmlButton {
  readonly name: string
  readonly value: string
  /** What stands on it. */
  readonly text: string
  /** Where this button sends the form, when not where the form says. */
  readonly action: string | undefined
}

export interface HtmlForm {
  /** Absolute. */
  readonly action: string
  readonly method: 'get' | 'post'
  readonly fields: readonly HtmlField[]
  readonly buttons: readonly HtmlButton[]
}

/** More than any page of a sign-in has; a page beyond is no page for people. */
const MOST_LETTERS = 1024 * 1024
const MOST_TAGS = 20_000
const MOST_FORMS = 200
/** Of the words on one button or in one line of a choice. */
const MOST_WORDS = 1000

/** What stands in a head; anything else ends it, also where its end tag is left out. */
const IN_HEAD = new Set(['', 'title', 'meta', 'link', 'base', 'script', 'style', 'noscript', 'template'])

/** What a person reads: the words of a page or of a part of it. */
export function readText(html: string): string {
  const parts: string[] = []
  let [at, inHead] = [0, false]
  for (const { name, isEnd, start, end } of tagsOf(html)) {
    if (!inHead) parts.push(html.slice(at, start))
    at = end
    if (name === 'head') inHead = !isEnd
    else if (!IN_HEAD.has(name)) inHead = false
  }
  parts.push(html.slice(at))
  return decodeHtml(parts.join(' ')).replaceAll(/\s+/g, ' ').trim()
}

const tooLarge = (what: string): ConformanceError => new ConformanceError('answer_too_large', `a page of more than ${what}`)

interface OpenForm {
  readonly action: string
  readonly method: 'get' | 'post'
  readonly fields: HtmlField[]
  readonly buttons: HtmlButton[]
}

const resolve = (address: string, base: string): string => URL.parse(address, base)?.href ?? base

/**
 * Every form of a page, in its order. `url` is where the page came from.
 *
 * @throws {ConformanceError} `answer_too_large` for a page that no person could use: 1 MiB, 20 000 tags, 200 forms.
 */
export function readForms(html: string, url: string): readonly HtmlForm[] {
  if (html.length > MOST_LETTERS) throw tooLarge(`${MOST_LETTERS} letters`)
  const endOf = createEndFinder(html)
  const forms: OpenForm[] = []
  const byId = new Map<string, OpenForm>()
  const waiting: { readonly id: string; readonly add: (form: OpenForm) => void }[] = []
  let current: OpenForm | undefined
  let select: { readonly name: string; readonly id: string; value: string | undefined } | undefined

  /** Adds to the form that the element names, else to the one that it stands in. */
  const put = (attributes: Attributes, add: (form: OpenForm) => void): void => {
    const id = attributes.get('form')
    if (id !== undefined) waiting.push({ id, add })
    else if (current !== undefined) add(current)
  }
  const fieldOf = (attributes: Attributes, type: string, value: string): HtmlField => ({
    name: attributes.get('name') ?? '',
    value,
    type,
    autocomplete: attributes.get('autocomplete')?.toLowerCase() ?? '',
    isChecked: attributes.has('checked'),
    isReadOnly: attributes.has('readonly'),
    id: attributes.get('id') ?? '',
  })
  const addButton = (attributes: Attributes, words: string): void => {
    const action = attributes.get('formaction')
    const button = {
      name: attributes.get('name') ?? '',
      value: attributes.get('value') ?? '',
      text: words,
      action: action === undefined ? undefined : resolve(action, url),
    }
    put(attributes, (form) => form.buttons.push(button))
  }
  const textUntil = (from: number, name: string): string => {
    const end = endOf(name, from)
    return html.slice(from, end === -1 ? from : Math.min(end, from + MOST_WORDS))
  }

  let tags = 0
  for (const { name, isEnd, attributes, end, content } of tagsOf(html)) {
    tags += 1
    if (tags > MOST_TAGS) throw tooLarge(`${MOST_TAGS} tags`)
    if (name === 'form') {
      if (isEnd) {
        current = undefined
        continue
      }
      current = {
        action: resolve(attributes.get('action') || url, url),
        method: attributes.get('method')?.toLowerCase() === 'post' ? 'post' : 'get',
        fields: [],
        buttons: [],
      }
      forms.push(current)
      if (forms.length > MOST_FORMS) throw tooLarge(`${MOST_FORMS} forms`)
      const id = attributes.get('id')
      if (id !== undefined) byId.set(id, current)
      continue
    }
    if (isEnd && name === 'select' && select !== undefined) {
      const chosen = select
      put(attributes, (form) =>
        form.fields.push(
          fieldOf(
            new Map([
              ['name', chosen.name],
              ['id', chosen.id],
            ]),
            'select',
            chosen.value ?? '',
          ),
        ),
      )
      select = undefined
    }
    if (isEnd || attributes.has('disabled')) continue
    if (name === 'input') {
      const type = attributes.get('type')?.toLowerCase() ?? 'text'
      const value = attributes.get('value') ?? (type === 'checkbox' || type === 'radio' ? 'on' : '')
      if (type === 'submit' || type === 'image') addButton(attributes, value)
      else if (type !== 'button' && type !== 'reset')
        put(attributes, (form) => form.fields.push(fieldOf(attributes, type, value)))
    } else if (name === 'button') {
      if ((attributes.get('type')?.toLowerCase() ?? 'submit') === 'submit')
        addButton(attributes, readText(textUntil(end, 'button')))
    } else if (name === 'textarea') {
      put(attributes, (form) => form.fields.push(fieldOf(attributes, 'textarea', decodeHtml(content))))
    } else if (name === 'select') {
      select = { name: attributes.get('name') ?? '', id: attributes.get('id') ?? '', value: undefined }
    } else if (name === 'option' && select !== undefined) {
      const value = attributes.get('value') ?? readText(textUntil(end, 'option'))
      if (attributes.has('selected') || select.value === undefined) select.value = value
    }
  }
  for (const { id, add } of waiting) {
    const form = byId.get(id)
    if (form !== undefined) add(form)
  }
  return forms
}
