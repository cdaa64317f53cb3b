import type { AccountId } from '../identifiers.ts'

/** A temporary access pass: a secret for a while, given by an administrator to a person who has nothing else to show. */
export interface AccessPass {
  readonly id: string
  readonly accountId: AccountId
  /** Keyed digest of what was shown once. */
  readonly digest: Uint8Array
  /** `once`: ends with its first use. */
  readonly uses: 'once' | 'many'
  readonly startsAt: Date
  readonly expiresAt: Date
  readonly createdAt: Date
  /** Who gave it, as in the audit trail. */
  readonly createdBy: string
  readonly usedAt?: Date
}

export interface AccessPassStore {
  /** Puts it in the place of the account's earlier one; there is never more than one. */
  put(pass: AccessPass): Promise<void>
  /** Whatever there is, used up too, and for a month after its end. */
  find(accountId: AccountId): Promise<AccessPass | undefined>
  /** Notes a use. `false`: gone, not valid at `at`, or used up. Of any number at once, a pass for one use gives one `true`. */
  use(accountId: AccountId, id: string, at: Date): Promise<boolean>
  remove(accountId: AccountId): Promise<boolean>
}
