/**
 * Reads the forms of an HTML page, well enough to fill them in from a program that plays a browser.
 *
 * It owns tags, attributes and character references of forms. It builds no document tree, runs no script,
 * and knows nothing about sign-in. Anything that it cannot read it passes over.
 */

/** A control of a form; only a button may be nameless. `type` is lower case; a `button` without a type is `submit`, an `input` without one is `text`. */
export type FormField = Readonly<{ name: string; value: string; type: string; readonly: boolean; checked: boolean }>

/** `action` is as written, undefined when the form posts to its own page; `method` is lower case. */
export type Form = Readonly<{ action: string | undefined; method: string; fields: readonly FormField[] }>

// An unquoted `<` ends the attempt, so that a page of unclosed tags is not read again from each of them.
const TAG = /<!--[\s\S]*?-->|<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:"[^"]*"|'[^']*'|[^'"<>])*)>/g
const ATTRIBUTE = /([^\s=/"'<>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g
const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', '\u00a0'],
])

/** The forms of a page in their order. Controls outside a form are left out. */
export function parseForms(html: string): readonly Form[] {
  const forms: Form[] = []
  let open: { action: string | undefined; method: string; fields: FormField[] } | undefined
  const close = (): void => {
    if (open !== undefined) forms.push(Object.freeze({ ...open, fields: Object.freeze(open.fields) }))
    open = undefined
  }
  for (const [, slash, rawName, rawAttributes] of html.matchAll(TAG)) {
    const name = rawName?.toLowerCase()
    if (name === 'form') {
      close()
      if (slash === '') {
        const attributes = parseAttributes(rawAttributes ?? '')
        open = { action: attributes.get('action'), method: (attributes.get('method') ?? 'get').toLowerCase(), fields: [] }
      }
      continue
    }
    if (open === undefined || slash !== '' || (name !== 'input' && name !== 'button')) continue
    const attributes = parseAttributes(rawAttributes ?? '')
    const type = (attributes.get('type') ?? (name === 'button' ? 'submit' : 'text')).toLowerCase()
    const field = attributes.get('name') ?? ''
    // A nameless button sends nothing, but it can be pressed: without it, the next one would pass for the first.
    if ((field === '' && type !== 'submit') || attributes.has('disabled')) continue
    open.fields.push(
      Object.freeze({
        name: field,
        value: attributes.get('value') ?? '',
        type,
        readonly: attributes.has('readonly'),
        checked: attributes.has('checked'),
      }),
    )
  }
  close()
  return Object.freeze(forms)
}

/** The words that a person would read, on one line: for messages about a page that nobody expected. */
export function textOf(html: string): string {
  const visible = html.replace(/<(script|style|svg|head)\b[\s\S]*?<\/\1\s*>/gi, ' ').replace(TAG, ' ')
  return decodeReferences(visible).replace(/\s+/g, ' ').trim()
}

function parseAttributes(source: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single, bare] of source.matchAll(ATTRIBUTE)) {
    const key = name.toLowerCase()
    // The first of two equal attributes counts, as in a browser.
    if (!attributes.has(key)) attributes.set(key, decodeReferences(double ?? single ?? bare ?? ''))
  }
  return attributes
}

function decodeReferences(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED.get(String(name).toLowerCase()) ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}
