import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorkbench, type Workbench } from './testing/workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
})
afterAll(() => bench.close())

test('an answer to what was never asked, or too long ago, is no guess and is not counted', async () => {
  const accountId = await bench.newAccount()
  await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345678') })
  for (let tried = 0; tried < 20; tried += 1) {
    const outcome = await bench.factors.verify(bench.occasion(accountId), { method: 'sms', answer: '123456' })
    expect(outcome).toEqual({ outcome: 'expired' })
  }
  expect(await bench.realm.attempts.find({ subject: `account:${accountId}`, method: 'sms' })).toBeUndefined()
})

test('a wrong answer to what was asked is counted', async () => {
  const accountId = await bench.newAccount()
  await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345678') })
  await bench.factors.begin(bench.occasion(accountId), { method: 'sms' })
  const wrong = bench.codeSent() === '123456' ? '123457' : '123456'
  const outcome = await bench.factors.verify(bench.occasion(accountId), { method: 'sms', answer: wrong })
  expect(outcome).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
  expect(await bench.realm.attempts.find({ subject: `account:${accountId}`, method: 'sms' })).toMatchObject({ consecutive: 1 })
})

test('a factor that fifty wrong answers have ended sends no more codes', async () => {
  const accountId = await bench.newAccount()
  await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345679') })
  await bench.realm.attempts.update({ subject: `account:${accountId}`, method: 'sms' }, () => ({
    next: { consecutive: 50, inWindow: 1, windowStartedAt: bench.clock(), disabled: true },
    result: undefined,
  }))
  const before = bench.messages.length
  expect(await bench.factors.begin(bench.occasion(accountId), { method: 'sms' })).toBeUndefined()
  expect(bench.messages.length).toBe(before)
})
