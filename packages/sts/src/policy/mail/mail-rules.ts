import { type AppAccess, type AppAccessRule, createAppAccessRule } from './app-access-rule.ts'
import { type AuthenticationPolicy, createAuthenticationPolicy } from './authentication-policy.ts'

/** For whom mail apps wait for their owner, whatever the authentication policy allows. */
export interface Gating {
  readonly for: 'nobody' | 'everybody' | 'group'
  readonly group?: string
  readonly mode: 'on' | 'report-only'
}

/** All that is held against one try. */
export interface MailRules {
  /** The account's own. */
  readonly assigned?: AuthenticationPolicy
  /** The realm's, for accounts without one of their own. */
  readonly standard?: AuthenticationPolicy
  readonly accessRules: readonly AppAccessRule[]
  /** For apps that no access rule speaks of. */
  readonly appAccess: AppAccess
  readonly gating?: Gating
}

/** The rules of a realm. With {@link rulesOfAccount} they become those of one account. */
export interface RealmMailRules extends Omit<MailRules, 'assigned'> {
  readonly policies: ReadonlyMap<string, AuthenticationPolicy>
}

/**
 * Makes what is stored of a realm ready, for live requests and for try-outs alike.
 * @throws {PolicyError} where one of them cannot be read. The caller must then refuse.
 */
export function mailRulesOf(
  storedPolicies: readonly (Parameters<typeof createAuthenticationPolicy>[0] & { readonly isDefault: boolean })[],
  storedRules: readonly Parameters<typeof createAppAccessRule>[0][],
  settings: { readonly gating?: Gating; readonly appAccess?: AppAccess },
): RealmMailRules {
  const policies = new Map(storedPolicies.map((stored) => [stored.id, createAuthenticationPolicy(stored)]))
  const standard = policies.get(storedPolicies.find(({ isDefault }) => isDefault)?.id ?? '')
  return Object.freeze({
    policies,
    ...(standard && { standard }),
    accessRules: Object.freeze(storedRules.map(createAppAccessRule)),
    appAccess: settings.appAccess ?? 'allow',
    ...(settings.gating && { gating: settings.gating }),
  })
}

/** `policyId`: of the policy that is assigned to the account, if any. */
export function rulesOfAccount(rules: RealmMailRules, policyId: string | undefined): MailRules {
  const assigned = policyId === undefined ? undefined : rules.policies.get(policyId)
  return assigned === undefined ? rules : { ...rules, assigned }
}
