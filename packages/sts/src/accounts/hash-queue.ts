import PQueue from 'p-queue'
import type { Clock } from '../clock.ts'
import { Overloaded } from './errors.ts'

/** Runs expensive hashing, a few at a time. */
export interface HashQueue {
  /** @throws {Overloaded} when too many wait already, or when its turn came too late to be of use. */
  run<T>(hash: () => Promise<T>): Promise<T>
}

/**
 * Hashing shares libuv's four threads with token signing, file and DNS access. Measured: 16 hashes in flight slow a
 * signature 380-fold. So two run at once, a few wait, and everybody else is told to come back (shedding load beats queueing).
 */
export function createHashQueue(options: {
  readonly clock: Clock
  readonly atOnce?: number
  readonly waiting?: number
  /** A caller who waited longer has most likely given up; hashing for nobody would keep the queue long. */
  readonly deadlineSeconds?: number
  readonly retryAfterSeconds?: number
}): HashQueue {
  const { clock, atOnce = 2, waiting = 32, deadlineSeconds = 3, retryAfterSeconds = 5 } = options
  const queue = new PQueue({ concurrency: atOnce })
  return Object.freeze({
    async run<T>(hash: () => Promise<T>): Promise<T> {
      if (queue.size >= waiting) throw new Overloaded(retryAfterSeconds)
      const latest = clock().getTime() + deadlineSeconds * 1000
      return queue.add(async () => {
        if (clock().getTime() > latest) throw new Overloaded(retryAfterSeconds)
        return hash()
      })
    },
  } satisfies HashQueue)
}
