/** Redirect addresses (R1, R2) and no way to send a browser elsewhere (R3); RFC 9700 sections 2.1, 4.1, 4.11. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, createBrowser, textOf } from '../support/browser.ts'
import { authorization, signedIn, startWorld, type World } from '../support/world.ts'

let world: World
let browser: Browser

beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const ask = (client: 'mail' | 'confidential', redirectUri: string) =>
  browser.open(authorization(world, { client: world.sts.clients[client], redirectUri }).url)

/** Each differs from a registered address by something that a lenient comparison forgives. */
const FOREIGN: readonly (readonly ['mail' | 'confidential', string])[] = [
  ...[
    'https://app.contoso.com/callback/',
    'https://app.contoso.com/Callback',
    'https://app.contoso.com/callback?',
    'https://app.contoso.com/callback?x=1',
    'https://app.contoso.com/callback#x',
    'https://app.contoso.com/callback/../callback',
    'https://app.contoso.com/x/../callback',
    'https://app.contoso.com/./callback',
    'https://app.contoso.com//callback',
    'https://app.contoso.com/%63allback',
    'https://app.contoso.com/callback%2f',
    'https://app.contoso.com/callback%00',
    'https://app.contoso.com/callback%0d%0aLocation:%20https://evil.example',
    'https://app.contoso.com/callback%20',
    'https://app.contoso.com/callback ',
    ' https://app.contoso.com/callback',
    'https://app.contoso.com/callbac',
    'https://app.contoso.com/callback.evil',
    'https://app.contoso.com:443/callback',
    'https://app.contoso.com:8443/callback',
    'https://APP.contoso.com/callback',
    'HTTPS://app.contoso.com/callback',
    'https://app.contoso.com./callback',
    'http://app.contoso.com/callback',
    'https://evil.example/callback',
    'https://app.contoso.com@evil.example/callback',
    'https://user@app.contoso.com/callback',
    'https://evil.example/https://app.contoso.com/callback',
    'https://evil.example\\@app.contoso.com/callback',
    'https:\\\\app.contoso.com\\callback',
    '//app.contoso.com/callback',
    '/callback',
    'https://app.contoso.com.evil.example/callback',
    'https://appXcontoso.com/callback',
    'https://аpp.contoso.com/callback',
    'https://app.contoso。com/callback',
    'javascript:alert(1)',
    'data:text/html,x',
  ].map((uri) => ['confidential', uri] as const),
  ...[
    'http://127.0.0.1/callback/',
    'http://127.0.0.1/callback?x=1',
    'http://127.0.0.1/callback#x',
    'http://127.0.0.1/other',
    'http://127.0.0.1:0/callback',
    'http://127.0.0.1:65536/callback',
    'http://127.0.0.1:99999/callback',
    'http://127.0.0.1:8080@evil.example/callback',
    'http://127.0.0.1@evil.example/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.2/callback',
    'http://127.1/callback',
    'http://2130706433/callback',
    'http://0x7f.0.0.1/callback',
    'http://0.0.0.0/callback',
    'http://[::1]/callback',
    'http://[::ffff:127.0.0.1]/callback',
    'https://127.0.0.1/callback',
    'http://localhost/callback',
    'http://localhost.evil.example',
    'http://LOCALHOST',
    'http://localhost:1234\\@evil.example/',
    'com.contoso.mail://oauth-redirect/',
    'com.contoso.mail://oauth-redirect2',
    'com.contoso.mail2://oauth-redirect',
    'COM.contoso.mail://oauth-redirect',
    'com.contoso.mail:/oauth-redirect',
  ].map((uri) => ['mail', uri] as const),
]

describe('a redirect address that was not registered', () => {
  it.each(FOREIGN)('ends on our own page: %s %s', async (client, uri) => {
    const page = await ask(client, uri)
    expect(page.left?.href).toBeUndefined()
    expect(page.hops).toEqual([])
    expect(page.status).toBe(400)
    expect(page.headers.get('location')).toBeNull()
    expect(textOf(page.html)).toContain('redirect_uri')
  })

  it('is not used either when another parameter is wrong as well', async () => {
    for (const change of [
      { response_type: 'token' },
      { scope: 'nonsense' },
      { code_challenge: 'x' },
      { resource: 'https://evil.example' },
    ]) {
      const page = await browser.open(authorization(world, { redirectUri: 'https://evil.example/callback', change }).url)
      expect([page.status, page.left?.href]).toEqual([400, undefined])
    }
  })

  it('is not used either when it comes next to the right one', async () => {
    const url = new URL(authorization(world).url)
    url.searchParams.append('redirect_uri', 'https://evil.example/callback')
    const page = await browser.open(url.href)
    expect([page.status, page.left?.href]).toEqual([400, undefined])
  })

  it('is not accepted by PAR', async () => {
    const { searchParams } = new URL(authorization(world, { redirectUri: 'https://evil.example/callback' }).url)
    const answer = await fetch(`${world.issuer}/oauth2/v2.0/par`, { method: 'POST', body: searchParams })
    expect(answer.status).toBe(400)
  })

  it('may not be left out', async () => {
    const page = await browser.open(authorization(world, { change: { redirect_uri: undefined } }).url)
    expect([page.status, page.left?.href]).toEqual([400, undefined])
  })

  it('is not believed for an unknown client', async () => {
    const page = await browser.open(authorization(world, { change: { client_id: '00000000-0000-0000-0000-000000000000' } }).url)
    expect([page.status, page.left?.href]).toEqual([400, undefined])
  })
})

describe('a registered redirect address', () => {
  it.each([
    ['mail', 'http://127.0.0.1/callback'],
    ['mail', 'http://127.0.0.1:49152/callback'],
    ['mail', 'http://localhost'],
    ['mail', 'http://localhost:8400'],
    ['mail', 'http://localhost:8400/'],
    ['mail', 'com.contoso.mail://oauth-redirect'],
    ['confidential', 'https://app.contoso.com/callback'],
  ] as const)('gets the code: %s %s', async (client, uri) => {
    const page = await ask(client, uri)
    expect(page.left?.searchParams.get('code')).toMatch(/^[\w-]{20,}$/)
    expect(page.left?.href.startsWith(uri)).toBe(true)
    expect(page.hops.map((hop) => hop.status).every((status) => status === 303 || status === 302)).toBe(true)
  })

  it('gets another port only where the client is native', async () => {
    await world.changeClient(world.sts.clients.confidential, { redirectUris: ['http://127.0.0.1/callback'] })
    const page = await ask('confidential', 'http://127.0.0.1:4000/callback')
    expect([page.status, page.left?.href]).toEqual([400, undefined])
  })
})

describe('no route sends a browser away', () => {
  it('whatever the address asks for', async () => {
    const { issuer, sts } = world
    const pages = [
      '',
      '/',
      '/device',
      '/signin/x',
      '/signin',
      '/oauth2/v2.0/logout',
      '/oauth2/v2.0/logout/success',
      '/oauth2/v2.0/authorize',
      '/oauth2/authorize',
      '/oidc/userinfo',
      '/.well-known/openid-configuration',
      '/discovery/v2.0/keys',
    ]
    const names = [
      'url',
      'next',
      'rd',
      'return_to',
      'returnUrl',
      'redirect',
      'redirect_uri',
      'post_logout_redirect_uri',
      'target_link_uri',
      'initiate_login_uri',
      'error_uri',
      'wreply',
    ]
    const elsewhere = ['https://evil.example/', '//evil.example/', '/\\evil.example']
    for (const path of pages) {
      for (const value of elsewhere) {
        const query = new URLSearchParams(names.map((name): [string, string] => [name, value]))
        for (const browsing of [browser, createBrowser()]) {
          const page = await browsing.open(`${issuer}${path}?${query}`)
          expect(page.left?.href, `${path} ${value}`).toBeUndefined()
        }
      }
    }
    for (const path of ['//evil.example', '/%2f%2fevil.example', '/\\evil.example', `/${sts.realm.id}//evil.example/..`]) {
      const response = await fetch(`${sts.baseUrl}${path}`, { redirect: 'manual' })
      expect(response.headers.get('location') ?? '', path).not.toContain('evil')
    }
  })
})
