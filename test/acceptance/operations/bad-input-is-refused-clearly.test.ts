/** Whatever comes in, nothing breaks and nothing changes: never a 500, and the next honest request is answered. */
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { refresh, refreshTokenOf } from '../../support/person-browser.ts'
import { createBrowser } from '../support/browser.ts'
import { rawBytes, rawRequest } from '../support/raw-request.ts'
import { authorization, basic, mailTokens, signedIn, startWorld, verdict, type World } from '../support/world.ts'

let world: World
let token: string
beforeAll(async () => {
  world = await startWorld()
  token = (await mailTokens(world, await signedIn(world))).refresh
})
afterEach(async () => {
  const answer = await refresh(world.token, world.sts.clients.mail.clientId, token)
  expect(verdict(answer)).toBe('200 ok')
  token = refreshTokenOf(answer)
})
afterAll(() => world.close())

const FORM = 'application/x-www-form-urlencoded'
const PROGRAMS = [
  '/oauth2/v2.0/token',
  '/oauth2/token',
  '/oauth2/v2.0/devicecode',
  '/oauth2/v2.0/par',
  '/oauth2/v2.0/introspect',
  '/oauth2/v2.0/revoke',
]
const BROWSERS = [
  '/oauth2/v2.0/authorize',
  '/oauth2/v2.0/logout',
  '/oauth2/v2.0/logout/confirm',
  '/device',
  '/signin/x/password',
  '/signin/x/factor',
  '/signin/x/enroll',
]

const BODIES: readonly (readonly [string, string | Uint8Array, Record<string, string>])[] = [
  ['nothing', '', { 'content-type': FORM }],
  ['no content type', 'grant_type=x', {}],
  ['JSON', '{"grant_type":"x"}', { 'content-type': 'application/json' }],
  ['JSON said to be a form', '{"grant_type":"x"}', { 'content-type': FORM }],
  ['a form in parts', '--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['XML', '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>', { 'content-type': 'text/xml' }],
  ['another character set', 'grant_type=x', { 'content-type': `${FORM}; charset=utf-7` }],
  ['compressed', gzipSync('grant_type=x'), { 'content-type': FORM, 'content-encoding': 'gzip' }],
  ['broken percent signs', 'grant_type=%&client_id=%zz&token=%e0%a4%a', { 'content-type': FORM }],
  ['bytes that are no UTF-8', new Uint8Array([0x74, 0x3d, 0xff, 0xfe, 0xc0, 0xaf]), { 'content-type': FORM }],
  ['NUL in names and values', 'grant_type=refresh_token&refresh_token=%00&client_id=%00&a%00=b', { 'content-type': FORM }],
  ['lone surrogates', 'grant_type=%ed%a0%80&client_id=%ed%a0%80&token=%ed%a0%80', { 'content-type': FORM }],
  [
    'prototype names',
    '__proto__=x&constructor=y&toString=z&grant_type=__proto__&client_id=__proto__&token=__proto__',
    { 'content-type': FORM },
  ],
  ['names of arrays', 'client_id[]=x&client_id[0]=y&grant_type[a]=b&token[]=x', { 'content-type': FORM }],
  ['every name twice', 'grant_type=a&grant_type=b&client_id=a&client_id=b&token=a&token=b', { 'content-type': FORM }],
  ['ten thousand names', Array.from({ length: 10_000 }, (_, at) => `n${at}=1`).join('&'), { 'content-type': FORM }],
  ['separators only', '&&&===&=&', { 'content-type': FORM }],
  [
    'one huge value',
    `grant_type=refresh_token&client_id=x&token=x&refresh_token=${'a'.repeat(200_000)}`,
    { 'content-type': FORM },
  ],
  ['ten megabytes', 'a'.repeat(10 * 1024 * 1024), { 'content-type': FORM }],
  [
    'SQL',
    `grant_type=${encodeURIComponent("'; DROP TABLE account; --")}&client_id=${encodeURIComponent("' OR 1=1 --")}&token=${encodeURIComponent("' OR 1=1")}`,
    { 'content-type': FORM },
  ],
]

/** A body that is refused by its size may be cut off while it is still being sent; that is an answer, too. */
async function statusOf(url: string, options: Parameters<typeof rawRequest>[1]): Promise<number> {
  return rawRequest(url, options).then(
    (answer) => answer.status,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 413
      throw error
    },
  )
}

describe.each([...PROGRAMS, ...BROWSERS])('%s', (path) => {
  it('takes no harm from any body', async () => {
    for (const [name, body, headers] of BODIES) {
      for (const accept of ['application/json', 'text/html']) {
        const status = await statusOf(`${world.issuer}${path}`, { method: 'POST', headers: { accept, ...headers }, body })
        expect(status, `${name} (${accept})`).toBeLessThan(500)
        // Only what leads a browser on by GET may answer other than by refusing; revocation of nonsense is done at once.
        if (PROGRAMS.includes(path)) expect([400, 401, 404, 405, 411, 413, 415], `${name}: ${status}`).toContain(status)
      }
    }
  })

  it('takes no harm from any method', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const status = await statusOf(`${world.issuer}${path}`, { method, headers: { accept: 'text/html' } })
      expect(status, method).toBeLessThan(500)
    }
  })
})

describe('addresses', () => {
  it.each([
    '/',
    '//',
    '/%',
    '/%00',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/../../etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/.well-known',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/x',
    '/.well-known/oauth-authorization-server/%',
    '/contoso.com',
    '/contoso.com/',
    '/CONTOSO.COM/device',
    '/fabrikam.example/device',
    '/00000000-0000-0000-0000-000000000000/device',
    '/__proto__/device',
    '/constructor',
    '/%E0%A4%A/device',
    '/contoso.com%00/device',
    `/${'a'.repeat(6000)}/device`,
    "/' OR 1=1 --/device".replaceAll(' ', '%20'),
    '/contoso.com;x/device',
    '/assets/../../package.json',
    '/assets/%2e%2e/x',
    '/assets/x',
    '/healthz/x',
    '/metrics/..',
  ])('answer what they can and refuse the rest: %s', async (path) => {
    for (const accept of ['application/json', 'text/html']) {
      const status = await statusOf(`${world.sts.baseUrl}${path}`, { headers: { accept } })
      expect(status).toBeLessThan(500)
      expect(status).toBeGreaterThanOrEqual(200)
    }
  })

  it('below the issuer do so, too', async () => {
    for (const path of [
      '/signin/%',
      '/signin/%00',
      `/signin/${'a'.repeat(5000)}`,
      '/signin/../device',
      '/device/%',
      '/device/x',
      '/oauth2/v2.0/authorize/%',
      '/oauth2/v2.0/authorize/x',
      '/oauth2',
      '/oauth2/v3.0/token',
      '/oidc/userinfo/x',
      '/discovery',
      '/__proto__',
      '/oauth2/v2.0/authorize?%',
      '/oauth2/v2.0/authorize?a=%zz',
      `/oauth2/v2.0/authorize?${'a=b&'.repeat(1500)}`,
      '/oauth2/v2.0/introspect?token=%',
      '/oauth2/v2.0/introspect?token=a&token=b',
      '/device?user_code=%00',
      '/device?user_code=%F0%9F%98%80',
      '/oauth2/v2.0/logout?id_token_hint=%00&post_logout_redirect_uri=%00',
      '/signin/x?as=%',
    ]) {
      for (const accept of ['application/json', 'text/html']) {
        const status = await statusOf(`${world.issuer}${path}`, { headers: { accept, ...basic(world.sts.clients.server) } })
        expect(status, path.slice(0, 60)).toBeLessThan(500)
      }
    }
  })
})

describe('parameters of an authorization request', () => {
  const values = [
    '',
    ' ',
    '\0',
    '%',
    '\u{1F600}',
    'a'.repeat(5000),
    '\r\nLocation: https://evil.example',
    '{}',
    '[]',
    '{"id_token":[]}',
    '{"id_token":{"acr":{"essential":true,"values":{}}}}',
    '{"id_token":{"acr":{"values":["x",1,null]}}}',
    '{"userinfo":1}',
    '-1',
    '1e400',
    'NaN',
    '9'.repeat(30),
    '__proto__',
    '<script>alert(1)</script>',
    "'; DROP TABLE account; --",
  ]
  it.each([
    'client_id',
    'response_type',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'response_mode',
    'prompt',
    'max_age',
    'acr_values',
    'claims',
    'ui_locales',
    'login_hint',
    'id_token_hint',
    'resource',
    'request',
    'request_uri',
    'display',
    'postern_v1',
    'postern_offline',
    'postern_again',
    'domain_hint',
  ])('%s may be anything', async (name) => {
    const browser = createBrowser()
    for (const value of values) {
      for (const path of ['/oauth2/v2.0/authorize', '/oauth2/authorize']) {
        const page = await browser.open(authorization(world, { path, change: { [name]: value } }).url)
        expect(page.status, `${name}=${value.slice(0, 40)}`).toBeLessThan(500)
        expect(page.html).not.toContain('<script>alert')
        expect(page.left?.searchParams.get('error') ?? '').not.toBe('server_error')
      }
    }
  })
})

describe('credentials', () => {
  it.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${Buffer.from('no colon').toString('base64')}`,
    `Basic ${Buffer.from('%zz:%zz').toString('base64')}`,
    `Basic ${Buffer.from('a:b:c').toString('base64')}`,
    `Basic ${Buffer.from('\0:\0').toString('base64')}`,
    `Basic ${'A'.repeat(8000)}`,
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer ....',
    `Bearer ${'a.'.repeat(3000)}`,
    'DPoP x',
    'Digest x',
    'Negotiate x',
    'x',
  ])('of a wrong form are refused: %s', async (authorizationHeader) => {
    for (const path of [
      '/oauth2/v2.0/token',
      '/oauth2/v2.0/introspect',
      '/oauth2/v2.0/revoke',
      '/oidc/userinfo',
      '/oauth2/v2.0/par',
    ]) {
      for (const method of ['POST', 'GET']) {
        const status = await statusOf(`${world.issuer}${path}`, {
          method,
          headers: { authorization: authorizationHeader, ...(method === 'POST' ? { 'content-type': FORM } : {}) },
          ...(method === 'POST' ? { body: 'grant_type=client_credentials&token=x' } : {}),
        })
        expect(status, `${method} ${path}`).toBeLessThan(500)
        if (status === 200) expect(path).toBe('/oauth2/v2.0/introspect')
      }
    }
  })

  it('in cookies may be anything', async () => {
    const names = [...(await cookieNames())]
    for (const value of ['', 'x', '%', '%00', 'a'.repeat(3000), '\u00ff', '"', 'x;y', '__proto__']) {
      const cookie = names.map((name) => `${name}=${value}; ${name}.sig=${value}`).join('; ')
      const status = await statusOf(authorization(world).url, { headers: { accept: 'text/html', cookie } })
      expect(status, value.slice(0, 20)).toBeLessThan(500)
    }
  })
})

async function cookieNames(): Promise<Set<string>> {
  const browser = createBrowser()
  await browser.open(authorization(world).url)
  return new Set([...browser.cookies.keys()].map((key) => key.slice(0, key.indexOf(';'))))
}

describe('connections', () => {
  it('that break, lie about their length, or send no HTTP harm nobody', async () => {
    const { pathname } = new URL(world.token)
    const head = `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\n`
    const broken: readonly (readonly [string, boolean])[] = [
      [`${head}Content-Length: 100\r\n\r\ngrant_type=`, true],
      [`${head}Content-Length: 5\r\n\r\ngrant_type=client_credentials`, false],
      [`${head}Content-Length: -1\r\n\r\n`, false],
      [`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`, false],
      [`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, false],
      [`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, false],
      [`${head}Transfer-Encoding: chunked\r\n\r\n5\r\ngrant\r\n`, true],
      [`${head}X: ${'a'.repeat(70_000)}\r\n\r\n`, false],
      ['GET / HTTP/9.9\r\n\r\n', false],
      ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000', false],
      ['GET', true],
      [`GET ${pathname}\0 HTTP/1.1\r\nHost: x\r\n\r\n`, false],
    ]
    for (const [bytes, cut] of broken) {
      const status = await rawBytes(world.sts.baseUrl.replace('localhost', '127.0.0.1'), bytes, { endAfterWrite: cut })
      expect(status < 500, `${status} ${JSON.stringify(bytes.slice(0, 40))}`).toBe(true)
    }
  })
})
