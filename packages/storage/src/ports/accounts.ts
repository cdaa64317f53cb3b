import type { AccountId } from '../identifiers.ts'
import type { Enforcement } from './enforcement.ts'

export interface Account {
  readonly id: AccountId
  /** User principal name, e.g. `mary@contoso.com`. Unique in the realm without regard to case. */
  readonly upn: string
  /** Primary mail address (SMTP). Unique in the realm among all addresses, without regard to case. */
  readonly address: string
  /** Further addresses that also name this account. */
  readonly furtherAddresses: readonly string[]
  readonly displayName: string
  /** E.164, e.g. `+4915112345678`. */
  readonly phone?: string
  readonly groups: readonly string[]
  readonly status: 'active' | 'disabled'
  /** Whatever was proved before this moment counts no more. Set by {@link AccountStore.signOut} alone. */
  readonly signedOutAt?: Date
  /** What is demanded of this account alone. Set by `EnforcementStore` alone; absent in what is added: `disabled`. */
  readonly enforcement?: Enforcement
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface AccountStore {
  /** `'conflict'`: the id, the UPN or one of the addresses is taken (a UPN may equal an address of the same account only). */
  add(account: Account): Promise<'added' | 'conflict'>
  find(id: AccountId): Promise<Account | undefined>
  /**
   * Keeps everybody else who holds the account waiting until the caller's transaction ends, so that what is decided about it
   * and what is done are one. What was read before may be old; read again. Outside a transaction it holds nothing. `false`:
   * no such account.
   */
  hold(id: AccountId): Promise<boolean>
  /** By UPN or any address, case-insensitive, one indexed read. */
  findByName(name: string): Promise<Account | undefined>
  /** In order of UPN; `after` is the UPN of the last one seen. */
  list(page: { after?: string; limit: number; search?: string }): Promise<readonly Account[]>
  /**
   * From now on nothing counts that was proved until `at`: sessions, codes and refresh tokens made before, and those that a
   * request in flight still makes from them. Never goes back in time. `false`: no such account.
   */
  signOut(id: AccountId, at: Date): Promise<boolean>
  /** Replaces the whole record but `signedOutAt` and `enforcement`. */
  replace(account: Account): Promise<'replaced' | 'missing' | 'conflict'>
  /**
   * Removes the account with all that is its own: password, authenticators, recovery codes, access pass, approvals, remembered
   * browsers, unsent mails, mail apps, app passwords, its authentication policy, attempts, artifacts and refresh families. The
   * audit trail and the revocations stay.
   */
  remove(id: AccountId): Promise<boolean>
}
