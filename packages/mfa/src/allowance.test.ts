import type { AttemptState } from '@postern/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Allowance, giveBack, holdUntil, takeOne } from './allowance.ts'

const at = (seconds: number) => new Date(Date.parse('2026-03-01T12:00:00Z') + seconds * 1000)

describe('an allowance', () => {
  test('is never exceeded in any stretch of its window, and always used up when asked often enough', () => {
    const steps = fc.array(fc.record({ wait: fc.nat(900), tag: fc.constantFrom('', 'a', 'b-_') }), { maxLength: 80 })
    const allowances = fc.record({ max: fc.integer({ min: 1, max: 7 }), windowSeconds: fc.integer({ min: 1, max: 4000 }) })
    fc.assert(
      fc.property(allowances, steps, (allowance, all) => {
        let state: AttemptState | undefined
        let now = 0
        const had: number[] = []
        for (const { wait, tag } of all) {
          now += wait
          const { next, result } = takeOne(state, allowance, at(now), tag)
          const inWindow = had.filter((time) => time > now - allowance.windowSeconds)
          expect(result.taken).toBe(inWindow.length < allowance.max)
          if (result.taken) had.push(now)
          // The time that it names is the first at which there is one to be had.
          else {
            const early = new Date(result.until.getTime() - 1)
            expect(takeOne(next, allowance, early, tag).result.taken).toBe(false)
            expect(takeOne(next, allowance, result.until, tag).result.taken).toBe(true)
          }
          state = next
          expect(state?.seen?.length ?? 0).toBeLessThanOrEqual(allowance.max)
        }
      }),
    )
  })

  test('keeps two of one tag apart, and two of different tags not', () => {
    const allowance: Allowance = { max: 5, windowSeconds: 3600, spacingSeconds: 30 }
    const { next } = takeOne(undefined, allowance, at(0), 'a')
    expect(takeOne(next, allowance, at(29), 'a').result).toEqual({ taken: false, because: 'spacing', at: at(0), until: at(30) })
    expect(takeOne(next, allowance, at(29), 'b').result).toEqual({ taken: true })
    expect(takeOne(next, allowance, at(30), 'a').result).toEqual({ taken: true })
  })

  test('has a share for one tag', () => {
    const allowance: Allowance = { max: 5, maxOfTag: 1, windowSeconds: 3600 }
    const { next } = takeOne(undefined, allowance, at(0), 'a')
    expect(takeOne(next, allowance, at(1), 'a').result).toEqual({ taken: false, because: 'spent', until: at(3600) })
    expect(takeOne(next, allowance, at(1), 'b').result).toEqual({ taken: true })
  })

  test('given back is as if it had not been taken', () => {
    const allowance: Allowance = { max: 2, windowSeconds: 3600 }
    const one = takeOne(undefined, allowance, at(0), 'a').next
    const two = takeOne(one, allowance, at(1), 'b').next
    expect(giveBack(two, at(1), 'b').next?.seen).toEqual(one?.seen)
    expect(giveBack(one, at(0), 'a').next).toBeUndefined()
    expect(giveBack(one, at(0), 'b').next?.seen).toEqual(one?.seen)
    expect(giveBack(undefined, at(0)).next).toBeUndefined()
  })

  test('that is held gives nothing before the time, and keeps what was had', () => {
    const allowance: Allowance = { max: 2, windowSeconds: 3600 }
    const one = takeOne(undefined, allowance, at(0)).next
    const held = holdUntil(one, at(100), at(1)).next
    expect(takeOne(held, allowance, at(99)).result).toEqual({ taken: false, because: 'held', until: at(100) })
    const { next, result } = takeOne(held, allowance, at(100))
    expect(result).toEqual({ taken: true })
    expect(takeOne(next, allowance, at(101)).result).toMatchObject({ because: 'spent', until: at(3600) })
  })
})
