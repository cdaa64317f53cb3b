import type { AccountId, AttemptState, AttemptStore, RealmStore, WrittenAttempts } from '@postern/storage'
import { burstMethod, decideBurst, decideRecovery, failuresTold } from './bursts.ts'
import type { Clock } from './clock.ts'
import { NotEvaluated } from './errors.ts'
import type { Guess } from './guesses.ts'
import {
  type AttemptDecision,
  codeRules,
  decideAttempt,
  decideNotEvaluated,
  decideSuccess,
  type ThrottleRules,
} from './throttle.ts'

/** What became of a check behind the gate. */
export type GateOutcome =
  | Readonly<{ outcome: 'proved' }>
  | Readonly<{
      outcome: 'wrong'
      /**
       * How many may follow at once. With none left, `until` says when the next one may. Absent for what nobody can guess,
       * which is not counted.
       */
      attemptsLeft?: number
      until?: Date
      /** The same wrong answer had been counted before in this window, and was not counted again. */
      repeated?: true
      /** It has now come for the third time, as the first one of this window: something keeps sending it. */
      stale?: true
    }>
  /** Nothing was checked. */
  | Readonly<{ outcome: 'throttled'; until: Date }>
  /** Nothing is checked any more, until the secret is bound anew. */
  | Readonly<{ outcome: 'disabled' }>

export interface Counter {
  readonly attempts: AttemptStore
  /** `account:<id>`, `name:<keyed digest>` for a name that nobody has, or `source:<network address>`. */
  readonly subject: string
  /** What is guessed at, e.g. `password` or `totp`. All ways to guess at one thing must share this name (R91). */
  readonly method: string
}

/** Where an attempt came from, as far as the caller knows: an IP address, and a mail app or a browser. */
export type From = Readonly<{ source?: string; app?: string }>

export interface CheckRequest extends Counter {
  /** {@link codeRules} unless told. `'unguessable'`: what no guess finds (a signature); checked at once, never counted, never locked. */
  readonly rules?: ThrottleRules | 'unguessable'
  /** Tells different wrong answers apart, so that only those are counted. Without it every wrong one is. */
  readonly guess?: Guess
  /**
   * `false`: failures delay this factor and never end it, even if they had ended it before. For the last administrator of a
   * realm, whom nobody could let in again. Default `true`.
   */
  readonly mayDisable?: boolean
  /** Whose people these are, and where the attempt came from: for the {@link Watch}, which is not called without `realm`. */
  readonly realm?: RealmStore
  readonly from?: From
}

/** Something happened at an account that its owner should hear of. */
export interface Happening {
  readonly realm: RealmStore
  readonly accountId: AccountId
  /** What was guessed at, e.g. `password`; what follows an `@` in the counter's name is left out. */
  readonly method: string
  /** For `recovered`, `consecutive` is the length of the row that ended. */
  readonly state: AttemptState
  readonly from: From
}

/**
 * Who tells people. Each is called at most once a burst, over all processes, and awaited; what it throws ends the request.
 * At most once: a process that dies between deciding and telling has told nobody. Never called for a name that nobody has,
 * so it should cost little: what it costs is seen by whoever measures the fifth failure (R87).
 */
export interface Watch {
  /** The fifth failure in a row. */
  failures(happening: Happening): Promise<void>
  /** A success after a row that was told. */
  recovered(happening: Happening): Promise<void>
  /** One wrong answer came for the third time in a window: most likely an app that keeps an old password. */
  repeated(happening: Happening): Promise<void>
}

/** THE gate: no secret of a person is checked but through it. */
export interface AttemptGate {
  /**
   * Counts, then checks, then takes the count back if the answer was right (R91). The counting is committed before
   * `verify` begins, so that neither a roll-back nor a crash gives a guess back.
   *
   * `verify` does the whole check, the burning of a one-time code included. If it throws, nothing was proved and the
   * attempt stays counted, unless it throws {@link NotEvaluated}. In both cases the error is passed on.
   */
  check(request: CheckRequest, verify: () => Promise<boolean>): Promise<GateOutcome>
  /** Forgets the failures of a secret that has just been replaced by another one. The caller must have made sure of that. */
  rebound(counter: Counter): Promise<void>
}

type Counted = Extract<AttemptDecision, { allowed: true }>

export function createAttemptGate({ clock, watch }: { readonly clock: Clock; readonly watch?: Watch }): AttemptGate {
  /** Of the same work for an account and for a name that nobody has (R87). */
  const isWatched = ({ subject }: Counter): boolean => watch !== undefined && !subject.startsWith('source:')

  const tell = async (what: keyof Watch, request: CheckRequest, state: AttemptState): Promise<void> => {
    const { realm, subject, method, from = {} } = request
    if (watch === undefined || realm === undefined || !subject.startsWith('account:')) return
    const accountId = subject.slice('account:'.length) as AccountId // a brand has no runtime part
    await watch[what]({ realm, accountId, method: method.split('@', 1)[0] ?? method, state, from })
  }

  const burst = ({ subject, method }: Counter) => ({ subject, method: burstMethod(method) })

  async function afterFailure(request: CheckRequest, rules: ThrottleRules, { next, repeated }: Counted): Promise<void> {
    if (repeated?.stale === true) await tell('repeated', request, next)
    if (repeated !== undefined || next.consecutive !== failuresTold || !isWatched(request)) return
    const now = clock()
    const isNew = await request.attempts.update(burst(request), (told) => decideBurst(told, now, rules.windowSeconds))
    if (isNew) await tell('failures', request, next)
  }

  async function afterSuccess(request: CheckRequest, { next, failedBefore }: Counted): Promise<void> {
    if (failedBefore < failuresTold || !isWatched(request)) return
    const isTold = await request.attempts.update(burst(request), decideRecovery)
    if (isTold) await tell('recovered', request, { ...next, consecutive: failedBefore })
  }

  return Object.freeze({
    async check(request: CheckRequest, verify: () => Promise<boolean>) {
      const { attempts, subject, method, guess } = request
      if (request.rules === 'unguessable') return Object.freeze({ outcome: (await verify()) ? 'proved' : 'wrong' })
      const { rules: asked = codeRules, mayDisable = true } = request
      const rules: ThrottleRules = mayDisable ? asked : { ...asked, disableAfter: 'never' }
      const key = { subject, method }
      const now = clock()
      let since: WrittenAttempts | undefined
      const written = (left: WrittenAttempts) => {
        since = left
      }
      const count = (state: AttemptState | undefined) => {
        const decided = decideAttempt(state, rules, now, guess)
        return { next: decided.next, result: decided }
      }
      const decision = await attempts.update<AttemptDecision>(key, count, { written })
      if (!decision.allowed) return refused(decision.until)

      let isRight: boolean
      try {
        isRight = await verify()
      } catch (error) {
        if (error instanceof NotEvaluated && decision.repeated === undefined) {
          await attempts.update(key, (state) => ({ next: decideNotEvaluated(state, decision.next, guess), result: undefined }))
        }
        throw error
      }
      if (isRight) {
        const end = (state: AttemptState | undefined) => ({ next: decideSuccess(state, decision.next, guess), result: undefined })
        await attempts.update(key, end, { since })
        await afterSuccess(request, decision)
        return Object.freeze({ outcome: 'proved' })
      }
      await afterFailure(request, rules, decision)
      if (decision.next.disabled && rules.disableAfter !== 'never') return refused('disabled')
      return wrong(decision)
    },
    async rebound({ attempts, subject, method }: Counter) {
      const forget = () => ({ next: undefined, result: undefined })
      await attempts.update({ subject, method }, forget)
      if (isWatched({ attempts, subject, method })) await attempts.update(burst({ attempts, subject, method }), forget)
    },
  } satisfies AttemptGate)
}

const refused = (until: Date | 'disabled'): GateOutcome =>
  Object.freeze(until === 'disabled' ? { outcome: 'disabled' } : { outcome: 'throttled', until })

const wrong = ({ attemptsLeft, until, repeated }: Counted): GateOutcome =>
  Object.freeze({
    outcome: 'wrong',
    attemptsLeft,
    ...(until && { until }),
    ...(repeated && { repeated: true }),
    ...(repeated?.stale === true && { stale: true }),
  })
