import type { AppPasswords, AttemptGate } from '@postern/mfa'
import type { GateAccount, GateApp, RealmStore } from '@postern/storage'
import type { Accounts } from '../accounts/accounts.ts'
import type { Audit } from '../audit/audit.ts'
import type { PersonTokens } from '../protocol/person-tokens.ts'
import type { RealmParts } from '../protocol/realm-parts.ts'

/** What the gate reads of a realm. */
export type GateRealm = Pick<RealmParts, 'realm' | 'issuer' | 'store' | 'resources' | 'policies' | 'mail'>

export interface SharedPassword {
  /** What its owner calls it. */
  readonly label: string
  /** The app that has come in. */
  readonly app: GateApp
}

export interface MailgateParts {
  readonly gate: Pick<AttemptGate, 'check'>
  readonly accounts: Pick<Accounts, 'signInAtGate'>
  readonly appPasswords: Pick<AppPasswords, 'lookupOf' | 'verify'>
  readonly tokens: PersonTokens
  readonly audit: Pick<Audit, 'record'>
  /** A tile was made whose owner has not heard of it: whoever tells owners may begin at once. Returns without waiting. */
  readonly tileAppeared: () => void
  /** Tells an owner that too many apps wait for one more to be kept. Inside the transaction that surrounds it. */
  readonly tellOfTooMany: (realm: RealmStore, account: GateAccount) => Promise<void>
  /** Tells an owner that an app has come in with an app password that others have used before. Inside the transaction that surrounds it. */
  readonly tellOfSharedPassword: (realm: RealmStore, account: GateAccount, shared: SharedPassword) => Promise<void>
  /** All of `work` or nothing of it. */
  readonly transaction: <T>(work: () => Promise<T>) => Promise<T>
  readonly clock: () => Date
  readonly newId: () => string
  /** Random, of this process alone, at least 32 bytes: under it credentials of mail servers are remembered. */
  readonly memoryKey: Uint8Array
}
