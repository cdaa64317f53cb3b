import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { issuerCandidates } from './authorization-server.ts'
import { coversUrl, type DiscoveryOptions, discover } from './discovery.ts'
import { DiscoveryError } from './errors.ts'
import { DocumentServer } from './testing/fake-issuer.ts'
import { type LoopbackServer, listenOnLoopback } from './testing/loopback-server.ts'

type Answer = Readonly<{ status?: number; headers?: Record<string, string | string[]>; body?: unknown }>
type Page = Answer | ((req: IncomingMessage, res: ServerResponse) => Answer | undefined)

const asked: string[] = []
const local: DiscoveryOptions = { allowInsecureLoopback: true }

/** A mail server and its issuer in one, as pages by path; `make` gets the origin. */
async function site(make: (origin: string) => Record<string, Page>): Promise<LoopbackServer> {
  let pages: Record<string, Page> = {}
  asked.length = 0
  const server = await listenOnLoopback((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    const page = pages[req.url ?? ''] ?? { status: 404 }
    const answer = typeof page === 'function' ? page(req, res) : page
    if (answer === undefined) return
    res.writeHead(answer.status ?? 200, answer.headers)
    res.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  })
  pages = make(server.origin)
  return server
}
const challenged = (line: string | string[], more: Record<string, string> = {}): Answer => ({
  status: 401,
  headers: { 'WWW-Authenticate': line, ...more },
})
const metadata = (issuer: string, changes: Record<string, unknown> = {}): Answer => ({
  body: {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    ...changes,
  },
})
const resourcePage = '/.well-known/oauth-protected-resource'
const issuerPage = '/contoso/.well-known/openid-configuration'

/** A site where all is well, to be broken page by page. */
const whole = (origin: string): Record<string, Page> => ({
  '/EWS': challenged([`Bearer client_id="mail", resource_metadata="${origin}${resourcePage}"`, 'Basic realm="mail"']),
  [resourcePage]: { body: { resource: `${origin}/`, authorization_servers: [`${origin}/contoso`] } },
  [issuerPage]: metadata(`${origin}/contoso`),
})

async function codeOf(refused: Promise<unknown>): Promise<string> {
  try {
    await refused
    return 'found'
  } catch (error) {
    if (error instanceof DiscoveryError) return error.code
    throw error
  }
}

test('by resource_metadata: from the 401 to the endpoints', async () => {
  await using server = await site(whole)
  const found = await discover(`${server.origin}/EWS`, local)
  expect(found).toMatchObject({
    url: `${server.origin}/EWS`,
    issuer: `${server.origin}/contoso`,
    resource: `${server.origin}/`,
    authorizationServer: {
      tokenEndpoint: `${server.origin}/contoso/token`,
      authorizationEndpoint: `${server.origin}/contoso/authorize`,
    },
  })
  expect(found.challenge.parameters.get('client_id')).toBe('mail')
  expect(found.challenges.map(({ scheme }) => scheme)).toEqual(['bearer', 'basic'])
})

test('a fetch of the caller is used for every request, and redirects stay in our hands', async () => {
  await using server = await site(whole)
  const redirects = new Set<unknown>()
  const watching: typeof fetch = (input, init) => {
    redirects.add(init?.redirect)
    return fetch(input, init)
  }
  expect((await discover(`${server.origin}/EWS`, { ...local, fetch: watching })).issuer).toBe(`${server.origin}/contoso`)
  expect([...redirects]).toEqual(['manual'])
})

test('the question is an empty Bearer, with the mailbox when it is known', async () => {
  let headers: unknown
  await using server = await site((origin) => ({
    ...whole(origin),
    '/EWS': (req) => {
      headers = [req.headers.authorization, req.headers['x-user-identity']]
      return whole(origin)['/EWS'] as Answer
    },
  }))
  await discover(`${server.origin}/EWS`, { ...local, userIdentity: 'mary@contoso.com' })
  expect(headers).toEqual(['Bearer', 'mary@contoso.com'])
  await expect(discover(`${server.origin}/EWS`, { ...local, userIdentity: 'a\r\nb' })).rejects.toThrow(TypeError)
})

test('by authorization_uri: the issuer is found by its well-known document, also under another name', async () => {
  await using server = await site((origin) => ({
    '/EAS': challenged(`Bearer client_id="mail", authorization_uri="${origin}/contoso.com/oauth2/authorize"`),
    '/contoso.com/.well-known/openid-configuration': metadata(`${origin}/5de110f8`),
    '/5de110f8/.well-known/openid-configuration': metadata(`${origin}/5de110f8`),
  }))
  const found = await discover(`${server.origin}/EAS`, local)
  expect(found.issuer).toBe(`${server.origin}/5de110f8`)
  expect(found.resourceMetadata).toBeUndefined()
})

test('behind an authorization_uri, a document may name another issuer only if that one agrees, on the same origin', async () => {
  const pages = (origin: string, named: string, itself: string): Record<string, Page> => ({
    '/EAS': challenged(`Bearer authorization_uri="${origin}/contoso.com/oauth2/authorize"`),
    '/contoso.com/.well-known/openid-configuration': metadata(named),
    '/5de110f8/.well-known/openid-configuration': metadata(itself),
  })
  {
    await using server = await site((origin) => pages(origin, `${origin}/5de110f8`, `${origin}/fabrikam`))
    expect(await codeOf(discover(`${server.origin}/EAS`, local))).toBe('issuer_mismatch')
  }
  {
    const elsewhere = (origin: string): string => `${origin.replace('localhost', '127.0.0.1')}/5de110f8`
    await using server = await site((origin) => pages(origin, elsewhere(origin), elsewhere(origin)))
    expect(await codeOf(discover(`${server.origin}/EAS`, local))).toBe('issuer_mismatch')
  }
})

test('from https nothing leads to http, not even to this machine', async () => {
  const page = 'https://mail.example/.well-known/oauth-protected-resource'
  const walk = (line: string, authorizationServer = 'https://sts.example') => {
    const documents = new DocumentServer()
    documents.documents.set(
      'https://mail.example/EWS',
      new Response(null, { status: 401, headers: { 'WWW-Authenticate': line } }),
    )
    documents.documents.set(page, { resource: 'https://mail.example/', authorization_servers: [authorizationServer] })
    documents.documents.set(
      'https://sts.example/.well-known/openid-configuration',
      metadata('https://sts.example', { token_endpoint: 'http://localhost/t' }).body,
    )
    const resolveHost = async (name: string) => [{ address: name === 'localhost' ? '127.0.0.1' : '8.8.8.8', family: 4 }]
    return codeOf(discover('https://mail.example/EWS', { ...local, fetch: documents.fetch, resolveHost }))
  }
  expect(await walk('Bearer resource_metadata="http://localhost/x"')).toBe('url_not_allowed')
  expect(await walk('Bearer authorization_uri="http://localhost/authorize"')).toBe('url_not_allowed')
  expect(await walk(`Bearer resource_metadata="${page}"`, 'http://localhost/x')).toBe('url_not_allowed')
  expect(await walk(`Bearer resource_metadata="${page}"`)).toBe('document_malformed')
})

test('an issuer that the client does not trust ends the walk before its metadata is asked', async () => {
  await using server = await site(whole)
  expect(await codeOf(discover(`${server.origin}/EWS`, { ...local, issuerAllowed: () => false }))).toBe('issuer_not_allowed')
  expect(asked).not.toContain(`GET ${issuerPage}`)
})

test.for<[code: string, name: string, change: (origin: string) => Record<string, Page>]>([
  ['status_unexpected', 'no 401', () => ({ '/EWS': { status: 200 } })],
  ['challenge_missing', 'Basic only', () => ({ '/EWS': challenged('Basic realm="x"') })],
  ['challenge_malformed', 'an open quote', () => ({ '/EWS': challenged('Bearer a="') })],
  ['challenge_incomplete', 'a challenge that names nobody', () => ({ '/EWS': challenged('Bearer client_id="mail"') })],
  [
    'oauth_not_offered',
    'OAuth is off for this mailbox',
    () => ({
      '/EWS': challenged('Bearer client_id="mail", error="invalid_token"', {
        'x-ms-diagnostics': '4000000;reason="x";error_category="oauth_not_available"',
      }),
    }),
  ],
  [
    'url_not_allowed',
    'metadata at http elsewhere',
    () => ({ '/EWS': challenged('Bearer resource_metadata="http://evil.example/x"') }),
  ],
  ['url_not_allowed', 'metadata in a file', () => ({ '/EWS': challenged('Bearer resource_metadata="file:///etc/passwd"') })],
  [
    'url_not_allowed',
    'user info in the address',
    (origin) => ({ '/EWS': challenged(`Bearer resource_metadata="${origin.replace('//', '//a:b@')}/x"`) }),
  ],
  [
    'url_not_allowed',
    'a user name in the address',
    (origin) => ({ '/EWS': challenged(`Bearer resource_metadata="${origin.replace('//', '//a@')}/x"`) }),
  ],
  [
    'address_not_allowed',
    'metadata at the cloud',
    () => ({ '/EWS': challenged('Bearer resource_metadata="https://169.254.169.254/latest"') }),
  ],
  [
    'address_not_allowed',
    'metadata inside the network',
    () => ({ '/EWS': challenged('Bearer authorization_uri="https://192.168.1.1/authorize"') }),
  ],
  [
    'address_not_allowed',
    'an address written as a number',
    () => ({ '/EWS': challenged('Bearer authorization_uri="https://0xa000001/authorize"') }),
  ],
  [
    'resource_mismatch',
    'metadata of another resource',
    () => ({ [resourcePage]: { body: { resource: 'https://other.example/', authorization_servers: ['x'] } } }),
  ],
  [
    'resource_mismatch',
    'metadata of a sibling',
    (origin) => ({ [resourcePage]: { body: { resource: `${origin}/EW`, authorization_servers: ['x'] } } }),
  ],
  ['document_malformed', 'metadata that is no JSON', () => ({ [resourcePage]: { body: '<html>' } })],
  [
    'document_malformed',
    'metadata with a name twice',
    (origin) => ({ [resourcePage]: { body: `{"resource":"x","resource":"${origin}/"}` } }),
  ],
  ['status_unexpected', 'metadata that is missing', () => ({ [resourcePage]: { status: 404 } })],
  [
    'challenge_incomplete',
    'no authorization server',
    (origin) => ({ [resourcePage]: { body: { resource: `${origin}/`, authorization_servers: [7] } } }),
  ],
  ['issuer_mismatch', 'an issuer that names another', (origin) => ({ [issuerPage]: metadata(`${origin}/fabrikam`) })],
  [
    'document_malformed',
    'no token endpoint',
    (origin) => ({ [issuerPage]: metadata(`${origin}/contoso`, { token_endpoint: undefined }) }),
  ],
  [
    'document_malformed',
    'a token endpoint at http elsewhere',
    (origin) => ({ [issuerPage]: metadata(`${origin}/contoso`, { token_endpoint: 'http://evil.example/' }) }),
  ],
  ['status_unexpected', 'an issuer without metadata', () => ({ [issuerPage]: { status: 404 } })],
  [
    'redirect_not_allowed',
    'a redirect to another host',
    () => ({ '/EWS': { status: 302, headers: { Location: 'https://evil.example/' } } }),
  ],
  [
    'redirect_not_allowed',
    'a redirect to another port',
    () => ({ [resourcePage]: { status: 307, headers: { Location: 'http://localhost:1/' } } }),
  ],
  ['redirect_not_allowed', 'a redirect without end', () => ({ '/EWS': { status: 302, headers: { Location: '/EWS' } } })],
  ['answer_too_large', 'a megabyte', () => ({ [resourcePage]: { body: 'x'.repeat(1_000_000) } })],
])('%s: %s', async ([code, , change]) => {
  await using server = await site((origin) => ({ ...whole(origin), ...change(origin) }))
  expect(await codeOf(discover(`${server.origin}/EWS`, local))).toBe(code)
  expect(await codeOf(discover(`${server.origin}/EWS`, { ...local, fetch }))).toBe(code)
})

test('a redirect on the same origin is followed', async () => {
  await using server = await site((origin) => ({ ...whole(origin), '/old': { status: 302, headers: { Location: '/EWS' } } }))
  expect((await discover(`${server.origin}/old`, local)).url).toBe(`${server.origin}/EWS`)
})

test('a server that never answers is left at the deadline', async () => {
  await using server = await site(() => ({ '/EWS': () => undefined }))
  expect(await codeOf(discover(`${server.origin}/EWS`, { ...local, timeoutMs: 50 }))).toBe('timed_out')
})

test('http and loopback are refused unless allowed, before anything is sent', async () => {
  await using server = await site(whole)
  expect(await codeOf(discover(`${server.origin}/EWS`))).toBe('url_not_allowed')
  expect(await codeOf(discover(`https://localhost:${server.port}/EWS`))).toBe('address_not_allowed')
  expect(asked).toEqual([])
})

test('a name that leads inside is refused, even when one of its addresses is public', async () => {
  const resolvedTo = (...addresses: string[]): DiscoveryOptions => ({
    resolveHost: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  })
  for (const addresses of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['::1'], ['::ffff:10.0.0.1'], ['169.254.169.254']]) {
    expect(await codeOf(discover('https://mail.example/', resolvedTo(...addresses)))).toBe('address_not_allowed')
  }
  expect(await codeOf(discover('https://mail.example/', resolvedTo()))).toBe('unreachable')
  expect(await codeOf(discover('https://mail.example/', { ...resolvedTo('169.254.169.254'), allowPrivateNetwork: true }))).toBe(
    'address_not_allowed',
  )
})

test('http to localhost stays on this machine, whatever the resolver says', async () => {
  const resolveHost = async () => [{ address: '8.8.8.8', family: 4 }]
  expect(await codeOf(discover('http://localhost:9/', { ...local, resolveHost }))).toBe('address_not_allowed')
})

test('a resource covers its own paths, segment by segment, on its own origin', () => {
  const covers = (resource: string, url: string) => coversUrl(resource, new URL(url))
  expect(covers('https://m.example/', 'https://m.example/EWS')).toBe(true)
  expect(covers('https://m.example', 'https://m.example/EWS')).toBe(true)
  expect(covers('https://m.example/EWS', 'https://m.example/EWS')).toBe(true)
  expect(covers('https://m.example/EWS', 'https://m.example/EWS/x')).toBe(true)
  expect(covers('https://m.example/EW', 'https://m.example/EWS')).toBe(false)
  expect(covers('https://m.example:444/', 'https://m.example/')).toBe(false)
  expect(covers('http://m.example/', 'https://m.example/')).toBe(false)
  expect(covers('https://m.example/EWS/x', 'https://m.example/EWS')).toBe(false)
  expect(covers('https://m.example/?a=b', 'https://m.example/EWS')).toBe(false)
})

test('the likeliest issuers of an authorization address are tried, at most four', () => {
  const candidates = (url: string) => issuerCandidates(new URL(url))
  expect(candidates('https://s.example/contoso/oauth2/v2.0/authorize')[0]).toBe('https://s.example/contoso')
  expect(candidates('https://s.example/contoso/oauth2/authorize')[0]).toBe('https://s.example/contoso')
  expect(candidates('https://s.example/authorize')).toEqual(['https://s.example'])
  expect(candidates('https://s.example/a/b/c/d/e/f/login').length).toBe(4)
})
