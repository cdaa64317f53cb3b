/** The names of a resource, and what goes with them when they change. */
import { isDeepStrictEqual } from 'node:util'
import { parsePolicy } from '../policy/policy.ts'
import type { RealmPorts } from './operation.ts'
import { renameResources } from './policy-resources.ts'

/** The audience is a name too; so is its twin with or without a slash at the end, because mail clients send either (F§3.1). */
export function namesOf(audience: string, further: readonly string[]): readonly string[] {
  const twin = audience.endsWith('/') ? audience.slice(0, -1) : `${audience}/`
  const { pathname, protocol } = new URL(audience)
  const twins = pathname === '/' && /^https?:$/.test(protocol) ? [twin] : []
  return Object.freeze([...new Set([audience, ...twins, ...further])])
}

/** Policies name a resource by its audience, so they go with it; else a rule about it would silently end. */
export async function followAudience(
  { kept, clock }: Pick<RealmPorts, 'kept' | 'clock'>,
  { from, to }: { from: string; to: string },
): Promise<void> {
  for (const policy of await kept.policies.list()) {
    const { definition } = renameResources(parsePolicy(policy.definition), (name) => (name === from ? to : name))
    if (isDeepStrictEqual(definition, policy.definition)) continue
    await kept.policies.put(Object.freeze({ ...policy, definition: { ...definition }, updatedAt: clock() }))
  }
}
