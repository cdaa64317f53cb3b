import type { AccountId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorkbench, type Workbench } from '../testing/workbench.ts'
import { createRecoveryCodes, type RecoveryCodes } from './recovery-codes.ts'

let bench: Workbench
let recovery: RecoveryCodes
let accountId: AccountId

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
  recovery = createRecoveryCodes(bench)
})
afterAll(() => bench.close())
beforeEach(async () => {
  accountId = await bench.newAccount()
})

const verify = (answer: string) => bench.factors.verify(bench.occasion(accountId), { method: 'recovery-code', answer })
const ways = () => bench.factors.waysOf(bench.occasion(accountId))
const never = '0000-0000-0000-0000'

describe('recovery codes', () => {
  test('are ten, all different, and not kept', async () => {
    const codes = await recovery.replace(bench.realm, accountId)
    expect(codes).toHaveLength(10)
    expect(new Set(codes)).toHaveLength(10)
    for (const code of codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    const dump = await bench.opened.connection.db.selectFrom('recovery_code').selectAll().execute()
    const kept = dump.map(({ digest }) => Buffer.from(digest).toString('latin1')).join()
    for (const code of codes) {
      expect(kept).not.toContain(code)
      expect(kept).not.toContain(code.replaceAll('-', ''))
    }
  })

  test('prove once each, however they are typed', async () => {
    const [first = '', second = ''] = await recovery.replace(bench.realm, accountId)
    expect(await verify(first)).toEqual({ outcome: 'proved', evidence: { amr: ['otp'], at: bench.clock() } })
    expect(await verify(first)).toMatchObject({ outcome: 'wrong' })
    const typed = second.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
    expect(await verify(typed)).toMatchObject({ outcome: 'proved' })
  })

  test('prove once, also when one comes twenty times at once (R117)', async () => {
    const [code = ''] = await recovery.replace(bench.realm, accountId)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify(code)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
    expect(await recovery.left(bench.realm, accountId)).toMatchObject({ left: 9 })
  })

  test('are replaced as a set', async () => {
    const [old = ''] = await recovery.replace(bench.realm, accountId)
    const [fresh = ''] = await recovery.replace(bench.realm, accountId)
    expect(await verify(old)).toMatchObject({ outcome: 'wrong' })
    expect(await verify(fresh)).toMatchObject({ outcome: 'proved' })
  })

  test('of one account are nothing for another one', async () => {
    const [code = ''] = await recovery.replace(bench.realm, accountId)
    accountId = await bench.newAccount()
    await recovery.replace(bench.realm, accountId)
    expect(await verify(code)).toMatchObject({ outcome: 'wrong' })
  })

  test('are a way while some are left, which says how many, and low when three are', async () => {
    expect(await recovery.left(bench.realm, accountId)).toBeUndefined()
    expect(await ways()).toEqual([])
    const codes = await recovery.replace(bench.realm, accountId)
    const seen: unknown[] = []
    for (const code of codes) {
      seen.push([(await ways())[0]?.hint, (await recovery.left(bench.realm, accountId))?.isLow])
      expect(await verify(code)).toMatchObject({ outcome: 'proved' })
    }
    expect(seen).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((left) => [String(left), left <= 3]))
    expect(await ways()).toEqual([])
    expect(await recovery.left(bench.realm, accountId)).toEqual({ left: 0, of: 10, isLow: true })
    expect(await verify(never)).toEqual({ outcome: 'expired' })
  })

  test('are paused after five wrong ones and never end', async () => {
    const [code = ''] = await recovery.replace(bench.realm, accountId)
    for (let wrong = 0; wrong < 60; ) {
      const outcome = await verify(never)
      if (outcome.outcome === 'throttled') bench.seconds += Math.ceil((outcome.until.getTime() - bench.clock().getTime()) / 1000)
      else wrong += 1
    }
    expect((await verify(code)).outcome).toBe('throttled')
    expect(await ways()).toMatchObject([{ method: 'recovery-code', state: 'active', pausedUntil: expect.any(Date) }])
    bench.seconds += 24 * 3600
    expect((await verify(code)).outcome).toBe('proved')
  })
})
