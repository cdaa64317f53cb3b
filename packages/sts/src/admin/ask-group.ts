import type { AccountId } from '@postern/storage'
import { everyAccount } from './every-account.ts'
import type { RealmPorts } from './operation.ts'

/**
 * Everybody in the group now is asked to set up a second factor. Whoever is `enforced` stays so: asking is never demanding
 * less. With a campaign those take part in it as well. Returns how many are asked, and how many stay as they are.
 */
export async function askGroup(
  { kept, clock }: RealmPorts,
  group: string,
  campaignId?: string,
): Promise<Readonly<{ asked: number; stay: number }>> {
  const members: Record<'enabled' | 'enforced', AccountId[]> = { enabled: [], enforced: [] }
  for await (const { id, groups, enforcement } of everyAccount(kept))
    if (groups.includes(group)) members[enforcement?.state === 'enforced' ? 'enforced' : 'enabled'].push(id)
  const of = campaignId === undefined ? {} : { campaignId }
  const { enabled, enforced } = members
  if (enabled.length > 0) await kept.enforcement.set(enabled, { state: 'enabled', at: clock(), ...of })
  if (enforced.length > 0 && campaignId !== undefined)
    await kept.enforcement.set(enforced, { state: 'enforced', at: clock(), campaignId })
  return Object.freeze({ asked: enabled.length, stay: enforced.length })
}
