import type { Account, MailApp, RealmStore } from '@postern/storage'
import type { PasswordSetting } from '../policy/mail/authentication-policy.ts'
import { gatedOff, passwordSettingOf } from '../policy/mail/mail-access.ts'
import { type RealmMailRules, rulesOfAccount } from '../policy/mail/mail-rules.ts'
import { type MailProtocol, mailProtocols } from '../policy/mail/protocols.ts'
import { everyAccount } from './every-account.ts'

type Counts = Readonly<Partial<Record<MailProtocol, number>>>

/** What changes for people when gating changes, in both directions. */
export interface GatingEffect {
  /** For whom gating is on afterwards. */
  readonly accounts: number
  /** By protocol: for how many of them it takes passwords now and none afterwards. */
  readonly switchedOff: Counts
  /** By protocol: for how many people it takes no passwords now and takes some afterwards. */
  readonly openedAgain: Counts
  /** For how many some protocol takes the password alone now, and afterwards only from apps that were let in. */
  readonly mustActivate: number
  /** For how many some protocol takes the password only from apps that were let in now, and afterwards alone. */
  readonly mayStopActivating: number
  /** Active apps that used a protocol which is switched off, and app passwords for one. */
  readonly activeApps: number
  readonly appPasswords: number
}

/**
 * Reads every account once, and the apps and app passwords of those for whom a protocol is switched off. What is taken away is
 * counted by `wanted`, as though it were enforced; what is given back by `after`, which is what will really hold.
 */
export async function findGatingEffect(
  kept: RealmStore,
  change: { before: RealmMailRules; after: RealmMailRules; wanted: RealmMailRules; isGated: (account: Account) => boolean },
): Promise<GatingEffect> {
  const { before, after, wanted, isGated } = change
  const assignments = await hasAssignments(kept, before)
  const switchedOff: Partial<Record<MailProtocol, number>> = {}
  const openedAgain: Partial<Record<MailProtocol, number>> = {}
  const effect = { accounts: 0, mustActivate: 0, mayStopActivating: 0, activeApps: 0, appPasswords: 0 }
  for await (const account of everyAccount(kept)) {
    if (isGated(account)) effect.accounts += 1
    const policyId = assignments ? await kept.authenticationPolicies.assigned(account.id) : undefined
    const [was, is, would] = [before, after, wanted].map((rules) => {
      const own = rulesOfAccount(rules, policyId)
      return (protocol: MailProtocol) => passwordSettingOf(own, account, protocol)
    }) as [Setting, Setting, Setting] // of three come three
    const ended = gatedOff.filter((protocol) => was(protocol) !== 'block' && would(protocol) === 'block')
    for (const protocol of ended) switchedOff[protocol] = (switchedOff[protocol] ?? 0) + 1
    for (const protocol of gatedOff)
      if (was(protocol) === 'block' && is(protocol) !== 'block') openedAgain[protocol] = (openedAgain[protocol] ?? 0) + 1
    if (mailProtocols.some((one) => was(one) === 'allow' && would(one) === 'approved')) effect.mustActivate += 1
    if (mailProtocols.some((one) => was(one) === 'approved' && is(one) === 'allow')) effect.mayStopActivating += 1
    if (ended.length > 0) {
      const uses = (protocols: readonly string[]) => ended.some((protocol) => protocols.includes(protocol))
      const apps = await kept.mailApps.list(account.id)
      effect.activeApps += apps.filter(({ state, protocols }) => state === 'active' && uses(protocols)).length
      effect.appPasswords += (await kept.appPasswords.list(account.id)).filter(({ protocols }) => uses(protocols)).length
    }
  }
  return Object.freeze({ ...effect, switchedOff: Object.freeze(switchedOff), openedAgain: Object.freeze(openedAgain) })
}

type Setting = (protocol: MailProtocol) => PasswordSetting

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
