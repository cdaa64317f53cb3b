import type { AccountId, RealmStore } from '@postern/storage'
import type { Clock } from './clock.ts'
import { NotEvaluated } from './errors.ts'
import type { AttemptGate, From, GateOutcome } from './gate.ts'
import type { Match, Mismatch } from './method.ts'
import type { ThrottleRules } from './throttle.ts'

/** What a person has just shown. `amr` holds values of RFC 8176. */
export type Evidence = Readonly<{ amr: readonly string[]; at: Date }>

/**
 * What became of an answer. `expired`: there is nothing (any more) that it could be held against; begin anew. `because` is for
 * the audit trail and never for a page.
 */
export type Outcome =
  | Readonly<{ outcome: 'proved'; evidence: Evidence }>
  | (Extract<GateOutcome, { outcome: 'wrong' }> & Readonly<{ because?: string }>)
  | Exclude<GateOutcome, { outcome: 'proved' | 'wrong' }>
  | Readonly<{ outcome: 'expired' }>

export interface Challenge {
  readonly realm: RealmStore
  readonly accountId: AccountId
  /** Which counter is used: the one of sign-in, or the one of an enrolment that is not finished. */
  readonly counter: string
  readonly rules: ThrottleRules | 'unguessable'
  /** `false`: too many failures only delay, and never end the factor. */
  readonly mayDisable: boolean
  /** For telling its owner of failures. */
  readonly from: From
  readonly match: (now: Date) => Promise<Match | Mismatch | 'expired' | undefined>
}

/** There was nothing to hold the answer against, so nobody has learned anything, and the gate gives the attempt back. */
class NothingAsked extends NotEvaluated {
  readonly code = 'nothing_asked'

  constructor() {
    super('Nothing was asked that this could be an answer to.')
    this.name = 'NothingAsked'
  }
}

/**
 * The phases that every method shares, in their order: throttle, match, burn, evidence. Burning happens before the count is
 * taken back, so an answer that was used already counts as wrong.
 */
export async function answerChallenge(
  { realm, accountId, counter, rules, mayDisable, from, match }: Challenge,
  { gate, clock }: { gate: AttemptGate; clock: Clock },
): Promise<Outcome> {
  const at = clock()
  const found: Match[] = []
  const reasons: string[] = []
  const check = { attempts: realm.attempts, subject: `account:${accountId}`, method: counter, rules, mayDisable, realm, from }
  try {
    const result = await gate.check(check, async () => {
      const matched = await match(at)
      if (matched === 'expired') throw new NothingAsked()
      if (matched === undefined) return false
      if ('because' in matched) {
        reasons.push(matched.because)
        return false
      }
      if (!(await matched.burn())) return false
      found.push(matched)
      return true
    })
    const [because] = reasons
    if (result.outcome === 'wrong' && because !== undefined) return Object.freeze({ ...result, because })
    if (result.outcome !== 'proved') return result
  } catch (error) {
    if (error instanceof NothingAsked) return Object.freeze({ outcome: 'expired' })
    throw error
  }
  const [proof] = found
  if (proof === undefined) throw new TypeError('the gate proved what did not match')
  return Object.freeze({ outcome: 'proved', evidence: Object.freeze({ amr: Object.freeze([...proof.amr]), at }) })
}
