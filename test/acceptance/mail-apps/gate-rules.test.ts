/** What administrators say about mail apps holds at the gate: policies, gating, access rules, conditional access. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { phone, startGate, thunderbird, verdictOf } from './gate-stage.ts'

let gate: Awaited<ReturnType<typeof startGate>>
beforeAll(async () => {
  gate = await startGate()
})
afterEach(async () => {
  const { kept } = gate.world.sts
  for (const { id } of await kept.authenticationPolicies.list()) await kept.authenticationPolicies.remove(id)
  for (const { id } of await kept.appAccessRules.list()) await kept.appAccessRules.remove(id)
  for (const { id } of await kept.policies.list()) await kept.policies.remove(id)
  await gate.world.changeSettings({ gating: { for: 'nobody', mode: 'on' }, appAccess: 'allow' })
})
afterAll(() => gate.world.close())

const now = new Date()
const putRule = (access: 'allow' | 'quarantine' | 'block', match: Record<string, unknown>, mode: 'on' | 'report-only' = 'on') => {
  const id = randomUUID()
  return gate.world.sts.kept.appAccessRules.put({ id, name: `rule ${id}`, mode, access, match, createdAt: now, updatedAt: now })
}
const putAccessPolicy = (definition: Record<string, unknown>, mode: 'on' | 'report-only' = 'on') => {
  const id = randomUUID()
  return gate.world.sts.kept.policies.put({ id, name: `access ${id}`, mode, definition, createdAt: now, updatedAt: now })
}

describe('an authentication policy', () => {
  it('lets passwords in as they are, without a tile', async () => {
    const mary = await gate.person()
    await gate.putPolicy({ password: { imap: 'allow' } }, { accountId: mary.account.id })
    expect(verdictOf(await gate.ask({ name: mary.upn, secret: mary.password, app: thunderbird }))).toBe('allow basic_allowed')
    expect(await gate.tiles(mary)).toEqual([])
    expect(verdictOf(await gate.ask({ name: mary.upn, secret: mary.password, protocol: 'smtp' }))).toBe('pending app_pending')
  })

  it('blocks a protocol for every password: app password or browser, as far as they help', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary)
    await gate.putPolicy({ password: { imap: 'block' } }, { accountId: mary.account.id })
    const answer = await gate.ask({ name: mary.upn, secret: mary.password })
    expect(verdictOf(answer)).toBe('blocked protocol_blocked')
    expect(answer.refusal?.http).toEqual({ status: 401, headers: {} })
    expect(answer.because).toContainEqual(
      expect.objectContaining({ kind: 'authentication-policy', result: 'blocked', mode: 'on' }),
    )
    expect(verdictOf(await gate.ask({ name: mary.upn, secret }))).toBe('blocked protocol_blocked')
    expect(await gate.tiles(mary)).toEqual([])
    const refused = (await gate.trail(mary)).find(({ event }) => event === 'mailapp.refused')
    expect(refused?.detail).toMatchObject({
      decision: 'blocked',
      reason: 'protocol_blocked',
      policy: expect.stringMatching(/^policy /),
    })
  })

  it('of the realm gives way to one that is assigned', async () => {
    const [mary, joe] = [await gate.person(), await gate.person()]
    const standard = await gate.putPolicy({ password: { imap: 'block' } })
    await gate.world.sts.kept.authenticationPolicies.setDefault(standard)
    await gate.putPolicy({}, { accountId: joe.account.id })
    expect(verdictOf(await gate.ask({ name: mary.upn, secret: mary.password }))).toBe('blocked protocol_blocked')
    expect(verdictOf(await gate.ask({ name: joe.upn, secret: joe.password }))).toBe('pending app_pending')
  })

  it('that only reports changes nothing and says so', async () => {
    const mary = await gate.person()
    await gate.putPolicy({ password: { imap: 'block' } }, { accountId: mary.account.id, mode: 'report-only' })
    const answer = await gate.ask({ name: mary.upn, secret: mary.password })
    expect(verdictOf(answer)).toBe('pending app_pending')
    expect(answer.because).toContainEqual(expect.objectContaining({ mode: 'report-only', result: 'blocked' }))
  })
})

describe('gating', () => {
  it('of a group makes its apps wait where passwords are enough for others, and switches off what tells too little', async () => {
    const [mary, joe] = [await gate.person({ groups: ['gated'] }), await gate.person()]
    const standard = await gate.putPolicy({ password: { activesync: 'allow' } })
    await gate.world.sts.kept.authenticationPolicies.setDefault(standard)
    await gate.world.changeSettings({ gating: { for: 'group', group: 'gated', mode: 'on' } })
    const tried = { protocol: 'activesync', app: phone }
    expect(verdictOf(await gate.ask({ ...tried, name: joe.upn, secret: joe.password }))).toBe('allow basic_allowed')
    expect(verdictOf(await gate.ask({ ...tried, name: mary.upn, secret: mary.password }))).toBe('pending app_pending')
    const imap = await gate.ask({ name: mary.upn, secret: mary.password })
    expect(verdictOf(imap)).toBe('blocked gating_blocks_protocol')
  })
})

describe('an app access rule', () => {
  it('blocks by type, quarantines by name, and a quarantined app waits for an administrator', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, protocol: 'activesync' }
    await putRule('block', { deviceType: ['Tablet*'] })
    await putRule('quarantine', { userAgent: ['*iphone*'] })
    expect(verdictOf(await gate.ask({ ...tried, app: { deviceId: 'a1', deviceType: 'TABLET9' } }))).toBe('blocked access_rule')
    const answer = await gate.ask({ ...tried, app: phone })
    expect([verdictOf(answer), answer.app?.state]).toEqual(['pending app_quarantined', 'quarantined'])
    await gate.decide((await gate.tiles(mary))[0], 'active')
    expect(verdictOf(await gate.ask({ ...tried, app: phone }))).toBe('allow app_active')
  })

  it('and a default that blocks leave one client', async () => {
    const mary = await gate.person()
    await putRule('allow', { userAgent: ['Thunderbird*'] })
    await gate.world.changeSettings({ appAccess: 'block' })
    const tried = { name: mary.upn, secret: mary.password }
    expect(verdictOf(await gate.ask({ ...tried, app: thunderbird }))).toBe('pending app_pending')
    expect(verdictOf(await gate.ask({ ...tried, app: { imapId: { name: 'Mutt' } } }))).toBe('blocked access_default')
  })
})

describe('conditional access', () => {
  it('that asks for a second factor makes a password wait, and is met by what lets the app in', async () => {
    const mary = await gate.person()
    await gate.putPolicy({ password: { imap: 'allow' } }, { accountId: mary.account.id })
    await putAccessPolicy({ require: ['second-factor'] })
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    const answer = await gate.ask(tried)
    expect(verdictOf(answer)).toBe('pending app_pending')
    expect(answer.because).toContainEqual(expect.objectContaining({ kind: 'conditional-access', result: 'blocked' }))
    await gate.decide((await gate.tiles(mary))[0], 'active')
    expect(verdictOf(await gate.ask(tried))).toMatch(/^allow /)
    expect(verdictOf(await gate.ask({ ...tried, secret: await gate.appPassword(mary) }))).toBe('allow app_password')
    // An app that is in by its app password has nothing to wait for, and its owner never let it in with the other one.
    const other = { ...tried, app: { imapId: { name: 'Mutt' } } }
    expect(verdictOf(await gate.ask({ ...other, secret: await gate.appPassword(mary) }))).toBe('allow app_password')
    expect(verdictOf(await gate.ask(other))).toBe('blocked app_password_required')
  })

  it('that blocks a network makes no tile, and asks for no app password that would be refused as well', async () => {
    const mary = await gate.person()
    await putAccessPolicy({ access: 'block', when: { network: ['198.51.100.0/24'] } })
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird, source: '198.51.100.7' }
    const answer = await gate.ask(tried)
    expect([verdictOf(answer), answer.refusal?.http.status]).toEqual(['blocked conditional_access', 403])
    expect(verdictOf(await gate.ask({ ...tried, secret: await gate.appPassword(mary) }))).toBe('blocked conditional_access')
    expect(await gate.tiles(mary)).toEqual([])
  })

  it('that only reports changes nothing and says so', async () => {
    const mary = await gate.person()
    await putAccessPolicy({ access: 'block' }, 'report-only')
    const answer = await gate.ask({ name: mary.upn, secret: mary.password })
    expect(verdictOf(answer)).toBe('pending app_pending')
    expect(answer.because).toContainEqual(expect.objectContaining({ kind: 'conditional-access', mode: 'report-only' }))
  })
})
