import type { Factors } from '@postern/mfa'
import type { Account, RealmId, RealmStore } from '@postern/storage'
import type { Interactions } from '../protocol/interactions.ts'

/** What became of a name and a password. With no tries left, `until` says when the next one may come. */
export type PasswordOutcome =
  | { readonly outcome: 'proved'; readonly account: Pick<Account, 'id'> }
  | { readonly outcome: 'wrong'; readonly attemptsLeft?: number; readonly until?: Date }
  | { readonly outcome: 'throttled'; readonly until: Date }

/** What signin wants from accounts. May throw a refusal that carries `retryAfterSeconds` when too many others wait. */
export interface PasswordCheck {
  signIn(realm: RealmStore, attempt: { name: string; password: string }): Promise<PasswordOutcome>
}

/** What signin wants from mfa. */
export type FactorCheck = Pick<Factors, 'methodsOf' | 'beginEnrollment' | 'pendingEnrollment' | 'confirmEnrollment' | 'verify'>

/** What a step tells the audit trail. `reference` is the one on the page. Never a name typed, a password or a code. */
export interface SigninEvent {
  readonly type:
    | 'signin.proved'
    | 'signin.failed'
    | 'signin.throttled'
    | 'signin.blocked'
    | 'factor.enrolled'
    | 'factor.enrolment_failed'
    | 'consent.given'
    | 'consent.refused'
  readonly reference: string
  readonly clientId: string
  readonly accountId?: string
  readonly source?: string
  /** `password`, or the method of a factor. */
  readonly method?: string
}

/** Throws when the event cannot be written; then the step is not finished either (R133). */
export interface SigninAudit {
  record(realm: RealmStore, event: SigninEvent): Promise<void>
}

export interface SigninParts {
  readonly interactions: Interactions
  readonly accounts: PasswordCheck
  readonly factors: FactorCheck
  readonly audit: SigninAudit
  readonly storeFor: (realmId: RealmId) => RealmStore
  readonly clock: () => Date
}
