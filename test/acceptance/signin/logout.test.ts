/** Leaving ends the session for good (R127), asks first where nobody vouches for it (R130), and leads nowhere else (R131). */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientId } from '@postern/storage'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askToken, refresh } from '../../support/person-browser.ts'
import { asksFor, type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import {
  authorization,
  basic,
  claimsOf,
  codeOf,
  mailTokens,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

const BYE = 'https://app.contoso.com/bye'
let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  browser = await signedIn(world)
})
afterAll(() => world.close())

const logout = (parameters: Record<string, string>) => `${world.issuer}/oauth2/v2.0/logout?${new URLSearchParams(parameters)}`
const isSignedIn = async (one = browser) =>
  (await one.open(authorization(world, { change: { prompt: 'none' } }).url)).left?.searchParams.get('code') !== null
/** An ID token of the client that has somewhere to return to. */
async function webToken(): Promise<{ hint: string; refresh: string; sid: unknown }> {
  const { confidential } = world.sts.clients
  const code = await codeOf(browser, authorization(world, { client: confidential }))
  const answer = await askToken(
    world.token,
    { grant_type: 'authorization_code', code: code.code, redirect_uri: code.redirectUri, code_verifier: code.verifier },
    basic(confidential),
  )
  if (answer.status !== 200) throw new TypeError(answer.text)
  return {
    hint: String(answer.body.id_token),
    refresh: String(answer.body.refresh_token),
    sid: claimsOf(answer.body.id_token).sid,
  }
}
/** Says yes where the page asks. */
async function leave(page: Page): Promise<Page> {
  return asksFor(page, 'xsrf') ? browser.submit(page, { logout: 'yes' }) : page
}

describe('leaving', () => {
  it('asks first, and then the session is gone, its cookie too, even one that was kept', async () => {
    const kept = new Map(browser.cookies)
    const page = await browser.open(logout({}))
    expect(page.status).toBe(200)
    expect(await isSignedIn()).toBe(true)
    const confirm = await browser.open(logout({}))
    const done = await leave(confirm)
    expect(done.status).toBe(200)
    expect(textOf(done.html).length).toBeGreaterThan(30)
    expect(await isSignedIn()).toBe(false)
    const replayed = createBrowser()
    for (const [key, cookie] of kept) replayed.cookies.set(key, cookie)
    expect(await isSignedIn(replayed)).toBe(false)
  })

  it('is not done by a form of another site', async () => {
    await browser.open(logout({}))
    for (const fields of [{ logout: 'yes' }, { logout: 'yes', xsrf: '' }, { logout: 'yes', xsrf: 'x'.repeat(24) }]) {
      const page = await browser.post(`${world.issuer}/oauth2/v2.0/logout/confirm`, fields)
      expect(page.status).toBeGreaterThanOrEqual(400)
      expect(page.status).toBeLessThan(500)
      expect(page.html).not.toContain('SessionNotFound')
    }
    expect(await isSignedIn()).toBe(true)
  })

  it('by a browser that was never signed in says so and breaks nothing', async () => {
    const stranger = createBrowser()
    const page = await stranger.open(logout({}))
    expect(page.status).toBeLessThan(500)
  })

  it('leaves the refresh tokens of mail clients alone', async () => {
    const mail = await mailTokens(world, browser)
    await leave(await browser.open(logout({})))
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, mail.refresh))).toBe('200 ok')
  })

  it('leaves a row', async () => {
    await leave(await browser.open(logout({})))
    const [row] = await world.sts.kept.audit.list({ limit: 1, event: 'session.ended' })
    expect(row?.accountId).toBe(world.sts.mary.account.id)
  })
})

describe('an app that sends its person away', () => {
  it('gets him back where it is registered, with its state', async () => {
    const { hint } = await webToken()
    const page = await browser.open(logout({ id_token_hint: hint, post_logout_redirect_uri: BYE, state: 'x y' }))
    const done = await leave(page)
    expect(done.left?.href).toBe(`${BYE}?state=x+y`)
    expect(await isSignedIn()).toBe(false)
  })

  it('gets him back with an ID token that has expired, too', async () => {
    const { hint } = await webToken()
    world.pass(world.sts.realm.settings.idTokenSeconds + 3600)
    const done = await leave(await browser.open(logout({ id_token_hint: hint, post_logout_redirect_uri: BYE })))
    expect(done.left?.href).toBe(BYE)
  })

  it.each([
    ['elsewhere', 'https://evil.example/'],
    ['with something behind it', `${BYE}/x`],
    ['with a query', `${BYE}?x=1`],
    ['in capitals', 'https://APP.contoso.com/bye'],
    ['without TLS', 'http://app.contoso.com/bye'],
    ['with a trick', 'https://app.contoso.com@evil.example/bye'],
    ['a script', 'javascript:alert(1)'],
    ['its redirect address', 'https://app.contoso.com/callback'],
  ])('does not get him to an address that is not registered: %s', async (_name, uri) => {
    const { hint } = await webToken()
    const page = await leave(await browser.open(logout({ id_token_hint: hint, post_logout_redirect_uri: uri })))
    expect(page.left).toBeUndefined()
    expect(page.status).toBe(400)
    expect(await isSignedIn()).toBe(true)
  })

  it.each([
    ['none', () => ({})],
    ['a broken one', (hint: string) => ({ id_token_hint: `${hint.slice(0, -4)}AAAA` })],
    ['no token at all', () => ({ id_token_hint: 'x' })],
    [
      'one unsigned',
      (hint: string) => ({ id_token_hint: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${hint.split('.')[1]}.` }),
    ],
    ['one of another client', (hint: string) => ({ id_token_hint: hint, client_id: world.sts.clients.server.clientId })],
  ] as const)('is not believed with a wrong hint: %s', async (_name, change) => {
    const { hint } = await webToken()
    const page = await browser.open(logout({ post_logout_redirect_uri: BYE, ...change(hint) }))
    expect(page.left).toBeUndefined()
    expect(await isSignedIn()).toBe(true)
  })
})

describe('an app that wants to be told', () => {
  let told: string[]
  let listener: Server
  beforeEach(async () => {
    told = []
    listener = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        told.push(new URLSearchParams(Buffer.concat(chunks).toString('utf8')).get('logout_token') ?? '')
        response.end()
      })
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo // a TCP listener has an address with a port
    await world.sts.service.mailApps.endElsewhere() // what happened before is nobody's news
    await world.changeClient(world.sts.clients.confidential, { backchannelLogoutUri: `http://127.0.0.1:${port}/logout` })
    browser = await signedIn(world)
  })
  afterEach(async () => {
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
    const { clientId } = world.sts.clients.confidential
    const client = await world.sts.kept.clients.find(clientId as ClientId) // a brand has no runtime part
    if (client === undefined) throw new TypeError('the client is gone')
    const { backchannelLogoutUri: _, ...deaf } = client
    await world.sts.kept.clients.replace(deaf)
  })

  /** The one token that it was sent, if it is good for this only. */
  async function news() {
    expect(told).toHaveLength(1)
    const [token = ''] = told
    const { confidential, server } = world.sts.clients
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/discovery/v2.0/keys`))
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: world.issuer, audience: confidential.clientId })
    expect(protectedHeader.typ).toBe('logout+jwt')
    expect(payload).toMatchObject({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
    expect(payload.jti).toMatch(/./)
    expect(payload.nonce).toBeUndefined()
    const misused = await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token }, basic(server))
    expect(misused.body).toEqual({ active: false })
    return payload
  }

  it('is told by back-channel, once, when its person leaves', async () => {
    const { sid, hint } = await webToken()
    const done = await leave(await browser.open(logout({ id_token_hint: hint, post_logout_redirect_uri: BYE })))
    expect(done.left?.href).toBe(BYE)
    await world.sts.service.mailApps.endElsewhere()
    expect(await news()).toMatchObject({ sub: world.sts.mary.account.id, sid })
  })

  it('is told of the one session that was ended from another browser, and what it had by it has ended', async () => {
    const { sid, refresh: held } = await webToken()
    const other = await signedIn(world)
    const home = await other.open(`${world.issuer}/portal`)
    const ending = [...home.html.matchAll(/href="([^"]*\/portal\/sessions\/[\w-]+\/end)"/g)].map(([, href]) => href)
    expect(ending.length).toBeGreaterThan(0)
    for (const href of ending) await other.submit(await other.open(new URL(href ?? '', home.url).href))
    expect(await isSignedIn()).toBe(false)
    expect(told).toEqual([])
    await world.sts.service.mailApps.endElsewhere()
    await world.sts.service.mailApps.endElsewhere()
    // Sessions of stories before this one were ended on the way.
    told = told.filter((token) => decodeJwt(token).sid === sid)
    expect(await news()).toMatchObject({ sub: world.sts.mary.account.id, sid })
    const again = await askToken(
      world.token,
      { grant_type: 'refresh_token', refresh_token: held },
      basic(world.sts.clients.confidential),
    )
    expect(verdict(again)).toBe('400 invalid_grant')
  })

  it('is told of the person alone when an administrator has signed them out everywhere', async () => {
    await webToken()
    await world.sts.kept.accounts.signOut(world.sts.mary.account.id, new Date())
    await world.sts.service.mailApps.endElsewhere()
    const { sub, sid } = await news()
    expect({ sub, sid }).toEqual({ sub: world.sts.mary.account.id, sid: undefined })
    world.pass(2) // what is proved in the second of the sign-out counts as before it
  })

  it('and cannot be reached does not keep the person from leaving', async () => {
    await new Promise((resolve) => listener.close(resolve))
    await webToken()
    await leave(await browser.open(logout({})))
    expect(await isSignedIn()).toBe(false)
    await world.sts.kept.accounts.signOut(world.sts.mary.account.id, new Date())
    expect(await world.sts.service.mailApps.endElsewhere()).toBeUndefined()
    world.pass(2)
  })
})
