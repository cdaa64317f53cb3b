import type { Account, MailApp, RealmStore } from '@postern/storage'
import { gatedOff, passwordSettingOf } from '../policy/mail/mail-access.ts'
import { type RealmMailRules, rulesOfAccount } from '../policy/mail/mail-rules.ts'
import { type MailProtocol, mailProtocols } from '../policy/mail/protocols.ts'
import { everyAccount } from './every-account.ts'

/** What changes for people when gating is switched on, or on for more of them. */
export interface GatingEffect {
  /** For whom gating is on afterwards. */
  readonly accounts: number
  /** By protocol: for how many of them it takes passwords now and none afterwards. */
  readonly switchedOff: Readonly<Partial<Record<MailProtocol, number>>>
  /** For how many some protocol takes the password alone now, and afterwards only from apps that were let in. */
  readonly mustActivate: number
  /** Active apps that used a protocol which is switched off, and app passwords for one. */
  readonly activeApps: number
  readonly appPasswords: number
}

/** Reads every account once, and the apps and app passwords of those for whom a protocol is switched off. */
export async function findGatingEffect(
  kept: RealmStore,
  change: { before: RealmMailRules; after: RealmMailRules; isGated: (account: Account) => boolean },
): Promise<GatingEffect> {
  const { before, after, isGated } = change
  const assignments = await hasAssignments(kept, before)
  const switchedOff: Partial<Record<MailProtocol, number>> = {}
  const effect = { accounts: 0, mustActivate: 0, activeApps: 0, appPasswords: 0 }
  for await (const account of everyAccount(kept)) {
    if (!isGated(account)) continue
    effect.accounts += 1
    const policyId = assignments ? await kept.authenticationPolicies.assigned(account.id) : undefined
    const [was, is] = [rulesOfAccount(before, policyId), rulesOfAccount(after, policyId)]
    const turns = mailProtocols.map((protocol) => ({
      protocol,
      from: passwordSettingOf(was, account, protocol),
      to: passwordSettingOf(is, account, protocol),
    }))
    const ended = turns.filter(({ protocol, from, to }) => gatedOff.includes(protocol) && from !== 'block' && to === 'block')
    for (const { protocol } of ended) switchedOff[protocol] = (switchedOff[protocol] ?? 0) + 1
    if (turns.some(({ from, to }) => from === 'allow' && to === 'approved')) effect.mustActivate += 1
    if (ended.length > 0) {
      const uses = (protocols: readonly string[]) => ended.some(({ protocol }) => protocols.includes(protocol))
      const apps = await kept.mailApps.list(account.id)
      effect.activeApps += apps.filter(({ state, protocols }) => state === 'active' && uses(protocols)).length
      effect.appPasswords += (await kept.appPasswords.list(account.id)).filter(({ protocols }) => uses(protocols)).length
    }
  }
  return Object.freeze({ ...effect, switchedOff: Object.freeze(switchedOff) })
}

async function hasAssignments(kept: RealmStore, { policies }: RealmMailRules): Promise<boolean> {
  for (const id of policies.keys()) if ((await kept.authenticationPolicies.countAssigned(id)) > 0) return true
  return false
}

/** Every app of the realm that is in this state, a page at a time, last tried first. */
export async function* everyMailApp(kept: RealmStore, state: MailApp['state']): AsyncGenerator<MailApp> {
  const limit = 1000
  for (let before: Date | undefined; ; ) {
    const page = await kept.mailApps.listAll({ state, limit, ...(before === undefined ? {} : { before }) })
    yield* page
    if (page.length < limit) return
    before = page.at(-1)?.lastTriedAt
  }
}
