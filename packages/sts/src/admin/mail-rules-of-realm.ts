import { mailRulesOf, type RealmMailRules } from '../policy/mail/mail-rules.ts'
import type { RealmPorts } from './operation.ts'

/**
 * The rules as live requests have them, of the settings that the realm has now.
 * @throws {PolicyError} where what is kept cannot be read: no administrator's input is wrong then
 */
export async function loadMailRules({
  kept,
  realm,
  store,
}: Pick<RealmPorts, 'kept' | 'realm' | 'store'>): Promise<RealmMailRules> {
  const { settings } = (await store.realms.find(realm.id)) ?? realm
  return mailRulesOf(await kept.authenticationPolicies.list(), await kept.appAccessRules.list(), settings)
}
