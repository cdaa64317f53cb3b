import type { RealmStore } from '@postern/storage'
import { decideMailAccess, type MailRules } from '../policy/mail/mail-access.ts'
import type { RealmMailRules } from '../policy/mail/mail-rules.ts'
import { findMailProtocol } from '../policy/mail/protocols.ts'
import { everyMailApp } from './gating-effect.ts'

/** How many active apps of the realm access rules refuse afterwards and did not before, by any protocol that they use. */
export async function countRefusedApps(
  kept: RealmStore,
  change: { before: RealmMailRules; after: RealmMailRules },
): Promise<number> {
  const [before, after] = [accessOnly(change.before), accessOnly(change.after)]
  let count = 0
  for await (const { traits, protocols } of everyMailApp(kept, 'active')) {
    const { deviceType, model, userAgent } = traits
    const app = {
      state: 'active' as const,
      ...(deviceType && { deviceType }),
      ...(model && { model }),
      ...(userAgent && { userAgent }),
    }
    const isRefused = (rules: MailRules) =>
      protocols.some((name) => {
        const protocol = findMailProtocol(name)
        return (
          protocol !== undefined &&
          decideMailAccess(rules, { account: nobody, protocol, shown: 'token', app }).outcome !== 'allow'
        )
      })
    if (!isRefused(before) && isRefused(after)) count += 1
  }
  return count
}

/** Tokens are taken everywhere where no policy says otherwise, so what is left is what access rules say. */
const accessOnly = ({ accessRules, appAccess }: RealmMailRules): MailRules => ({ accessRules, appAccess })

const nobody = Object.freeze({ id: '', upn: '', groups: Object.freeze([]) })
