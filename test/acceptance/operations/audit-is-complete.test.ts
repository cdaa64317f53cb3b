/** No decision without its row, good or bad (R133; I7, I8). On PostgreSQL. */
import { type Connection, connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askToken, redeem, refresh } from '../../support/person-browser.ts'
import { asksFor, type Browser, createBrowser } from '../support/browser.ts'
import { approve, startDevice, typeCode } from '../support/device.ts'
import {
  authorization,
  basic,
  codeOf,
  mailTokens,
  programToken,
  signedIn,
  startWorld,
  verdict,
  type World,
  walk,
} from '../support/world.ts'

let server: Awaited<ReturnType<typeof startPostgres>>
let databaseUrl: string
let world: World
let database: Connection
let browser: Browser
beforeAll(async () => {
  server = await startPostgres()
  databaseUrl = await server.createDatabase()
  world = await startWorld({ databaseUrl })
  database = await connect({ kind: 'postgres', url: databaseUrl })
})
beforeEach(async () => {
  browser = await signedIn(world)
})
afterAll(async () => {
  await database?.close()
  await world?.close()
  await server?.stop()
})

const mail = () => world.sts.clients.mail.clientId
const rows = () => database.db.selectFrom('audit_event').select(['event', 'account_id', 'client_id', 'detail'])
const count = async (event?: string): Promise<number> =>
  (await (event === undefined ? rows() : rows().where('event', '=', event)).execute()).length

describe('when no row can be written', () => {
  const away = () => database.runScript('alter table audit_event rename to audit_event_away')
  const back = () => database.runScript('alter table if exists audit_event_away rename to audit_event')
  afterEach(back)

  it('no token is given, and nothing is used up', async () => {
    const code = await codeOf(browser, authorization(world))
    const tokens = await mailTokens(world, browser)
    const device = await startDevice(world)
    await approve(world, browser, device.userCode)
    const ask = {
      code: () => redeem(world.token, code),
      refresh: () => refresh(world.token, mail(), tokens.refresh),
      device: () => device.poll(),
      program: () => programToken(world),
    }
    await away()
    for (const [name, request] of Object.entries(ask)) {
      const answer = await request()
      expect([answer.status, answer.body.access_token], name).toEqual([503, undefined])
    }
    // Refusals have a row too, so without one there is no refusal either.
    expect((await askToken(world.token, { grant_type: 'refresh_token', refresh_token: 'x', client_id: mail() })).status).toBe(503)
    await back()
    for (const [name, request] of Object.entries(ask)) expect(verdict(await request()), name).toBe('200 ok')
  })

  it('no code is given, and no device is let in or turned away', async () => {
    const device = await startDevice(world)
    const page = await typeCode(world, browser, device.userCode)
    const { url } = authorization(world)
    await away()
    const answer = await browser.open(url)
    expect([answer.status >= 500, answer.left]).toEqual([true, undefined])
    for (const [said, other] of [
      ['confirm', 'abort'],
      ['abort', 'confirm'],
    ] as const)
      expect((await browser.submit(page, { [said]: 'yes' }, [other])).status).toBeGreaterThanOrEqual(500)
    await back()
    expect(verdict(await device.poll())).toBe('400 authorization_pending')
    await browser.submit(page, { confirm: 'yes' }, ['abort'])
    expect(verdict(await device.poll())).toBe('200 ok')
  })

  it('no family is ended, and none is said to be', async () => {
    const { refresh: token } = await mailTokens(world, browser)
    await away()
    const answer = await askToken(`${world.issuer}/oauth2/v2.0/revoke`, { token, client_id: mail() })
    expect(answer.status).toBe(503)
    await back()
    expect(verdict(await refresh(world.token, mail(), token))).toBe('200 ok')
  })

  it('nobody gets past the password or the factor', async () => {
    world.pass(30)
    const one = createBrowser()
    const page = await one.open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url)
    await away()
    const refused = await one.submit(page, { password: world.sts.mary.password })
    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(asksFor(refused, 'code')).toBe(false)
    await back()
    const factor = await one.submit(page, { password: world.sts.mary.password })
    expect(asksFor(factor, 'code')).toBe(true)
    await away()
    const stopped = await one.submit(factor, { code: await world.totp() })
    expect(stopped.left).toBeUndefined()
    await back()
    world.pass(30)
    expect((await walk(world, one, await one.open(factor.url))).left?.searchParams.get('code')).toEqual(expect.any(String))
  })
})

describe('every decision has one row', () => {
  const wrong = () => basic({ ...world.sts.clients.confidential, clientSecret: 'x' })
  const post = async (to: string, body: string, headers: Record<string, string> = {}) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await fetch(`${world.issuer}/oauth2/v2.0/${to}`, { method: 'POST', body, headers: { ...type, ...headers } })
    expect([400, 401, 415], await answer.text()).toContain(answer.status)
  }

  it('a token for a code', async () => {
    const code = await codeOf(browser, authorization(world))
    const [all, own] = [await count(), await count('token.issued')]
    await redeem(world.token, code)
    expect([(await count()) - all, (await count('token.issued')) - own]).toEqual([1, 1])
  })

  it.each([
    ['let in', 'device.approved', { confirm: 'yes' }],
    ['turned away', 'device.denied', { abort: 'yes' }],
  ] as const)('a device that is %s: %s', async (_name, event, answer) => {
    const device = await startDevice(world)
    const page = await typeCode(world, browser, device.userCode)
    const [all, own] = [await count(), await count(event)]
    await browser.submit(page, answer, ['confirm' in answer ? 'abort' : 'confirm'])
    expect([(await count()) - all, (await count(event)) - own]).toEqual([1, 1])
    const row = (await rows().where('event', '=', event).execute()).at(-1)
    expect(row).toMatchObject({ account_id: world.sts.mary.account.id, client_id: mail() })
  })

  it('a device that is let in after a sign-in', async () => {
    const device = await startDevice(world)
    const own = await count('device.approved')
    world.pass(30)
    await approve(world, createBrowser(), device.userCode)
    expect((await count('device.approved')) - own).toBe(1)
  })

  it('the code after a sign-in', async () => {
    const [granted, refused] = [await count('authorization.granted'), await count('authorization.refused')]
    await signedIn(world)
    expect([(await count('authorization.granted')) - granted, (await count('authorization.refused')) - refused]).toEqual([1, 0])
  })

  it('and a grant type that nobody knows is not written down', async () => {
    await askToken(world.token, { grant_type: 'hunter2', client_id: mail() })
    const kept = (await rows().execute()).map((row) => JSON.stringify(row.detail))
    expect(kept.filter((detail) => detail.includes('hunter2'))).toEqual([])
    expect(kept.some((detail) => detail.includes('[other]'))).toBe(true)
  })

  it.each<[string, string, () => Promise<unknown>]>([
    ['a token for a program', 'token.issued', () => programToken(world)],
    ['a wrong refresh token', 'token.refused', () => refresh(world.token, mail(), 'x')],
    [
      'a wrong client',
      'token.refused',
      () =>
        askToken(
          world.token,
          { grant_type: 'client_credentials' },
          basic({ ...world.sts.clients.confidential, clientSecret: 'x' }),
        ),
    ],
    ['an unknown grant', 'token.refused', () => askToken(world.token, { grant_type: 'x', client_id: mail() })],
    ['a parameter that comes twice', 'token.refused', () => post('token', 'grant_type=refresh_token&grant_type=x')],
    ['a token request that is no form', 'token.refused', () => post('token', '{}', { 'content-type': 'application/json' })],
    ['a code', 'authorization.granted', () => codeOf(browser, authorization(world))],
    [
      'a foreign redirect address',
      'authorization.refused',
      () => browser.open(authorization(world, { redirectUri: 'https://evil.example/' }).url),
    ],
    ['an unknown client', 'authorization.refused', () => browser.open(authorization(world, { change: { client_id: 'x' } }).url)],
    [
      'a sign-in that was not to be shown',
      'authorization.refused',
      () => createBrowser().open(authorization(world, { change: { prompt: 'none' } }).url),
    ],
    ['a pushed request with a wrong secret', 'client.refused', () => post('par', 'response_type=code', wrong())],
    ['a question with a wrong secret', 'client.refused', () => post('introspect', 'token=x', wrong())],
    ['a revocation with a wrong secret', 'client.refused', () => post('revoke', 'token=x', wrong())],
    ['a question that comes twice', 'client.refused', () => post('introspect', 'token=x&token=x', wrong())],
    ['a pushed request that lacks all', 'authorization.refused', () => post('par', `client_id=${mail()}`)],
    ['a pushed request that is no form', 'authorization.refused', () => post('par', '', { 'content-type': 'text/plain' })],
    [
      'a device that asks for nothing we know',
      'authorization.refused',
      () => post('devicecode', `client_id=${mail()}&resource=urn:x`),
    ],
  ])('%s: %s', async (_name, event, decide) => {
    const [all, own] = [await count(), await count(event)]
    await decide()
    expect([(await count()) - all, (await count(event)) - own]).toEqual([1, 1])
  })

  it('a refresh, its repetition, and the reuse of its token', async () => {
    const { refresh: token } = await mailTokens(world, browser)
    const before = {
      issued: await count('token.issued'),
      replayed: await count('refresh.replayed'),
      reused: await count('refresh.reused'),
      refused: await count('token.refused'),
    }
    await refresh(world.token, mail(), token)
    await refresh(world.token, mail(), token)
    world.pass(60)
    await refresh(world.token, mail(), token)
    const after = {
      issued: await count('token.issued'),
      replayed: await count('refresh.replayed'),
      reused: await count('refresh.reused'),
      refused: await count('token.refused'),
    }
    expect(after).toEqual({
      issued: before.issued + 1,
      replayed: before.replayed + 1,
      reused: before.reused + 1,
      refused: before.refused + 1,
    })
  })

  it('fifty requests at the same moment, good and bad', async () => {
    const before = await count()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? programToken(world) : refresh(world.token, mail(), `x${at}`))),
    )
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([])
    expect((await count()) - before).toBe(50)
  })

  it('a sign-in: wrong and right password, wrong and right code', async () => {
    world.pass(30)
    const before = { failed: await count('signin.failed'), proved: await count('signin.proved') }
    const one = createBrowser()
    let page = await one.open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url)
    page = await one.submit(page, { password: 'wrong' })
    page = await one.submit(page, { password: world.sts.mary.password })
    const right = await world.totp()
    page = await one.submit(page, { code: right === '000000' ? '000001' : '000000' })
    page = await one.submit(page, { code: right })
    expect(page.left?.searchParams.get('code')).toEqual(expect.any(String))
    expect({ failed: await count('signin.failed'), proved: await count('signin.proved') }).toEqual({
      failed: before.failed + 2,
      proved: before.proved + 2,
    })
  })

  it('and the row of a token names it', async () => {
    const { access } = await mailTokens(world, browser)
    const { jti } = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString('utf8')) as { jti: string }
    const named = (await rows().execute()).filter((row) => JSON.stringify(row.detail).includes(jti))
    expect(named).toMatchObject([{ event: 'token.issued', account_id: world.sts.mary.account.id, client_id: mail() }])
  })
})
