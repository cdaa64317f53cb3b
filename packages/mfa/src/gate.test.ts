import type { AttemptStore } from '@postern/storage'
import { backends, type OpenBackend } from '@postern/storage/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NotEvaluated } from './errors.ts'
import { type CheckRequest, type Counter, createAttemptGate } from './gate.ts'
import { codeRules, passwordRules } from './throttle.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const day = 24 * 3600
let seconds = 0
const clock = () => new Date(start + seconds * 1000)
const at = (second: number) => new Date(start + second * 1000)
const gate = createAttemptGate({ clock })

let opened: OpenBackend
let attempts: AttemptStore
let subjects = 0
const newSubject = (): Counter => {
  subjects += 1
  seconds = 0
  return { attempts, subject: `name:${subjects}`, method: 'totp' }
}

const right = async () => true
const wrong = async () => false

/** Checks `count` times at once and tells how many of the checks were really made. */
async function together(counter: CheckRequest, count: number, verify: () => Promise<boolean>) {
  let evaluated = 0
  const outcomes = await Promise.all(
    Array.from({ length: count }, () =>
      gate.check(counter, () => {
        evaluated += 1
        return verify()
      }),
    ),
  )
  return { evaluated, outcomes }
}

describe.each(backends)('the gate on $name', (backend) => {
  beforeAll(async () => {
    opened = await backend.open()
    attempts = (await opened.newRealm()).attempts
  }, 120_000) // a PostgreSQL server may have to be set up first
  afterAll(() => opened.close())

  test('counts down, then names the time of the next attempt, then lets it through', async () => {
    const counter = newSubject()
    const told = []
    for (let count = 0; count < 5; count++) told.push(await gate.check(counter, wrong))
    expect(told).toEqual([
      ...[4, 3, 2, 1].map((attemptsLeft) => ({ outcome: 'wrong', attemptsLeft })),
      { outcome: 'wrong', attemptsLeft: 0, until: at(30) },
    ])
    seconds = 29
    expect(await gate.check(counter, right)).toEqual({ outcome: 'throttled', until: at(30) })
    seconds = 30
    expect(await gate.check(counter, right)).toEqual({ outcome: 'proved' })
    expect(await gate.check(counter, wrong)).toEqual({ outcome: 'wrong', attemptsLeft: 4 })
  })

  test('evaluates five of 500 wrong answers that come at once, and ten in the 24 hours that follow', async () => {
    const counter = newSubject()
    expect((await together(counter, 500, wrong)).evaluated).toBe(5)
    let evaluated = 5
    while (seconds < day - 1) {
      seconds += 60
      evaluated += (await together(counter, 3, wrong)).evaluated
      if (evaluated >= 10) break
    }
    expect(evaluated).toBe(10)
    seconds = day - 1
    expect((await together(counter, 20, right)).outcomes.every(({ outcome }) => outcome === 'throttled')).toBe(true)
    seconds = day
    expect(await gate.check(counter, right)).toEqual({ outcome: 'proved' })
  })

  test('has counted an attempt before the check of it begins', async () => {
    const counter = newSubject()
    await gate.check(counter, async () => {
      expect(await attempts.find(counter)).toMatchObject({ consecutive: 1, inWindow: 1 })
      return true
    })
    expect(await attempts.find(counter)).toBeUndefined()
  })

  test('does not give a guess back when the transaction around it is rolled back', async () => {
    const counter = newSubject()
    const abandoned = opened.store.transaction(async () => {
      await gate.check(counter, wrong)
      throw new RangeError('rolled back')
    })
    await expect(abandoned).rejects.toThrow('rolled back')
    expect(await attempts.find(counter)).toMatchObject({ consecutive: 1, inWindow: 1 })
  })

  test('keeps the failures of others when one of many at once is right', async () => {
    const counter = newSubject()
    let turn = 0
    const { outcomes } = await together(counter, 4, async () => {
      turn += 1
      return turn === 4
    })
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
    expect(await attempts.find(counter)).toMatchObject({ consecutive: 0, inWindow: 3 })
  })

  test('keeps an attempt counted when its check breaks', async () => {
    const counter = newSubject()
    await expect(gate.check(counter, () => Promise.reject(new RangeError('broken')))).rejects.toThrow('broken')
    expect(await attempts.find(counter)).toMatchObject({ consecutive: 1 })
  })

  test('gives an attempt back when its check was never made', async () => {
    class Busy extends NotEvaluated {
      readonly code = 'busy'
    }
    const counter = newSubject()
    for (let count = 0; count < 20; count++) {
      await expect(gate.check(counter, () => Promise.reject(new Busy('later')))).rejects.toThrow(Busy)
    }
    expect(await attempts.find(counter)).toBeUndefined()
  })

  test('disables a code at the fiftieth failure in a row until it is bound anew, and no password', async () => {
    const counter = newSubject()
    const fail = async (rules?: typeof passwordRules) => {
      for (let count = 0; count < 50; count++) {
        const outcome = await gate.check({ ...counter, ...(rules && { rules }) }, wrong)
        if (outcome.outcome === 'throttled') {
          seconds = (outcome.until.getTime() - start) / 1000
          count -= 1
        }
        if (outcome.outcome === 'disabled') return count + 1
      }
      return 'still open'
    }
    expect(await fail()).toBe(50)
    seconds += 365 * day
    expect(await gate.check(counter, right)).toEqual({ outcome: 'disabled' })
    await gate.rebound(counter)
    expect(await gate.check(counter, right)).toEqual({ outcome: 'proved' })
    expect(await fail(passwordRules)).toBe('still open')
  })

  test('never disables the factor of somebody who must keep it, and lets in who was disabled before', async () => {
    const counter = newSubject()
    const fail = async (mayDisable: boolean) => {
      for (let count = 0; count < 60; count++) {
        const outcome = await gate.check({ ...counter, mayDisable }, wrong)
        if (outcome.outcome === 'disabled') return 'disabled'
        if (outcome.outcome === 'throttled') seconds = (outcome.until.getTime() - start) / 1000
      }
      return 'delayed'
    }
    expect(await fail(false)).toBe('delayed')
    expect(await fail(true)).toBe('disabled')
    seconds += day
    expect(await gate.check({ ...counter, mayDisable: false }, wrong)).toMatchObject({ outcome: 'wrong', attemptsLeft: 0 })
    seconds += day
    expect(await gate.check({ ...counter, mayDisable: false }, right)).toEqual({ outcome: 'proved' })
    expect(await gate.check(counter, right)).toEqual({ outcome: 'proved' })
  })

  test('neither counts nor stops what nobody can guess', async () => {
    const counter = { ...newSubject(), method: 'webauthn', rules: 'unguessable' as const }
    for (let count = 0; count < 60; count++) expect(await gate.check(counter, wrong)).toEqual({ outcome: 'wrong' })
    expect(await attempts.find(counter)).toBeUndefined()
    await together({ ...counter, method: 'totp', rules: codeRules }, 20, wrong)
    expect(await gate.check(counter, right)).toEqual({ outcome: 'proved' })
  })

  test('counts every subject and every method for itself', async () => {
    const counter = newSubject()
    await together(counter, 10, wrong)
    expect(await gate.check({ ...counter, method: 'sms' }, right)).toEqual({ outcome: 'proved' })
    expect(await gate.check({ ...counter, subject: `${counter.subject}x` }, right)).toEqual({ outcome: 'proved' })
    expect(await gate.check(counter, right)).toMatchObject({ outcome: 'throttled' })
  })
})
