/** Requests as real mail clients were recorded to send them (F 3.1): Apple Mail, DavMail, Evolution, Microsoft's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { claimsOf, signedIn, startWorld, verdict, type World, walk } from '../support/world.ts'

const APPLE_REDIRECT = 'com.apple.Preferences://oauth-redirect'
const NATIVE_REDIRECT = 'https://login.microsoftonline.com/common/oauth2/nativeclient'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  await world.changeClient(world.sts.clients.mail, {
    pkce: 'optional-recorded-phone-client',
    redirectUris: [APPLE_REDIRECT, NATIVE_REDIRECT, 'http://127.0.0.1/callback'],
  })
  browser = await signedIn(world)
})
afterAll(() => world.close())

const open = async (path: string, parameters: Record<string, string>) => {
  const page = await browser.open(`${world.issuer}${path}?${new URLSearchParams(parameters)}`)
  if (!page.left) throw new TypeError(`a page (${page.status}) instead of an answer: ${page.html.slice(0, 500)}`)
  return { ...page, href: page.left.href, searchParams: page.left.searchParams }
}
const clientId = () => world.sts.clients.mail.clientId

describe('Apple Mail on a phone', () => {
  const request = () => ({
    response_type: 'code',
    client_id: clientId(),
    redirect_uri: APPLE_REDIRECT,
    resource: 'https://mail.contoso.com/',
    display: 'ios',
    ui_locales: 'fr-fr',
    state: 'F1B2A3C4-0000-4000-8000-000000000000',
    claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
    login_hint: 'mary@contoso.com',
  })

  it('gets in without scope and challenge, by the old endpoint, and stays in', async () => {
    const left = await open('/oauth2/authorize', request())
    expect(left.location?.startsWith(`${APPLE_REDIRECT}?`), left.location).toBe(true)
    expect(left.searchParams.get('state')).toBe(request().state)
    const code = left.searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, client_id: clientId(), redirect_uri: APPLE_REDIRECT }
    const answer = await askToken(`${world.issuer}/oauth2/token`, form)
    expect(verdict(answer), answer.text).toBe('200 ok')
    const claims = claimsOf(answer.body.access_token)
    expect(claims.aud).toBe('https://mail.contoso.com/')
    expect(String(claims.scope).split(' ')).toContain('EAS.AccessAsUser.All')
    const again = await askToken(`${world.issuer}/oauth2/token`, {
      grant_type: 'refresh_token',
      refresh_token: String(answer.body.refresh_token),
      client_id: clientId(),
      resource: 'https://mail.contoso.com/',
    })
    expect(verdict(again), again.text).toBe('200 ok')
  })

  it('shows its person the sign-in in French, with the name filled in', async () => {
    const page = await createBrowser().open(`${world.issuer}/oauth2/authorize?${new URLSearchParams(request())}`)
    expect(page.html).toContain('<html lang="fr"')
    expect(page.forms[0]?.fields.find((field) => field.name === 'name')?.value).toBe('mary@contoso.com')
  })

  it('gets the same at the new endpoint', async () => {
    const left = await open('/oauth2/v2.0/authorize', {
      ...request(),
      scope: 'openid offline_access https://mail.contoso.com/EAS.AccessAsUser.All',
    })
    expect(left.searchParams.get('code')).not.toBeNull()
  })
})

describe('DavMail', () => {
  const request = () => ({
    client_id: clientId(),
    response_type: 'code',
    redirect_uri: NATIVE_REDIRECT,
    response_mode: 'query',
    login_hint: 'mary@contoso.com',
    resource: 'https://mail.contoso.com',
  })

  it('finds its code between `code=` and `&session_state=`', async () => {
    const left = await open('/oauth2/authorize', request())
    const code = /code=(.*?)&session_state=/.exec(left.href)?.[1]
    expect(code).toMatch(/^[\w-]+$/)
    expect(left.searchParams.get('code')).toBe(code)
  })

  it('gets tokens with numbers as text, the resource, and a user name in the ID token', async () => {
    const left = await open('/oauth2/authorize', request())
    const form = {
      grant_type: 'authorization_code',
      code: left.searchParams.get('code') ?? '',
      redirect_uri: NATIVE_REDIRECT,
      client_id: clientId(),
      resource: 'https://mail.contoso.com',
    }
    const { status, body, text } = await askToken(`${world.issuer}/oauth2/token`, form)
    expect(status, text).toBe(200)
    for (const name of ['expires_in', 'ext_expires_in', 'expires_on', 'not_before']) expect(body[name], name).toMatch(/^\d+$/)
    expect(Number(body.expires_on) - Number(body.not_before)).toBe(Number(body.expires_in))
    expect(Number(body.expires_on)).toBe(claimsOf(body.access_token).exp)
    expect(body.resource).toBe('https://mail.contoso.com/')
    expect(claimsOf(body.id_token).unique_name).toBe('mary@contoso.com')
    if (typeof body.scope === 'string') expect(body.scope).toContain('EWS')

    const again = await askToken(`${world.issuer}/oauth2/token`, {
      grant_type: 'refresh_token',
      refresh_token: String(body.refresh_token),
      redirect_uri: NATIVE_REDIRECT,
      client_id: clientId(),
      resource: 'https://mail.contoso.com',
    })
    expect(again.status, again.text).toBe(200)
    expect(again.body.expires_in).toMatch(/^\d+$/)
    expect(String(claimsOf(again.body.access_token).scope)).toContain('EWS')
  })
})

describe('Evolution', () => {
  it('gets in by the old endpoint with the host as resource', async () => {
    const left = await open('/oauth2/authorize', {
      response_type: 'code',
      client_id: clientId(),
      redirect_uri: NATIVE_REDIRECT,
      login_hint: 'mary@contoso.com',
      resource: 'https://mail.contoso.com',
      response_mode: 'query',
    })
    const answer = await askToken(`${world.issuer}/oauth2/token`, {
      grant_type: 'authorization_code',
      code: left.searchParams.get('code') ?? '',
      redirect_uri: NATIVE_REDIRECT,
      client_id: clientId(),
    })
    expect(verdict(answer), answer.text).toBe('200 ok')
  })

  it('gets in by the new endpoint with a scope', async () => {
    const left = await open('/oauth2/v2.0/authorize', {
      response_type: 'code',
      client_id: clientId(),
      redirect_uri: NATIVE_REDIRECT,
      scope: 'offline_access openid https://mail.contoso.com/EWS.AccessAsUser.All',
      response_mode: 'query',
    })
    const answer = await askToken(world.token, {
      grant_type: 'authorization_code',
      code: left.searchParams.get('code') ?? '',
      redirect_uri: NATIVE_REDIRECT,
      client_id: clientId(),
    })
    expect(verdict(answer), answer.text).toBe('200 ok')
    expect(answer.body.expires_in).toEqual(expect.any(Number))
    expect(answer.body.refresh_token).toEqual(expect.any(String))
    expect(claimsOf(answer.body.access_token).scp).toBe('EWS.AccessAsUser.All')
  })
})

describe('a Microsoft-style client without a browser', () => {
  it.each([
    ['/oauth2/devicecode', '/oauth2/token', { resource: 'https://mail.contoso.com' }],
    [
      '/oauth2/v2.0/devicecode',
      '/oauth2/v2.0/token',
      { scope: 'offline_access openid https://mail.contoso.com/EWS.AccessAsUser.All' },
    ],
  ])('polls with `code=` and reads `message`: %s', async (devices, tokens, asked) => {
    world.pass(30)
    const begun = await askToken(`${world.issuer}${devices}`, { client_id: clientId(), ...asked })
    expect(begun.status, begun.text).toBe(200)
    const { user_code: userCode, device_code: deviceCode, message, verification_uri: where } = begun.body
    expect(message).toContain(String(userCode))
    expect(message).toContain(String(where))
    const poll = () =>
      askToken(`${world.issuer}${tokens}`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        code: String(deviceCode),
        client_id: clientId(),
      })
    expect(verdict(await poll())).toBe('400 authorization_pending')

    const person = createBrowser()
    const confirm = await person.submit(await person.open(String(where)), { user_code: String(userCode) })
    const signingIn = await person.submit(confirm, { confirm: 'yes' })
    const done = await walk(world, person, signingIn)
    expect(done.status).toBe(200)
    world.pass(6)
    const answer = await poll()
    expect(verdict(answer), answer.text).toBe('200 ok')
    expect(String(claimsOf(answer.body.access_token).scope)).toContain('EWS.AccessAsUser.All')
    expect(claimsOf(answer.body.access_token).amr).toEqual(['pwd', 'otp', 'mfa'])
    expect(answer.body.refresh_token).toEqual(expect.any(String))
    expect(verdict(await poll())).toBe('400 invalid_grant')
  })
})
