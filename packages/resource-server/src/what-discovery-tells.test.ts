import { expect, test } from 'vitest'
import { coversUrl, type DiscoveryOptions, discover } from './discovery.ts'
import { DiscoveryError } from './errors.ts'
import { DocumentServer } from './testing/fake-issuer.ts'

test('a resource with a query or a fragment covers that very address, or nothing', () => {
  const covers = (resource: string, url: string) => coversUrl(resource, new URL(url))
  expect(covers('https://m.example/EWS?a=b', 'https://m.example/EWS?a=b')).toBe(true)
  expect(covers('https://m.example/EWS?a=b', 'https://m.example/EWS?a=c')).toBe(false)
  expect(covers('https://m.example/EWS#a', 'https://m.example/EWS#a')).toBe(false)
  expect(covers('https://m.example/EWS#a', 'https://m.example/EWS')).toBe(false)
  expect(covers('https://m.example/EWS/', 'https://m.example/EWS')).toBe(true)
  expect(covers('m.example', 'https://m.example/')).toBe(false)
})

const host = 'https://mail.example'
const document = { resource: `${host}/`, authorization_servers: ['https://sts.example'] }
const byMetadata = `Bearer resource_metadata="${host}/meta"`
/** What a walk by documents alone ends with: the detail for the log, or `found`. */
async function told(line: string | undefined, documents: Record<string, unknown> = {}, more: DiscoveryOptions = {}) {
  const server = new DocumentServer()
  const headers = line === undefined ? {} : { 'WWW-Authenticate': line }
  server.documents.set(`${host}/EWS`, new Response(null, { status: 401, headers }))
  for (const [url, page] of Object.entries(documents)) server.documents.set(url, page)
  const resolveHost = async () => [{ address: '8.8.8.8', family: 4 }]
  try {
    await discover(`${host}/EWS`, { fetch: server.fetch, resolveHost, ...more })
    return 'found'
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error
    return `${error.code}: ${error.detail}`
  }
}

test.for<readonly [string | undefined, Record<string, unknown>, string]>([
  [undefined, {}, `challenge_missing: ${host}/EWS`],
  ['Bearer abc', {}, `challenge_missing: ${host}/EWS`],
  ['Negotiate', {}, `challenge_missing: ${host}/EWS`],
  ['Bearer a="', {}, 'challenge_malformed: undefined'],
  ['Bearer a="b"', {}, `challenge_incomplete: ${host}/EWS`],
  ['Bearer authorization_uri="https://["', {}, `url_not_allowed: ${host} named https://[`],
  [`Bearer authorization_uri="http://${'x'.repeat(300)}"`, {}, `url_not_allowed: ${host} named http://${'x'.repeat(193)}`],
  ['Bearer resource_metadata="http://a"', {}, `url_not_allowed: ${host} named http://a`],
  [byMetadata, {}, `status_unexpected: ${host}/meta answered 404`],
  [byMetadata, { [`${host}/meta`]: [] }, `document_malformed: ${host}/meta: not a JSON object`],
  [byMetadata, { [`${host}/meta`]: {} }, 'resource_mismatch: resource undefined'],
  [byMetadata, { [`${host}/meta`]: { resource: 7 } }, 'resource_mismatch: resource 7'],
  [byMetadata, { [`${host}/meta`]: { resource: 'x'.repeat(300) } }, `resource_mismatch: resource "${'x'.repeat(199)}`],
  [
    byMetadata,
    { [`${host}/meta`]: { resource: `${host}/` } },
    'challenge_incomplete: the resource metadata names no authorization server',
  ],
  [
    byMetadata,
    { [`${host}/meta`]: { ...document, authorization_servers: 'https://sts.example' } },
    'challenge_incomplete: the resource metadata names no authorization server',
  ],
  [byMetadata, { [`${host}/meta`]: document }, 'status_unexpected: https://sts.example publishes no metadata'],
])('%s with %j is told as %s', async ([line, documents, expected]) => {
  expect(await told(line, documents)).toBe(expected)
})

test('what was asked about first is told as well, and which issuers were not trusted', async () => {
  const server = new DocumentServer()
  server.documents.set(`${host}/EWS`, new Response(null, { status: 204 }))
  await expect(
    discover(`${host}/EWS`, { fetch: server.fetch, resolveHost: async () => [{ address: '8.8.8.8', family: 4 }] }),
  ).rejects.toMatchObject({ code: 'status_unexpected', detail: `${host}/EWS answered 204` })
  const two = { ...document, authorization_servers: ['https://a.example', 7, 'https://b.example'] }
  const issuerAllowed = () => false
  expect(await told(byMetadata, { [`${host}/meta`]: two }, { issuerAllowed })).toBe(
    'issuer_not_allowed: https://a.example https://b.example',
  )
  const many = { ...document, authorization_servers: ['x'.repeat(500)] }
  expect(await told(byMetadata, { [`${host}/meta`]: many }, { issuerAllowed })).toBe(`issuer_not_allowed: ${'x'.repeat(400)}`)
  const issuer = `${host}/contoso`
  const known = {
    [`${issuer}/.well-known/openid-configuration`]: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
    },
  }
  const line = `Bearer authorization_uri="${issuer}/authorize"`
  expect(await told(line, known, { issuerAllowed })).toBe(`issuer_not_allowed: ${issuer}`)
  expect(await told(line, known)).toBe('found')
  expect(await told(line, known, { issuerAllowed: (asked) => asked === issuer })).toBe('found')
})

test('the questions ask for JSON, and name a mailbox only where one is known', async () => {
  const headers: Record<string, string>[] = []
  const server = new DocumentServer()
  server.documents.set(`${host}/EWS`, new Response(null, { status: 401, headers: { 'WWW-Authenticate': byMetadata } }))
  const watching: typeof fetch = (input, init) => {
    headers.push(Object.fromEntries(new Headers(init?.headers)))
    return server.fetch(input, init)
  }
  const options = { fetch: watching, resolveHost: async () => [{ address: '10.0.0.1', family: 4 }] }
  await discover(`${host}/EWS`, { ...options, allowPrivateNetwork: true }).catch(() => undefined)
  expect(headers).toEqual([{ authorization: 'Bearer', accept: 'application/json' }, { accept: 'application/json' }])
  await expect(discover(`${host}/EWS`, options)).rejects.toMatchObject({ code: 'address_not_allowed' })
  expect(headers.length).toBe(2)
  for (const userIdentity of ['', 'a b', 'm\u00e4ry', 'x'.repeat(321)])
    await expect(discover(host, { ...options, userIdentity })).rejects.toThrow(
      new TypeError('userIdentity must be printable ASCII'),
    )
})
