import type { AccountId, AuthenticatorId } from '../identifiers.ts'

export interface Authenticator {
  readonly id: AuthenticatorId
  readonly accountId: AccountId
  /** `totp`; further methods bring their own name. */
  readonly method: string
  readonly label: string
  /** The shared secret in clear; kept sealed in the database and bound to this row. */
  readonly secret: Uint8Array
  /** `pending`: not proved yet, never accepted at sign-in. `disabled`: too many failures, until bound again. */
  readonly state: 'pending' | 'active' | 'disabled'
  /** Highest time step accepted so far (TOTP). */
  readonly lastStep?: number
  /** While `pending`: a digest of what tells the one sign-in that began it. Nobody else may be shown the secret. */
  readonly begunBy?: string
  readonly createdAt: Date
  readonly confirmedAt?: Date
  readonly lastUsedAt?: Date
}

export interface AuthenticatorStore {
  add(authenticator: Authenticator): Promise<void>
  find(id: AuthenticatorId): Promise<Authenticator | undefined>
  list(accountId: AccountId): Promise<readonly Authenticator[]>
  /** Makes a pending one active, remembers the step that proved it and forgets `begunBy`. `false`: it was not pending any more. */
  confirm(id: AuthenticatorId, proof: { step: number; at: Date }): Promise<boolean>
  /** Accepts a time step once: `false` unless it is greater than every step accepted before and the state is `active`. */
  acceptStep(id: AuthenticatorId, proof: { step: number; at: Date }): Promise<boolean>
  /** Ends the pending ones of an account and method, e.g. before a new enrolment begins. */
  removePending(accountId: AccountId, method: string): Promise<number>
  disable(id: AuthenticatorId): Promise<boolean>
  remove(id: AuthenticatorId): Promise<boolean>
}
