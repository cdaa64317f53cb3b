import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formLimit, parseFields, readForm } from './form.ts'
import { RequestProblem } from './problems.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof RequestProblem) return thrown.code
    throw thrown
  }
  return 'none'
}

describe('parseFields', () => {
  test.each([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['name=mary%40contoso.com&x=a+b%2Bc', { name: 'mary@contoso.com', x: 'a b+c' }],
    ['a=&b', { a: '', b: '' }],
    ['a==b&&', { a: '=b' }],
    ['__proto__=1', Object.fromEntries([['__proto__', '1']])],
    ['', {}],
  ])('reads %j', (encoded, fields) => {
    expect({ ...parseFields(encoded) }).toEqual(fields)
  })

  test.each([
    ['a=1&a=2', 'duplicate_parameter'],
    ['a=1&%61=2', 'duplicate_parameter'],
    ['__proto__=1&__proto__=2', 'duplicate_parameter'],
    ['a=%', 'malformed'],
    ['a=%zz', 'malformed'],
    ['a=%ff', 'malformed'],
    ['%c3=1', 'malformed'],
    [Array.from({ length: 65 }, (_, at) => `f${at}=1`).join('&'), 'malformed'],
  ])('refuses %j', (encoded, code) => {
    expect(codeOf(() => parseFields(encoded))).toBe(code)
  })

  test('either reads or refuses whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (encoded) => {
        expect(['none', 'malformed', 'duplicate_parameter']).toContain(codeOf(() => parseFields(encoded)))
      }),
    )
  })

  test('gives back what URLSearchParams wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 20 }), (fields) => {
        expect({ ...parseFields(new URLSearchParams(fields).toString()) }).toEqual({ ...fields })
      }),
    )
  })
})

describe('readForm', () => {
  const outcomes: string[] = []
  const server = createServer((req, res) => {
    readForm(req).then(
      (fields) => res.end(JSON.stringify(fields)),
      (thrown: unknown) => {
        const code = thrown instanceof RequestProblem ? thrown.code : String(thrown)
        outcomes.push(code)
        server.emit('refused', code)
        res.end(code)
      },
    )
  })
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => server.close())
  const port = () => (server.address() as AddressInfo).port // a TCP server has no other kind of address

  async function post(headers: Record<string, string>, body: string | Uint8Array): Promise<string> {
    const sent = request({ port: port(), host: '127.0.0.1', method: 'POST', headers })
    sent.end(body)
    const [response] = await once(sent, 'response')
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    return Buffer.concat(parts).toString()
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('reads a form, with or without a charset', async () => {
    expect(await post(form, 'a=1')).toBe('{"a":"1"}')
    expect(await post({ 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }, 'a=1')).toBe('{"a":"1"}')
  })

  test.each([
    ['another type', { 'content-type': 'application/json' }],
    ['no type', {}],
    ['a multipart form', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['another charset', { 'content-type': 'application/x-www-form-urlencoded; charset=iso-8859-1' }],
    ['a compressed form', { ...form, 'content-encoding': 'gzip' }],
  ])('refuses %s', async (_, headers) => {
    expect(await post(headers, 'a=1')).toBe('unsupported_media_type')
  })

  test('refuses bytes that are not UTF-8', async () => {
    expect(await post(form, new Uint8Array([0x61, 0x3d, 0xff]))).toBe('malformed')
  })

  test('refuses a form over the limit, announced or not, and takes one at the limit', async () => {
    const atLimit = `a=${'x'.repeat(formLimit - 2)}`
    expect(await post(form, atLimit)).toContain('xxx')
    expect(await post(form, `${atLimit}x`)).toBe('too_large')
    expect(await post({ ...form, 'transfer-encoding': 'chunked' }, `${atLimit}x`)).toBe('too_large')
    expect(await post(form, 'x'.repeat(10_000_000))).toBe('too_large')
  })

  test('refuses a form whose connection closes half way', async () => {
    const refused = once(server, 'refused')
    const socket = connect(port(), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${form['content-type']}\r\nContent-Length: 100\r\n\r\na=1`)
    socket.end()
    expect((await refused)[0]).toBe('connection_closed')
  })
})
