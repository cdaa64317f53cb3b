import type { Factors, Passkeys } from '@postern/mfa'
import type { Account, AccountId, RealmId, RealmSettings, RealmStore } from '@postern/storage'
import type { Audit, AuditEvent } from '../audit/audit.ts'
import type { Notices } from '../delivery/delivery.ts'
import type { Interactions } from '../protocol/interactions.ts'
import type { Sessions } from '../protocol/sessions.ts'

/**
 * What became of a name and a password. With no tries left, `until` says when the next one may come. `accountId` is for the
 * audit trail and never for a page: a stranger would learn from it who has an account here (R87).
 */
export type PasswordOutcome =
  | { readonly outcome: 'proved'; readonly account: Pick<Account, 'id' | 'signedOutAt'> }
  | { readonly outcome: 'wrong'; readonly attemptsLeft?: number; readonly until?: Date; readonly accountId?: AccountId }
  | { readonly outcome: 'throttled'; readonly until: Date; readonly accountId?: AccountId }

/** What signin wants from accounts. May throw a refusal that carries `retryAfterSeconds` when too many others wait. */
export interface PasswordCheck {
  signIn(
    realm: RealmStore,
    attempt: {
      name: string
      password: string
      /** IP address of the browser. */
      source?: string
      /** What the browser calls itself, in short. */
      app?: string
      /** The browser in which this account showed a second factor before; its secret has been checked. */
      knownBrowser?: Readonly<{ accountId: AccountId; id: string }>
    },
  ): Promise<PasswordOutcome>
}

/** What signin wants from mfa. */
export type FactorCheck = Pick<
  Factors,
  | 'methodsOf'
  | 'look'
  | 'waysOf'
  | 'begin'
  | 'verify'
  | 'beginEnrollment'
  | 'pendingEnrollment'
  | 'promptEnrollment'
  | 'abandonEnrollment'
  | 'confirmEnrollment'
>

/** What signin wants from recovery codes. */
export interface RecoveryCodeMaking {
  /** Makes a new set in the place of whatever was there. The codes are shown to the person and kept by nobody. */
  replace(realm: RealmStore, accountId: AccountId): Promise<readonly string[]>
  /** `undefined`: there is no set. */
  left(realm: RealmStore, accountId: AccountId): Promise<{ readonly left: number; readonly of: number } | undefined>
}

/** What signin wants from remembered browsers. */
export interface BrowserMemory {
  /** `cookie` is kept by the browser and by nobody else. `instead`: what it kept before, which ends. */
  remember(
    realm: RealmStore,
    browser: { accountId: AccountId; label: string; days: number; instead?: string },
  ): Promise<{ readonly id: string; readonly cookie: string; readonly expiresAt: Date }>
  /** Notes that it was seen. `false`: not known, another account's, or too old. */
  recognise(realm: RealmStore, accountId: AccountId, cookie: string): Promise<boolean>
}

type WithoutContext<Event> = Event extends unknown ? Omit<Event, 'reference' | 'clientId' | 'source' | 'actor'> : never

/** What a step tells the audit trail; who asks, from where and under which reference is added for it. */
export type SigninEvent = WithoutContext<
  Extract<
    AuditEvent,
    {
      event:
        | `signin.${string}`
        | `factor.${string}`
        | `consent.${string}`
        | `recovery_code${string}`
        | 'access_pass.used'
        | 'enforcement.changed'
        | 'enforcement.postponed'
        | 'approval.asked'
        | 'browser.remembered'
    }
  >
>

/** What of a realm's settings sign-in looks at. */
export type SigninSettings = Pick<RealmSettings, 'trustedNetworks' | 'rememberBrowserDays' | 'disabledMethods' | 'smsPrefixes'>

export interface SigninParts {
  readonly interactions: Interactions
  /** Whose session this browser has, and since when. */
  readonly sessions: Pick<Sessions, 'current'>
  readonly accounts: PasswordCheck
  readonly factors: FactorCheck
  readonly recoveryCodes: RecoveryCodeMaking
  readonly rememberedBrowsers: BrowserMemory
  readonly passkeys: Passkeys
  readonly notices: Notices
  readonly audit: Pick<Audit, 'record'>
  readonly storeFor: (realmId: RealmId) => RealmStore
  readonly settingsOf: (realmId: RealmId) => Promise<SigninSettings>
  /** Whether the address lies in one of the realm's trusted networks. */
  readonly isTrustedNetwork: (settings: SigninSettings, source: string | undefined) => boolean
  /** How a telephone can be reached here: by what the configured senders can do. Absent: by text message. */
  readonly phoneChannels?: readonly ('sms' | 'voice')[]
  /** All of `work` or nothing of it. */
  readonly transaction: <T>(work: () => Promise<T>) => Promise<T>
  readonly clock: () => Date
}
