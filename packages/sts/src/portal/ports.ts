import type { AppPasswords, Approvals, FactorLife, Factors, RecoveryCodes } from '@postern/mfa'
import type { Account, AccountId, RealmId, RealmSettings, RealmStore } from '@postern/storage'
import type { Audit, AuditEvent } from '../audit/audit.ts'
import type { Notices } from '../delivery/delivery.ts'
import type { RealmView } from '../http/realm-view.ts'
import type { SentFile } from '../http/route.ts'
import type { MailRules } from '../policy/mail/mail-access.ts'
import type { Requirement } from '../policy/policy.ts'
import type { AuthorizedApps } from '../protocol/authorized-apps.ts'
import type { Sessions } from '../protocol/sessions.ts'

/** What the portal wants from accounts. May throw a refusal that carries `retryAfterSeconds` when too many others wait. */
export interface PortalPasswords {
  signIn(
    realm: RealmStore,
    attempt: { name: string; password: string; source?: string; knownBrowser?: Readonly<{ accountId: AccountId; id: string }> },
  ): Promise<
    | { readonly outcome: 'proved'; readonly account: Pick<Account, 'id'> }
    | { readonly outcome: 'wrong'; readonly attemptsLeft?: number; readonly until?: Date }
    | { readonly outcome: 'throttled'; readonly until: Date }
  >
  setPassword(
    realm: RealmStore,
    accountId: AccountId,
    password: string,
  ): Promise<'set' | Readonly<{ refused: 'too_short' | 'too_common' | 'too_long' }>>
}

type WithoutContext<Event> = Event extends unknown ? Omit<Event, 'reference' | 'source' | 'actor' | 'accountId'> : never

/** What the portal tells the audit trail; whose account, from where and under which reference is added for it. */
export type PortalEvent = WithoutContext<
  Extract<
    AuditEvent,
    {
      event:
        | `factor.${string}`
        | 'recovery_codes.replaced'
        | 'access_pass.used'
        | 'browser.forgotten'
        | `approval.${string}`
        | 'signin.failed'
        | 'signin.throttled'
        | 'password.changed'
        | 'session.ended'
        | 'family.revoked'
        | 'mailapp.decided'
        | 'mailapp.renamed'
        | 'mailapp.removed'
        | 'app_password.created'
        | 'app_password.revoked'
    }
  >
>

export type PortalSettings = Pick<
  RealmSettings,
  'trustedNetworks' | 'disabledMethods' | 'smsPrefixes' | 'portalIdleMinutes' | 'mailHosts'
>

/** A file that sets an app up, and where it is. Made by the client pack; the portal has the words for those that it knows. */
export interface SetupFile {
  readonly name: string
  readonly address: string
}

export interface PortalParts {
  readonly sessions: Sessions
  readonly accounts: PortalPasswords
  readonly authorizedApps: AuthorizedApps
  readonly factors: Pick<
    Factors,
    | 'methodsOf'
    | 'verify'
    | 'beginEnrollment'
    | 'pendingEnrollment'
    | 'promptEnrollment'
    | 'abandonEnrollment'
    | 'confirmEnrollment'
  >
  readonly life: Pick<FactorLife, 'find' | 'rename' | 'makeDefault' | 'remove'>
  readonly recoveryCodes: Pick<RecoveryCodes, 'replace' | 'left'>
  readonly approvals: Approvals
  readonly appPasswords: Pick<AppPasswords, 'create' | 'list' | 'revoke' | 'revokeAll'>
  /** All that is held against mail apps of this account. */
  readonly mailRules: (realm: RealmStore, accountId: AccountId) => Promise<MailRules>
  /** What mail servers of the realm ask the gate about. Empty: none of them is registered, so nothing is known of it. */
  readonly servedProtocols: () => readonly string[]
  readonly setupFiles: (realm: RealmView, accountId: AccountId) => Promise<readonly SetupFile[]>
  /** Such a file with this person's address filled in. `undefined`: there is none of this name. */
  readonly personalFile: (person: Account, name: string) => Promise<SentFile | undefined>
  readonly notices: Pick<Notices, 'tell'>
  readonly audit: Pick<Audit, 'record'>
  readonly storeFor: (realmId: RealmId) => RealmStore
  readonly settingsOf: (realmId: RealmId) => Promise<PortalSettings>
  /** Whether the address lies in one of the realm's trusted networks. */
  readonly isTrustedNetwork: (settings: PortalSettings, source: string | undefined) => boolean
  /** What policies and administrators demand of this account, at whatever app. */
  readonly requirementsFor: (realm: RealmStore, accountId: AccountId) => Promise<readonly Requirement[]>
  /** How a telephone can be reached here. Absent: by text message. */
  readonly phoneChannels?: readonly ('sms' | 'voice')[]
  /** All of `work` or nothing of it. */
  readonly transaction: <T>(work: () => Promise<T>) => Promise<T>
  readonly clock: () => Date
}
