/**
 * WBXML as ActiveSync uses it: elements, inline strings and opaque bytes, code pages; no attributes, no string table.
 *
 * It owns bytes and nesting. Which element means what is said by the caller in numbers, `page << 8 | token`
 * (activesync-tokens.ts names them). Sources: WAP WBXML 1.3, [MS-ASWBXML].
 */

/** An element: its number, and either text or children. */
export type Element = Readonly<{ tag: number; text?: string; children: readonly Element[] }>

/** The body is not WBXML of the kind that ActiveSync sends. */
export class WbxmlError extends Error {
  readonly code = 'wbxml_malformed'

  constructor(detail: string) {
    super(`The body is not well-formed WBXML: ${detail}.`)
    this.name = 'WbxmlError'
  }
}

const SWITCH_PAGE = 0x00
const END = 0x01
const STR_I = 0x03
const OPAQUE = 0xc3
const HAS_CONTENT = 0x40
const HEADER = Buffer.from([0x03, 0x01, 0x6a, 0x00]) // version 1.3, unknown public id, UTF-8, empty string table
const DEEPEST = 32
const MOST_ELEMENTS = 10_000

/** Makes an element. A string is its text, everything else its children. */
export function element(tag: number, ...content: readonly (Element | string)[]): Element {
  const text = content.filter((one) => typeof one === 'string').join('')
  const children = content.filter((one) => typeof one !== 'string')
  if (text !== '' && children.length > 0) throw new TypeError('an element holds text or children, not both')
  return Object.freeze({ tag, ...(text === '' ? {} : { text }), children: Object.freeze(children) })
}

/** The bytes of a document. */
export function encodeWbxml(root: Element): Buffer {
  const parts: Buffer[] = [HEADER]
  let page = 0
  const write = (one: Element): void => {
    if (one.tag >> 8 !== page) {
      page = one.tag >> 8
      parts.push(Buffer.from([SWITCH_PAGE, page]))
    }
    const hasContent = one.text !== undefined || one.children.length > 0
    parts.push(Buffer.from([(one.tag & 0x3f) | (hasContent ? HAS_CONTENT : 0)]))
    if (!hasContent) return
    // A NUL would end the inline string early and let text turn into elements.
    if (one.text !== undefined)
      parts.push(Buffer.from([STR_I]), Buffer.from(one.text.replaceAll('\0', ''), 'utf8'), Buffer.from([0]))
    for (const child of one.children) write(child)
    parts.push(Buffer.from([END]))
  }
  write(root)
  return Buffer.concat(parts)
}

/**
 * The root element of a document. Bounded in depth and number of elements.
 * @throws {WbxmlError}
 */
export function decodeWbxml(bytes: Uint8Array): Element {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!source.subarray(0, HEADER.length).equals(HEADER))
    throw new WbxmlError('the header is not that of WBXML 1.3 in UTF-8 without a string table')
  let at = HEADER.length
  let page = 0
  let count = 0
  const next = (): number => {
    const byte = source[at]
    if (byte === undefined) throw new WbxmlError('it ends too early')
    at += 1
    return byte
  }
  const readInlineString = (): string => {
    const end = source.indexOf(0, at)
    if (end === -1) throw new WbxmlError('a string does not end')
    const text = utf8(source.subarray(at, end))
    at = end + 1
    return text
  }
  const readOpaque = (): string => {
    let length = 0
    for (let digits = 0; ; digits += 1) {
      const byte = next()
      length = length * 128 + (byte & 0x7f)
      if (digits === 4) throw new WbxmlError('a length is too long')
      if (byte < 0x80) break
    }
    if (at + length > source.length) throw new WbxmlError('it ends too early')
    at += length
    return utf8(source.subarray(at - length, at))
  }
  const readElement = (token: number, depth: number): Element => {
    count += 1
    if (depth > DEEPEST || count > MOST_ELEMENTS) throw new WbxmlError('too many elements or too deeply nested')
    if (token >= 0x80 || (token & 0x3f) < 5) throw new WbxmlError(`token 0x${token.toString(16)} is not in use`)
    const tag = (page << 8) | (token & 0x3f)
    const children: Element[] = []
    let text: string | undefined
    if ((token & HAS_CONTENT) !== 0) {
      for (let byte = next(); byte !== END; byte = next()) {
        if (byte === SWITCH_PAGE) page = next()
        else if (byte === STR_I) text = (text ?? '') + readInlineString()
        else if (byte === OPAQUE) text = (text ?? '') + readOpaque()
        else children.push(readElement(byte, depth + 1))
      }
    }
    return Object.freeze({ tag, ...(text === undefined ? {} : { text }), children: Object.freeze(children) })
  }
  let first = next()
  while (first === SWITCH_PAGE) {
    page = next()
    first = next()
  }
  const root = readElement(first, 0)
  if (at !== source.length) throw new WbxmlError('bytes follow the end')
  return root
}

/** The first child with this tag, through a path of tags. */
export function findElement(root: Element, ...path: readonly number[]): Element | undefined {
  return path.reduce<Element | undefined>((found, tag) => found?.children.find((child) => child.tag === tag), root)
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) throw new WbxmlError('a string is not UTF-8')
    throw cause
  }
}
