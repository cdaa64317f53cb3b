import { expect, test } from 'vitest'
import { decideIdle, idleMaxAge } from './idle.ts'

const now = new Date('2026-03-02T09:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const decide = (used: number | undefined, signedIn: number, idleMinutes = 15) =>
  decideIdle({ usedAt: used === undefined ? undefined : ago(used), signedInAt: ago(signedIn), idleMinutes, now })

test('a session is over one second after its time, counted from its last use or from the sign-in', () => {
  expect([decide(900, 9000).isOver, decide(901, 9000).isOver]).toEqual([false, true])
  expect([decide(undefined, 900).isOver, decide(undefined, 901).isOver]).toEqual([false, true])
  // Signed in anew after a pause: the note of before is older than that.
  expect(decide(5000, 10).isOver).toBe(false)
})

test('a use is noted once a minute, and never of a session that is over', () => {
  expect([decide(59, 9000), decide(60, 9000), decide(undefined, 30), decide(901, 9000)].map(({ isNews }) => isNews)).toEqual([
    false,
    true,
    false,
    false,
  ])
})

test('no sign-in that ends a pause is asked for what the engine would hold for young enough', () => {
  for (const minutes of [1, 2, 15, 600]) {
    // The pause is over only for sessions whose sign-in is older than it (oidc-provider: whole seconds, and more than `max_age`).
    expect(idleMaxAge(minutes)).toBeLessThan(minutes * 60)
    expect(idleMaxAge(minutes)).toBeGreaterThanOrEqual(30)
  }
})
