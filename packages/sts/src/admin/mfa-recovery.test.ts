import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { add, bind, call, events, find, kept, refused, stage, standOnRealm, start, stateOf, told } from './testing/mfa-stage.ts'

standOnRealm(async (clock) => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

describe('an access pass', () => {
  test('is shown once, in groups of four, told to its owner and recorded without itself', async () => {
    const mary = await add('mary')
    const output = await call('mfa.pass-give', { account: mary.upn, minutes: 120, many: true })
    expect(output).toMatchObject({
      pass: expect.stringMatching(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/i),
      uses: 'many',
      expiresAt: '2027-03-01T12:00:00.000Z',
    })
    expect(told).toEqual([`${mary.upn} access_pass_given`])
    expect(await kept.accessPasses.find(mary.id)).toMatchObject({ uses: 'many', createdBy: 'cli:root' })
    expect(JSON.stringify(await kept.audit.list({ limit: 100 }))).not.toContain(String(output.pass).replaceAll('-', ''))
    await call('mfa.pass-revoke', { account: mary.upn })
    expect(await kept.accessPasses.find(mary.id)).toBeUndefined()
    await expect(call('mfa.pass-revoke', { account: mary.upn })).rejects.toEqual(refused('missing'))
  })

  test.each([{ minutes: 9 }, { minutes: 43_201 }, { starts: '2027-03-01T09:59:59Z' }, { starts: 'now' }])(
    'is refused with %j',
    async (more) => {
      const mary = await add('mary')
      await expect(call('mfa.pass-give', { account: mary.upn, ...more })).rejects.toEqual(refused('invalid'))
    },
  )
})

describe('a lost phone', () => {
  test('takes everything away, demands a new factor, tells the person, and gives a pass if wanted', async () => {
    const mary = await add('mary')
    await bind(mary.id)
    await kept.recoveryCodes.replace(mary.id, { digests: [randomBytes(32)], at: stage.now })
    const output = await call('account.reset-factors', { account: mary.upn, givePass: true, minutes: 30 })
    expect(output).toMatchObject({
      removed: 1,
      recoveryCodes: 1,
      pass: expect.any(String),
      passExpiresAt: '2027-03-01T10:30:00.000Z',
    })
    expect(await kept.authenticators.list(mary.id)).toEqual([])
    expect(await stateOf('mary')).toBe('enforced')
    expect(told).toEqual([`${mary.upn} factors_reset`, `${mary.upn} access_pass_given`])
    expect(await events('factor.reset')).toMatchObject([{ accountId: mary.id, authenticators: 1, recoveryCodes: 1 }])
    const operation = find('account.reset-factors')
    expect(Object.keys(operation.input.shape)).not.toContain('password')
  })

  test('of the last administrator is refused without a pass, and changes nothing', async () => {
    const admin = await add('admin', { groups: ['administrators'] })
    const other = await add('other', { groups: ['administrators'] })
    await bind(admin.id)
    await expect(call('account.reset-factors', { account: admin.upn })).rejects.toEqual(refused('last_administrator'))
    expect(await kept.authenticators.list(admin.id)).toHaveLength(1)
    await call('mfa.pass-give', { account: other.upn })
    await call('account.reset-factors', { account: admin.upn })
    await expect(call('mfa.pass-revoke', { account: other.upn })).rejects.toEqual(refused('last_administrator'))
    stage.now = new Date(start.getTime() + 61 * 60_000)
    await expect(call('account.reset-factors', { account: admin.upn })).rejects.toEqual(refused('last_administrator'))
    await call('account.reset-factors', { account: admin.upn, givePass: true })
  })
})
