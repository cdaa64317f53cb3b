import type { AttemptState } from '@postern/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codeRules, decideAttempt, decideNotEvaluated, decideSuccess, passwordRules, type ThrottleRules } from './throttle.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const at = (seconds: number): Date => new Date(start + seconds * 1000)
const day = 24 * 3600
const unlimited: ThrottleRules = { ...codeRules, perWindow: 1000 }

/** One attempt after the other, each as soon as it is allowed and wrong. Returns the seconds at which each was made. */
function failInARow(rules: ThrottleRules, count: number): { made: number[]; state: AttemptState | undefined } {
  const made: number[] = []
  let state: AttemptState | undefined
  let now = at(0)
  while (made.length < count) {
    const decision = decideAttempt(state, rules, now)
    state = decision.next
    if (decision.allowed) made.push((now.getTime() - start) / 1000)
    else if (decision.until === 'disabled') break
    else now = decision.until
  }
  return { made, state }
}

describe('consecutive failures', () => {
  test('are free four times, then cost 30 seconds that double up to an hour', () => {
    const { made } = failInARow(unlimited, 15)
    const delays = made.slice(1).map((time, index) => time - (made[index] ?? 0))
    expect(delays).toEqual([0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  })

  test('disable a code for good after fifty', () => {
    const { made, state } = failInARow(unlimited, 60)
    expect(made).toHaveLength(50)
    expect(state?.disabled).toBe(true)
    expect(decideAttempt(state, unlimited, at(365 * day))).toMatchObject({ allowed: false, until: 'disabled' })
  })

  test('never disable a password: the delay stays an hour', () => {
    const { made } = failInARow({ ...passwordRules, perWindow: 1000 }, 2000)
    expect(made).toHaveLength(2000)
    expect((made[1999] ?? 0) - (made[1998] ?? 0)).toBe(3600)
  })

  test('say how many more are free, and until when the next has to wait', () => {
    let state: AttemptState | undefined
    const told = [1, 2, 3, 4, 5].map(() => {
      const decision = decideAttempt(state, codeRules, at(0))
      state = decision.next
      return decision.allowed ? [decision.attemptsLeft, decision.until] : 'refused'
    })
    expect(told).toEqual([
      [4, undefined],
      [3, undefined],
      [2, undefined],
      [1, undefined],
      [0, at(30)],
    ])
    expect(decideAttempt(state, codeRules, at(29.999))).toMatchObject({ allowed: false, until: at(30) })
    expect(decideAttempt(state, codeRules, at(30))).toMatchObject({ allowed: true })
  })

  test('leave the state as it is when an attempt is refused', () => {
    const { state } = failInARow(codeRules, 5)
    const decision = decideAttempt(state, codeRules, at(1))
    expect(decision.allowed).toBe(false)
    expect(decision.next).toEqual(state)
  })
})

describe('the window', () => {
  test('holds ten failures even if a success comes after each, and ends by itself after 24 hours', () => {
    let state: AttemptState | undefined
    for (let count = 0; count < 10; count++) {
      const wrong = decideAttempt(state, codeRules, at(count))
      expect(wrong.allowed).toBe(true)
      state = wrong.next
      if (count === 9) break
      const right = decideAttempt(state, codeRules, at(count))
      expect(right.allowed).toBe(true)
      state = decideSuccess(right.next, right.next)
      expect(state).toMatchObject({ consecutive: 0, inWindow: count + 1 })
    }
    expect(decideAttempt(state, codeRules, at(10))).toMatchObject({ allowed: false, until: at(day) })
    expect(decideAttempt(state, codeRules, at(day - 0.001))).toMatchObject({ allowed: false })
    expect(decideAttempt(state, codeRules, at(day))).toMatchObject({
      allowed: true,
      next: { inWindow: 1, windowStartedAt: at(day) },
    })
  })

  test('tells the later of its own end and the delay', () => {
    const { state } = failInARow(codeRules, 10)
    expect(state?.blockedUntil).toEqual(at(day))
  })
})

describe('a row of failures', () => {
  test('outlives its window, unless the rules say otherwise', () => {
    const { state } = failInARow(unlimited, 7)
    const later = at(100 * day)
    expect(decideAttempt(state, unlimited, later).next).toMatchObject({ consecutive: 8, inWindow: 1 })
    expect(decideAttempt(state, { ...unlimited, rowEndsWithWindow: true }, later)).toMatchObject({
      allowed: true,
      attemptsLeft: 4,
      next: { consecutive: 1, inWindow: 1 },
    })
  })
})

describe('a success', () => {
  test('leaves nothing behind when nothing else was counted', () => {
    const { next } = decideAttempt(undefined, codeRules, at(0))
    expect(decideSuccess(next, next)).toBeUndefined()
  })

  test('takes back its own failure and no other: those in flight stay counted', () => {
    const first = decideAttempt(undefined, codeRules, at(0)).next
    const second = decideAttempt(first, codeRules, at(0)).next
    expect(decideSuccess(second, first)).toEqual({ consecutive: 0, inWindow: 1, windowStartedAt: at(0), disabled: false })
  })

  test('takes nothing from a window that began after it was counted', () => {
    const slow = decideAttempt(undefined, codeRules, at(0)).next
    const other = decideAttempt(slow, codeRules, at(day)).next
    expect(decideSuccess(other, slow)).toMatchObject({ inWindow: 1, windowStartedAt: at(day) })
  })

  test('lifts the delay and the end that its own attempt would have brought', () => {
    const { state } = failInARow(unlimited, 49)
    const last = decideAttempt(state, unlimited, at(100 * day)).next
    expect(last).toMatchObject({ consecutive: 50, disabled: true })
    expect(decideSuccess(last, last)).toBeUndefined()
  })
})

describe('an attempt that was not evaluated', () => {
  test('is given back with the delay that it alone brought', () => {
    const { state } = failInARow(codeRules, 4)
    const fifth = decideAttempt(state, codeRules, at(0)).next
    expect(fifth.blockedUntil).toEqual(at(30))
    expect(decideNotEvaluated(fifth, fifth)).toEqual(state)
  })

  test('leaves nothing when it was the only one', () => {
    const { next } = decideAttempt(undefined, codeRules, at(0))
    expect(decideNotEvaluated(next, next)).toBeUndefined()
    expect(decideNotEvaluated(undefined, next)).toBeUndefined()
  })

  test('does not lift what somebody else brought', () => {
    const { state } = failInARow(codeRules, 3)
    const fourth = decideAttempt(state, codeRules, at(0)).next
    const fifth = decideAttempt(fourth, codeRules, at(0)).next
    expect(decideNotEvaluated(fifth, fourth)).toMatchObject({ consecutive: 4, inWindow: 4, blockedUntil: at(30) })
  })
})

describe('whatever people and attackers do', () => {
  const happening = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('wrong' as const), wait: fc.integer({ min: 0, max: 7200 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('right' as const), wait: fc.integer({ min: 0, max: 7200 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), wait: fc.integer({ min: 0, max: 2 * day }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not evaluated' as const), wait: fc.integer({ min: 0, max: 60 }) }) },
  )

  function play(
    happenings: readonly { kind: string; wait: number }[],
    rules: ThrottleRules,
  ): { failures: number[]; states: AttemptState[] } {
    let state: AttemptState | undefined
    let seconds = 0
    const failures: number[] = []
    const states: AttemptState[] = []
    for (const { kind, wait } of happenings) {
      seconds += wait
      if (kind === 'pause') continue
      const decision = decideAttempt(state, rules, at(seconds))
      state = decision.next
      states.push(state)
      if (!decision.allowed) continue
      if (kind === 'wrong') failures.push(seconds)
      if (kind === 'right') state = decideSuccess(state, decision.next)
      if (kind === 'not evaluated') state = decideNotEvaluated(state, decision.next)
    }
    return { failures, states }
  }

  test('the 24 hours from the first failure of a window hold at most ten', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
        const { failures } = play(happenings, codeRules)
        let windowStart = Number.NEGATIVE_INFINITY
        let inWindow = 0
        for (const time of failures) {
          if (time >= windowStart + day) {
            windowStart = time
            inWindow = 0
          }
          inWindow += 1
          expect(inWindow).toBeLessThanOrEqual(10)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a refusal names a time at which the next attempt is allowed, at most 24 hours away', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const { states } = play(happenings, passwordRules)
        const last = states.at(-1)
        const now = at(happenings.reduce((sum, { wait }) => sum + wait, 0))
        const decision = decideAttempt(last, passwordRules, now)
        if (decision.allowed || decision.until === 'disabled') return
        expect(decision.until > now).toBe(true)
        expect(decision.until.getTime() - now.getTime()).toBeLessThanOrEqual(day * 1000)
        expect(decideAttempt(decision.next, passwordRules, decision.until).allowed).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('numbers stay whole, and a success never raises one', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        for (const state of play(happenings, codeRules).states) {
          expect(Number.isSafeInteger(state.consecutive) && Number.isSafeInteger(state.inWindow)).toBe(true)
          const after = decideSuccess(state, state)
          expect(after?.inWindow ?? 0).toBeLessThan(state.inWindow)
          expect(after?.consecutive ?? 0).toBe(0)
        }
      }),
    )
  })

  test('of any number in flight at once at most five are evaluated', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (parallel) => {
        let state: AttemptState | undefined
        let evaluated = 0
        for (let one = 0; one < parallel; one++) {
          const decision = decideAttempt(state, codeRules, at(0))
          state = decision.next
          if (decision.allowed) evaluated += 1
        }
        expect(evaluated).toBe(Math.min(parallel, 5))
      }),
    )
  })
})
