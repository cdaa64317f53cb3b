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
/** What the log is told of a document that is refused. */
function said(text: string | Uint8Array): string | undefined {
  try {
    parseMetadataDocument(text)
    return 'read'
  } catch (error) {
    if (error instanceof DiscoveryError && error.code === 'document_malformed') return error.detail
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

test('a whole document is read in the order in which it stands, frozen', () => {
  const other = makeSelfSigned('other')
  const of = ({ x5t, der }: typeof own, padding = '') => ({
    usage: 'Signing',
    keyvalue: { type: 'X509Certificate', value: der.toString('base64'), keyinfo: { x5t: `${x5t}${padding}` } },
  })
  const endpoint = { location: 'https://sts.example/token', protocol: 'OAuth2', usage: 'issuance' }
  const audiences = ['id/host@r', 'a'.repeat(2048)]
  const more = { id: 'i', name: 'n', allowedAudiences: audiences, endpoints: [{ ...endpoint, further: 1 }] }
  const read = parseMetadataDocument(bent({ ...more, keys: [of(other, '='), of(own, '==')] }))
  expect(read).toStrictEqual({
    id: 'i',
    name: 'n',
    realm: 'r',
    serviceName: 's',
    issuer: 's@r',
    allowedAudiences: audiences,
    keys: [other, own].map(({ x5t, der }) => ({ x5t, certificate: new Uint8Array(der) })),
    endpoints: [endpoint],
  })
  for (const part of [read, read.allowedAudiences, read.keys, read.keys[0], read.endpoints, read.endpoints[0]])
    expect(Object.isFrozen(part)).toBe(true)
  const bare = parseMetadataDocument(bent({ keys: undefined, id: null }))
  expect(bare).toStrictEqual({ realm: 'r', serviceName: 's', issuer: 's@r', allowedAudiences: [], keys: [], endpoints: [] })
})

test('a document may be as long as 512 KiB, hold 100 entries of a sort, and texts of 2048 characters', () => {
  const text = JSON.stringify(document)
  const filled = (bytes: number) => `${' '.repeat(bytes - text.length)}${text}`
  expect(codeOf(filled(512 * 1024))).toBe('read')
  expect(parseMetadataDocument(bent({ allowedAudiences: Array(100).fill('a') })).allowedAudiences.length).toBe(100)
  expect(parseMetadataDocument(bent({ realm: 'r'.repeat(2048) })).realm.length).toBe(2048)
  expect(said(filled(512 * 1024 + 1))).toBe('longer than 524288')
  expect(said(bent({ realm: 'r'.repeat(2049) }))).toBe('realm is not a text of bounded length')
})

test.for<readonly [string | Uint8Array, string]>([
  ['[]', 'not a JSON object'],
  [Buffer.from([0x7b, 0xff, 0x7d]), 'not UTF-8'],
  [bent({ Realm: 'other' }), 'document has realm in two spellings'],
  [bent({ realm: undefined }), 'realm is missing'],
  [bent({ realm: null }), 'realm is missing'],
  [bent({ issuer: '' }), 'issuer is missing'],
  [bent({ serviceName: 7 }), 'servicename is not a text of bounded length'],
  [bent({ id: 7 }), 'id is not a text of bounded length'],
  [bent({ name: {} }), 'name is not a text of bounded length'],
  [bent({ keys: {} }), 'keys is not a list of at most 100 entries'],
  [bent({ allowedAudiences: Array(101).fill('a') }), 'allowedaudiences is not a list of at most 100 entries'],
  [bent({ endpoints: 'x' }), 'endpoints is not a list of at most 100 entries'],
  [bent({ keys: [7] }), 'key is not an object'],
  [bent({ keys: [null] }), 'key is not an object'],
  [bent({ keys: [[]] }), 'key is not an object'],
  [bent({ keys: [{ usage: 'signing' }] }), 'keyvalue is not an object'],
  [bent({ keys: [{ usage: 7, keyvalue: {} }] }), 'usage is not a text of bounded length'],
  [bent({ keys: [{ keyvalue: { type: 7 } }] }), 'type is not a text of bounded length'],
  [bent({ keys: [{ ...key, keyinfo: [] }] }), 'keyinfo is not an object'],
  [bent({ keys: [{ ...key, keyinfo: { x5t: 7 } }] }), 'x5t is not a text of bounded length'],
  [
    bent({ keys: [{ ...key, keyinfo: { x5t: `${own.x5t}===` } }] }),
    `the certificate ${own.x5t} stands under another x5t, "${own.x5t}="`,
  ],
  [
    bent({ keys: [{ ...key, keyinfo: { x5t: `=${own.x5t}` } }] }),
    `the certificate ${own.x5t} stands under another x5t, "=${own.x5t}"`,
  ],
  [bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate' } }] }), 'value is missing'],
  [bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: '*' } }] }), 'a certificate is not base64'],
  [bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: `${value}\t` } }] }), 'a certificate is not base64'],
  [bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: 'AAAA' } }] }), 'a certificate cannot be read'],
  [
    bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: 'A'.repeat(32 * 1024 + 1) } }] }),
    'value is not a text of bounded length',
  ],
  [
    bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: 'A'.repeat(32 * 1024) } }] }),
    'a certificate cannot be read',
  ],
  [bent({ endpoints: [7] }), 'endpoint is not an object'],
  [bent({ endpoints: [{ protocol: 'p', usage: 'u' }] }), 'location is missing'],
  [bent({ endpoints: [{ location: 'l', usage: 'u' }] }), 'protocol is missing'],
  [bent({ endpoints: [{ location: 'l', protocol: 'p' }] }), 'usage is missing'],
  [bent({ allowedAudiences: [7] }), 'an allowed audience is not a text'],
  [bent({ allowedAudiences: ['a'.repeat(2049)] }), 'an allowed audience is not a text'],
])('what is wrong is told: %#', ([text, expected]) => {
  expect(said(text)).toBe(expected)
})

test('keys of no kind are left out, and what made a text unreadable is kept for the log', () => {
  expect(parseMetadataDocument(bent({ keys: [{ usage: 'signing', keyvalue: {} }] })).keys).toEqual([])
  const causeOf = (text: string | Uint8Array): unknown => {
    try {
      return parseMetadataDocument(text)
    } catch (error) {
      return error instanceof Error && 'cause' in error ? error.cause : 'none'
    }
  }
  expect(causeOf(Buffer.from([0x7b, 0xff, 0x7d]))).toBeInstanceOf(TypeError)
  expect(causeOf(bent({ keys: [{ ...key, keyvalue: { type: 'x509Certificate', value: 'AAAA' } }] }))).toBeInstanceOf(Error)
  expect(causeOf(bent({ realm: '' }))).toBe('none')
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

test('the question asks for JSON, the host may be listed in any letter case, and a refusal names the address, cut', async () => {
  const asked: (string | null)[] = []
  const options = {
    allowHosts: ['Partner.Example'],
    fetch: async (_input: string | URL | Request, init?: RequestInit) => {
      asked.push(new Headers(init?.headers).get('accept'))
      return new Response('', { status: 404 })
    },
    resolveHost: async () => [{ address: '9.9.9.9', family: 4 }],
  }
  const url = `https://partner.example/${'x'.repeat(300)}`
  const cut = url.slice(0, 200)
  await expect(readMetadataDocument(url, options)).rejects.toMatchObject({ code: 'status_unexpected', detail: `${cut}: 404` })
  const other = url.replace('partner', 'another')
  await expect(readMetadataDocument(other, options)).rejects.toMatchObject({
    code: 'url_not_allowed',
    detail: `${other.slice(0, 200)}: the host is not listed`,
  })
  await expect(readMetadataDocument('partner.example', options)).rejects.toMatchObject({
    code: 'url_not_allowed',
    detail: 'partner.example: the host is not listed',
  })
  expect(asked).toEqual(['application/json'])
})
