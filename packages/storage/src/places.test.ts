import { expect, test } from 'vitest'
import { createPlaces } from './places.ts'

/** Work that goes on until it is ended, and what began and ended so far. */
function stage(take: <T>(work: () => Promise<T>) => Promise<T>) {
  const begun: string[] = []
  const ends = new Map<string, (outcome: Promise<string>) => void>()
  const ask = (name: string) =>
    take(() => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.set(name, resolve))
    })
  return { begun, ask, end: (name: string, outcome = Promise.resolve(name)) => ends.get(name)?.(outcome) }
}

test('as many run as there are places, the others follow in the order in which they came, failed work leaves its place too', async () => {
  const { begun, ask, end } = stage(createPlaces(2))
  const all = ['a', 'b', 'c', 'd'].map(ask)
  await expect.poll(() => begun).toEqual(['a', 'b'])
  end('b', Promise.reject(new RangeError('no')))
  await expect(all[1]).rejects.toThrow(RangeError)
  await expect.poll(() => begun).toEqual(['a', 'b', 'c'])
  end('a')
  expect(await all[0]).toBe('a')
  await expect.poll(() => begun).toEqual(['a', 'b', 'c', 'd'])
  end('c')
  end('d')
  expect(await Promise.all([all[2], all[3]])).toEqual(['c', 'd'])
})

test('who waited for too long never begins, and its place goes to the next', async () => {
  const { begun, ask, end } = stage(createPlaces(1, 1))
  const first = ask('a')
  await expect(ask('late')).rejects.toMatchObject({ name: 'StorageUnavailable', reason: 'timeout' })
  end('a')
  await first
  const next = ask('b')
  await expect.poll(() => begun).toEqual(['a', 'b'])
  end('b')
  expect(await next).toBe('b')
})
