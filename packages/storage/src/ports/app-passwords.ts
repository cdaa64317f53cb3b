import type { AccountId } from '../identifiers.ts'

/** A secret for one mail app that knows only passwords. Never valid for a web page or the token endpoint. */
export interface AppPassword {
  readonly id: string
  readonly accountId: AccountId
  readonly label: string
  /** Short keyed digest of the secret, by which it is found; unique in the account. */
  readonly lookup: string
  /** As `Hashing` of the accounts makes it. */
  readonly hash: string
  /** Mail protocols that it opens; never empty. */
  readonly protocols: readonly string[]
  /** Networks (CIDR) that it works from; empty: all. */
  readonly networks: readonly string[]
  /** Belongs to the first app that uses it. */
  readonly bindsToFirstApp: boolean
  /** The app that it belongs to. */
  readonly mailAppId?: string
  readonly createdAt: Date
  /** `owner`, or an administrator as the audit trail names them. */
  readonly createdBy: string
  readonly expiresAt?: Date
  readonly lastUsedAt?: Date
  readonly lastSource?: string
  readonly lastProtocol?: string
}

export interface AppPasswordStore {
  /** `'conflict'`: the id or the look-up is taken. `'full'`: the account has `most` already, expired ones not counted at `createdAt`. */
  add(password: AppPassword, bounds: { most: number }): Promise<'added' | 'conflict' | 'full'>
  /** Newest first, expired ones included. */
  list(accountId: AccountId): Promise<readonly AppPassword[]>
  /** Makes it the app's own. `false`: gone, or it belongs to another app; of two at once one wins. */
  bind(id: string, mailAppId: string): Promise<boolean>
  used(id: string, use: { at: Date; protocol: string; source?: string }): Promise<boolean>
  remove(accountId: AccountId, id: string): Promise<boolean>
  removeAll(accountId: AccountId): Promise<number>
}
