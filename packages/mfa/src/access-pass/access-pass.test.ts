import type { AccountId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorkbench, type Workbench } from '../testing/workbench.ts'
import { type AccessPasses, createAccessPasses } from './access-pass.ts'

let bench: Workbench
let passes: AccessPasses
let accountId: AccountId

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
  passes = createAccessPasses(bench)
})
afterAll(() => bench.close())
beforeEach(async () => {
  accountId = await bench.newAccount()
})

const give = (own: Partial<Parameters<AccessPasses['give']>[1]> = {}) =>
  passes.give(bench.realm, { accountId, uses: 'once', minutes: 60, createdBy: 'admin', ...own })
const verify = (answer: string) => bench.factors.verify(bench.occasion(accountId), { method: 'access-pass', answer })
const ways = () => bench.factors.waysOf(bench.occasion(accountId))
const never = '0000-0000-0000-0000'

describe('an access pass', () => {
  test('for one use proves once, also when it comes twenty times at once', async () => {
    const { pass, expiresAt } = await give()
    expect(pass).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(expiresAt).toEqual(new Date(bench.clock().getTime() + 3_600_000))
    expect(await ways()).toMatchObject([{ method: 'access-pass', strength: 'second-factor' }])
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify(pass.toLowerCase())))
    const proved = outcomes.filter(({ outcome }) => outcome === 'proved')
    expect(proved).toEqual([{ outcome: 'proved', evidence: { amr: ['otp'], at: bench.clock() } }])
    expect(await ways()).toEqual([])
    expect(await verify(pass)).toEqual({ outcome: 'expired' })
  })

  test('for many uses proves until it is over', async () => {
    const { pass } = await give({ uses: 'many', minutes: 10 })
    expect(await verify(pass)).toMatchObject({ outcome: 'proved' })
    bench.seconds += 599
    expect(await verify(pass)).toMatchObject({ outcome: 'proved' })
    bench.seconds += 1
    expect(await verify(pass)).toEqual({ outcome: 'expired' })
    expect(await ways()).toEqual([])
  })

  test('is nothing before its beginning, and lives from then on', async () => {
    const startsAt = new Date(bench.clock().getTime() + 3_600_000)
    const { pass, expiresAt } = await give({ startsAt, minutes: 10 })
    expect(expiresAt).toEqual(new Date(startsAt.getTime() + 600_000))
    bench.seconds += 3599
    expect(await ways()).toEqual([])
    expect(await verify(pass)).toEqual({ outcome: 'expired' })
    bench.seconds += 1
    expect(await verify(pass)).toMatchObject({ outcome: 'proved' })
  })

  test('ends with the next one, and when it is revoked', async () => {
    const first = await give()
    const second = await give()
    expect(await verify(first.pass)).toMatchObject({ outcome: 'wrong' })
    expect(await passes.revoke(bench.realm, accountId)).toBe(true)
    expect(await passes.revoke(bench.realm, accountId)).toBe(false)
    expect(await verify(second.pass)).toEqual({ outcome: 'expired' })
  })

  test('of one account is nothing for another one', async () => {
    const { pass } = await give()
    accountId = await bench.newAccount()
    await give()
    expect(await verify(pass)).toMatchObject({ outcome: 'wrong' })
  })

  test('is kept as a keyed digest', async () => {
    const { pass } = await give()
    const [row] = await bench.opened.connection.db
      .selectFrom('access_pass')
      .selectAll()
      .where('account_id', '=', accountId)
      .execute()
    const dump = JSON.stringify(row, (_name, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
    expect(dump).toContain('admin')
    expect(dump).not.toContain(pass)
    expect(dump).not.toContain(pass.replaceAll('-', ''))
  })

  test('is paused after five wrong ones, and never ends by them', async () => {
    const { pass } = await give({ uses: 'many' })
    for (let count = 0; count < 5; count++) await verify(never)
    expect(await verify(pass)).toMatchObject({ outcome: 'throttled' })
    bench.seconds += 30
    expect(await verify(pass)).toMatchObject({ outcome: 'proved' })
  })

  test.each([9, 43_201, 10.5, Number.NaN])('of %d minutes is a mistake in the program', async (minutes) => {
    await expect(give({ minutes })).rejects.toThrow(TypeError)
  })

  test('that was never given is nothing to guess at', async () => {
    expect(await verify(never)).toEqual({ outcome: 'expired' })
    expect(await bench.realm.attempts.find({ subject: `account:${accountId}`, method: 'access-pass' })).toBeUndefined()
  })
})
