/**
 * allowance is how much may be had in any stretch of time, e.g. five messages an hour.
 *
 * It owns how the times are written into `AttemptState.seen`, so that an AttemptStore serialises those who ask over all
 * processes. It does not own what is had. The times themselves are kept, not a count by window: of a count, twice as much
 * goes through around the end of a window.
 *
 * An entry is `<tag>@<milliseconds in base 36>`; tags are words of base64url, or nothing.
 * @module
 */
import type { AttemptState } from '@postern/storage'

export interface Allowance {
  /** At most this many in any `windowSeconds`. */
  readonly max: number
  readonly windowSeconds: number
  /** At most this many of them with one tag. */
  readonly maxOfTag?: number
  /** Two with one tag are at least so far apart. */
  readonly spacingSeconds?: number
}

export type Taking = Readonly<
  | { taken: true }
  /** `spacing`: the last one with this tag was had `at`, too short a time ago. */
  | { taken: false; because: 'spacing'; at: Date; until: Date }
  | { taken: false; because: 'spent' | 'held'; until: Date }
>

type Decision = { next: AttemptState | undefined; result: Taking }

/** Takes one now, if there is one to be had. Pure. */
export function takeOne(state: AttemptState | undefined, allowance: Allowance, now: Date, tag = ''): Decision {
  const windowMs = allowance.windowSeconds * 1000
  const living = entriesOf(state).filter(({ ms }) => ms + windowMs > now.getTime())
  const refused = (result: Taking): Decision => ({ next: state, result: Object.freeze(result) })
  const heldUntil = state?.blockedUntil
  if (heldUntil !== undefined && heldUntil > now) return refused({ taken: false, because: 'held', until: heldUntil })

  const ofTag = living.filter((one) => one.tag === tag)
  const last = ofTag.at(-1)
  const nextMs = (last?.ms ?? Number.NEGATIVE_INFINITY) + (allowance.spacingSeconds ?? 0) * 1000
  if (last !== undefined && nextMs > now.getTime())
    return refused({ taken: false, because: 'spacing', at: new Date(last.ms), until: new Date(nextMs) })

  const freeAt = (entries: readonly Entry[], max: number): number => (entries.at(-max)?.ms ?? Number.NEGATIVE_INFINITY) + windowMs
  const freeMs = Math.max(freeAt(living, allowance.max), freeAt(ofTag, allowance.maxOfTag ?? allowance.max))
  if (freeMs > now.getTime()) return refused({ taken: false, because: 'spent', until: new Date(freeMs) })

  return { next: stateOf([...living, { tag, ms: now.getTime() }], now, undefined), result: Object.freeze({ taken: true }) }
}

/** Gives back what was taken `at`, because it was not had after all. Pure. */
export function giveBack(state: AttemptState | undefined, at: Date, tag = ''): Omit<Decision, 'result'> & { result: undefined } {
  const entries = entriesOf(state)
  const given = entries.findIndex((one) => one.tag === tag && one.ms === at.getTime())
  const rest = entries.toSpliced(given, given === -1 ? 0 : 1)
  const isEmpty = rest.length === 0 && state?.blockedUntil === undefined
  return { next: isEmpty ? undefined : stateOf(rest, at, state?.blockedUntil), result: undefined }
}

/** Nothing more is to be had before `until`. Pure. */
export const holdUntil = (state: AttemptState | undefined, until: Date, now: Date) => ({
  next: stateOf(entriesOf(state), now, until),
  result: undefined,
})

type Entry = Readonly<{ tag: string; ms: number }>

const entriesOf = (state: AttemptState | undefined): readonly Entry[] =>
  (state?.seen ?? []).map((entry) => {
    const [tag = '', ms = ''] = entry.split('@', 2)
    return { tag, ms: Number.parseInt(ms, 36) }
  })

/** `consecutive` stays 0: nothing here is a failure, so the row is forgotten when it is old. */
const stateOf = (entries: readonly Entry[], now: Date, blockedUntil: Date | undefined): AttemptState =>
  Object.freeze({
    consecutive: 0,
    inWindow: entries.length,
    windowStartedAt: now,
    disabled: false,
    ...(blockedUntil && { blockedUntil }),
    seen: Object.freeze(entries.toSorted((one, other) => one.ms - other.ms).map(({ tag, ms }) => `${tag}@${ms.toString(36)}`)),
  })
