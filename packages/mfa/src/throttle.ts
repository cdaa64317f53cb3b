import type { AttemptState } from '@postern/storage'

/** How many wrong answers are forgiven. The numbers of {@link codeRules} are reasoned in security.md section 4.2. */
export interface ThrottleRules {
  /** Consecutive failures without a delay. */
  readonly freeFailures: number
  /** The delay after the first failure that is not free. It doubles with each further one. */
  readonly firstDelaySeconds: number
  readonly longestDelaySeconds: number
  /** Consecutive failures after which only binding anew helps; `'never'` for what cannot be bound anew by others. */
  readonly disableAfter: number | 'never'
  /** Failures in one window, whatever succeeded in between. A consecutive count alone starts over whenever the owner signs in. */
  readonly perWindow: number
  readonly windowSeconds: number
  /** Whether a row of failures ends with its window. Otherwise only a success ends it, as it must where a secret is guarded. */
  readonly rowEndsWithWindow?: boolean
}

/** For codes of six digits (NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures; this is half of it). */
export const codeRules: ThrottleRules = Object.freeze({
  freeFailures: 4,
  firstDelaySeconds: 30,
  longestDelaySeconds: 3600,
  disableAfter: 50,
  perWindow: 10,
  windowSeconds: 24 * 3600,
})

/** For passwords: never ended for good, since anybody who knows the address could then end somebody else's. */
export const passwordRules: ThrottleRules = Object.freeze({ ...codeRules, disableAfter: 'never' })

/**
 * For everything that one network address tries, whoever's password it is. A whole office may share an address, so much is
 * free; and an address changes hands, so a row of failures that no success ends is over after a day.
 */
export const sourceRules: ThrottleRules = Object.freeze({
  ...passwordRules,
  freeFailures: 20,
  perWindow: 200,
  rowEndsWithWindow: true,
})

export type AttemptDecision =
  | Readonly<{
      allowed: true
      /** The state with this attempt counted as a failure, which it is until it proves to be none. */
      next: AttemptState
      /** How many more may follow at once if this one is wrong. */
      attemptsLeft: number
      /** When the next may follow if this one is wrong and none is left. */
      until?: Date
    }>
  | Readonly<{ allowed: false; until: Date | 'disabled'; next: AttemptState }>

/**
 * Whether one more attempt may be made, counting it before it is made (R91): of any number of attempts in flight, each
 * finds the others counted. Delays and windows end by time alone; nothing has to be cleared.
 *
 * The window starts with the first failure that falls into none. So 24 hours from any first failure hold at most
 * `perWindow`; a stretch of 24 hours that straddles two windows can hold the end of one and the beginning of the next.
 */
export function decideAttempt(state: AttemptState | undefined, rules: ThrottleRules, now: Date): AttemptDecision {
  const before = state ?? { consecutive: 0, inWindow: 0, windowStartedAt: now, disabled: false }
  if (before.disabled) return Object.freeze({ allowed: false, until: 'disabled', next: before })
  if (before.blockedUntil !== undefined && before.blockedUntil > now) {
    return Object.freeze({ allowed: false, until: before.blockedUntil, next: before })
  }
  const isOver = later(before.windowStartedAt, rules.windowSeconds) <= now
  const windowStartedAt = isOver || before.inWindow === 0 ? now : before.windowStartedAt
  const windowEndsAt = later(windowStartedAt, rules.windowSeconds)
  const failuresBefore = isOver ? 0 : before.inWindow
  if (failuresBefore >= rules.perWindow) return Object.freeze({ allowed: false, until: windowEndsAt, next: before })

  const consecutive = (isOver && rules.rowEndsWithWindow === true ? 0 : before.consecutive) + 1
  const inWindow = failuresBefore + 1
  const attemptsLeft = Math.max(0, Math.min(rules.freeFailures + 1 - consecutive, rules.perWindow - inWindow))
  const delayEndsAt = later(now, delaySeconds(consecutive, rules))
  const until = inWindow >= rules.perWindow && windowEndsAt > delayEndsAt ? windowEndsAt : delayEndsAt
  const disabled = rules.disableAfter !== 'never' && consecutive >= rules.disableAfter
  const counted = { consecutive, inWindow, windowStartedAt, disabled }
  return attemptsLeft > 0
    ? Object.freeze({ allowed: true, next: Object.freeze(counted), attemptsLeft })
    : Object.freeze({ allowed: true, next: Object.freeze({ ...counted, blockedUntil: until }), attemptsLeft, until })
}

/**
 * The attempt that was counted as `reserved` was right: it is taken back out of the window, and the row of consecutive
 * failures ends with it. Others that are in flight stay counted in the window. `undefined`: nothing is left to remember.
 */
export function decideSuccess(state: AttemptState | undefined, reserved: AttemptState): AttemptState | undefined {
  if (state === undefined) return undefined
  const inWindow = withoutOne(state, reserved)
  return inWindow === 0
    ? undefined
    : Object.freeze({ consecutive: 0, inWindow, windowStartedAt: state.windowStartedAt, disabled: false })
}

/** The attempt that was counted as `reserved` was never made: everything that it alone brought about is undone. */
export function decideNotEvaluated(state: AttemptState | undefined, reserved: AttemptState): AttemptState | undefined {
  if (state === undefined) return undefined
  const inWindow = withoutOne(state, reserved)
  const consecutive = Math.max(0, state.consecutive - 1)
  if (inWindow === 0 && consecutive === 0) return undefined
  const left = { consecutive, inWindow, windowStartedAt: state.windowStartedAt, disabled: state.disabled && !reserved.disabled }
  // While a delay runs nobody else may add one, so a delay that is not the reserved one is newer and stays.
  const isOwnDelay = state.blockedUntil?.getTime() === reserved.blockedUntil?.getTime()
  return state.blockedUntil === undefined || isOwnDelay
    ? Object.freeze(left)
    : Object.freeze({ ...left, blockedUntil: state.blockedUntil })
}

/** A window that began after the reservation does not hold it, and nothing may be taken from somebody else's failures. */
const withoutOne = (state: AttemptState, reserved: AttemptState): number =>
  state.windowStartedAt.getTime() === reserved.windowStartedAt.getTime() ? Math.max(0, state.inWindow - 1) : state.inWindow

const delaySeconds = (consecutive: number, rules: ThrottleRules): number =>
  consecutive <= rules.freeFailures
    ? 0
    : Math.min(rules.longestDelaySeconds, rules.firstDelaySeconds * 2 ** (consecutive - rules.freeFailures - 1))

const later = (time: Date, seconds: number): Date => new Date(time.getTime() + seconds * 1000)
