import type { AccountId } from '../identifiers.ts'

/** A browser in which a person showed a second factor and asked to be remembered. A signal, never a proof (R129). */
export interface RememberedBrowser {
  readonly id: string
  readonly accountId: AccountId
  /** Digest of the secret in its cookie. */
  readonly digest: Uint8Array
  /** What the person knows it by, e.g. `Firefox on Linux`. */
  readonly label: string
  readonly createdAt: Date
  readonly lastSeenAt: Date
  readonly expiresAt: Date
}

export interface RememberedBrowserStore {
  add(browser: RememberedBrowser): Promise<void>
  /** `undefined`: not known, another account's, or expired at `now`. */
  find(accountId: AccountId, digest: Uint8Array, now: Date): Promise<RememberedBrowser | undefined>
  /** Living ones, last seen first. */
  list(accountId: AccountId, now: Date): Promise<readonly RememberedBrowser[]>
  seen(id: string, at: Date): Promise<boolean>
  remove(accountId: AccountId, id: string): Promise<boolean>
  removeAll(accountId: AccountId): Promise<number>
}
