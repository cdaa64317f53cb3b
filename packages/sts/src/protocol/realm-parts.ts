import type { AssertionValidator } from '@postern/resource-server'
import type { Delegation, MailServer, Realm, RealmStore, Resource } from '@postern/storage'
import type { Provider } from 'oidc-provider'
import type { RealmMailRules } from '../policy/mail/mail-rules.ts'
import type { Policy } from '../policy/policy.ts'
import type { KeyRing } from './issued-jwt.ts'
import type { PrincipalDirectory } from './principals.ts'
import type { KeyUse } from './signing-keys.ts'

/** What of a realm is read once and kept until its version changes. */
export interface RealmParts {
  readonly realm: Realm
  /** `{base}/{realm GUID}`. */
  readonly issuer: string
  readonly store: RealmStore
  readonly resources: readonly Resource[]
  readonly policies: readonly Policy[]
  readonly mail: {
    /** Which ways of signing in mail apps may use, and which apps. */
    readonly rules: RealmMailRules
    /** Clients that may ask the gate, by client id. Their credentials and whether they are disabled stand with the client. */
    readonly servers: ReadonlyMap<string, MailServer>
  }
  /** Servers that may prove themselves by a certificate. */
  readonly principals: PrincipalDirectory
  /** Who may act for people, and where. */
  readonly delegations: readonly Delegation[]
  /** Reads what those servers sign to prove themselves here. */
  readonly assertions: AssertionValidator
  /** The realm part of a principal, as others may spell it: the GUID first, then the domains. */
  readonly realmSpellings: readonly string[]
  readonly keys: KeyUse
  readonly ring: KeyRing
}

/** A realm ready to answer: its settings, keys and oidc-provider. */
export interface RealmRuntime extends RealmParts {
  readonly provider: Provider
}
