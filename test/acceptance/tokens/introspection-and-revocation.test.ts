/** Asking about tokens (RFC 7662; R62, R63), as Dovecot asks (F 5.3), and ending them (RFC 7009; R45). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, redeem, refresh, refreshTokenOf, type TokenAnswer } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import {
  authorization,
  basic,
  claimsOf,
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

const introspection = () => `${world.issuer}/oauth2/v2.0/introspect`
const revocation = () => `${world.issuer}/oauth2/v2.0/revoke`
const server = () => world.sts.clients.server
const ask = (token: string, extra: Record<string, string> = {}, headers = basic(server())): Promise<TokenAnswer> =>
  askToken(introspection(), { token, ...extra }, headers)
const get = async (url: string, headers: Record<string, string>) => {
  const response = await fetch(url, { headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers }
}
const INACTIVE = { active: false }

describe('a mail server asks about a living access token', () => {
  it('and is told what Dovecot needs to know', async () => {
    const { access } = await mailTokens(world, browser)
    const { status, body } = await ask(access)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      active: true,
      iss: world.issuer,
      aud: 'https://mail.contoso.com/',
      sub: world.sts.mary.account.id,
      client_id: world.sts.clients.mail.clientId,
      username: 'mary@contoso.com',
      email: 'mary@contoso.com',
      upn: 'mary@contoso.com',
      scope: 'EAS.AccessAsUser.All',
      token_type: 'Bearer',
    })
    for (const name of ['exp', 'iat', 'nbf']) expect(body[name]).toEqual(expect.any(Number))
  })

  it('in each of the ways that Dovecot can send it', async () => {
    const { access } = await mailTokens(world, browser)
    const expected = (await ask(access)).body
    const { clientId, clientSecret = '' } = server()
    expect((await ask(access, { client_id: clientId, client_secret: clientSecret }, {})).body).toEqual(expected)
    const appended = await get(`${introspection()}?token=${access}`, basic(server()))
    expect([appended.status, appended.body]).toEqual([200, expected])
    const bearer = await get(introspection(), { authorization: `Bearer ${access}` })
    expect([bearer.status, bearer.body]).toEqual([200, expected])
    expect(appended.headers.get('cache-control')).toContain('no-store')
    expect(bearer.headers.get('cache-control')).toContain('no-store')
  })

  it('whatever the hint says', async () => {
    const { access } = await mailTokens(world, browser)
    for (const hint of ['access_token', 'refresh_token', 'nonsense', ''])
      expect((await ask(access, { token_type_hint: hint })).body.active, hint).toBe(true)
  })
})

describe('nothing but {"active":false} is told', () => {
  it('of what is no living token', async () => {
    const { access, refresh: token } = await mailTokens(world, browser)
    const [header = '', payload = '', signature = ''] = access.split('.')
    const others = [
      'x',
      'a.b.c',
      '...',
      `${access}=`,
      `${access} `,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(1)}`,
      `${header}.${Buffer.from('{}').toString('base64url')}.${signature}`,
      access.slice(0, -4),
      'x'.repeat(9000),
      '\u{1F600}',
      '%00',
      'null',
      '{}',
      `${payload}.${header}.${signature}`,
    ]
    for (const other of [...others, token]) {
      const answer = await ask(other)
      expect([answer.status, answer.body], other.slice(0, 30)).toEqual([200, INACTIVE])
      const bearer = await get(`${introspection()}?token=${encodeURIComponent(other)}`, basic(server()))
      expect([bearer.status, bearer.body], other.slice(0, 30)).toEqual([200, INACTIVE])
    }
  })

  it('of a token that has expired', async () => {
    const { access } = await mailTokens(world, browser)
    world.pass(world.sts.realm.settings.accessTokenSeconds + 1)
    expect((await ask(access)).body).toEqual(INACTIVE)
    expect((await get(introspection(), { authorization: `Bearer ${access}` })).body).toEqual(INACTIVE)
  })

  it('to a client that the token is not meant for', async () => {
    browser = await signedIn(world)
    const { access, refresh: token } = await mailTokens(world, browser)
    for (const one of [access, token]) expect((await ask(one, {}, basic(world.sts.clients.confidential))).body).toEqual(INACTIVE)
    const program = String((await programToken(world)).body.access_token)
    expect((await ask(program, {}, basic(world.sts.clients.confidential))).body.active).toBe(true)
    expect((await ask(program, {}, basic(server()))).body.active).toBe(true)
    const { mail } = world.sts.clients
    expect((await ask(program, { client_id: mail.clientId }, {})).body).toEqual(INACTIVE)
    expect((await ask(token, { client_id: mail.clientId }, {})).body).toMatchObject({ active: true })
  })

  it('of a token whose person was disabled, and again once he is back', async () => {
    const { access, refresh: token } = await mailTokens(world, browser)
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    expect((await ask(access)).body).toEqual(INACTIVE)
    expect((await get(introspection(), { authorization: `Bearer ${access}` })).body).toEqual(INACTIVE)
    expect((await ask(token, { client_id: world.sts.clients.mail.clientId }, {})).body).toEqual(INACTIVE)
    await world.changeAccount(world.sts.mary, { status: 'active' })
    expect((await ask(access)).body.active).toBe(true)
  })

  it('of a token whose client was disabled', async () => {
    const { access } = await mailTokens(world, browser)
    await world.changeClient(world.sts.clients.mail, { status: 'disabled' })
    expect((await ask(access)).body).toEqual(INACTIVE)
    expect((await get(introspection(), { authorization: `Bearer ${access}` })).body).toEqual(INACTIVE)
    await world.changeClient(world.sts.clients.mail, { status: 'active' })
  })

  it('without the credentials of a client', async () => {
    const { access } = await mailTokens(world, browser)
    for (const headers of [{}, { authorization: 'Basic x' }, basic({ ...server(), clientSecret: 'wrong' })]) {
      const answer = await ask(access, {}, headers)
      expect([400, 401], answer.text).toContain(answer.status)
      expect(answer.body.active).toBeUndefined()
      const appended = await get(`${introspection()}?token=${access}`, headers)
      expect([400, 401]).toContain(appended.status)
      expect(appended.body.active).toBeUndefined()
    }
  })

  it('when the request has no token, or two', async () => {
    for (const form of ['', 'token=', 'token=a&token=b', 'token=a&token_type_hint=b&token_type_hint=c']) {
      const response = await fetch(introspection(), {
        method: 'POST',
        body: form,
        headers: { ...basic(server()), 'content-type': 'application/x-www-form-urlencoded' },
      })
      expect([200, 400], form).toContain(response.status)
      expect(((await response.json()) as Record<string, unknown>).active ?? false, form).toBe(false)
      const appended = await get(`${introspection()}?${form}`, basic(server()))
      expect([200, 400], form).toContain(appended.status)
      expect(appended.body.active ?? false, form).toBe(false)
    }
  })
})

describe('a client ends its token', () => {
  const revoke = (token: string, extra: Record<string, string> = {}) =>
    askToken(revocation(), { token, client_id: world.sts.clients.mail.clientId, ...extra })

  it('and with a refresh token the whole family, once and again', async () => {
    const { access, refresh: first } = await mailTokens(world, browser)
    const second = refreshTokenOf(await refresh(world.token, world.sts.clients.mail.clientId, first))
    for (let time = 0; time < 3; time += 1) expect((await revoke(second)).status).toBe(200)
    for (const token of [first, second])
      expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, token))).toBe('400 invalid_grant')
    expect((await ask(access)).body).toEqual(INACTIVE)
  })

  it('by a token of the family that was used already, too', async () => {
    const { refresh: first } = await mailTokens(world, browser)
    const second = refreshTokenOf(await refresh(world.token, world.sts.clients.mail.clientId, first))
    expect((await revoke(first)).status).toBe(200)
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, second))).toBe('400 invalid_grant')
  })

  it('whatever the hint says', async () => {
    for (const hint of ['access_token', 'refresh_token', 'nonsense']) {
      const { refresh: token } = await mailTokens(world, browser)
      expect((await revoke(token, { token_type_hint: hint })).status).toBe(200)
      expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, token)), hint).toBe('400 invalid_grant')
    }
  })

  it('and an access token is told about no more', async () => {
    const { access } = await mailTokens(world, browser)
    expect((await revoke(access)).status).toBe(200)
    expect((await ask(access)).body).toEqual(INACTIVE)
    expect((await get(introspection(), { authorization: `Bearer ${access}` })).body).toEqual(INACTIVE)
  })

  it('and a program its own, once and again', async () => {
    const program = String((await programToken(world)).body.access_token)
    for (let time = 0; time < 2; time += 1)
      expect((await askToken(revocation(), { token: program }, basic(world.sts.clients.confidential))).status).toBe(200)
    expect((await ask(program)).body).toEqual(INACTIVE)
  })

  it('but never one of another client', async () => {
    const { access, refresh: token } = await mailTokens(world, browser)
    for (const one of [access, token]) {
      const answer = await askToken(revocation(), { token: one }, basic(world.sts.clients.confidential))
      expect([200, 400], answer.text).toContain(answer.status)
    }
    expect((await ask(access)).body.active).toBe(true)
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, token))).toBe('200 ok')
  })

  it('and what is no token of ours is as good as ended', async () => {
    for (const other of ['x', 'a.b.c', 'x'.repeat(9000), '%', '\u{1F600}'])
      expect((await revoke(other)).status, other.slice(0, 20)).toBe(200)
    expect((await askToken(revocation(), { client_id: world.sts.clients.mail.clientId })).status).toBe(400)
  })

  it('leaves a row that names the family', async () => {
    const { refresh: token } = await mailTokens(world, browser)
    await revoke(token)
    const rows = await world.sts.kept.audit.list({ limit: 100, event: 'family.revoked' })
    const row = rows.find((one) => one.detail.familyId === claimsOf(token).fam)
    expect(row?.clientId).toBe(world.sts.clients.mail.clientId)
  })
})

describe('an opaque access token, which is for our own userinfo endpoint', () => {
  const opaque = async () => {
    const asked = authorization(world, { change: { scope: 'openid profile offline_access' } })
    const { body } = await redeem(world.token, await codeOf(browser, asked))
    return { access: String(body.access_token), refresh: String(body.refresh_token) }
  }
  const userinfo = async (token: string) =>
    (await fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status
  const own = () => ({ client_id: world.sts.clients.mail.clientId })

  it('is told about to the client that holds it, and to nobody else', async () => {
    browser = await signedIn(world)
    const { access } = await opaque()
    expect(access).not.toContain('.')
    expect((await ask(access, own(), {})).body).toMatchObject({
      active: true,
      iss: world.issuer,
      sub: world.sts.mary.account.id,
      client_id: world.sts.clients.mail.clientId,
      scope: expect.stringMatching(/\bopenid profile offline_access$/),
      token_type: 'Bearer',
    })
    for (const other of [world.sts.clients.confidential, server()])
      expect((await ask(access, {}, basic(other))).body).toEqual(INACTIVE)
    // A mail server that takes any bearer's word must not be told that this one is good for mail.
    expect((await get(introspection(), { authorization: `Bearer ${access}` })).body).toEqual(INACTIVE)
  })

  it('lives as long as its account and its time', async () => {
    const { access } = await opaque()
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    expect((await ask(access, own(), {})).body).toEqual(INACTIVE)
    await world.changeAccount(world.sts.mary, { status: 'active' })
    expect((await ask(access, own(), {})).body.active).toBe(true)
    world.pass(world.sts.realm.settings.accessTokenSeconds + 1)
    expect((await ask(access, own(), {})).body).toEqual(INACTIVE)
    browser = await signedIn(world)
  })

  it.each(['access_token', 'refresh_token', 'nonsense'])('is ended, family and all, whatever the hint says: %s', async (hint) => {
    const { access, refresh: token } = await opaque()
    expect(await userinfo(access)).toBe(200)
    for (let time = 0; time < 2; time += 1)
      expect((await askToken(revocation(), { token: access, token_type_hint: hint, ...own() })).status).toBe(200)
    expect(await userinfo(access)).toBe(401)
    expect((await ask(access, own(), {})).body).toEqual(INACTIVE)
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, token))).toBe('400 invalid_grant')
  })

  it('is not ended by another client, which cannot tell whether there is one', async () => {
    const { access } = await opaque()
    const answers = []
    for (const token of [access, 'A'.repeat(access.length)])
      answers.push(await askToken(revocation(), { token }, basic(world.sts.clients.confidential)))
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, ''],
      [200, ''],
    ])
    expect(await userinfo(access)).toBe(200)
  })

  it('has a row that names its family', async () => {
    const { refresh: token } = await opaque()
    const rows = await world.sts.kept.audit.list({ limit: 100, event: 'token.issued' })
    expect(rows.map((row) => row.detail.familyId)).toContain(claimsOf(token).fam)
  })

  it('is not what a code, a session or a refresh handle is', async () => {
    const { refresh: token } = await opaque()
    const asked = await codeOf(browser, authorization(world))
    const handles = [asked.code, String(claimsOf(token).jti), String(claimsOf(token).fam)]
    for (const handle of [...handles, ...[...browser.cookies.values()].map(({ value }) => value)])
      expect((await ask(handle, own(), {})).body, handle).toEqual(INACTIVE)
    for (const handle of handles) expect((await askToken(revocation(), { token: handle, ...own() })).status).toBe(200)
    expect(verdict(await redeem(world.token, asked))).toBe('200 ok')
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, token))).toBe('200 ok')
  })
})

it('after the database was put back no token of before counts, since nobody knows what was withdrawn meanwhile', async () => {
  const ofPersonAndProgram = async () => [
    (await mailTokens(world, browser)).access,
    String((await programToken(world)).body.access_token),
  ]
  const tokens = await ofPersonAndProgram()
  const answers = async (of: readonly string[]) => [
    ...(await Promise.all(of.map(async (token) => (await ask(token)).body.active))),
    ...(await Promise.all(
      of.map(async (token) => (await get(introspection(), { authorization: `Bearer ${token}` })).body.active),
    )),
  ]
  expect(await answers(tokens)).toEqual([true, true, true, true])
  world.pass(2)
  await world.sts.kept.revocations.startAnew(new Date())
  expect(await answers(tokens)).toEqual([false, false, false, false])
  browser = await signedIn(world)
  expect(await answers(await ofPersonAndProgram())).toEqual([true, true, true, true])
})
