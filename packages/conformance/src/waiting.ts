/**
 * How long the kit waits, and for what. How long is often a number of whoever is tested, so it is bounded: a minute, or four
 * hours for a patient run. It owns the bounds and tells of waits before they begin; the clock is given.
 */
import { ConformanceError } from './errors.ts'

/** Something that takes time. */
export interface Waiting {
  /** How long, in whole seconds. */
  readonly seconds: number
  /** What is waited for, to be read after "for". */
  readonly reason: string
}

const LONGEST = 60_000
const LONGEST_PATIENT = 4 * 3_600_000 + 60_000
/** Shorter waits are not worth a line. */
const WORTH_TELLING = 5_000

export const longestWait = (isPatient: boolean): number => (isPatient ? LONGEST_PATIENT : LONGEST)

/**
 * Makes the function that waits.
 *
 * @throws {ConformanceError} `wait_too_long`, by the function, for what is no number or beyond the bound; the runner skips then.
 */
export function createWait(options: {
  readonly wait: (milliseconds: number) => Promise<void>
  readonly isPatient: boolean
  readonly onWait?: (waiting: Waiting) => void
}): (milliseconds: number, reason?: string) => Promise<void> {
  return async (milliseconds, reason = 'the clock') => {
    const seconds = Math.ceil(milliseconds / 1000)
    if (!Number.isFinite(milliseconds)) throw new ConformanceError('wait_too_long', `no time to wait for ${reason} is known`)
    if (milliseconds > LONGEST_PATIENT)
      throw new ConformanceError('wait_too_long', `${reason} takes ${seconds} s: nobody waits that long`)
    if (milliseconds > longestWait(options.isPatient))
      throw new ConformanceError('wait_too_long', `${reason} takes ${seconds} s: tried with --patient only`)
    if (milliseconds >= WORTH_TELLING) options.onWait?.({ seconds, reason })
    await options.wait(Math.max(0, milliseconds))
  }
}
