import { expect, test } from 'vitest'
import { systemTimer } from './system-timer.ts'

test('work is called once, in its order, unless it was called off', async () => {
  const called: string[] = []
  const done = Promise.withResolvers<void>()
  systemTimer(() => called.push('first'), 0)
  const callOff = systemTimer(() => called.push('called off'), 0)
  systemTimer(done.resolve, 1)
  callOff()
  // A timer of this kind does not keep the process alive, so something else must while it is waited for.
  const keepsAlive = setInterval(() => undefined, 1000)
  await done.promise
  clearInterval(keepsAlive)
  expect(called).toEqual(['first'])
})

test('nothing that is waited for keeps the process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const callOff = systemTimer(() => undefined, 60_000)
  expect(timers()).toBe(before)
  callOff()
})
