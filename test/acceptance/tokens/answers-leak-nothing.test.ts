/** What answers say and do not say: R5 (iss), R9 and R10 (no implicit, no password grant), R12, R13, R14, R35, R36. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import {
  answerOf,
  authorization,
  basic,
  codeOf,
  mailTokens,
  programToken,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const NOBODY = '00000000-0000-4000-8000-000000000000'
const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })

describe('refusals of clients', () => {
  it.each([
    '/oauth2/v2.0/token',
    '/oauth2/token',
    '/oauth2/v2.0/introspect',
    '/oauth2/v2.0/revoke',
    '/oauth2/v2.0/par',
    '/oauth2/v2.0/devicecode',
  ])('%s answers an unknown client and a wrong secret alike', async (path) => {
    const form = { grant_type: 'client_credentials', token: 'x', scope: 'openid' }
    const { confidential, keyed } = world.sts.clients
    const cases = [
      [form, basic({ clientId: NOBODY, clientSecret: 'x', redirectUri: '' })],
      [form, basic({ clientId: confidential.clientId, clientSecret: 'x', redirectUri: '' })],
      [{ ...form, client_id: NOBODY, client_secret: 'x' }, {}],
      [{ ...form, client_id: confidential.clientId, client_secret: 'x' }, {}],
      [{ ...form, client_id: keyed.clientId, client_secret: 'x' }, {}],
    ] as const
    const answers = []
    for (const [body, headers] of cases) {
      const response = await post(path, body, headers)
      answers.push(
        `${response.status} ${(await response.text()).replaceAll(NOBODY, 'ID').replaceAll(confidential.clientId, 'ID')}`,
      )
    }
    expect(new Set(answers).size, answers.join('\n')).toBe(1)
    expect(answers[0]).toContain('invalid_client')
  })

  it('an unknown and a wrong token alike', async () => {
    const { refresh } = await mailTokens(world, browser)
    const { clientId } = world.sts.clients.mail
    const texts = []
    for (const token of ['x', refresh.slice(0, -2), `${refresh}x`, 'a.b.c'])
      texts.push((await askToken(world.token, { grant_type: 'refresh_token', refresh_token: token, client_id: clientId })).text)
    const code = await codeOf(browser, authorization(world))
    for (const wrong of ['x', `${code.code}x`])
      texts.push(
        (
          await askToken(world.token, {
            grant_type: 'authorization_code',
            code: wrong,
            redirect_uri: code.redirectUri,
            client_id: clientId,
            code_verifier: code.verifier,
          })
        ).text,
      )
    texts.push(
      (
        await askToken(world.token, {
          grant_type: 'authorization_code',
          code: code.code,
          redirect_uri: code.redirectUri,
          client_id: clientId,
          code_verifier: 'a'.repeat(43),
        })
      ).text,
    )
    expect(new Set(texts).size, texts.join('\n')).toBe(1)
  })
})

describe('answers to programs', () => {
  it('are stored by nobody, refusals too', async () => {
    const { access, refresh } = await mailTokens(world, browser)
    const { clientId } = world.sts.clients.mail
    const responses = [
      await post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token: refresh, client_id: clientId }),
      await post('/oauth2/v2.0/token', { grant_type: 'refresh_token', refresh_token: refresh, client_id: clientId }),
      await post('/oauth2/v2.0/token', { grant_type: 'nonsense', client_id: clientId }),
      await post('/oauth2/v2.0/token', {}),
      await post('/oauth2/v2.0/introspect', { token: access }, basic(world.sts.clients.server)),
      await post('/oauth2/v2.0/introspect', { token: access }),
      await post('/oauth2/v2.0/revoke', { token: 'x', client_id: clientId }),
      await post('/oauth2/v2.0/devicecode', { client_id: clientId }),
      await post('/oauth2/v2.0/par', Object.fromEntries(new URL(authorization(world).url).searchParams)),
      await fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${access}` } }),
      await fetch(`${world.issuer}/oidc/userinfo`),
    ]
    for (const response of responses) {
      const text = await response.text()
      expect(response.headers.get('cache-control'), `${response.status} ${text.slice(0, 100)}`).toContain('no-store')
      if (text !== '') expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    }
  })

  it('tell no version and no inner detail', async () => {
    const answers = [
      await post('/oauth2/v2.0/token', { grant_type: 'client_credentials' }, { authorization: 'Basic %%%' }),
      await post('/nothing', {}),
      await fetch(`${world.issuer}/signin/%`),
      await fetch(`${world.issuer}/oauth2/v2.0/authorize?claims={`),
    ]
    for (const response of answers) {
      const text = await response.text()
      expect(text).not.toMatch(/node_modules|at [\w.]+ \(|oidc-provider|\.ts:\d|koa/i)
      expect(response.headers.get('x-powered-by')).toBeNull()
      expect(response.headers.get('server')).toBeNull()
    }
  })
})

describe('answers to the browser', () => {
  it('name us, whether they say yes or no', async () => {
    const yes = await answerOf(browser, authorization(world))
    expect(yes.get('iss')).toBe(world.issuer)
    const changes = [
      { response_type: 'token' },
      { scope: 'openid', prompt: 'none login' },
      { code_challenge_method: 'plain' },
      { resource: 'https://evil.example/' },
      { request: 'x' },
      { max_age: 'x' },
      { claims: '{' },
    ]
    for (const change of changes) {
      const no = await answerOf(browser, authorization(world, { change }))
      expect(no.get('error'), JSON.stringify(change)).toMatch(/^[a-z_]+$/)
      expect([no.get('iss'), no.get('state'), no.get('code')], JSON.stringify(change)).toEqual([world.issuer, 'a-state', null])
    }
    const silent = await answerOf(createBrowser(), authorization(world, { change: { prompt: 'none' } }))
    expect([silent.get('error'), silent.get('iss')]).toEqual(['login_required', world.issuer])
    const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as Record<string, unknown>
    expect(metadata.authorization_response_iss_parameter_supported).toBe(true)
  })

  it('name us in a form that posts itself, too', async () => {
    const page = await browser.open(authorization(world, { change: { response_mode: 'form_post' } }).url)
    if (page.left) return expect(page.left.searchParams.get('error')).toMatch(/unsupported|invalid_request/)
    const fields = Object.fromEntries(page.forms[0]?.fields.map((field) => [field.name, field.value]) ?? [])
    expect(fields.iss).toBe(world.issuer)
    expect(fields.code).toEqual(expect.any(String))
    expect(page.headers.get('cache-control')).toContain('no-store')
  })

  it('cannot be framed, are read by no other site, and tell no other where they come from', async () => {
    const pages = [
      await createBrowser().open(authorization(world).url),
      await browser.open(authorization(world, { change: { redirect_uri: 'https://evil.example' } }).url),
      await createBrowser().open(`${world.issuer}/device`),
    ]
    for (const page of pages) {
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(page.headers.get('referrer-policy')).toBe('no-referrer')
      expect(page.headers.get('cache-control')).toContain('no-store')
      expect(page.headers.get('access-control-allow-origin')).toBeNull()
      expect(page.html).not.toMatch(/(src|href)="(https?:)?\/\/(?!localhost)/)
    }
    const preflight = await fetch(`${world.issuer}/oauth2/v2.0/authorize`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('come with no token, whatever response type is asked for', async () => {
    for (const type of [
      'token',
      'id_token',
      'id_token token',
      'code token',
      'code id_token',
      'code id_token token',
      'none',
      '',
      'CODE',
    ]) {
      for (const mode of [undefined, 'fragment', 'form_post', 'query']) {
        const page = await browser.open(
          authorization(world, { change: { response_type: type, response_mode: mode, nonce: 'n' } }).url,
        )
        const said = `${page.left?.href ?? ''} ${page.html}`
        expect(said, `${type} ${mode}`).not.toMatch(/access_token=|id_token=|name="(access_token|id_token|code)"|[?&#]code=/)
      }
    }
  })
})

describe('nothing is given', () => {
  it('for a person’s password', async () => {
    const { mary, clients } = world.sts
    for (const client of [clients.confidential, clients.server]) {
      const answer = await askToken(
        world.token,
        { grant_type: 'password', username: mary.upn, password: mary.password, scope: 'openid' },
        basic(client),
      )
      expect(verdict(answer)).toBe('400 unsupported_grant_type')
    }
    expect(
      verdict(
        await askToken(world.token, {
          grant_type: 'password',
          username: mary.upn,
          password: mary.password,
          client_id: clients.mail.clientId,
        }),
      ),
    ).toBe('400 unsupported_grant_type')
  })

  it('for a parameter that comes twice', async () => {
    const { mail } = world.sts.clients
    for (const name of ['client_id', 'scope', 'state', 'redirect_uri', 'response_type', 'code_challenge', 'prompt', 'nonce']) {
      const asked = new URL(authorization(world, { change: { prompt: 'consent', nonce: 'n' } }).url)
      asked.searchParams.append(name, asked.searchParams.get(name) ?? '')
      const page = await browser.open(asked.href)
      expect(page.left?.searchParams.get('code') ?? null, name).toBeNull()
      expect(page.status, name).toBeLessThan(500)
    }
    for (const name of ['client_id', 'grant_type', 'refresh_token', 'scope']) {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: mail.clientId,
        scope: 'openid',
      })
      form.append(name, form.get(name) ?? '')
      const response = await fetch(world.token, { method: 'POST', body: form })
      expect([response.status, ((await response.json()) as { error: string }).error], name).toEqual([400, 'invalid_request'])
    }
  })

  it('but what belongs to a program, to a program (its token names no person)', async () => {
    const answer = await programToken(world)
    expect(verdict(answer)).toBe('200 ok')
    expect(answer.body.refresh_token).toBeUndefined()
    expect(answer.body.id_token).toBeUndefined()
  })
})
