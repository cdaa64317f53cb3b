import type { Authenticator, RealmStore } from '@postern/storage'
import type { Clock } from './clock.ts'
import type { AttemptGate, GateOutcome } from './gate.ts'
import type { Method } from './method.ts'

/** One thing that a person has just shown. `amr` is a value of RFC 8176. */
export type Evidence = Readonly<{ amr: string; at: Date }>

/** What became of a code. `expired`: there is nothing (any more) that it could be held against; begin anew. */
export type Outcome =
  | Readonly<{ outcome: 'proved'; evidence: Evidence }>
  | Exclude<GateOutcome, { outcome: 'proved' }>
  | Readonly<{ outcome: 'expired' }>

export interface Challenge {
  readonly realm: RealmStore
  readonly accountId: Authenticator['accountId']
  readonly method: Method
  /** Which counter is used: the one of sign-in, or the one of an enrolment that is not finished. */
  readonly counter: string
  readonly authenticators: readonly Authenticator[]
  readonly code: string
  /** Uses up the step for good. `false`: somebody else has. */
  readonly burn: (authenticator: Authenticator, proof: { step: number; at: Date }) => Promise<boolean>
}

/**
 * The phases that every method shares, in their order: throttle, match, burn, evidence. Burning happens before the count is
 * taken back, so a code that was used already counts as wrong.
 */
export async function answerChallenge(
  challenge: Challenge,
  { gate, clock }: { gate: AttemptGate; clock: Clock },
): Promise<Outcome> {
  const { realm, accountId, method, counter, authenticators, code, burn } = challenge
  if (authenticators.length === 0) return Object.freeze({ outcome: 'expired' })
  const at = clock()
  const result = await gate.check({ attempts: realm.attempts, subject: `account:${accountId}`, method: counter }, async () => {
    for (const authenticator of authenticators) {
      const step = method.match(authenticator, code, at)
      if (step !== undefined) return burn(authenticator, { step, at })
    }
    return false
  })
  return result.outcome === 'proved'
    ? Object.freeze({ outcome: 'proved', evidence: Object.freeze({ amr: method.amr, at }) })
    : result
}
