import { describe, expect, test } from 'vitest'
import { parseEnvelope, soapFault } from './envelope.ts'
import { escapeXml, findChild, parseXml, XmlError } from './xml.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const codeOf = (text: string): string => {
  try {
    parseXml(bytes(text))
    return 'accepted'
  } catch (error) {
    if (error instanceof XmlError) return error.code
    throw error
  }
}
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'

describe('parseXml', () => {
  test('knows elements by their namespace, whatever the prefix', () => {
    const written = ['<a:x xmlns:a="urn:1"><a:y>1</a:y></a:x>', '<x xmlns="urn:1"><b:y xmlns:b="urn:1">1</b:y></x>']
    for (const text of written) expect(findChild(parseXml(bytes(text)), 'urn:1', 'y')?.text).toBe('1')
    expect(findChild(parseXml(bytes('<x xmlns="urn:1"><y xmlns="urn:2"/></x>')), 'urn:1', 'y')).toBeUndefined()
  })

  test('reads the five entities, CDATA and comments as XML says', () => {
    expect(parseXml(bytes('<x>&lt;&amp;&#65;<!-- no --><![CDATA[<b>]]></x>')).text).toBe('<&A<b>')
  })

  test.each([
    ['an external entity (XXE)', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', 'doctype'],
    ['a parameter entity', '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/"> %e;]><x/>', 'doctype'],
    ['entities in entities (billion laughs)', '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>', 'doctype'],
    ['a document type without anything in it', '<!DOCTYPE x><x/>', 'doctype'],
    ['an entity that nobody declared', '<x>&e;</x>', 'not_xml'],
    ['a style sheet', '<?xml-stylesheet href="http://127.0.0.1:1/"?><x/>', 'instruction'],
    ['a prefix that nobody declared', '<a:x/>', 'not_xml'],
    ['two roots', '<x/><y/>', 'not_xml'],
    ['an element that stays open', '<x><y></x>', 'not_xml'],
    ['an attribute that is there twice', '<x a="1" a="2"/>', 'not_xml'],
    ['an attribute that is there twice by two prefixes', '<x xmlns:a="u" xmlns:b="u" a:c="1" b:c="2"/>', 'not_xml'],
    ['a control character', '<x>\u0001</x>', 'not_xml'],
    ['another encoding than it is in', '<?xml version="1.0" encoding="utf-16"?><x/>', 'not_xml'],
    ['nothing', '', 'not_xml'],
    ['25 elements in one another', `${'<x>'.repeat(25)}${'</x>'.repeat(25)}`, 'too_deep'],
    ['a million levels that never close', '<x>'.repeat(20_000), 'too_deep'],
    ['more elements than anybody needs', `<x>${'<y/>'.repeat(5000)}</x>`, 'too_many_elements'],
  ])('refuses %s', (_, text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test('takes what is just within the bounds', () => {
    expect(codeOf(`${'<x>'.repeat(24)}${'</x>'.repeat(24)}`)).toBe('accepted')
    expect(codeOf(`<x>${'<y/>'.repeat(4999)}</x>`)).toBe('accepted')
  })

  test('refuses bytes that are no UTF-8', () => {
    expect(() => parseXml(new Uint8Array([0x3c, 0x78, 0x3e, 0xff, 0x3c, 0x2f, 0x78, 0x3e]))).toThrow(XmlError)
  })

  test('reads back whatever text was written, but for what XML cannot hold', () => {
    for (const text of [`<&>"'`, ']]>', '\u{1f600} Ä', 'a\nb'])
      expect(parseXml(bytes(`<x a="${escapeXml(text)}">${escapeXml(text)}</x>`)).text).toBe(text)
    expect(parseXml(bytes(`<x>${escapeXml('a\u0000\u0008\ud800b\uffff')}</x>`)).text).toBe('ab')
  })
})

describe('an envelope', () => {
  const envelope = (body: string, namespace = SOAP): Uint8Array =>
    bytes(`<s:Envelope xmlns:s="${namespace}">${body}</s:Envelope>`)

  test('holds one operation in one body', () => {
    expect(parseEnvelope(envelope('<s:Header><h/></s:Header><s:Body><x xmlns="urn:1"/></s:Body>'))).toMatchObject({
      namespace: 'urn:1',
      name: 'x',
    })
  })

  test.each([
    ['of SOAP 1.2', envelope('<s:Body><x/></s:Body>', 'http://www.w3.org/2003/05/soap-envelope')],
    ['with no body', envelope('')],
    ['with an empty body', envelope('<s:Body/>')],
    ['with two bodies, of which each reader may take another', envelope('<s:Body><x/></s:Body><s:Body><y/></s:Body>')],
    ['with two operations', envelope('<s:Body><x/><y/></s:Body>')],
    ['whose body is of another namespace', envelope('<Body xmlns="urn:1"><x/></Body>')],
  ])('%s is refused', (_, wrong) => {
    expect(() => parseEnvelope(wrong)).toThrowError(expect.objectContaining({ code: 'ErrorSchemaValidation' }))
  })

  test('a fault cannot be made to hold elements of the message', () => {
    const { status, body } = soapFault({ code: 'ErrorInvalidOperation', message: '<b>&' })
    expect(status).toBe(500)
    expect(body).toContain('&lt;b&gt;&amp;')
    expect(parseXml(bytes(body)).name).toBe('Envelope')
  })
})
