import { expect, test } from 'vitest'
import { createStatusDesk } from './actor-status.ts'

type Answer = 'active' | 'inactive' | 'unavailable'

/** A desk whose issuer gives `answers` in turn and remembers who was asked for. */
function makeDesk(...answers: readonly (Answer | Error | string)[]) {
  const asked: string[] = []
  const problems: string[] = []
  const check = async (token: string): Promise<Answer> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(token)
    if (answer === 'active' || answer === 'inactive' || answer === 'unavailable') return answer
    throw answer
  }
  return { desk: createStatusDesk({ check }, (problem) => problems.push(problem)), asked, problems }
}

test('an answer counts for 60 seconds, whichever it is, and for its own token alone', async () => {
  const { desk, asked } = makeDesk('active', 'active', 'inactive', 'active')
  expect(await desk.check('a', 100)).toBe('active')
  expect(await desk.check('b', 100)).toBe('active')
  // At hand: no promise.
  expect(desk.check('a', 159)).toBe('active')
  expect(await desk.check('a', 160)).toBe('inactive')
  expect(desk.check('a', 219)).toBe('inactive')
  expect(await desk.check('a', 220)).toBe('active')
  expect(asked).toEqual(['a', 'b', 'a', 'a'])
})

test('who asks while an answer is on its way waits for that one', async () => {
  const { desk, asked } = makeDesk('inactive')
  const first = desk.check('a', 100)
  expect(desk.check('a', 500)).toBe(first)
  expect(await first).toBe('inactive')
  expect(asked).toEqual(['a'])
})

test('an issuer that does not answer is left alone for 5 seconds', async () => {
  const { desk, asked, problems } = makeDesk(new TypeError('fetch failed'), 'thrown by hand', 'unavailable', 'active')
  expect(await desk.check('a', 100)).toBe('unavailable')
  expect(desk.check('a', 104)).toBe('unavailable')
  expect(await desk.check('a', 105)).toBe('unavailable')
  expect(await desk.check('a', 110)).toBe('unavailable')
  expect(await desk.check('a', 115)).toBe('active')
  expect(asked.length).toBe(4)
  expect(problems).toEqual([
    'status of an actor token not known: fetch failed',
    'status of an actor token not known: unknown reason',
  ])
})

test('a clock that was turned back makes no answer last longer', async () => {
  const { desk, asked } = makeDesk('active', 'inactive')
  expect(await desk.check('a', 1000)).toBe('active')
  expect(await desk.check('a', 999)).toBe('inactive')
  expect(asked.length).toBe(2)
})

test('20000 answers are remembered: beyond that the one that was asked for longest ago goes', async () => {
  const { desk, asked } = makeDesk('active')
  await desk.check('first', 100)
  await desk.check('second', 100)
  // Asked for again, so it is the newest now.
  await desk.check('first', 160)
  for (let n = 0; n < 19_998; n += 1) await desk.check(`t${n}`, 160)
  expect(asked.length).toBe(20_001)
  expect(desk.check('first', 160)).toBe('active')
  expect(await desk.check('second', 150)).toBe('active')
  expect(asked.length).toBe(20_001)
  await desk.check('one more', 160)
  expect(desk.check('t0', 160)).toBe('active')
  expect(desk.check('first', 160)).toBe('active')
  expect(desk.check('second', 150)).toBeInstanceOf(Promise)
  expect(asked.length).toBe(20_003)
})
