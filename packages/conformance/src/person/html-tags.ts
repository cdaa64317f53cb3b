/**
 * Splits a page into its tags in one pass, as the tokenizer of the HTML standard does (section 13.2.5), without its rarer states.
 *
 * Pages come from whoever is tested: every letter is looked at a bounded number of times, whatever the page holds. It does
 * not own what tags mean: that is html-forms.ts.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  rsquo: '\u2019',
  lsquo: '\u2018',
  rdquo: '\u201d',
  ldquo: '\u201c',
  ndash: '\u2013',
  mdash: '\u2014',
  hellip: '\u2026',
}
const MOST_CODE_POINT = 0x10ffff

/** Character references of HTML that pages use in attributes and words; an unknown one stays as it is. */
export const decodeHtml = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{1,8}));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
    if (code <= MOST_CODE_POINT) return String.fromCodePoint(code)
    return ENTITIES[name?.toLowerCase() ?? ''] ?? whole
  })

/** Names in lower case; the first of a name counts. */
export type Attributes = ReadonlyMap<string, string>

export interface Tag {
  /** In lower case; empty for comments and whatever else is no element. */
  readonly name: string
  readonly isEnd: boolean
  readonly attributes: Attributes
  readonly start: number
  /** Where the text behind it begins; behind its content, when that holds no tags. */
  readonly end: number
  /** What stands in an element that holds no tags, such as `textarea`; not decoded. */
  readonly content: string
}

/** In these nothing is a tag, whatever is written; a template is not shown and counts as one. */
const RAW = new Set(['script', 'style', 'template', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'])

/** Each is tried at one place only, and none can be split in two ways. */
const NAME = /[a-z][^\s/>]*/iy
const BETWEEN = /[\s/]*/y
const ATTRIBUTE_NAME = /[^\s/>][^\s/>=]*/y
const EQUALS = /\s*=\s*/y
const BARE = /[^\s>]*/y

const NONE: Attributes = new Map()

/** Lower case for ASCII alone: every letter stays at its place. */
const lowered = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Finds the end tags of a name from ascending places on; what was found, or not found, is not looked for again. */
export function createEndFinder(html: string): (name: string, from: number) => number {
  const text = lowered(html)
  const found = new Map<string, number>()
  return (name, from) => {
    const last = found.get(name)
    if (last !== undefined && (last === -1 || last >= from)) return last
    const at = text.indexOf(`</${name}`, from)
    found.set(name, at)
    return at
  }
}

interface ReadAttributes {
  readonly attributes: Attributes
  /** Behind the `>`; -1 when the page ends before. */
  readonly end: number
}

function readAttributes(html: string, from: number): ReadAttributes {
  const attributes = new Map<string, string>()
  let at = from
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const text = pattern.exec(html)?.[0]
    at += text?.length ?? 0
    return text
  }
  for (;;) {
    take(BETWEEN)
    if (at >= html.length) return { attributes, end: -1 }
    if (html[at] === '>') return { attributes, end: at + 1 }
    const name = (take(ATTRIBUTE_NAME) ?? '').toLowerCase()
    let value = ''
    if (take(EQUALS) !== undefined) {
      const quote = html[at]
      if (quote === '"' || quote === "'") {
        const close = html.indexOf(quote, at + 1)
        if (close === -1) return { attributes, end: -1 }
        value = html.slice(at + 1, close)
        at = close + 1
      } else value = take(BARE) ?? ''
    }
    if (!attributes.has(name)) attributes.set(name, decodeHtml(value))
  }
}

/** Every tag in its order. One that the page does not end is none: what follows it is lost, as in browsers. */
export function* tagsOf(html: string): Generator<Tag> {
  const endOf = createEndFinder(html)
  const other = (start: number, end: number): Tag => ({
    name: '',
    isEnd: false,
    attributes: NONE,
    start,
    end: end === -1 ? html.length : end,
    content: '',
  })
  const behind = (mark: string, from: number): number => {
    const at = html.indexOf(mark, from)
    return at === -1 ? -1 : at + mark.length
  }
  let at = 0
  for (;;) {
    const start = html.indexOf('<', at)
    if (start === -1) return
    const isEnd = html[start + 1] === '/'
    NAME.lastIndex = start + (isEnd ? 2 : 1)
    const name = NAME.exec(html)?.[0]
    if (name === undefined) {
      const isComment = html.startsWith('<!--', start)
      if (!isComment && !/[!?/]/.test(html[start + 1] ?? '')) {
        at = start + 1 // a sign in the text
        continue
      }
      const end = isComment ? behind('-->', start + 4) : behind('>', start + 1)
      yield other(start, end)
      if (end === -1) return
      at = end
      continue
    }
    const { attributes, end } = readAttributes(html, NAME.lastIndex)
    if (end === -1) {
      yield other(start, -1)
      return
    }
    const lower = name.toLowerCase()
    if (isEnd || !RAW.has(lower)) {
      at = end
      yield { name: lower, isEnd, attributes, start, end, content: '' }
      continue
    }
    const close = endOf(lower, end)
    at = close === -1 ? html.length : close
    yield { name: lower, isEnd, attributes, start, end: at, content: html.slice(end, at) }
  }
}
