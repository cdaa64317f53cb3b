/** No header of a request tells the service who it is (R37; I19; the class of CVE-2026-33495 and CVE-2026-29067). */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { authorization, basic, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const EVIL = 'evil.example'
const HOSTILE: readonly (readonly [string, Record<string, string | string[]>])[] = [
  ['Host', { host: EVIL }],
  ['Host with a port', { host: `${EVIL}:8443` }],
  ['X-Forwarded-Host', { 'x-forwarded-host': EVIL }],
  ['X-Forwarded-Host, twice', { 'x-forwarded-host': [EVIL, 'other.example'] }],
  ['X-Forwarded-Proto', { 'x-forwarded-proto': 'https' }],
  ['X-Forwarded-Proto that is a script', { 'x-forwarded-proto': 'javascript' }],
  ['X-Forwarded-Port', { 'x-forwarded-port': '8443', 'x-forwarded-ssl': 'on' }],
  [
    'X-Forwarded-Prefix',
    { 'x-forwarded-prefix': '/evil', 'x-forwarded-path': '/evil', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' },
  ],
  ['Forwarded', { forwarded: `for=203.0.113.1;host=${EVIL};proto=https` }],
  [
    'all of them',
    {
      host: EVIL,
      'x-forwarded-host': EVIL,
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      forwarded: `host=${EVIL};proto=https`,
      'x-host': EVIL,
      'x-forwarded-server': EVIL,
      'x-http-host-override': EVIL,

      referer: `https://${EVIL}/`,
    },
  ],
]

type Route = readonly [name: string, ask: (headers: Record<string, string | string[]>) => Promise<RawAnswer>]
const html = { accept: 'text/html' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
function routes(): readonly Route[] {
  const { issuer, sts } = world
  const { mail, confidential } = sts.clients
  const get =
    (url: string, own: Record<string, string> = {}): Route[1] =>
    (headers) =>
      rawRequest(url, { headers: { ...own, ...headers } })
  const post =
    (url: string, body: string | Record<string, string>, own: Record<string, string> = {}): Route[1] =>
    (headers) =>
      rawRequest(url, { method: 'POST', headers: { ...form, ...own, ...headers }, body: new URLSearchParams(body).toString() })
  const fixed = authorization(world, { change: { code_challenge: 'a'.repeat(43) } }).url
  return [
    ['discovery', get(`${issuer}/.well-known/openid-configuration`)],
    ['discovery below v2.0', get(`${issuer}/v2.0/.well-known/openid-configuration`)],
    ['discovery by domain', get(`${sts.baseUrl}/contoso.com/.well-known/openid-configuration`)],
    ['RFC 8414 metadata', get(`${sts.baseUrl}/.well-known/oauth-authorization-server/${sts.realm.id}`)],
    ['keys', get(`${issuer}/discovery/v2.0/keys`)],
    ['authorize', get(fixed, html)],
    [
      'authorize with a wrong redirect address',
      get(authorization(world, { redirectUri: 'https://x.example/', change: { code_challenge: 'a'.repeat(43) } }).url, html),
    ],
    ['authorize, refused', get(fixed.replace('response_type=code', 'response_type=token'), html)],
    ['authorize by post', post(`${issuer}/oauth2/v2.0/authorize`, new URL(fixed).search.slice(1))],
    ['device page', get(`${issuer}/device`, html)],
    ['device code', post(`${issuer}/oauth2/v2.0/devicecode`, { client_id: mail.clientId, scope: 'openid' })],
    ['PAR', post(`${issuer}/oauth2/v2.0/par`, new URL(fixed).search.slice(1))],
    [
      'token, refused',
      post(`${issuer}/oauth2/v2.0/token`, { grant_type: 'client_credentials' }, { authorization: 'Basic eDp4' }),
    ],
    [
      'introspection, refused',
      post(`${issuer}/oauth2/v2.0/introspect`, { token: 'x' }, basic({ ...confidential, clientSecret: 'x' })),
    ],
    ['userinfo, refused', get(`${issuer}/oidc/userinfo`)],
    ['logout', get(`${issuer}/oauth2/v2.0/logout`, html)],
    ['an old sign-in', get(`${issuer}/signin/nonsense`, html)],
    ['an unknown page', get(`${issuer}/nothing`, html)],
    ['an unknown realm', get(`${sts.baseUrl}/fabrikam.example/device`, html)],
    ['nothing', get(`${sts.baseUrl}/`, html)],
    ['health', get(`${sts.baseUrl}/healthz`)],
  ]
}

/** Without what differs between any two answers: random values of fixed forms. */
const normal = (answer: RawAnswer): string => {
  const { date: _date, etag: _etag, ...headers } = answer.headers
  return `${answer.status}\n${JSON.stringify(headers)}\n${answer.text}`
    .replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'REFERENCE')
    .replaceAll(/[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}/g, 'USER-CODE')
    .replaceAll(/sha256-[\w+/=]+/g, 'SHA')
    .replaceAll(/[\w-]{27,}/g, (found) => (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(found) ? found : 'RANDOM'))
    .replaceAll(/"content-length":"\d+"/g, '"content-length":"N"')
}

describe.each(HOSTILE)('a hostile %s', (_name, headers) => {
  it('changes no answer of any route', async () => {
    for (const [name, ask] of routes()) {
      const honest = normal(await ask({}))
      const attacked = normal(await ask(headers))
      expect(attacked, name).toBe(honest)
      expect(attacked, name).not.toContain(EVIL)
    }
  })
})

it.each([
  ['an address in the request line', (path: string) => `http://${EVIL}${path}`],
  ['one that cannot be read', (path: string) => `http://[${path}`],
  ['a fragment', (path: string) => `${path}#a`],
  ['a target without a path', () => '*'],
])('%s is refused, whatever it asks for', async (_name, spell) => {
  const { sts } = world
  const { port, hostname } = new URL(sts.baseUrl)
  const { pathname, search } = new URL(authorization(world).url)
  const realm = `/${sts.realm.id}`
  const form = `client_id=${sts.clients.mail.clientId}&scope=openid`
  const body = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`
  for (const [method, path] of [
    ['GET', `${realm}/.well-known/openid-configuration`],
    ['GET', `/.well-known/oauth-authorization-server${realm}`],
    ['GET', `${pathname}${search}`],
    ['GET', `${realm}/device`],
    ['GET', `${realm}/oidc/userinfo`],
    ['GET', `${realm}/oauth2/v2.0/logout`],
    ['GET', `${realm}/signin/x`],
    ['GET', '/metrics'],
    ['GET', '/'],
    ['POST', `${realm}/oauth2/v2.0/devicecode`],
    ['POST', `${realm}/oauth2/v2.0/token`],
    ['OPTIONS', `${realm}/oauth2/v2.0/token`],
  ] as const) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
      const head = `${method} ${spell(path)} HTTP/1.1\r\nHost: ${EVIL}\r\nAccept: text/html\r\nConnection: close\r\n`
      socket.write(method === 'POST' ? `${head}${body}` : `${head}\r\n`)
    })
    expect(answer.split('\r\n')[0], path).toBe('HTTP/1.1 400 Bad Request')
    expect(answer, path).not.toContain(EVIL)
  }
})

it('every address in the discovery document begins with ours', async () => {
  const document = JSON.parse(
    (await rawRequest(`${world.sts.baseUrl}/contoso.com/.well-known/openid-configuration`, { headers: { host: EVIL } })).text,
  ) as Record<string, unknown>
  expect(document.issuer).toBe(world.issuer)
  for (const [name, value] of Object.entries(document))
    if (typeof value === 'string' && value.startsWith('http')) expect(value.startsWith(world.issuer), name).toBe(true)
})

it('cookies are set for no other site', async () => {
  const answer = await rawRequest(authorization(world).url, { headers: { host: EVIL, 'x-forwarded-proto': 'https' } })
  const lines = [answer.headers['set-cookie'] ?? []].flat()
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) {
    expect(line).not.toMatch(/domain=/i)
    expect(line).toMatch(/httponly/i)
    expect(line).toMatch(/samesite=lax/i)
  }
})

it('where the base address is https, cookies are for TLS only, and no header can take that away', async () => {
  const secure = await startWorld({ baseUrl: 'https://login.contoso.example' })
  try {
    const { port } = new URL(world.sts.baseUrl)
    expect(port).not.toBe('')
    const { createServer } = await import('node:http')
    const server = createServer(secure.sts.service.handle)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
    const asked = new URL(authorization(secure).url)
    for (const headers of [{}, { 'x-forwarded-proto': 'http', forwarded: 'proto=http' }] as Record<string, string>[]) {
      const answer = await rawRequest(`http://127.0.0.1:${address.port}${asked.pathname}${asked.search}`, { headers })
      const lines = [answer.headers['set-cookie'] ?? []].flat()
      expect(lines.length).toBeGreaterThan(0)
      for (const line of lines) {
        expect(line).toMatch(/; ?secure/i)
        expect(line).toMatch(/^__(Host|Secure)-/)
      }
      expect(answer.headers.location).toMatch(/^https:\/\/login\.contoso\.example\//)
      expect(answer.headers['strict-transport-security']).toMatch(/max-age=\d{8}/)
    }
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  } finally {
    await secure.sts.close()
  }
})
