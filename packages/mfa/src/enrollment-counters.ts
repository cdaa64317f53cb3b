/**
 * enrollment-counters names what wrong codes are counted on while a factor is being bound.
 *
 * It owns those names, and which enrolments share one. Fumbling with a new app must not lock the factors that work, so none
 * is a counter of sign-in. What a password alone reaches has one of its own: whoever has stolen it uses that one up, and
 * does not hold up an owner who was permitted to begin. It does not own how much is forgiven (throttle.ts).
 * @module
 */
import type { AccountId, Authenticator, AuthenticatorDetail, RealmStore } from '@postern/storage'
import type { AttemptGate } from './gate.ts'

const permitted = (method: string): string => `${method}-enrollment`
const proposal = (method: string): string => `${method}-proposal`

/** Marks what nothing but a password let somebody begin. */
export const ofStrangersToo = (detail: AuthenticatorDetail): AuthenticatorDetail => Object.freeze({ ...detail, isProposal: true })

export const isOfStrangersToo = ({ detail }: Pick<Authenticator, 'detail'>): boolean => detail.isProposal === true

export const enrollmentCounterOf = ({ method, detail }: Pick<Authenticator, 'method' | 'detail'>): string =>
  isOfStrangersToo({ detail }) ? proposal(method) : permitted(method)

/** Whether there were any failures to forget. */
export async function forgetEnrollments(
  { attempts }: Pick<RealmStore, 'attempts'>,
  accountId: AccountId,
  { gate, method }: { gate: AttemptGate; method: string },
): Promise<boolean> {
  const subject = `account:${accountId}`
  let hadAny = false
  for (const name of [permitted(method), proposal(method)]) {
    if ((await attempts.find({ subject, method: name })) !== undefined) hadAny = true
    await gate.rebound({ attempts, subject, method: name })
  }
  return hadAny
}
