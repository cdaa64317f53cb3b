import type { AccountId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openWorkbench, type Workbench } from '../testing/workbench.ts'
import { createRememberedBrowsers, type RememberedBrowsers } from './remembered-browsers.ts'

let bench: Workbench
let browsers: RememberedBrowsers
let accountId: AccountId

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
  browsers = createRememberedBrowsers(bench)
})
afterAll(() => bench.close())
beforeEach(async () => {
  accountId = await bench.newAccount()
})

const remember = (own: { days?: number; label?: string; instead?: string } = {}) =>
  browsers.remember(bench.realm, { accountId, label: 'Firefox on Linux', days: 30, ...own })
const recognise = (cookie: string | undefined) => browsers.recognise(bench.realm, accountId, cookie)
const list = () => browsers.list(bench.realm, accountId)

describe('a remembered browser', () => {
  test('is known by its cookie until its days are over, and it is noted when', async () => {
    const { id, cookie, expiresAt } = await remember()
    const createdAt = bench.clock()
    expect(cookie).toMatch(/^[\w-]{36}\.[\w-]{43}$/)
    bench.seconds += 30 * 86_400 - 1
    expect(await recognise(cookie)).toBe(true)
    expect(await list()).toEqual([{ id, label: 'Firefox on Linux', createdAt, lastSeenAt: bench.clock(), expiresAt }])
    bench.seconds += 1
    expect(await recognise(cookie)).toBe(false)
    expect(await list()).toEqual([])
  })

  test('of one account is not one of another', async () => {
    const { cookie } = await remember()
    accountId = await bench.newAccount()
    expect(await recognise(cookie)).toBe(false)
  })

  test('is not known by the id or the secret of another one', async () => {
    const one = (await remember()).cookie.split('.')
    const other = (await remember()).cookie.split('.')
    expect(await recognise(`${one[0]}.${other[1]}`)).toBe(false)
    expect(await recognise(`${other[0]}.${one[1]}`)).toBe(false)
    expect(await recognise(one.join('.'))).toBe(true)
  })

  test('is kept without what is in its cookie', async () => {
    const { cookie } = await remember()
    const [row] = await bench.realm.rememberedBrowsers.list(accountId, bench.clock())
    expect(Buffer.from(row?.digest ?? []).toString('base64url')).not.toBe(cookie.split('.')[1])
    expect(JSON.stringify(await list())).not.toContain(cookie.split('.')[1])
  })

  test('is forgotten by its owner and by nobody else, one or all', async () => {
    const one = await remember()
    const two = await remember()
    await remember()
    const other = await bench.newAccount()
    expect(await browsers.forget(bench.realm, other, one.id)).toBe(false)
    expect(await browsers.forget(bench.realm, accountId, one.id)).toBe(true)
    expect(await recognise(one.cookie)).toBe(false)
    expect(await recognise(two.cookie)).toBe(true)
    expect(await browsers.forgetAll(bench.realm, accountId)).toBe(2)
    expect(await recognise(two.cookie)).toBe(false)
  })

  test('that is remembered again is there once', async () => {
    const before = await remember()
    bench.seconds += 60
    const now = await remember({ instead: before.cookie })
    expect((await list()).map(({ id }) => id)).toEqual([now.id])
    expect(await recognise(before.cookie)).toBe(false)
  })

  test('makes room for the twenty-first: the one seen longest ago goes', async () => {
    const all: Awaited<ReturnType<typeof remember>>[] = []
    for (let count = 0; count < 20; count++) {
      all.push(await remember())
      bench.seconds += 60
    }
    expect(await recognise(all[0]?.cookie)).toBe(true)
    await remember()
    expect(await list()).toHaveLength(20)
    expect(await recognise(all[0]?.cookie)).toBe(true)
    expect(await recognise(all[1]?.cookie)).toBe(false)
  })

  test('is not known by anything else, whatever a browser sends', async () => {
    const { cookie } = await remember()
    const near = fc.tuple(fc.nat(cookie.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
    const changed = near.map(([at, character]) => cookie.slice(0, at) + character + cookie.slice(at + 1))
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, fc.string({ unit: 'binary' })), async (sent) => {
        // Of the last character of base64url only some bits count, but it is the text that is digested.
        expect(await recognise(sent)).toBe(sent === cookie)
      }),
    )
    expect(await recognise(undefined)).toBe(false)
  })

  test.each([0, -1, 366, 1.5, Number.NaN])('for %d days is a mistake in the program', async (days) => {
    await expect(remember({ days })).rejects.toThrow(TypeError)
  })
})
