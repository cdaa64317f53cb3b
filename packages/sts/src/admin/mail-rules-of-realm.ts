import { mailRulesOf, type RealmMailRules } from '../policy/mail/mail-rules.ts'
import { PolicyError } from '../policy/policy.ts'
import { OperationRefused } from './errors.ts'
import type { RealmPorts } from './operation.ts'

/** The rules as live requests have them, of the settings that the realm has now. @throws {OperationRefused} `policy_invalid` */
export async function loadMailRules({
  kept,
  realm,
  store,
}: Pick<RealmPorts, 'kept' | 'realm' | 'store'>): Promise<RealmMailRules> {
  const { settings } = (await store.realms.find(realm.id)) ?? realm
  try {
    return mailRulesOf(await kept.authenticationPolicies.list(), await kept.appAccessRules.list(), settings)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new OperationRefused('policy_invalid', error.message, { problems: error.problems, cause: error })
  }
}
