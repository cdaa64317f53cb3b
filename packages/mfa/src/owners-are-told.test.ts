/** Owners hear of failures once a burst, over all processes, and of a success after them (R93). */
import type { AccountId, RealmStore } from '@postern/storage'
import { backends, type OpenBackend, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NotEvaluated } from './errors.ts'
import { type CheckRequest, createAttemptGate, type Happening } from './gate.ts'
import { codeRules } from './throttle.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const day = 24 * 3600
let seconds = 0
const clock = () => new Date(start + seconds * 1000)

const told: string[] = []
const rows: number[] = []
const tell = (what: string) => async (happening: Happening) => {
  told.push(`${what} of ${happening.method} to ${happening.accountId}`)
  rows.push(happening.state.consecutive)
}
const watch = { failures: tell('failures'), recovered: tell('recovered'), repeated: tell('repeated') }
/** As two processes have one each. */
const gates = [createAttemptGate({ clock, watch }), createAttemptGate({ clock, watch })] as const
const [gate] = gates

const right = async () => true
const wrong = async () => false

describe.each(backends)('the gate on $name', (backend) => {
  let opened: OpenBackend
  let realm: RealmStore
  let accountId: AccountId
  beforeAll(async () => {
    opened = await backend.open()
    realm = await opened.newRealm()
  }, 120_000) // a PostgreSQL server may have to be set up first
  afterAll(() => opened.close())
  beforeEach(async () => {
    seconds = 0
    told.length = 0
    rows.length = 0
    accountId = sampleAccount().id
  })
  const asked = (more: Partial<CheckRequest> = {}): CheckRequest => ({
    realm,
    attempts: realm.attempts,
    subject: `account:${accountId}`,
    method: 'totp',
    ...more,
  })
  /** As many failures as the rules allow until then, each as soon as it may be. */
  async function fail(times: number, request = asked()) {
    for (let count = 0; count < times; ) {
      const outcome = await gate.check(request, wrong)
      if (outcome.outcome === 'throttled') seconds = (outcome.until.getTime() - start) / 1000
      else count += 1
    }
  }
  const rest = async () => {
    seconds += day
  }

  test('tells of the fifth failure in a row and of none before or after it', async () => {
    await fail(4)
    expect(told).toEqual([])
    await fail(1)
    expect(told).toEqual([`failures of totp to ${accountId}`])
    await fail(30)
    expect(told).toHaveLength(1)
  })

  test('tells of the success that ends a burst, and of the next burst again', async () => {
    await fail(4)
    await gate.check(asked(), right)
    expect(told).toEqual([])
    for (let burst = 0; burst < 2; burst++) {
      await rest()
      await fail(6)
      await rest()
      for (let count = 0; count < 3; count++) expect(await gate.check(asked(), right)).toEqual({ outcome: 'proved' })
    }
    const once = [`failures of totp to ${accountId}`, `recovered of totp to ${accountId}`]
    expect(told).toEqual([...once, ...once])
    expect(rows).toEqual([5, 6, 5, 6])
  })

  test('tells once when two processes see 200 failures at the same moment, and once when both see the success', async () => {
    const many = { ...codeRules, freeFailures: 300, perWindow: 300, disableAfter: 'never' as const }
    const checks = (verify: () => Promise<boolean>, times: number) =>
      Promise.all(Array.from({ length: times }, (_, at) => gates[at % 2 === 0 ? 0 : 1].check(asked({ rules: many }), verify)))
    await checks(wrong, 200)
    expect(told).toEqual([`failures of totp to ${accountId}`])
    await checks(right, 20)
    expect(told).toEqual([`failures of totp to ${accountId}`, `recovered of totp to ${accountId}`])
  })

  test('tells once though attempts in flight are given back, so that the fifth comes twice', async () => {
    class Busy extends NotEvaluated {
      readonly code = 'busy'
    }
    await fail(3)
    const held = Promise.withResolvers<boolean>()
    const begun = Promise.withResolvers<void>()
    const fourth = gate.check(asked(), () => {
      begun.resolve()
      return held.promise
    })
    await begun.promise
    await fail(1)
    held.reject(new Busy('later'))
    await expect(fourth).rejects.toThrow(Busy)
    expect((await realm.attempts.find(asked()))?.consecutive).toBe(4)
    await fail(1)
    expect((await realm.attempts.find(asked()))?.consecutive).toBe(5)
    expect(told).toEqual([`failures of totp to ${accountId}`])
  })

  test('tells each method for itself, and nobody of a secret that was bound anew', async () => {
    await fail(5)
    await fail(5, asked({ method: 'sms' }))
    expect(told).toEqual([`failures of totp to ${accountId}`, `failures of sms to ${accountId}`])
    await gate.rebound(asked())
    await gate.check(asked(), right)
    expect(told).toHaveLength(2)
    await fail(5)
    expect(told).toHaveLength(3)
  })

  test('tells of an answer that comes for the third time, and nobody of what is no account', async () => {
    for (let count = 0; count < 9; count++) await gate.check(asked({ guess: { digest: 'aaaaaaaa' } }), wrong)
    expect(told).toEqual([`repeated of totp to ${accountId}`])
    for (const subject of ['name:nobody', 'source:203.0.113.1']) await fail(7, asked({ subject }))
    expect(told).toHaveLength(1)
  })
})
