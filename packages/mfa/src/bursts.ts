/**
 * bursts decides when a person is told of failures at the own account: once a burst, and once more when somebody came in
 * after it (R93). It owns which moment that is, for every method alike. It does not own what is told, nor how.
 * @module
 */
import type { AttemptState } from '@postern/storage'

/** The failure in a row that is told. Fewer happen to everybody. */
export const failuresTold = 5

/** A burst that was told is kept for itself, as the counter of its failures changes with every attempt. */
export const burstMethod = (method: string): string => `burst-of-${method}`

type Decision = Readonly<{ next: AttemptState | undefined; result: boolean }>

/**
 * The fifth failure in a row was made: whether it is to be told. It happens twice in a burst only where attempts in flight
 * were given back, always within one window; so what was told a window ago belongs to another burst.
 */
export function decideBurst(told: AttemptState | undefined, now: Date, windowSeconds: number): Decision {
  const isTold = told !== undefined && told.windowStartedAt.getTime() + windowSeconds * 1000 > now.getTime()
  return isTold
    ? Object.freeze({ next: told, result: false })
    : Object.freeze({ next: Object.freeze({ consecutive: 1, inWindow: 1, windowStartedAt: now, disabled: false }), result: true })
}

/** Somebody came in after a row of failures: whether that is to be told, which it is if the row was. */
export const decideRecovery = (told: AttemptState | undefined): Decision =>
  Object.freeze({ next: undefined, result: told !== undefined })
