import type { AccountId } from '../identifiers.ts'

/** A sign-in that waits until its owner, signed in elsewhere, types the number that it shows. */
export interface Approval {
  readonly id: string
  readonly accountId: AccountId
  /** Digest of what tells the one sign-in that waits. */
  readonly attemptDigest: string
  /** Two digits, shown by the sign-in that waits. */
  readonly number: string
  /** `used`: approved, and the sign-in has gone on with it. */
  readonly state: 'waiting' | 'approved' | 'denied' | 'used'
  /** What its owner is told: which app, from which network, with what browser. Plain text, never markup. */
  readonly about: Readonly<{ appName: string; source?: string; browser?: string }>
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly decidedAt?: Date
}

export interface ApprovalStore {
  /** In the place of an earlier one of the same sign-in. */
  put(approval: Approval): Promise<void>
  /** Of this very sign-in. */
  findByAttempt(accountId: AccountId, attemptDigest: string): Promise<Approval | undefined>
  find(accountId: AccountId, id: string): Promise<Approval | undefined>
  /** Those that still wait at `now`, newest first. */
  listWaiting(accountId: AccountId, now: Date): Promise<readonly Approval[]>
  /** `false`: it does not wait any more, or is too old. Of any number at once, one gets `true`. */
  decide(accountId: AccountId, id: string, decision: { state: 'approved' | 'denied'; at: Date }): Promise<boolean>
  /** Approved becomes used, once. `false`: not approved, used, or too old. */
  use(accountId: AccountId, id: string, at: Date): Promise<boolean>
}
