import { pino } from 'pino'
import { expect, test } from 'vitest'
import { rowsOfBatch, sweep } from './sweep.ts'

const theirs = new Date('2026-11-23T12:00:00Z')
const parts = { store: { ping: async () => theirs }, log: pino({ level: 'silent' }), clock: () => theirs }

test('a process whose clock is wrong deletes nothing that another still needs', async () => {
  const removals = async (offset: number): Promise<number> => {
    let removed = 0
    const clock = () => new Date(theirs.getTime() + offset * 1000)
    await sweep({ ...parts, removeExpired: async () => ++removed, clock })
    return removed
  }
  expect(await Promise.all([0, 30, -30, 31, -31, 600, -3600].map(removals))).toEqual([1, 1, 1, 0, 0, 0, 0])
})

test('a sweep goes on while a batch comes back full, and takes a fifth of the time of a session at most', async () => {
  const batches = [rowsOfBatch * 3, rowsOfBatch, rowsOfBatch - 1, 7]
  const seen: string[] = []
  let now = 1000
  const removeExpired = async () => {
    now += 6
    seen.push('batch')
    return batches.shift() ?? 0
  }
  const pause = async (milliseconds: number) => {
    now += milliseconds
    seen.push(`pause ${milliseconds}`)
  }
  await sweep({ ...parts, removeExpired, pause, watch: () => now })
  expect(seen).toEqual(['batch', 'pause 24', 'batch', 'pause 24', 'batch'])
  expect(batches).toEqual([7])
})

test('a sweep that is told to stop ends after its batch, also while it pauses', async () => {
  const stopping = new AbortController()
  let batches = 0
  const removeExpired = async () => {
    batches += 1
    return rowsOfBatch
  }
  const pause = (_milliseconds: number, signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      stopping.abort()
    })
  await sweep({ ...parts, removeExpired, pause }, stopping.signal)
  expect(batches).toBe(1)
  await sweep({ ...parts, removeExpired }, stopping.signal)
  expect(batches).toBe(1)
})

test('a clock that goes wrong meanwhile ends the sweep, and so does a database that goes away', async () => {
  let batches = 0
  const removeExpired = async () => {
    batches += 1
    return rowsOfBatch
  }
  const clock = () => new Date(theirs.getTime() + batches * 31_000)
  await sweep({ ...parts, removeExpired, clock, pause: async () => undefined })
  expect(batches).toBe(1)
  const warned: unknown[] = []
  const log = { debug: () => undefined, warn: (...said: unknown[]) => void warned.push(said) }
  const gone = async () => Promise.reject(new TypeError('gone'))
  await sweep({ ...parts, log, removeExpired: gone })
  expect(warned).toHaveLength(1)
})
