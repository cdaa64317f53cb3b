/** Reads the forms of any HTML page, tolerant as browsers are: quotes or none, any case, buttons outside of their form. */

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

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const MOST_CODE_POINT = 0x10ffff

/** Character references of HTML that pages use in attributes and words; an unknown one stays as it is. */
export const decodeHtml = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
    if (code <= MOST_CODE_POINT) return String.fromCodePoint(code)
    return ENTITIES[name?.toLowerCase() ?? ''] ?? whole
  })

type Attributes = ReadonlyMap<string, string>
interface Tag {
  readonly name: string
  readonly isEnd: boolean
  readonly attributes: Attributes
  /** Where the text behind it begins. */
  readonly end: number
  readonly start: number
}

const TAG = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9-]*)((?:\s+|\/|[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*>/gi
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?/g

function readAttributes(text: string): Attributes {
  const all = new Map<string, string>()
  for (const [, name = '', double, single, bare] of text.matchAll(ATTRIBUTE))
    if (!all.has(name.toLowerCase())) all.set(name.toLowerCase(), decodeHtml(double ?? single ?? bare ?? ''))
  return all
}

/** Scripts and styles hold no tags, whatever is written in them. */
const withoutScripts = (html: string): string => html.replaceAll(/<(script|style|template)\b[\s\S]*?<\/\1\s*>/gi, '')

function* tagsOf(html: string): Generator<Tag> {
  for (const found of html.matchAll(TAG)) {
    const [whole, slash, name, attributes] = found
    if (name === undefined) continue // a comment
    const start = found.index
    yield {
      name: name.toLowerCase(),
      isEnd: slash === '/',
      attributes: readAttributes(attributes ?? ''),
      start,
      end: start + whole.length,
    }
  }
}

/** What a person reads: the words of a page or of a part of it. */
export const readText = (html: string): string =>
  decodeHtml(
    withoutScripts(html)
      .replaceAll(/<(head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
      .replaceAll(/<[^>]*>/g, ' '),
  )
    .replaceAll(/\s+/g, ' ')
    .trim()

interface OpenForm {
  readonly action: string
  readonly method: 'get' | 'post'
  readonly fields: HtmlField[]
  readonly buttons: HtmlButton[]
}

const resolve = (address: string, base: string): string => URL.parse(address, base)?.href ?? base

/** Every form of a page, in its order. `url` is where the page came from. */
export function readForms(html: string, url: string): readonly HtmlForm[] {
  const text = withoutScripts(html)
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
    const end = text.toLowerCase().indexOf(`</${name}`, from)
    return text.slice(from, end === -1 ? from : end)
  }

  for (const { name, isEnd, attributes, end } of tagsOf(text)) {
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
      put(attributes, (form) => form.fields.push(fieldOf(attributes, 'textarea', decodeHtml(textUntil(end, 'textarea')))))
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
