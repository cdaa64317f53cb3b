import type { Handover } from './sender.ts'

/** What is remembered of a sender that failed, so that the next person does not wait for it again. */
export interface Breaker {
  /** One after the other, without a success between them. */
  readonly failures: number
  /** Asked only as a last resort before this. */
  readonly openUntil: Date | undefined
}

const firstPause = 5_000
const longestPause = 60_000
/** One person tries whether the sender is back; the others do not wait with him. */
const probe = 3_000
/** A sender that is too busy is back soon. */
const busyPause = 1_000

export const closedBreaker: Breaker = Object.freeze({ failures: 0, openUntil: undefined })

export const isOpen = (breaker: Breaker, now: Date): boolean =>
  breaker.openUntil !== undefined && breaker.openUntil.getTime() > now.getTime()

/** Pure: the state while somebody tries. */
export const breakerDuring = (breaker: Breaker, now: Date): Breaker =>
  breaker.failures === 0 ? breaker : openFor(breaker.failures, now, probe)

/** Pure: the state after a try. A refusal of one message says nothing about the next. */
export function breakerAfter(breaker: Breaker, handover: Handover, now: Date): Breaker {
  if (handover.outcome === 'accepted') return closedBreaker
  if (handover.outcome === 'not_taken' && handover.because === 'refused') return closedBreaker
  if (handover.outcome === 'not_taken' && handover.because === 'busy') return openFor(0, now, busyPause)
  const failures = breaker.failures + 1
  return openFor(failures, now, Math.min(longestPause, firstPause * 2 ** (failures - 1)))
}

const openFor = (failures: number, now: Date, milliseconds: number): Breaker =>
  Object.freeze({ failures, openUntil: new Date(now.getTime() + milliseconds) })
