/**
 * storage keeps the nouns of the house and the promises about keeping them.
 *
 * It owns SQL, migrations, sealing at rest and transactions. It does not know OAuth, pages or factors.
 * A miss is `undefined`; a lost race is a return value; only the unexpected throws.
 * @module
 */
import type { RealmId } from './identifiers.ts'
import type { AccessPassStore } from './ports/access-passes.ts'
import type { AccountStore } from './ports/accounts.ts'
import type { AppPasswordStore } from './ports/app-passwords.ts'
import type { ApprovalStore } from './ports/approvals.ts'
import type { ArtifactStore } from './ports/artifacts.ts'
import type { AttemptStore } from './ports/attempts.ts'
import type { AuditStore } from './ports/audit.ts'
import type { AppAccessRuleStore, AuthenticationPolicyStore } from './ports/authentication-policies.ts'
import type { AuthenticatorStore } from './ports/authenticators.ts'
import type { ClientRegistrationStore } from './ports/client-registrations.ts'
import type { ClientStore } from './ports/clients.ts'
import type { DelegationStore } from './ports/delegations.ts'
import type { EnforcementStore } from './ports/enforcement.ts'
import type { HybridStore } from './ports/hybrids.ts'
import type { MailAppStore } from './ports/mail-apps.ts'
import type { MailServerStore } from './ports/mail-servers.ts'
import type { OutboxStore } from './ports/outbox.ts'
import type { PartnerStore } from './ports/partners.ts'
import type { PasswordStore } from './ports/passwords.ts'
import type { PolicyStore } from './ports/policies.ts'
import type { RealmDirectory } from './ports/realms.ts'
import type { RecoveryCodeStore } from './ports/recovery-codes.ts'
import type { RedemptionStore } from './ports/redemptions.ts'
import type { RefreshTokenStore } from './ports/refresh-tokens.ts'
import type { RememberedBrowserStore } from './ports/remembered-browsers.ts'
import type { ReplayGuard } from './ports/replay.ts'
import type { ResourceStore } from './ports/resources.ts'
import type { RevocationStore } from './ports/revocations.ts'
import type { SigningKeyStore } from './ports/signing-keys.ts'

/** Everything kept for one realm. Bound to that realm when it is made, so that no query can forget it. */
export interface RealmStore {
  readonly realmId: RealmId
  readonly accounts: AccountStore
  readonly passwords: PasswordStore
  readonly authenticators: AuthenticatorStore
  readonly recoveryCodes: RecoveryCodeStore
  readonly accessPasses: AccessPassStore
  readonly approvals: ApprovalStore
  readonly rememberedBrowsers: RememberedBrowserStore
  readonly enforcement: EnforcementStore
  readonly clients: ClientStore
  readonly clientRegistrations: ClientRegistrationStore
  readonly partners: PartnerStore
  readonly delegations: DelegationStore
  readonly hybrids: HybridStore
  readonly resources: ResourceStore
  readonly signingKeys: SigningKeyStore
  readonly artifacts: ArtifactStore
  readonly redemptions: RedemptionStore
  readonly refreshTokens: RefreshTokenStore
  readonly attempts: AttemptStore
  readonly replay: ReplayGuard
  readonly policies: PolicyStore
  readonly mailApps: MailAppStore
  readonly appPasswords: AppPasswordStore
  readonly authenticationPolicies: AuthenticationPolicyStore
  readonly appAccessRules: AppAccessRuleStore
  readonly mailServers: MailServerStore
  readonly revocations: RevocationStore
  readonly audit: AuditStore
  readonly outbox: OutboxStore
}

export interface TransactionOptions {
  /**
   * Strangers can send many of these that wait for one row. Together they take half of the sessions at most and wait for each other
   * outside of the database, so that everything else finds a session. Means nothing inside another transaction.
   */
  readonly crowd?: true
}

export interface Store {
  readonly realms: RealmDirectory
  /** The store of one realm. Cheap; does not look whether the realm exists. */
  realm(id: RealmId): RealmStore
  /**
   * Runs `work` in one database transaction, carried by AsyncLocalStorage: every port used inside takes part.
   * Resolved: committed. Thrown: rolled back and rethrown. Inside another transaction it joins that one.
   * Statements of one transaction are run one after the other even when `work` starts them in parallel.
   */
  transaction<T>(work: () => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Runs `work` outside the transaction that surrounds the caller, e.g. a counter that must survive a roll-back. */
  outsideTransaction<T>(work: () => Promise<T>): Promise<T>
  /** The database's own time. Throws {@link StorageUnavailable} when it cannot be reached or does not answer in time. */
  ping(): Promise<Date>
  /**
   * Deletes at most `limit` expired rows a table, oldest first, by index, and empties as many answers of refresh tokens that are
   * over. Returns how many rows that were.
   */
  removeExpired(now: Date, limit: number): Promise<number>
  close(): Promise<void>
}
