import { expect, test } from 'vitest'
import { decideEnforcement, withoutCampaign } from './enforcement.ts'

const now = new Date('2026-03-02T09:00:00Z')
const days = (count: number) => new Date(now.getTime() + count * 86_400_000)
const enabled = (postponed = 0, postponedUntil?: Date) =>
  ({ state: 'enabled', postponed, ...(postponedUntil && { postponedUntil }) }) as const

test('an account of which nothing is demanded is asked nothing', () => {
  expect(decideEnforcement({ state: 'disabled', postponed: 9 }, withoutCampaign, now)).toEqual({ demand: 'nothing' })
})

test('an enforced account must show a second factor, whatever its campaign allows', () => {
  const rules = { postponements: 9, postponeDays: 9, startsAt: days(5) }
  expect(decideEnforcement({ state: 'enforced', postponed: 0 }, rules, now)).toEqual({ demand: 'second-factor' })
})

test('an enabled account is asked, and told how often and for how long it may put that off', () => {
  expect(decideEnforcement(enabled(1), { postponements: 3, postponeDays: 2 }, now)).toEqual({
    demand: 'offer',
    left: 2,
    until: days(2),
  })
})

test('once all postponements are used up the demand stands', () => {
  expect(decideEnforcement(enabled(3), { postponements: 3, postponeDays: 2 }, now)).toEqual({ demand: 'second-factor' })
})

test('while a postponement lasts nothing is asked, and from its last moment on it is', () => {
  const rules = { postponements: 3, postponeDays: 1 }
  expect(decideEnforcement(enabled(1, days(1)), rules, now)).toEqual({ demand: 'nothing' })
  expect(decideEnforcement(enabled(1, now), rules, now).demand).toBe('offer')
})

test('before a campaign starts nothing is asked; when it is over nobody may postpone, not even who did', () => {
  const rules = { postponements: 3, postponeDays: 1 }
  expect(decideEnforcement(enabled(), { ...rules, startsAt: days(1) }, now)).toEqual({ demand: 'nothing' })
  expect(decideEnforcement(enabled(1, days(1)), { ...rules, endsAt: now }, now)).toEqual({ demand: 'second-factor' })
})

test('a postponement never outlasts the campaign', () => {
  const decided = decideEnforcement(enabled(), { postponements: 3, postponeDays: 5, endsAt: days(2) }, now)
  expect(decided).toEqual({ demand: 'offer', left: 3, until: days(2) })
})
