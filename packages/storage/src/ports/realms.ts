import type { RealmId } from '../identifiers.ts'
import type { ClientCredential } from './clients.ts'

/** What an administrator can set for a realm at run time. Durations in seconds. */
export interface RealmSettings {
  readonly accessTokenSeconds: number
  readonly idTokenSeconds: number
  readonly authorizationCodeSeconds: number
  readonly deviceCodeSeconds: number
  readonly sessionSeconds: number
  readonly interactionSeconds: number
  /** A refresh token unused for this long is dead (R41). */
  readonly refreshIdleSeconds: number
  /** A refresh family ends this long after its first token, however often it is used (R40). */
  readonly refreshAbsoluteSeconds: number
  /** How long the just-used refresh token gets the identical answer again; 0 switches it off. */
  readonly refreshReplaySeconds: number
  /** Networks (CIDR) from which a person with a password alone may set up a first factor. None: only with an access pass. */
  readonly trustedNetworks?: readonly string[]
  /** For how many days a browser may be remembered; absent or 0: never. */
  readonly rememberBrowserDays?: number
  /** Methods that nobody may use or set up here, e.g. `sms`. */
  readonly disabledMethods?: readonly string[]
  /** Beginnings of telephone numbers (E.164, e.g. `+49`) that messages may go to; absent: all. */
  readonly smsPrefixes?: readonly string[]
  /** Whose unknown mail apps wait for their owner, although the authentication policy allows passwords. Absent: `nobody`. */
  readonly gating?: Readonly<{ for: 'nobody' | 'everybody' | 'group'; group?: string; mode: 'on' | 'report-only' }>
  /** What an app may do that no access rule speaks of. Absent: `allow`. */
  readonly appAccess?: 'allow' | 'quarantine' | 'block'
  /** A portal session that was not used for so long ends. Absent: 15. */
  readonly portalIdleMinutes?: number
  /** Where this realm's mail servers are, for the files that mail clients are set up with. */
  readonly mailHosts?: MailHosts
  /** Whether apps may register themselves: with an invitation, or anybody as a public client. Absent: they may not. */
  readonly clientRegistration?: 'token' | 'open'
  /** Accent colour of the pages as a CSS colour, or `undefined` for the default. */
  readonly accent?: string
  /** `data:` URL of the logo, or `undefined`. */
  readonly logo?: string
}

/** By protocol. TCP ports with their kind of TLS; HTTP protocols with their address. */
export interface MailHosts {
  readonly imap?: MailHost
  readonly pop?: MailHost
  readonly smtp?: MailHost
  readonly activesync?: string
  readonly ews?: string
  readonly jmap?: string
}
export type MailHost = Readonly<{ host: string; port: number; tls: 'implicit' | 'starttls' }>

export interface Realm {
  readonly id: RealmId
  /** Shown to people. */
  readonly displayName: string
  /** Verified domains, lower case; the first is the primary one. */
  readonly domains: readonly string[]
  readonly status: 'active' | 'disabled'
  readonly settings: RealmSettings
  /** Grows with every change of the realm, its domains, signing keys, resources and policies (kept by triggers). */
  readonly version: number
  /** Tokens from before it count no more: the database was put back then ({@link RevocationStore.startAnew}). */
  readonly notBefore?: Date
  readonly createdAt: Date
}

export interface RealmDirectory {
  /** `'conflict'`: the id or one of the domains is taken. */
  add(realm: Omit<Realm, 'version' | 'notBefore'>): Promise<'added' | 'conflict'>
  find(id: RealmId): Promise<Realm | undefined>
  /** By a verified domain, case-insensitive. */
  findByDomain(domain: string): Promise<Realm | undefined>
  /** The current version alone: one indexed read. `undefined`: no such realm. */
  version(id: RealmId): Promise<number | undefined>
  list(): Promise<readonly Realm[]>
  /** Replaces the named members. `false`: no such realm. */
  change(id: RealmId, change: { displayName?: string; status?: Realm['status']; settings?: RealmSettings }): Promise<boolean>
  addDomain(id: RealmId, domain: string): Promise<'added' | 'conflict'>
  /** Does NOT look who still has an address in it. `false`: it is not of this realm, or its primary one, which stays. */
  removeDomain(id: RealmId, domain: string): Promise<boolean>
  /**
   * Who has a certificate, by the base64url SHA-1 of it: one client of one realm of the whole installation (R72), which is why
   * it is asked here. Disabled clients and realms count too; `clientId` is in the credential.
   */
  findCertificateHolder(x5t: string): Promise<CertificateHolder | undefined>
}

export interface CertificateHolder {
  readonly realmId: RealmId
  readonly credential: ClientCredential & { readonly kind: 'key' }
}
