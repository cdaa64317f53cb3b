import { expect, test } from 'vitest'
import { findAuthorizationServer, findIssuerBehind, issuerCandidates } from './authorization-server.ts'
import { DiscoveryError } from './errors.ts'
import type { FetchGuards } from './guarded-fetch.ts'

const issuer = 'https://sts.example/contoso'
const openid = `${issuer}/.well-known/openid-configuration`
const oauth = 'https://sts.example/.well-known/oauth-authorization-server/contoso'
const endpoints = { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` }
const good = { issuer, ...endpoints }

/** Guards over fixed documents; a text is sent as it is. */
function over(documents: Readonly<Record<string, object | string>>, allowInsecureLoopback = false) {
  const asked: [string, string | null][] = []
  const guards: FetchGuards = {
    fetch: async (input, init) => {
      asked.push([String(input), new Headers(init?.headers).get('accept')])
      const document = documents[String(input)]
      if (document === undefined) return new Response('no', { status: 404 })
      return typeof document === 'string' ? new Response(document) : Response.json(document)
    },
    allowInsecureLoopback,
    allowPrivateNetwork: false,
    resolveHost: async (name) => [{ address: name === 'localhost' ? '127.0.0.1' : '8.8.8.8', family: 4 }],
    maxBytes: 65_536,
    signal: new AbortController().signal,
  }
  return { guards, asked }
}
const said = (promised: Promise<unknown>): Promise<string> =>
  promised.then(
    () => 'found',
    (error: unknown) => {
      if (error instanceof DiscoveryError) return `${error.code}: ${error.detail}`
      throw error
    },
  )
const find = (document: object | string, of = issuer) => findAuthorizationServer(of, over({ [openid]: document }).guards)
const behind = (address: string, documents: Readonly<Record<string, object | string>>) =>
  findIssuerBehind(address, over(documents).guards)

test('an issuer is what its own document says, with the endpoints that may be asked', async () => {
  const further = {
    device_authorization_endpoint: `${issuer}/device`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: `${issuer}/keys`,
  }
  const found = await find({ ...good, ...further, more: 1 })
  expect(found).toStrictEqual({
    issuer,
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    deviceAuthorizationEndpoint: `${issuer}/device`,
    registrationEndpoint: `${issuer}/register`,
    jwksUri: `${issuer}/keys`,
    metadata: { ...good, ...further, more: 1 },
  })
  expect(Object.isFrozen(found) && Object.isFrozen(found.metadata)).toBe(true)
  const odd = { device_authorization_endpoint: 7, registration_endpoint: 'http://localhost/', jwks_uri: 'x' }
  const bare = { issuer, authorizationEndpoint: `${issuer}/authorize`, tokenEndpoint: `${issuer}/token` }
  expect(await find({ ...good, ...odd })).toStrictEqual({ ...bare, metadata: { ...good, ...odd } })
})

test('an issuer on this machine may have endpoints here, and one at https may not, even where http is allowed', async () => {
  const here = 'http://localhost/contoso'
  const document = { issuer: here, authorization_endpoint: `${here}/a`, token_endpoint: 'https://sts.example/t' }
  const local = over({ [`${here}/.well-known/openid-configuration`]: document }, true)
  expect(await findAuthorizationServer(here, local.guards)).toMatchObject({ authorizationEndpoint: `${here}/a` })
  const mixed = over({ [openid]: { ...good, token_endpoint: `${here}/t` } }, true)
  expect(await said(findAuthorizationServer(issuer, mixed.guards))).toBe(
    `document_malformed: ${issuer}: token_endpoint is missing or not allowed`,
  )
})

test('the two places of a document are asked in order, for JSON, and the first one counts', async () => {
  const both = over({ [openid]: good, [oauth]: { ...good, issuer: 'other' } })
  await findAuthorizationServer(issuer, both.guards)
  expect(both.asked).toEqual([[openid, 'application/json']])
  const second = over({ [oauth]: good })
  expect(await findAuthorizationServer(issuer, second.guards)).toMatchObject({ issuer })
  expect(second.asked).toEqual([
    [openid, 'application/json'],
    [oauth, 'application/json'],
  ])
})

test.for<readonly [object | string, string]>([
  ['x', `document_malformed: ${openid}: not JSON`],
  ['{"issuer":"a","issuer":"b"}', `document_malformed: ${openid}: a repeated member name`],
  [{ ...good, issuer: `${issuer}/` }, `issuer_mismatch: asked ${issuer}, got "${issuer}/"`],
  [{ ...good, issuer: undefined }, `issuer_mismatch: asked ${issuer}, got undefined`],
  [{ ...good, issuer: 'x'.repeat(300) }, `issuer_mismatch: asked ${issuer}, got "${'x'.repeat(199)}`],
  [{ ...good, token_endpoint: undefined }, `document_malformed: ${issuer}: token_endpoint is missing or not allowed`],
  [{ ...good, token_endpoint: ['x'] }, `document_malformed: ${issuer}: token_endpoint is missing or not allowed`],
  [
    { ...good, authorization_endpoint: 'http://sts.example' },
    `document_malformed: ${issuer}: authorization_endpoint is missing or not allowed`,
  ],
])('%j is refused: %s', async ([document, expected]) => {
  expect(await said(find(document))).toBe(expected)
})

test('an issuer that may not be asked, or has no document, is told', async () => {
  for (const odd of ['x', 'http://sts.example', `${issuer}?a`, `${issuer}#a`, `${issuer}?a#b`])
    expect(await said(find(good, odd))).toBe(`url_not_allowed: ${odd}`)
  const long = `x${'y'.repeat(300)}`
  expect(await said(find(good, long))).toBe(`url_not_allowed: ${long.slice(0, 200)}`)
  expect(await said(findAuthorizationServer(issuer, over({}).guards))).toBe(`status_unexpected: ${issuer} publishes no metadata`)
})

test('the likeliest issuer of an address comes first, then its parents, the nearest before the others', () => {
  const of = (path: string) => issuerCandidates(new URL(`https://s.example${path}`)).map((found) => found.slice(17))
  expect(of('/contoso/oauth2/v2.0/authorize')).toEqual(['/contoso', '/contoso/oauth2/v2.0', '/contoso/oauth2', ''])
  expect(of('/contoso/oauth2/authorize/')).toEqual(['/contoso', '/contoso/oauth2', ''])
  expect(of('/contoso/authorize/')).toEqual(['/contoso', ''])
  expect(of('/authorize')).toEqual([''])
  expect(of('/a/b/login')).toEqual(['/a/b', '/a', ''])
  expect(of('/a//b/login')).toEqual(['/a/b', '/a', ''])
  expect(of('/a/oauth2/authorize/b')).toEqual(['/a/oauth2/authorize', '/a/oauth2', '/a', ''])
  expect(of('/a/authorize/b/c')).toEqual(['/a/authorize/b', '/a/authorize', '/a', ''])
  expect(of('/')).toEqual([])
  expect(of('/a/b/c/d/e')).toEqual(['/a/b/c/d', '/a/b/c', '/a/b', '/a'])
})

test('the issuer behind an address is the nearest document, which may name another of its origin', async () => {
  expect(await behind(`${issuer}/oauth2/authorize`, { [openid]: good })).toMatchObject({ issuer })
  const root = 'https://sts.example/.well-known/openid-configuration'
  const ofRoot = { ...good, issuer: 'https://sts.example' }
  expect(await behind(`${issuer}/oauth2/authorize`, { [root]: ofRoot })).toMatchObject({ issuer: 'https://sts.example' })
  // Asked again under the name that it gives itself.
  const guid = 'https://sts.example/5de110f8'
  const documents = {
    [openid]: { ...good, issuer: guid },
    [`${guid}/.well-known/openid-configuration`]: { ...good, issuer: guid },
  }
  const twice = over(documents)
  expect(await findIssuerBehind(`${issuer}/authorize`, twice.guards)).toMatchObject({ issuer: guid })
  expect(twice.asked.map(([url]) => url)).toEqual([openid, `${guid}/.well-known/openid-configuration`])
  const once = over({ [openid]: good })
  await findIssuerBehind(`${issuer}/authorize`, once.guards)
  expect(once.asked.length).toBe(1)
})

test.for<readonly [string, Readonly<Record<string, object>>, string]>([
  ['http://sts.example/authorize', {}, 'url_not_allowed: http://sts.example/authorize'],
  [`x${'y'.repeat(300)}`, {}, `url_not_allowed: x${'y'.repeat(199)}`],
  [`${issuer}/authorize`, {}, `challenge_incomplete: no metadata near ${issuer}/authorize`],
  [
    `${issuer}/${'y'.repeat(300)}/authorize`,
    {},
    `challenge_incomplete: no metadata near ${`${issuer}/${'y'.repeat(300)}`.slice(0, 200)}`,
  ],
  [
    `${issuer}/authorize`,
    { [openid]: { ...good, issuer: 'https://evil.example' } },
    `issuer_mismatch: ${issuer} names "https://evil.example"`,
  ],
  [`${issuer}/authorize`, { [openid]: { ...good, issuer: 7 } }, `issuer_mismatch: ${issuer} names ""`],
  [`${issuer}/authorize`, { [openid]: { ...good, issuer: 'no address' } }, `issuer_mismatch: ${issuer} names "no address"`],
  [
    `${issuer}/authorize`,
    { [openid]: { ...good, issuer: 'x'.repeat(300) } },
    `issuer_mismatch: ${issuer} names "${'x'.repeat(200)}"`,
  ],
])('behind %s with %j: %s', async ([address, documents, expected]) => {
  expect(await said(behind(address, documents))).toBe(expected)
})
