/**
 * Reads XML just far enough to say whether it is well-formed (XML 1.0, Namespaces 1.0) and what its elements are.
 *
 * A document type is refused, since nobody may have to resolve one. Comments, processing instructions and CDATA are passed over.
 * It does NOT check characters of names beyond ASCII, nor schemas.
 */

export interface XmlElement {
  /** Without prefix. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  /** From the root down, without prefixes, this one last. */
  readonly path: readonly string[]
  /** What stands directly in it, without that of elements within. */
  readonly text: string
}

export type XmlReading = { readonly elements: readonly XmlElement[] } | { readonly problem: string }

const NAME = String.raw`[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?`
const ATTRIBUTE = new RegExp(String.raw`\s+(${NAME})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')`, 'y')
const OPENING = new RegExp(`<(${NAME})`, 'y')
const TAG_END = /\s*(\/?)>/y
const CLOSING = new RegExp(String.raw`</(${NAME})\s*>`, 'y')
const ASIDE = /<!--(?:(?!--)[\s\S])*-->|<\?(?!xml\s)[A-Za-z_][\s\S]*?\?>/y
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y
const TEXT = /[^<]+/y
const DECLARATION = /^\uFEFF?<\?xml\s+version\s*=\s*["']1\.[0-9]["'][^>]*\?>/
/** An ampersand that begins no reference which XML knows by itself. */
const BAD_REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\dA-Fa-f]{1,6});)/
const localOf = (name: string): string => name.slice(name.indexOf(':') + 1)
const prefixOf = (name: string): string => (name.includes(':') ? name.slice(0, name.indexOf(':')) : '')

interface Open {
  readonly raw: string
  readonly element: { name: string; attributes: ReadonlyMap<string, string>; path: readonly string[]; text: string }
  readonly prefixes: ReadonlySet<string>
}

/** Reads a whole document. `problem` says where it stops to be XML. */
export function readXml(document: string): XmlReading {
  let at = DECLARATION.exec(document)?.[0].length ?? 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(document)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  const elements: Open['element'][] = []
  const open: Open[] = []
  const stop = (why: string): XmlReading => ({ problem: `${why} at character ${at}` })

  while (at < document.length) {
    if (take(ASIDE) !== null) continue
    const inside = open.at(-1)
    const text = take(TEXT)?.[0]
    if (text !== undefined) {
      if (inside === undefined && text.trim() !== '') return stop('text beside the root element')
      if (BAD_REFERENCE.test(text)) return stop('an unknown reference')
    }
    const data = text ?? (inside && take(CDATA)?.[1])
    if (data !== undefined) {
      if (inside !== undefined) inside.element.text += data
      continue
    }
    const closing = take(CLOSING)
    if (closing !== null) {
      if (open.pop()?.raw !== closing[1]) return stop(`an end of ${closing[1]} that was not open`)
      continue
    }
    const raw = take(OPENING)?.[1]
    if (raw === undefined) return stop('something that is no element')
    if (inside === undefined && elements.length > 0) return stop('a second root element')
    const attributes = new Map<string, string>()
    for (let one = take(ATTRIBUTE); one !== null; one = take(ATTRIBUTE)) {
      const [, name = '', double, single] = one
      const value = double ?? single ?? ''
      if (attributes.has(name)) return stop(`attribute ${name} twice`)
      if (BAD_REFERENCE.test(value)) return stop('an unknown reference')
      attributes.set(name, value)
    }
    const end = take(TAG_END)
    if (end === null) return stop(`a broken tag of ${raw}`)
    const declared = [...attributes.keys()].filter((name) => name.startsWith('xmlns:')).map(localOf)
    const prefixes = new Set([...(inside?.prefixes ?? ['', 'xml', 'xmlns']), ...declared])
    const unbound = [raw, ...attributes.keys()].find((name) => !prefixes.has(prefixOf(name)))
    if (unbound !== undefined) return stop(`an undeclared prefix of ${unbound}`)
    const name = localOf(raw)
    const element = { name, attributes, path: [...(inside?.element.path ?? []), name], text: '' }
    elements.push(element)
    if (end[1] === '') open.push({ raw, element, prefixes })
  }
  if (open.length > 0) return stop(`no end of ${open.at(-1)?.raw}`)
  return elements.length === 0 ? stop('no element') : { elements }
}
