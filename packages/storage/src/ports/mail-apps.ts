import type { AccountId } from '../identifiers.ts'
import type { Account } from './accounts.ts'
import type { AppPassword } from './app-passwords.ts'
import type { Enforcement } from './enforcement.ts'
import type { StoredPassword } from './passwords.ts'

/**
 * `pending`: the owner has not let it in yet. `quarantined`: an administrator has to. `blocked`: by the owner or an
 * administrator, until one of them says otherwise.
 */
export type MailAppState = 'pending' | 'quarantined' | 'active' | 'blocked'

/** What mail servers told about an app. Claims of the app, nothing of it is proved. */
export interface MailAppTraits {
  readonly deviceId?: string
  readonly deviceType?: string
  readonly model?: string
  readonly userAgent?: string
}

/** An app that knows only a password and that has tried to open a person's mail. To people: a tile. */
export interface MailApp {
  readonly id: string
  readonly accountId: AccountId
  /** Tells it from the account's other apps; made by sts/mailgate, unique in the account. */
  readonly identity: string
  /** What the person calls it; at first what it calls itself. */
  readonly label: string
  readonly traits: MailAppTraits
  /** In which it was seen, in order of first sight. */
  readonly protocols: readonly string[]
  /** Network that is part of the identity (CIDR), where the app does not name itself well enough. */
  readonly network?: string
  readonly state: MailAppState
  readonly firstTriedAt: Date
  readonly lastTriedAt: Date
  /** Network address of the last try. */
  readonly lastSource?: string
  readonly lastAllowedAt?: Date
  /** Of all tries, roughly: those of one minute may count as one. */
  readonly tries: number
  readonly decidedAt?: Date
  /** `owner`, `rule`, `app-password` (it showed one, nobody else decided), or an administrator as the audit trail names them. */
  readonly decidedBy?: string
  /** How the owner heard of it; absent: not yet. */
  readonly toldBy?: 'sms' | 'email' | 'nobody'
}

/**
 * All that the gate asks about one try, from one statement. It asks for every request of every app, so there is nothing in it
 * that no decision hangs on.
 */
export interface GateView {
  readonly account: GateAccount
  readonly password?: StoredPassword
  readonly app?: GateApp
  readonly appPassword?: GateAppPassword
  /** Id of the authentication policy assigned to the account. */
  readonly authenticationPolicyId?: string
}

export type GateAccount = Readonly<
  Pick<Account, 'id' | 'upn' | 'address' | 'displayName' | 'groups' | 'status'> & {
    enforcement?: Pick<Enforcement, 'state'>
  }
>
export type GateApp = Readonly<Pick<MailApp, 'id' | 'label' | 'state' | 'decidedBy' | 'lastSource'>>
export type GateAppPassword = Readonly<Omit<AppPassword, 'lookup' | 'createdBy' | 'lastSource' | 'lastProtocol'>>

export interface MailAppStore {
  /**
   * By UPN or any address, case-insensitive, with the app of that identity and the app password of that `lookup`, if any.
   * One indexed read; takes part in no transaction of its own. Expired app passwords are given too.
   */
  look(asked: { name: string; identity: string; lookup?: string }): Promise<GateView | undefined>
  /**
   * `'known'`: the account has one of that identity already; nothing was changed. `'full'`: it has `most` that are neither active nor
   * blocked. Two at once make one.
   */
  add(app: MailApp, bounds: { most: number }): Promise<'added' | 'known' | 'full'>
  find(accountId: AccountId, id: string): Promise<MailApp | undefined>
  /** Pending ones first, then quarantined, active, blocked; last tried first. */
  list(accountId: AccountId): Promise<readonly MailApp[]>
  /** Of the whole realm, last tried first. `before`: the `lastTriedAt` of the last one seen. */
  listAll(page: { state?: MailAppState; before?: Date; limit: number }): Promise<readonly MailApp[]>
  /** Notes a try. `allowed`: it was let in. Adds the protocol where it is new. `false`: gone. */
  seen(
    id: string,
    tried: { at: Date; allowed: boolean; protocol: string; source?: string; traits?: MailAppTraits },
  ): Promise<boolean>
  /**
   * `basedOn`: the app as whoever decides saw it. `false`: gone, not in one of the states `from` any more, or somebody else has
   * decided since.
   */
  decide(
    id: string,
    decision: { state: MailAppState; from: readonly MailAppState[]; at: Date; by: string; basedOn?: Pick<MailApp, 'decidedBy'> },
  ): Promise<boolean>
  rename(accountId: AccountId, id: string, label: string): Promise<boolean>
  /** With the app passwords that are bound to it. `basedOn` as with {@link MailAppStore.decide}. */
  remove(accountId: AccountId, id: string, basedOn?: Pick<MailApp, 'decidedBy'>): Promise<boolean>
  /**
   * Takes at most `limit` whose owners have not been told and that nobody else has taken, and keeps others from them until
   * `until`. Oldest first. Never waits for others.
   */
  takeUntold(due: { now: Date; until: Date; limit: number }): Promise<readonly MailApp[]>
  told(id: string, by: NonNullable<MailApp['toldBy']>): Promise<boolean>
}
