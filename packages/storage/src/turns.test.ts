import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('turns run one after the other, in order, also after one failed', async () => {
  const turns = new Turns()
  const seen: string[] = []
  let busy = 0
  const piece = (name: string) =>
    turns.take(async () => {
      busy += 1
      expect(busy).toBe(1)
      await Promise.resolve()
      await Promise.resolve()
      seen.push(name)
      busy -= 1
      if (name === 'b') throw new RangeError(name)
      return name
    })
  const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(piece))
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('closing waits for what was taken and refuses what comes after', async () => {
  const turns = new Turns()
  const done: string[] = []
  const taken = turns.take(async () => {
    await Promise.resolve()
    done.push('taken')
  })
  await turns.close()
  expect(done).toEqual(['taken'])
  await taken
  await expect(turns.take(async () => done.push('late'))).rejects.toThrow(TypeError)
  expect(done).toEqual(['taken'])
})
