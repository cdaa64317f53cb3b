import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DiscoveryError } from '../errors.ts'
import { listenOnLoopback } from '../testing/loopback-server.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { parseMetadataDocument, readMetadataDocument } from './metadata-document.ts'

const own = makeSelfSigned('partner')
const value = own.der.toString('base64')
const key = { usage: 'signing', keyinfo: { x5t: own.x5t }, keyvalue: { type: 'x509Certificate', value } }
const document = { realm: 'r', serviceName: 's', issuer: 's@r', keys: [key] }

function codeOf(text: string | Uint8Array): string {
  try {
    parseMetadataDocument(text)
    return 'read'
  } catch (error) {
    if (error instanceof DiscoveryError) return error.code
    throw error
  }
}
const bent = (changes: object): string => JSON.stringify({ ...document, ...changes })

test('member names count in any letter case, and in one spelling at a time', () => {
  const shouted = JSON.stringify({
    REALM: 'r',
    SERVICENAME: 's',
    Issuer: 's@r',
    Keys: [{ KeyValue: { TYPE: 'X509CERTIFICATE', Value: value } }],
  })
  expect(parseMetadataDocument(shouted).keys.map(({ x5t }) => x5t)).toEqual([own.x5t])
  expect(codeOf(bent({ Realm: 'other' }))).toBe('document_malformed')
  expect(codeOf(bent({ keys: [{ ...key, keyInfo: { x5t: own.x5t } }] }))).toBe('document_malformed')
})

test('keys of other kinds and other uses are left out', () => {
  const others = [
    { ...key, usage: 'encryption' },
    { usage: 'signing', keyvalue: { type: 'symmetric', value: 'AAAA' } },
  ]
  expect(parseMetadataDocument(bent({ keys: others })).keys).toEqual([])
  expect(parseMetadataDocument(bent({ keys: undefined })).keys).toEqual([])
})

test('a byte order mark and broken lines of base64 do no harm', () => {
  const broken = value.replaceAll(/(.{64})/g, '$1\r\n')
  const text = bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: broken } }] })
  expect(parseMetadataDocument(Buffer.from(`\ufeff${text}`)).keys.length).toBe(1)
})

test.for<readonly [string, string | Uint8Array]>([
  ['not JSON', 'x'],
  ['a list', '[]'],
  ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['no realm', bent({ realm: undefined })],
  ['an empty issuer', bent({ issuer: '' })],
  ['a number for a text', bent({ serviceName: 7 })],
  ['keys no list', bent({ keys: {} })],
  ['a key without value', bent({ keys: [{ usage: 'signing', keyvalue: { type: 'x509Certificate' } }] })],
  ['no certificate', bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: 'AAAA' } }] })],
  ['no base64', bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: '*' } }] })],
  ['the x5t of another certificate', bent({ keys: [{ ...key, keyinfo: { x5t: 'A'.repeat(27) } }] })],
  ['x5t a number', bent({ keys: [{ ...key, keyinfo: { x5t: 7 } }] })],
  ['an endpoint without location', bent({ endpoints: [{ protocol: 'OAuth2', usage: 'issuance' }] })],
  ['an audience that is no text', bent({ allowedAudiences: [7] })],
  ['too many keys', bent({ keys: Array.from({ length: 101 }, () => key) })],
  ['too large', `${' '.repeat(600_000)}{}`],
  ['a repeated member', bent({}).replace('{', '{"realm":"x",')],
  ['a way to the prototype', bent({}).replace('{', '{"__proto__":{},')],
])('%s is refused', ([, text]) => {
  expect(codeOf(text)).toBe('document_malformed')
})

test('no text makes it crash', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (text) => {
      expect(codeOf(text)).toBe('document_malformed')
    }),
  )
  const mixed = fc.dictionary(fc.constantFrom('realm', 'serviceName', 'issuer', 'keys', 'endpoints'), fc.jsonValue())
  fc.assert(
    fc.property(mixed, (changes) => {
      expect(['read', 'document_malformed']).toContain(codeOf(bent(changes)))
    }),
  )
})

test('a document is read from a listed host, and no other host is asked', async () => {
  const asked: string[] = []
  await using server = await listenOnLoopback((request, response) => {
    asked.push(String(request.url))
    if (request.url === '/away') response.writeHead(302, { location: 'https://evil.example/' }).end()
    else if (request.url === '/large') response.end(' '.repeat(600_000))
    else if (request.url === '/missing') response.writeHead(404).end()
    else response.end(bent({}))
  })
  const options = { allowHosts: [`localhost:${server.port}`], allowInsecureLoopback: true }
  expect((await readMetadataDocument(`${server.origin}/metadata/json/1`, options)).serviceName).toBe('s')
  await expect(readMetadataDocument(`${server.origin}/away`, options)).rejects.toMatchObject({ code: 'redirect_not_allowed' })
  await expect(readMetadataDocument(`${server.origin}/large`, options)).rejects.toMatchObject({ code: 'answer_too_large' })
  await expect(readMetadataDocument(`${server.origin}/missing`, options)).rejects.toMatchObject({ code: 'status_unexpected' })
  asked.length = 0
  const refused: readonly (readonly [string, readonly string[]])[] = [
    [`${server.origin}/x`, []],
    [`${server.origin}/x`, ['localhost']],
    [`${server.origin}/x`, ['*']],
    [`http://user@localhost:${server.port}/x`, options.allowHosts],
    ['not a url', options.allowHosts],
    ['file:///etc/passwd', ['']],
  ]
  for (const [url, allowHosts] of refused)
    await expect(readMetadataDocument(url, { ...options, allowHosts }), url).rejects.toMatchObject({ code: 'url_not_allowed' })
  await expect(readMetadataDocument(`${server.origin}/x`, { allowHosts: options.allowHosts })).rejects.toMatchObject({
    code: 'url_not_allowed',
  })
  expect(asked).toEqual([])
})

test('a listed host with an address inside is asked only where that is allowed', async () => {
  const fetched: string[] = []
  const options = {
    allowHosts: ['inside.example'],
    fetch: async (input: string | URL | Request) => {
      fetched.push(String(input))
      return new Response(bent({}))
    },
    resolveHost: async () => [{ address: '10.0.0.7', family: 4 }],
  }
  const url = 'https://inside.example/metadata'
  await expect(readMetadataDocument(url, options)).rejects.toMatchObject({ code: 'address_not_allowed' })
  expect((await readMetadataDocument(url, { ...options, allowPrivateNetwork: true })).realm).toBe('r')
  expect(fetched).toEqual([url])
})
