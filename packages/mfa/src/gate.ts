import type { AttemptStore } from '@postern/storage'
import type { Clock } from './clock.ts'
import { NotEvaluated } from './errors.ts'
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
  /** `attemptsLeft`: how many may follow at once. With none left, `until` says when the next one may. */
  | Readonly<{ outcome: 'wrong'; attemptsLeft: number; until?: Date }>
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

/** THE gate: no secret of a person is checked but through it. */
export interface AttemptGate {
  /**
   * Counts, then checks, then takes the count back if the answer was right (R91). The counting is committed before
   * `verify` begins, so that neither a roll-back nor a crash gives a guess back.
   *
   * `verify` does the whole check, the burning of a one-time code included. If it throws, nothing was proved and the
   * attempt stays counted, unless it throws {@link NotEvaluated}. In both cases the error is passed on.
   */
  check(counter: Counter & { readonly rules?: ThrottleRules }, verify: () => Promise<boolean>): Promise<GateOutcome>
  /** Forgets the failures of a secret that has just been replaced by another one. The caller must have made sure of that. */
  rebound(counter: Counter): Promise<void>
}

export function createAttemptGate({ clock }: { readonly clock: Clock }): AttemptGate {
  return Object.freeze({
    async check(
      { attempts, subject, method, rules = codeRules }: Counter & { rules?: ThrottleRules },
      verify: () => Promise<boolean>,
    ) {
      const key = { subject, method }
      const now = clock()
      const decision = await attempts.update<AttemptDecision>(key, (state) => {
        const decided = decideAttempt(state, rules, now)
        return { next: decided.next, result: decided }
      })
      if (!decision.allowed) return refused(decision.until)

      let isRight: boolean
      try {
        isRight = await verify()
      } catch (error) {
        if (error instanceof NotEvaluated) {
          await attempts.update(key, (state) => ({ next: decideNotEvaluated(state, decision.next), result: undefined }))
        }
        throw error
      }
      if (isRight) {
        await attempts.update(key, (state) => ({ next: decideSuccess(state, decision.next), result: undefined }))
        return Object.freeze({ outcome: 'proved' })
      }
      if (decision.next.disabled) return refused('disabled')
      const { attemptsLeft, until } = decision
      return Object.freeze({ outcome: 'wrong', attemptsLeft, ...(until && { until }) })
    },
    async rebound({ attempts, subject, method }: Counter) {
      await attempts.update({ subject, method }, () => ({ next: undefined, result: undefined }))
    },
  } satisfies AttemptGate)
}

const refused = (until: Date | 'disabled'): GateOutcome =>
  Object.freeze(until === 'disabled' ? { outcome: 'disabled' } : { outcome: 'throttled', until })
