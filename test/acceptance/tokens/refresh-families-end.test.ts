/** Refresh families: absolute (R40) and idle (R41) limits, scope (R31, R42), client, and spelling of a token (R47). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, refresh, refreshTokenOf } from '../../support/person-browser.ts'
import { basic, claimsOf, MAIL, mailTokens, signedIn, startWorld, verdict, type World } from '../support/world.ts'

const DAY = 86_400
let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const clientId = () => world.sts.clients.mail.clientId
const newFamily = async () => mailTokens(world, await signedIn(world))

describe('a family', () => {
  it('lives on for a client that refreshes daily for a hundred days, long after the browser session ended', async () => {
    const first = await newFamily()
    let token = first.refresh
    for (let day = 1; day <= 100; day += 1) {
      world.pass(DAY)
      const answer = await refresh(world.token, clientId(), token)
      expect(verdict(answer), `day ${day}: ${answer.text}`).toBe('200 ok')
      token = refreshTokenOf(answer)
    }
    expect(claimsOf(token).fam).toBe(claimsOf(first.refresh).fam)
  })

  it('ends when it was idle too long, and not before', async () => {
    const { refreshIdleSeconds } = world.sts.realm.settings
    const family = await newFamily()
    world.pass(refreshIdleSeconds - 1)
    const answer = await refresh(world.token, clientId(), family.refresh)
    expect(verdict(answer)).toBe('200 ok')
    world.pass(refreshIdleSeconds + 1)
    expect(verdict(await refresh(world.token, clientId(), refreshTokenOf(answer)))).toBe('400 invalid_grant')
  })

  it('ends at its absolute limit, however often it was used', async () => {
    const { refreshAbsoluteSeconds } = world.sts.realm.settings
    let token = (await newFamily()).refresh
    const born = Date.now()
    const age = () => (Date.now() - born) / 1000
    while (age() + 60 * DAY < refreshAbsoluteSeconds) {
      world.pass(60 * DAY)
      const answer = await refresh(world.token, clientId(), token)
      expect(verdict(answer), `after ${age() / DAY} days`).toBe('200 ok')
      token = refreshTokenOf(answer)
      // What is told at rotation never reaches beyond the end of the family.
      expect(Number(claimsOf(token).exp)).toBeLessThanOrEqual(born / 1000 + refreshAbsoluteSeconds)
    }
    world.pass(refreshAbsoluteSeconds - age() - 2)
    const last = await refresh(world.token, clientId(), token)
    expect(verdict(last)).toBe('200 ok')
    world.pass(3)
    expect(verdict(await refresh(world.token, clientId(), refreshTokenOf(last)))).toBe('400 invalid_grant')
  })

  it('ends when a used token comes again after the window, for every member and for good', async () => {
    const first = (await newFamily()).refresh
    const second = refreshTokenOf(await refresh(world.token, clientId(), first))
    world.pass(world.sts.realm.settings.refreshReplaySeconds + 1)
    expect(verdict(await refresh(world.token, clientId(), first))).toBe('400 invalid_grant')
    expect(verdict(await refresh(world.token, clientId(), second))).toBe('400 invalid_grant')
    world.pass(DAY)
    for (const token of [first, second]) expect(verdict(await refresh(world.token, clientId(), token))).toBe('400 invalid_grant')
    const events = await world.sts.kept.audit.list({ limit: 50, event: 'refresh.reused' })
    expect(events.filter((row) => row.detail.familyId === claimsOf(first).fam)).toHaveLength(1)
  })

  it('gives the identical answer again within the window, and only to the identical request', async () => {
    const first = (await newFamily()).refresh
    const answer = await refresh(world.token, clientId(), first)
    world.pass(world.sts.realm.settings.refreshReplaySeconds - 1)
    expect((await refresh(world.token, clientId(), first)).text).toBe(answer.text)
    expect(verdict(await refresh(world.token, clientId(), first, { scope: 'openid' }))).toBe('400 invalid_grant')
    expect(verdict(await refresh(world.token, clientId(), refreshTokenOf(answer)))).toBe('200 ok')
  })

  it('does not end another family of the same person and client', async () => {
    const [one, other] = [await newFamily(), await newFamily()]
    await refresh(world.token, clientId(), one.refresh)
    world.pass(60)
    await refresh(world.token, clientId(), one.refresh)
    expect(verdict(await refresh(world.token, clientId(), other.refresh))).toBe('200 ok')
  })
})

describe('a refresh', () => {
  it('that is refused for what it asks uses nothing up: the same token is good for the next, and its successor is one', async () => {
    const { refresh: token } = await newFamily()
    for (const resource of ['https://evil.example/', 'https://other.contoso.com/'])
      expect(verdict(await refresh(world.token, clientId(), token, { resource }))).toBe('400 invalid_target')
    const refused = await world.sts.kept.audit.list({ limit: 2, event: 'token.refused' })
    expect(refused.map(({ detail }) => detail.error)).toEqual(['invalid_target', 'invalid_target'])
    const answer = await refresh(world.token, clientId(), token)
    expect(verdict(answer)).toBe('200 ok')
    expect(verdict(await refresh(world.token, clientId(), refreshTokenOf(answer)))).toBe('200 ok')
  })

  it('never gives more scope or another resource than was granted', async () => {
    for (const extra of [
      { scope: 'openid offline_access Mail.Read' },
      { scope: `${MAIL}SMTP.Send` },
      { scope: `${MAIL}EAS.AccessAsUser.All ${MAIL}IMAP.AccessAsUser.All` },
      { scope: `${MAIL}.default` },
      { scope: 'profile' },
      { scope: 'admin' },
      { resource: 'https://other.contoso.com/' },
      { resource: 'https://evil.example/' },
    ]) {
      const { refresh: token } = await newFamily()
      const answer = await refresh(world.token, clientId(), token, extra)
      if (answer.status === 200) {
        // RFC 6749 section 3.3 lets a server give less than was asked. Never more.
        expect(claimsOf(answer.body.access_token).scope, JSON.stringify(extra)).toBe('EAS.AccessAsUser.All')
        expect(claimsOf(answer.body.access_token).aud).toBe(MAIL)
        expect(String(answer.body.scope).split(' ')).not.toContain('profile')
      } else expect(verdict(answer), JSON.stringify(extra)).toMatch(/^400 invalid_(scope|target|grant)$/)
      expect(Object.keys(answer.body).includes('access_token'), JSON.stringify(extra)).toBe(answer.status === 200)
    }
  })

  it('keeps scope, audience, sign-in time and strength of the sign-in', async () => {
    const tokens = await newFamily()
    const before = claimsOf(tokens.access)
    world.pass(3600)
    const after = claimsOf((await refresh(world.token, clientId(), tokens.refresh)).body.access_token)
    for (const name of [
      'iss',
      'aud',
      'sub',
      'client_id',
      'scope',
      'scp',
      'acr',
      'amr',
      'auth_time',
      'sid',
      'upn',
      'email',
      'oid',
      'tid',
    ])
      expect(after[name], name).toEqual(before[name])
    expect(before.auth_time).toEqual(expect.any(Number))
    expect(after.jti).not.toBe(before.jti)
  })

  it('is of no use to another client, and the token stays whole for its own', async () => {
    const { refresh: token } = await newFamily()
    for (const other of ['confidential', 'server'] as const) {
      const answer = await askToken(
        world.token,
        { grant_type: 'refresh_token', refresh_token: token },
        basic(world.sts.clients[other]),
      )
      expect(verdict(answer)).toBe('400 invalid_grant')
    }
    expect(verdict(await refresh(world.token, clientId(), token))).toBe('200 ok')
  })

  it('takes a token in its one spelling only', async () => {
    const { refresh: token } = await newFamily()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // The last character carries two bits that count and four that a lenient decoder drops.
    const twin = alphabet[alphabet.indexOf(signature.at(-1) ?? '') ^ 1] ?? ''
    const spellings = [
      `${header}.${payload}.${signature.slice(0, -1)}${twin}`,
      `${token}=`,
      `${token}==`,
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `${header}.${payload}=.${signature}`,
      `${token}.`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
    ]
    for (const spelled of spellings)
      expect(verdict(await refresh(world.token, clientId(), spelled)), spelled.slice(-12)).toBe('400 invalid_grant')
    expect(verdict(await refresh(world.token, clientId(), token))).toBe('200 ok')
    for (const spelled of spellings) expect((await refresh(world.token, clientId(), spelled)).status).toBe(400)
  })
})
