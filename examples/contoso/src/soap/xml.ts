/**
 * Reads small XML documents of strangers, and writes text into XML.
 *
 * It owns the limits: no DTD, so no entity of one's own and nothing from elsewhere; no processing instruction; bounded
 * depth and number of elements. Names carry their namespace, never their prefix. It does not know what a document means.
 */
import { SaxesParser } from 'saxes'

/** `text` is what stands directly in the element, joined. Attributes are not kept: nobody here reads one. */
export type XmlElement = Readonly<{ namespace: string; name: string; text: string; children: readonly XmlElement[] }>

export type XmlErrorCode = 'not_xml' | 'doctype' | 'instruction' | 'too_deep' | 'too_many_elements'

/** The document is refused. The message is safe to show: it quotes nothing of the document. */
export class XmlError extends Error {
  readonly code: XmlErrorCode
  /** What the parser said, for the log. It may quote the document. */
  readonly detail: string | undefined

  constructor(code: XmlErrorCode, message: string, detail?: string) {
    super(message)
    this.name = 'XmlError'
    this.code = code
    this.detail = detail
  }
}

const DEEPEST = 24
/** Enough for a request of 100 mailboxes. */
const MOST_ELEMENTS = 5000

type Growing = { namespace: string; name: string; text: string; children: XmlElement[] }

/**
 * The root element of a well-formed document in UTF-8 (XML 1.0, Namespaces in XML 1.0).
 * The caller bounds the size. Only the five entities of XML itself are known.
 * @throws {XmlError}
 */
export function parseXml(bytes: Uint8Array, mostElements = MOST_ELEMENTS): XmlElement {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new XmlError('not_xml', 'The document is not in UTF-8.')
  }
  const parser = new SaxesParser({ xmlns: true, position: false })
  const open: Growing[] = []
  let root: XmlElement | undefined
  let elements = 0
  parser.on('error', (cause) => {
    throw new XmlError('not_xml', 'The document is not well-formed XML.', cause.message)
  })
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')
      throw new XmlError('not_xml', 'The document must be in UTF-8.')
  })
  parser.on('doctype', () => {
    throw new XmlError('doctype', 'A document type declaration is not taken.')
  })
  parser.on('processinginstruction', () => {
    throw new XmlError('instruction', 'A processing instruction is not taken.')
  })
  parser.on('opentag', ({ uri, local }) => {
    elements += 1
    if (elements > mostElements) throw new XmlError('too_many_elements', `The document has more than ${mostElements} elements.`)
    if (open.length >= DEEPEST) throw new XmlError('too_deep', `The document is deeper than ${DEEPEST} elements.`)
    open.push({ namespace: uri, name: local, text: '', children: [] })
  })
  const append = (part: string): void => {
    const current = open.at(-1)
    if (current !== undefined) current.text += part
  }
  parser.on('text', append)
  parser.on('cdata', append)
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed === undefined) return
    const element = Object.freeze({ ...closed, children: Object.freeze(closed.children) })
    const parent = open.at(-1)
    if (parent === undefined) root = element
    else parent.children.push(element)
  })
  parser.write(text).close()
  if (root === undefined) throw new XmlError('not_xml', 'The document has no element.')
  return root
}

/** The first child of that name in that namespace; with several names, the first at the end of that path. */
export function findChild(
  element: XmlElement | undefined,
  namespace: string,
  ...path: readonly string[]
): XmlElement | undefined {
  let at = element
  for (const name of path) at = at?.children.find((one) => one.namespace === namespace && one.name === name)
  return at
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text as it may stand in an element or an attribute. Characters that XML cannot hold at all are left out. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '').replace(UNWRITABLE, '')

/** What XML 1.0 section 2.2 leaves out. */
const UNWRITABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
