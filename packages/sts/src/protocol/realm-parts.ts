import type { Realm, RealmStore, Resource } from '@postern/storage'
import type { Provider } from 'oidc-provider'
import type { Policy } from '../policy/policy.ts'
import type { KeyRing } from './issued-jwt.ts'
import type { KeyUse } from './signing-keys.ts'

/** What of a realm is read once and kept until its version changes. */
export interface RealmParts {
  readonly realm: Realm
  /** `{base}/{realm GUID}`. */
  readonly issuer: string
  readonly store: RealmStore
  readonly resources: readonly Resource[]
  readonly policies: readonly Policy[]
  readonly keys: KeyUse
  readonly ring: KeyRing
}

/** A realm ready to answer: its settings, keys and oidc-provider. */
export interface RealmRuntime extends RealmParts {
  readonly provider: Provider
}
