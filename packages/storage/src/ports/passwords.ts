import type { AccountId } from '../identifiers.ts'

export interface StoredPassword {
  /** PHC string: algorithm, parameters, salt and hash of one password. */
  readonly hash: string
  readonly changedAt: Date
}

export interface PasswordStore {
  find(accountId: AccountId): Promise<StoredPassword | undefined>
  set(accountId: AccountId, password: StoredPassword): Promise<void>
  /** Replaces the hash only while it still is `from` (rehash at sign-in must not undo a change of password). */
  rehash(accountId: AccountId, from: string, to: string): Promise<boolean>
}
