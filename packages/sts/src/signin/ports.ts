import type { Factors } from '@postern/mfa'
import type { Account, AccountId, RealmId, RealmStore } from '@postern/storage'
import type { Audit, AuditEvent } from '../audit/audit.ts'
import type { Interactions } from '../protocol/interactions.ts'

/**
 * What became of a name and a password. With no tries left, `until` says when the next one may come. `accountId` is for the
 * audit trail and never for a page: a stranger would learn from it who has an account here (R87).
 */
export type PasswordOutcome =
  | { readonly outcome: 'proved'; readonly account: Pick<Account, 'id'> }
  | { readonly outcome: 'wrong'; readonly attemptsLeft?: number; readonly until?: Date; readonly accountId?: AccountId }
  | { readonly outcome: 'throttled'; readonly until: Date; readonly accountId?: AccountId }

/** What signin wants from accounts. `source` is the browser's IP address. May throw a refusal that carries `retryAfterSeconds` when too many others wait. */
export interface PasswordCheck {
  signIn(realm: RealmStore, attempt: { name: string; password: string; source?: string }): Promise<PasswordOutcome>
}

/** What signin wants from mfa. */
export type FactorCheck = Pick<Factors, 'methodsOf' | 'beginEnrollment' | 'pendingEnrollment' | 'confirmEnrollment' | 'verify'>

type WithoutContext<Event> = Event extends unknown ? Omit<Event, 'reference' | 'clientId' | 'source' | 'actor'> : never

/** What a step tells the audit trail; who asks, from where and under which reference is added for it. */
export type SigninEvent = WithoutContext<
  Extract<AuditEvent, { event: `signin.${string}` | `factor.${string}` | `consent.${string}` }>
>

export interface SigninParts {
  readonly interactions: Interactions
  readonly accounts: PasswordCheck
  readonly factors: FactorCheck
  readonly audit: Pick<Audit, 'record'>
  readonly storeFor: (realmId: RealmId) => RealmStore
  readonly clock: () => Date
}
