import { atMost, waitFor } from './waiting.ts'

/** How long somebody waits for a place whom no request limits. */
const mostMilliseconds = 4_000

/**
 * Lets `count` pieces of work run at a time. Who comes later waits outside, first come first served, as long as the request around
 * it still may. @throws {StorageUnavailable} `timeout`: nothing was begun.
 */
export function createPlaces(count: number, milliseconds = mostMilliseconds): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count
  const waiting: (() => void)[] = []
  const leave = () => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  const enter = (): Promise<void> => {
    if (free === 0) return new Promise((resolve) => waiting.push(resolve))
    free -= 1
    return Promise.resolve()
  }
  return async (work) => {
    await waitFor((left) => atMost(enter(), Math.min(left, milliseconds), leave))
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
