import { describe, expect, test } from 'vitest'
import { Overloaded } from './errors.ts'
import { createHashQueue, hashesAtOnce } from './hash-queue.ts'

const clock = () => new Date('2026-03-01T12:00:00Z')
const settled = (results: readonly PromiseSettledResult<unknown>[]) => ({
  done: results.filter(({ status }) => status === 'fulfilled').length,
  overloaded: results.filter((result) => result.status === 'rejected' && result.reason instanceof Overloaded).length,
})

test.each([
  [1, 1],
  [2, 1],
  [3, 2],
  [64, 2],
])('of %i cores, hashes take %i at most', (cores, atOnce) => {
  expect(hashesAtOnce(cores)).toBe(atOnce)
})

describe('the hash queue', () => {
  test('runs two at once, keeps 32 waiting, and sends everybody else away at once', async () => {
    const queue = createHashQueue({ clock, atOnce: 2 })
    const gate = Promise.withResolvers<void>()
    let running = 0
    let most = 0
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await gate.promise
      running -= 1
    }
    const all = Promise.allSettled(Array.from({ length: 500 }, () => queue.run(work)))
    gate.resolve()
    expect(settled(await all)).toEqual({ done: 34, overloaded: 466 })
    expect(most).toBe(2)
  })

  test('gives one source a quarter of the places, and takes them back one by one', async () => {
    const queue = createHashQueue({ clock, atOnce: 2 })
    const gate = Promise.withResolvers<void>()
    const flood = Promise.allSettled(Array.from({ length: 500 }, () => queue.run(() => gate.promise, 'one')))
    const others = Promise.allSettled(
      Array.from({ length: 26 }, (_, index) => queue.run(() => gate.promise, `other ${index % 5}`)),
    )
    await expect(queue.run(() => gate.promise, 'last')).rejects.toThrow(Overloaded)
    gate.resolve()
    expect(settled(await flood)).toEqual({ done: 8, overloaded: 492 })
    expect(settled(await others)).toEqual({ done: 26, overloaded: 0 })
    for (let count = 0; count < 20; count++) {
      await expect(queue.run(() => Promise.reject(new RangeError('broken')), 'one')).rejects.toThrow('broken')
    }
    const again = Promise.allSettled(Array.from({ length: 9 }, () => queue.run(async () => 1, 'one')))
    expect(settled(await again)).toEqual({ done: 8, overloaded: 1 })
  })

  test('says when to come back', async () => {
    const queue = createHashQueue({ clock, waiting: 0, retryAfterSeconds: 9 })
    await expect(queue.run(async () => 1)).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 9 })
  })

  test('does not begin what waited past the deadline', async () => {
    let now = clock()
    const queue = createHashQueue({ clock: () => now, atOnce: 1, deadlineSeconds: 3 })
    const gate = Promise.withResolvers<void>()
    let begun = 0
    const late = async () => {
      begun += 1
    }
    const all = Promise.allSettled([queue.run(() => gate.promise), queue.run(late)])
    now = new Date(now.getTime() + 3001)
    gate.resolve()
    expect(settled(await all)).toEqual({ done: 1, overloaded: 1 })
    expect(begun).toBe(0)
  })

  test('goes on after a hash that failed', async () => {
    const queue = createHashQueue({ clock, atOnce: 1 })
    const failing = queue.run(() => Promise.reject(new RangeError('broken')))
    await expect(failing).rejects.toThrow('broken')
    await expect(queue.run(async () => 'fine')).resolves.toBe('fine')
  })
})
