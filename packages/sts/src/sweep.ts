/**
 * sweep removes what has expired, now and then, for as long as the process runs.
 *
 * It owns when that happens and how much of the database's time it may take. What expires, and how its rows are found, is
 * storage's (postgres/expiry.ts).
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '@postern/storage'
import type { Logger } from 'pino'

/** How often is looked for what has expired. */
const everyMilliseconds = 60_000
/** How far our clock may be from the database's for deleting by it; above it `/readyz` is red. */
const longestSkew = 30_000

/** Rows of each table that go in one batch: few enough that a statement is over within a few milliseconds, and so are its locks. */
export const rowsOfBatch = 200
/** How often as long as a batch took the database is left alone after it. */
const pausesOfBatch = 4

export interface SweepParts {
  /** One batch: at most {@link rowsOfBatch} rows of each table. Returns how many went, of all tables together. */
  readonly removeExpired: () => Promise<number>
  readonly store: Pick<Store, 'ping'>
  readonly log: Pick<Logger, 'debug' | 'warn'>
  readonly clock: () => Date
  /** Between two batches, for so many milliseconds; rejects when `signal` says so. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Milliseconds of a watch that runs evenly. */
  readonly watch?: () => number
}

/**
 * Deletes what has expired, batch by batch until one comes back that no table filled. After each it waits four times as long as
 * that batch took: one process keeps one session busy for a fifth of the time at most, however much there is to remove.
 *
 * A process whose clock differs from the database's deletes nothing: what is over for it alone may be the claim that keeps
 * an assertion from being used twice at another process. `/readyz` tells the operator of the clock.
 */
export async function sweep(parts: SweepParts, signal: AbortSignal = new AbortController().signal): Promise<void> {
  const { removeExpired, store, log, clock, pause = pauseFor, watch = () => performance.now() } = parts
  let removed = 0
  try {
    while (!signal.aborted) {
      const skew = Math.abs((await store.ping()).getTime() - clock().getTime())
      if (skew > longestSkew) {
        log.warn({ milliseconds: skew }, "expired rows stay: our clock differs from the database's")
        break
      }
      const start = watch()
      const batch = await removeExpired()
      removed += batch
      // Several tables that are not full may add up to a batch: then one more finds little, and that is all.
      if (batch < rowsOfBatch) break
      await pause(pausesOfBatch * (watch() - start), signal)
    }
  } catch (fault) {
    // The next sweep tries again.
    if (!signal.aborted) log.warn({ err: fault }, 'expired rows could not be removed')
  }
  if (removed > 0) log.debug({ removed }, 'expired rows removed')
}

const pauseFor = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await wait(milliseconds, undefined, { signal, ref: false })
}

/** Sweeps every minute. The returned function ends that, and resolves when the batch under way, if any, is done. */
export function sweepRegularly(parts: SweepParts): () => Promise<void> {
  const stopping = new AbortController()
  let underWay: Promise<void> | undefined
  const timer = setInterval(() => {
    underWay ??= sweep(parts, stopping.signal).finally(() => {
      underWay = undefined
    })
  }, everyMilliseconds).unref()
  return async () => {
    clearInterval(timer)
    stopping.abort()
    await underWay
  }
}
