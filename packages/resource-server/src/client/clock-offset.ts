/** clock-offset knows by how much a token service's clock differs from ours, once a refusal gave reason to look. */
import type { Clock } from '../clock.ts'

/** Seconds. Less is what our statements are set back by; more than a day is no clock that one should follow. */
const leastWorthwhile = 5
const mostBelieved = 86_400

export interface ClockOffset {
  /** The time as the token service sees it, as far as that is known. */
  now(): Date
  /** Reads the `Date` header of a refusal. True if it shows a difference that was not known: then one more try is worth it. */
  learn(headers: Headers): boolean
}

/** An offset that begins at zero. It is only ever learned from the token service itself, which is asked over TLS. */
export function createClockOffset(clock: Clock): ClockOffset {
  let seconds = 0
  return {
    now: () => new Date(clock().getTime() + seconds * 1000),
    learn(headers) {
      const theirs = Date.parse(headers.get('date') ?? '')
      if (Number.isNaN(theirs)) return false
      const difference = Math.round((theirs - clock().getTime()) / 1000)
      if (Math.abs(difference - seconds) < leastWorthwhile || Math.abs(difference) > mostBelieved) return false
      seconds = difference
      return true
    },
  }
}
