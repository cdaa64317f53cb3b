import type { AttemptState } from '@postern/storage'
import { type Guess, isSeen, isUnrepeated, originCount, startsStaleness, withFirst, withoutGuess, withRepeat } from './guesses.ts'

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
  /** Whether a row of failures ends with its window. Otherwise only a success ends it, as it must where a short secret is guarded. */
  readonly rowEndsWithWindow?: boolean
  /** Of `perWindow`, how many one origin may use up, where guesses tell their origin. The rest is left to the others. */
  readonly perOrigin?: number
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

/**
 * For passwords: never ended for good, since anybody who knows the address could then end somebody else's. A row ends with
 * its window, as ten a day is the bound that holds a guesser; longer delays would only hold up the owner on the next day.
 * One origin has seven of the ten, so that a stranger needs two networks to use up an account's day.
 */
export const passwordRules: ThrottleRules = Object.freeze({
  ...codeRules,
  disableAfter: 'never',
  rowEndsWithWindow: true,
  perOrigin: 7,
})

/**
 * For everything that one network address tries, whoever's password it is. A whole office may share an address, so much is
 * free; and an address changes hands, so a row of failures that no success ends is over after a day.
 */
export const sourceRules: ThrottleRules = Object.freeze({
  ...codeRules,
  disableAfter: 'never',
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
      /** How long the row of failures was before this attempt. */
      failedBefore: number
      /** Set when this very guess was counted before in this window, so that checking it once more tells nothing new. */
      repeated?: Readonly<{
        /** The guess has now come for the third time, which no other guess of this window has: something keeps sending it. */
        stale: boolean
      }>
    }>
  | Readonly<{ allowed: false; until: Date | 'disabled'; next: AttemptState }>

/**
 * Whether one more attempt may be made, counting it before it is made (R91): of any number of attempts in flight, each
 * finds the others counted. Delays and windows end by time alone; nothing has to be cleared.
 *
 * The window starts with the first failure that falls into none. So 24 hours from any first failure hold at most
 * `perWindow`; a stretch of 24 hours that straddles two windows can hold the end of one and the beginning of the next.
 *
 * With a `guess`, only different ones are counted: whoever sends one wrong answer all day learns no more than with the
 * first. It must still be checked each time, as the first may still be on its way, or may have been cut short by a fault.
 */
export function decideAttempt(state: AttemptState | undefined, rules: ThrottleRules, now: Date, guess?: Guess): AttemptDecision {
  const before = state ?? { consecutive: 0, inWindow: 0, windowStartedAt: now, disabled: false }
  if (before.disabled && rules.disableAfter !== 'never') return refuse('disabled', before)
  if (before.blockedUntil !== undefined && before.blockedUntil > now) return refuse(before.blockedUntil, before)
  const isOver = later(before.windowStartedAt, rules.windowSeconds) <= now
  const windowStartedAt = isOver || before.inWindow === 0 ? now : before.windowStartedAt
  const windowEndsAt = later(windowStartedAt, rules.windowSeconds)
  const failuresBefore = isOver ? 0 : before.inWindow
  const seenBefore = isOver ? [] : (before.seen ?? [])
  const fromOrigin = originCount(seenBefore, guess)
  if (failuresBefore >= rules.perWindow) return refuse(windowEndsAt, before)
  if (rules.perOrigin !== undefined && fromOrigin >= rules.perOrigin) return refuse(windowEndsAt, before)

  if (guess !== undefined && isSeen(seenBefore, guess)) {
    const left = Math.min(rules.freeFailures + 1 - before.consecutive, rules.perWindow - failuresBefore)
    return Object.freeze({
      allowed: true,
      next: Object.freeze({ ...before, seen: withRepeat(seenBefore, guess) }),
      attemptsLeft: Math.max(1, left),
      failedBefore: before.consecutive,
      repeated: Object.freeze({ stale: startsStaleness(seenBefore, guess) }),
    })
  }

  const consecutive = (isOver && rules.rowEndsWithWindow === true ? 0 : before.consecutive) + 1
  const inWindow = failuresBefore + 1
  const leftToAll = Math.max(0, Math.min(rules.freeFailures + 1 - consecutive, rules.perWindow - inWindow))
  const { perOrigin = Number.POSITIVE_INFINITY } = rules
  const leftToOrigin = guess?.origin === undefined ? Number.POSITIVE_INFINITY : perOrigin - fromOrigin - 1
  const delayEndsAt = later(now, delaySeconds(consecutive, rules))
  const blockedUntil = inWindow >= rules.perWindow && windowEndsAt > delayEndsAt ? windowEndsAt : delayEndsAt
  const counted = {
    consecutive,
    inWindow,
    windowStartedAt,
    disabled: rules.disableAfter !== 'never' && consecutive >= rules.disableAfter,
    ...(leftToAll === 0 && { blockedUntil }),
    ...withSeen(guess === undefined ? seenBefore : withFirst(seenBefore, guess)),
  }
  const attemptsLeft = Math.min(leftToAll, leftToOrigin)
  const until = leftToOrigin > 0 || blockedUntil > windowEndsAt ? blockedUntil : windowEndsAt
  return Object.freeze({
    allowed: true,
    next: Object.freeze(counted),
    attemptsLeft,
    ...(attemptsLeft === 0 && { until }),
    failedBefore: before.consecutive,
  })
}

/**
 * The attempt that was counted as `reserved` was right: it is taken back out of the window, and the row of consecutive
 * failures ends with it. Others that are in flight stay counted in the window. `undefined`: nothing is left to remember.
 */
export function decideSuccess(state: AttemptState | undefined, reserved: AttemptState, guess?: Guess): AttemptState | undefined {
  if (state === undefined) return undefined
  const { seen = [] } = state
  const inWindow = guess === undefined ? withoutOne(state, reserved) : withoutGuessOf(state, guess)
  return inWindow === 0
    ? undefined
    : Object.freeze({
        consecutive: 0,
        inWindow,
        windowStartedAt: state.windowStartedAt,
        disabled: false,
        ...withSeen(guess === undefined ? seen : withoutGuess(seen, guess)),
      })
}

/**
 * The attempt that was counted as `reserved` was never made: everything that it alone brought about is undone. A guess that
 * others have repeated meanwhile stays counted, since they were let through on its account. Not for a repeated guess, which
 * brought about nothing.
 */
export function decideNotEvaluated(
  state: AttemptState | undefined,
  reserved: AttemptState,
  guess?: Guess,
): AttemptState | undefined {
  if (state === undefined) return undefined
  const { seen = [] } = state
  if (guess !== undefined && !isUnrepeated(seen, guess)) return state
  const inWindow = withoutOne(state, reserved)
  const consecutive = Math.max(0, state.consecutive - 1)
  if (inWindow === 0 && consecutive === 0) return undefined
  const left = {
    consecutive,
    inWindow,
    windowStartedAt: state.windowStartedAt,
    disabled: state.disabled && !reserved.disabled,
    ...withSeen(guess === undefined ? seen : withoutGuess(seen, guess)),
  }
  // While a delay runs nobody else may add one, so a delay that is not the reserved one is newer and stays.
  const isOwnDelay = state.blockedUntil?.getTime() === reserved.blockedUntil?.getTime()
  return state.blockedUntil === undefined || isOwnDelay
    ? Object.freeze(left)
    : Object.freeze({ ...left, blockedUntil: state.blockedUntil })
}

const refuse = (until: Date | 'disabled', next: AttemptState): AttemptDecision => Object.freeze({ allowed: false, until, next })

const withSeen = (seen: readonly string[]): Pick<AttemptState, 'seen'> => (seen.length === 0 ? {} : { seen })

/** A window that began after the reservation does not hold it, and nothing may be taken from somebody else's failures. */
const withoutOne = (state: AttemptState, reserved: AttemptState): number =>
  state.windowStartedAt.getTime() === reserved.windowStartedAt.getTime() ? Math.max(0, state.inWindow - 1) : state.inWindow

/** Of several in flight with one guess, the first that proves right takes its count back, for all of them. */
const withoutGuessOf = ({ seen = [], inWindow }: AttemptState, guess: Guess): number =>
  isSeen(seen, guess) ? Math.max(0, inWindow - 1) : inWindow

const delaySeconds = (consecutive: number, rules: ThrottleRules): number =>
  consecutive <= rules.freeFailures
    ? 0
    : Math.min(rules.longestDelaySeconds, rules.firstDelaySeconds * 2 ** (consecutive - rules.freeFailures - 1))

const later = (time: Date, seconds: number): Date => new Date(time.getTime() + seconds * 1000)
