import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { openRealmStage, type RealmStage } from '../testing/realm-stage.ts'

let at: RealmStage

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  at = await openRealmStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})

afterAll(() => at.stage.store.close())

beforeEach(() => at.begin())

const call: RealmStage['call'] = (...given) => at.call(...given)
const told = (output: unknown) => operations.find(({ name }) => name === 'mailapp.gate')?.present(output)?.text ?? ''
const person = (name: string, groups: readonly string[] = []) => call('account.add', { upn: `${name}@${at.domain()}`, groups })

describe('gating that changes', () => {
  test('says for whom it is on now and was not before, and for whom passwords are taken again', async () => {
    const mary = await person('mary', ['Sales'])
    await person('john')
    await person('ann')
    await call('mailapp.gate', { for: 'group', group: 'sales' })
    const wider = await call('mailapp.gate', { for: 'everybody' })
    expect(wider).toMatchObject({ accounts: 3, switchedOff: { pop: 2, rpc: 2 }, openedAgain: {} })
    expect(told(wider)).toMatch(
      /^Gating is on for everybody \(3 accounts\)\.\nBefore, it was on for the group sales\..*difference/,
    )
    const narrower = await call('mailapp.gate', { for: 'group', group: 'sales' })
    expect(narrower).toMatchObject({ accounts: 1, switchedOff: {}, openedAgain: { pop: 2, imap: 2, smtp: 2, rpc: 2 } })
    expect(told(narrower)).toMatch(/on for the group sales \(1 account\)[\s\S]*taken again[\s\S]*rpc for 2 accounts/)
    expect(told(await call('mailapp.gate', { for: 'group', group: 'sales' }))).toMatch(/no protocol does it change/)
    const off = await call('mailapp.gate', { for: 'nobody' })
    expect(off).toMatchObject({ openedAgain: { pop: 1 } })
    expect(told(off)).toMatch(/^Gating is off[\s\S]*taken again/)
    expect(await call('mailapp.try', { account: mary.upn, protocol: 'pop' })).toMatchObject({ outcome: 'pending' })
  })

  test('to report-only takes nothing away and gives back at once', async () => {
    const mary = await person('mary')
    await call('policy.auth-put', { policy: 'Scanner', allowBasicAuth: ['smtp'] })
    await call('policy.auth-assign', { account: mary.upn, policy: 'Scanner' })
    expect(await call('mailapp.gate', { for: 'everybody' })).toMatchObject({ mustActivate: 1, mayStopActivating: 0 })
    const output = await call('mailapp.gate', { for: 'everybody', mode: 'report-only' })
    expect(output).toMatchObject({
      switchedOff: {},
      openedAgain: { pop: 1, imap: 1, rpc: 1 },
      mustActivate: 0,
      mayStopActivating: 1,
    })
    expect(told(output)).toMatch(
      /judged and told, and not enforced\.[\s\S]*imap for 1 account\n[\s\S]*password alone is enough again/,
    )
  })
})
