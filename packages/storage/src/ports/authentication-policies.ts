import type { AccountId } from '../identifiers.ts'

/** Which ways of signing in mail protocols may use, as it is kept. What `definition` means is known to `sts/policy`. */
export interface StoredAuthenticationPolicy {
  readonly id: string
  /** Unique in the realm. */
  readonly name: string
  readonly mode: 'on' | 'report-only' | 'off'
  readonly definition: Readonly<Record<string, unknown>>
  /** Holds for every account without one of its own. At most one of the realm. Set by `setDefault` alone. */
  readonly isDefault: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** Every change but an assignment counts as a change of the realm. */
export interface AuthenticationPolicyStore {
  list(): Promise<readonly StoredAuthenticationPolicy[]>
  /** Adds or replaces; `isDefault` of an existing one stays. `'conflict'`: another one has the name. */
  put(policy: Omit<StoredAuthenticationPolicy, 'isDefault'>): Promise<'put' | 'conflict'>
  /** Its assignments end with it. */
  remove(id: string): Promise<boolean>
  /** `undefined`: none is. `false`: no such policy. */
  setDefault(id: string | undefined): Promise<boolean>
  /** `undefined`: the account has none of its own any more. `false`: no such account or policy. */
  assign(accountId: AccountId, policyId: string | undefined): Promise<boolean>
  assigned(accountId: AccountId): Promise<string | undefined>
  /** How many accounts have it assigned. */
  countAssigned(id: string): Promise<number>
}

/** Which apps may be used at all, as it is kept. What `match` means is known to `sts/policy`. */
export interface StoredAppAccessRule {
  readonly id: string
  /** Unique in the realm. */
  readonly name: string
  readonly mode: 'on' | 'report-only' | 'off'
  readonly access: 'allow' | 'quarantine' | 'block'
  readonly match: Readonly<Record<string, unknown>>
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** Every change counts as a change of the realm. */
export interface AppAccessRuleStore {
  list(): Promise<readonly StoredAppAccessRule[]>
  put(rule: StoredAppAccessRule): Promise<'put' | 'conflict'>
  remove(id: string): Promise<boolean>
}
