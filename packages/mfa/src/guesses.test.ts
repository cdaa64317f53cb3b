import type { AttemptState } from '@postern/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideAttempt, decideNotEvaluated, decideSuccess, passwordRules } from './throttle.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const at = (seconds: number): Date => new Date(start + seconds * 1000)
const day = 24 * 3600
const attempt = (state: AttemptState | undefined, digest: string, seconds = 0, origin?: string) =>
  decideAttempt(state, passwordRules, at(seconds), origin === undefined ? { digest } : { digest, origin })

/** Several wrong ones, each as soon as it may be made. */
function play(guesses: readonly string[], origin?: string) {
  let state: AttemptState | undefined
  let seconds = 0
  const told = []
  for (const digest of guesses) {
    let decision = attempt(state, digest, seconds, origin)
    if (!decision.allowed && decision.until !== 'disabled' && +decision.until - start < day * 1000) {
      seconds = (+decision.until - start) / 1000
      decision = attempt(state, digest, seconds, origin)
    }
    state = decision.next
    told.push(decision.allowed ? (decision.repeated === undefined ? 'counted' : 'repeated') : 'refused')
  }
  return { state, told, seconds }
}

describe('a guess that was counted', () => {
  test('is let through again without being counted, and written down three times at most', () => {
    const { state, told } = play(['a', 'b', 'a', 'a', 'a', 'b'])
    expect(told).toEqual(['counted', 'counted', 'repeated', 'repeated', 'repeated', 'repeated'])
    expect(state).toMatchObject({ consecutive: 2, inWindow: 2, seen: ['a.', 'b.', 'a', 'a', 'b'] })
  })

  test('is refused with all others while a delay runs', () => {
    const { state } = play(['a', 'b', 'c', 'd', 'e'])
    expect(attempt(state, 'a', 29)).toMatchObject({ allowed: false, until: at(30) })
    expect(attempt(state, 'a', 30)).toMatchObject({ allowed: true, attemptsLeft: 1, repeated: { stale: false } })
  })

  test('is forgotten with its window', () => {
    const { state } = play(['a', 'a', 'b'])
    expect(attempt(state, 'a', day)).toMatchObject({ next: { inWindow: 1, consecutive: 1, seen: ['a.'] } })
  })

  test('makes a burst when it comes for the third time, and no other does in this window', () => {
    let state: AttemptState | undefined
    const stale = []
    for (const digest of [...'aabbaabbaa']) {
      const decision = attempt(state, digest)
      state = decision.next
      if (decision.allowed && decision.repeated?.stale === true) stale.push(digest)
    }
    expect(stale).toEqual(['a'])
  })

  test('and is right is taken back once, for all that are in flight with it', () => {
    const wrong = attempt(undefined, 'w').next
    const first = attempt(wrong, 'a').next
    const second = attempt(first, 'a').next
    expect(second).toMatchObject({ consecutive: 2, inWindow: 2 })
    const afterFirst = decideSuccess(second, first, { digest: 'a' })
    expect(afterFirst).toEqual({ consecutive: 0, inWindow: 1, windowStartedAt: at(0), disabled: false, seen: ['w.'] })
    expect(decideSuccess(afterFirst, second, { digest: 'a' })).toEqual(afterFirst)
  })

  test('and was never evaluated is given back, unless another was let through because of it', () => {
    const first = attempt(undefined, 'a').next
    expect(decideNotEvaluated(first, first, { digest: 'a' })).toBeUndefined()
    const leant = attempt(first, 'a').next
    expect(decideNotEvaluated(leant, first, { digest: 'a' })).toEqual(leant)
  })
})

describe('an origin', () => {
  test('has seven of ten, its repeats not counted, and leaves the rest to others', () => {
    const { state, told } = play([...'aabcdefghij'], 'here')
    expect(told.filter((one) => one === 'counted')).toHaveLength(7)
    expect(told.at(-1)).toBe('refused')
    expect(attempt(state, 'z', 3000, 'here')).toMatchObject({ allowed: false, until: at(day) })
    expect(attempt(state, 'z', 3000, 'elsewhere')).toMatchObject({ allowed: true, next: { inWindow: 8 } })
    expect(attempt(state, 'z', 3000)).toMatchObject({ allowed: true })
  })

  test('is told the end of the window at its last guess, while the delay of the others is short', () => {
    const { state, seconds } = play([...'abcdef'], 'here')
    const last = attempt(state, 'g', seconds + 60, 'here')
    expect(last).toMatchObject({ allowed: true, attemptsLeft: 0, until: at(day) })
    expect(+(last.next.blockedUntil ?? 0)).toBe(+at(seconds + 60 + 120))
  })
})

test('whatever is tried in whatever order, a window evaluates ten different guesses at most', () => {
  const step = fc.record({
    digest: fc.constantFrom(...'abcdefghijklmnopqrst'),
    origin: fc.constantFrom(undefined, 'x', 'y', 'z'),
    wait: fc.integer({ min: 0, max: 4000 }),
    ends: fc.constantFrom('wrong', 'wrong', 'wrong', 'in flight', 'not evaluated'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      let state: AttemptState | undefined
      let seconds = 0
      let evaluated = new Set<string>()
      let windowStart: number | undefined
      const inFlight: { next: AttemptState; digest: string }[] = []
      for (const { digest, origin, wait, ends } of steps) {
        seconds += wait
        const decision = attempt(state, digest, seconds, origin)
        state = decision.next
        if (!decision.allowed) continue
        if (windowStart !== +decision.next.windowStartedAt) {
          windowStart = +decision.next.windowStartedAt
          evaluated = new Set()
        }
        if (ends === 'in flight' && decision.repeated === undefined) inFlight.push({ next: decision.next, digest })
        else if (ends === 'not evaluated' && decision.repeated === undefined) {
          state = decideNotEvaluated(state, decision.next, { digest })
          for (const one of inFlight.splice(0)) state = decideNotEvaluated(state, one.next, { digest: one.digest })
        } else evaluated.add(digest)
        expect(evaluated.size).toBeLessThanOrEqual(10)
        expect(state?.inWindow ?? 0).toBeLessThanOrEqual(10)
        expect(state?.seen?.length ?? 0).toBeLessThanOrEqual(30)
      }
    }),
    { numRuns: 500 },
  )
})
