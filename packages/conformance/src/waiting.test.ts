import { expect, test } from 'vitest'
import { module } from './conformance-module.ts'
import { runModules } from './runner.ts'
import { createTarget } from './target.ts'
import { createWait, type Waiting } from './waiting.ts'

const HOUR = 3_600_000

const waits = (isPatient: boolean) => {
  const [waited, told]: [number[], Waiting[]] = [[], []]
  const wait = createWait({
    isPatient,
    wait: async (milliseconds) => {
      waited.push(milliseconds)
    },
    onWait: (waiting) => told.push(waiting),
  })
  return { wait, waited, told }
}

test('waits are told before they begin, short ones are not', async () => {
  const { wait, waited, told } = waits(false)
  await wait(250, 'an answer')
  await wait(-5)
  await wait(60_000, 'the end of a code')
  expect(waited).toEqual([250, 0, 60_000])
  expect(told).toEqual([{ seconds: 60, reason: 'the end of a code' }])
})

test.each([
  [false, 60_001, 'the pause takes 61 s: tried with --patient only'],
  [false, Number.POSITIVE_INFINITY, 'no time to wait for the pause is known'],
  [true, 5 * HOUR, 'the pause takes 18000 s: nobody waits that long'],
  [true, Number.NaN, 'no time to wait for the pause is known'],
])('patient %s: a wait of %s is refused', async (isPatient, milliseconds, message) => {
  const { wait, waited, told } = waits(isPatient)
  await expect(wait(milliseconds, 'the pause')).rejects.toMatchObject({ code: 'wait_too_long', message })
  expect([waited, told]).toEqual([[], []])
})

test('a patient run waits for hours', async () => {
  const { wait, waited } = waits(true)
  await wait(4 * HOUR)
  expect(waited).toEqual([4 * HOUR])
})

test('a number of the issuer makes a module skip, not stand still', async () => {
  const target = createTarget({ issuer: 'https://login.example/', clock: () => new Date(0) })
  const one = module('issuer', 'waits for a day', async (tried) => tried.wait(24 * HOUR, 'the next question of a device'))
  const { results } = await runModules([one], target, { clock: () => new Date(0) })
  expect(results[0]?.findings).toEqual([
    {
      verdict: 'skip',
      clause: 'the kit',
      expected: 'there is something to try',
      seen: 'the next question of a device takes 86400 s: nobody waits that long',
    },
  ])
})
