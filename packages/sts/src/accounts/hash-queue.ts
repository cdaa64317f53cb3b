import { availableParallelism } from 'node:os'
import PQueue from 'p-queue'
import type { Clock } from '../clock.ts'
import { Overloaded } from './errors.ts'

/** Runs expensive hashing, a few at a time. */
export interface HashQueue {
  /**
   * `source` tells for whom: whoever shares it shares its part of the queue. Without one there is no such limit.
   * @throws {Overloaded} when too many wait already, of all or of this source, or when its turn came too late to be of use.
   */
  run<T>(hash: () => Promise<T>, source?: string): Promise<T>
}

/**
 * A hash takes a core for as long as a dozen tokens do together, and 19 MiB. So two run at once where that leaves a core to
 * everything else, a few wait, and everybody else is told to come back (R83: shedding load beats queueing).
 *
 * One source holds at most a quarter as many as may wait, running ones included, so that one alone cannot send the others
 * away. Four or more together still can.
 */
export function createHashQueue(options: {
  readonly clock: Clock
  readonly atOnce?: number
  readonly waiting?: number
  /** A caller who waited longer has most likely given up; hashing for nobody would keep the queue long. */
  readonly deadlineSeconds?: number
  readonly retryAfterSeconds?: number
}): HashQueue {
  const {
    clock,
    atOnce = hashesAtOnce(availableParallelism()),
    waiting = 32,
    deadlineSeconds = 3,
    retryAfterSeconds = 5,
  } = options
  const queue = new PQueue({ concurrency: atOnce })
  const share = Math.max(1, Math.floor(waiting / 4))
  const held = new Map<string, number>()

  const hold = (source: string): void => {
    const before = held.get(source) ?? 0
    if (before >= share) throw new Overloaded(retryAfterSeconds)
    held.set(source, before + 1)
  }
  const release = (source: string): void => {
    const left = (held.get(source) ?? 0) - 1
    if (left > 0) held.set(source, left)
    else held.delete(source)
  }

  return Object.freeze({
    async run<T>(hash: () => Promise<T>, source?: string): Promise<T> {
      if (queue.size >= waiting) throw new Overloaded(retryAfterSeconds)
      if (source !== undefined) hold(source)
      const latest = clock().getTime() + deadlineSeconds * 1000
      const turn = queue.add(async () => {
        if (clock().getTime() > latest) throw new Overloaded(retryAfterSeconds)
        return hash()
      })
      return source === undefined ? turn : turn.finally(() => release(source))
    },
  } satisfies HashQueue)
}

/** Of so many cores one is left to requests that need no hash, tokens above all: they are not to wait for people who sign in. */
export const hashesAtOnce = (cores: number): number => Math.max(1, Math.min(2, cores - 1))
