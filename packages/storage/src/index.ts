/**
 * storage keeps the nouns of the house. Open a database with {@link connect}, bring it up to date with {@link migrate},
 * and hand it to {@link createStore}; everything else speaks of the ports alone.
 * @module
 */

export type { Clock } from './clock.ts'
export { type Connection, type ConnectOptions, connect } from './connect.ts'
export { createStore } from './create-store.ts'
export {
  DirectoryInUse,
  MigrationError,
  type MigrationErrorCode,
  SealingError,
  type SealingErrorCode,
  StorageUnavailable,
  type UnavailableReason,
  UnfitData,
} from './errors.ts'
export { AccountId, AuthenticatorId, ClientId, FamilyId, RealmId, ResourceId } from './identifiers.ts'
export { hasInstallation, openInstallation } from './installation.ts'
export { defaultMigrations, migrate, pendingMigrations } from './migrate.ts'
export type { AccessPass, AccessPassStore } from './ports/access-passes.ts'
export type { Account, AccountStore } from './ports/accounts.ts'
export type { AppPassword, AppPasswordStore } from './ports/app-passwords.ts'
export type { Approval, ApprovalStore } from './ports/approvals.ts'
export type { Artifact, ArtifactKeys, ArtifactStore, NewArtifact } from './ports/artifacts.ts'
export type { AttemptState, AttemptStore, WrittenAttempts } from './ports/attempts.ts'
export type { AuditRow, AuditStore } from './ports/audit.ts'
export type {
  AppAccessRuleStore,
  AuthenticationPolicyStore,
  StoredAppAccessRule,
  StoredAuthenticationPolicy,
} from './ports/authentication-policies.ts'
export type { Authenticator, AuthenticatorDetail, AuthenticatorStore } from './ports/authenticators.ts'
export type { ClientInvitation, ClientRegistration, ClientRegistrationStore, Room } from './ports/client-registrations.ts'
export type { Client, ClientAuthenticationMethod, ClientCredential, ClientStore } from './ports/clients.ts'
export type { Delegation, DelegationStore } from './ports/delegations.ts'
export type { Campaign, CampaignProgress, Enforcement, EnforcementState, EnforcementStore } from './ports/enforcement.ts'
export type { Hybrid, HybridStore } from './ports/hybrids.ts'
export type {
  GateAccount,
  GateApp,
  GateAppPassword,
  GateView,
  MailApp,
  MailAppState,
  MailAppStore,
  MailAppTraits,
} from './ports/mail-apps.ts'
export type { MailServer, MailServerStore } from './ports/mail-servers.ts'
export type { OutboxStore, OutgoingMail } from './ports/outbox.ts'
export type { Partner, PartnerStore, ServicePrincipal } from './ports/partners.ts'
export type { PasswordStore, StoredPassword } from './ports/passwords.ts'
export type { PolicyStore, StoredPolicy } from './ports/policies.ts'
export type { CertificateHolder, MailHost, MailHosts, Realm, RealmDirectory, RealmSettings } from './ports/realms.ts'
export type { RecoveryCodeStore } from './ports/recovery-codes.ts'
export type { CodeAtHand, FirstOfFamily, RedemptionStore } from './ports/redemptions.ts'
export type { KeptAnswer, RefreshFamily, RefreshToken, RefreshTokenStore } from './ports/refresh-tokens.ts'
export type { RememberedBrowser, RememberedBrowserStore } from './ports/remembered-browsers.ts'
export type { ReplayGuard } from './ports/replay.ts'
export type { Resource, ResourceStore } from './ports/resources.ts'
export type { Revocation, RevocationKind, RevocationStore } from './ports/revocations.ts'
export type { SigningKey, SigningKeyStore } from './ports/signing-keys.ts'
export { createSealer, type SealedRow, type Sealer, type SealingPurpose } from './sealing.ts'
export type { RealmStore, Store } from './store.ts'
export { limitWaiting, waitForShared } from './waiting.ts'
