import type { AccountId } from '../identifiers.ts'

/** Recovery codes (NIST SP 800-63B-4 section 4.2.1.1): a set that is made, used up and replaced as a whole. */
export interface RecoveryCodeStore {
  /** Puts this set in the place of whatever was there. The digests are keyed and of one account. */
  replace(accountId: AccountId, set: { digests: readonly Uint8Array[]; at: Date }): Promise<void>
  /** Uses one up for good. `false`: not in the set, or used. Of any number at once, one gets `true`. */
  use(accountId: AccountId, digest: Uint8Array, at: Date): Promise<boolean>
  /** `undefined`: there is no set. */
  count(accountId: AccountId): Promise<{ readonly left: number; readonly of: number; readonly createdAt: Date } | undefined>
  /** Returns how many went, used ones included. */
  remove(accountId: AccountId): Promise<number>
}
