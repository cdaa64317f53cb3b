import type { RealmStore, StoredAppAccessRule } from '@postern/storage'
import { z } from 'zod'
import { appAccesses, createAppAccessRule, parseAppMatch } from '../../policy/mail/app-access-rule.ts'
import type { RealmMailRules } from '../../policy/mail/mail-rules.ts'
import { PolicyError } from '../../policy/policy.ts'
import { OperationRefused } from '../errors.ts'
import { shownText, when } from '../fields.ts'
import { countRefusedApps } from '../mail-access-effect.ts'
import { mailProtocolList, ruleMode } from '../mail-fields.ts'
import { loadMailRules } from '../mail-rules-of-realm.ts'
import { operation, type RealmPorts } from '../operation.ts'

const ruleView = z.object({
  id: z.uuid(),
  name: z.string(),
  mode: ruleMode,
  access: z.enum(appAccesses),
  deviceType: z.array(z.string()).optional(),
  model: z.array(z.string()).optional(),
  userAgent: z.array(z.string()).optional(),
  protocol: z.array(z.string()).optional(),
  createdAt: when,
  updatedAt: when,
})
const columns = ['name', 'access', 'mode', 'deviceType', 'model', 'userAgent', 'protocol']
const some = z.object({ rule: shownText('Id or name of the rule') })
const changedView = { activeAppsRefused: z.number().int().describe('Active apps that are refused now and were not before') }

function toView(stored: StoredAppAccessRule): z.input<typeof ruleView> {
  const { deviceType, model, userAgent, protocol } = createAppAccessRule(stored).match
  return {
    id: stored.id,
    name: stored.name,
    mode: stored.mode,
    access: stored.access,
    ...(deviceType && { deviceType: [...deviceType] }),
    ...(model && { model: [...model] }),
    ...(userAgent && { userAgent: [...userAgent] }),
    ...(protocol && { protocol: [...protocol] }),
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
  }
}

async function findRule(kept: RealmStore, name: string): Promise<StoredAppAccessRule | undefined> {
  const all = await kept.appAccessRules.list()
  return all.find(({ id }) => id === name) ?? all.find((one) => one.name.toLowerCase() === name.toLowerCase())
}

const patterns = (what: string) =>
  z.array(z.string().min(1).max(256)).optional().describe(`${what}; * stands for any text; may be repeated`)

/** Does the change, and says how many apps that were let in it keeps out. */
async function countingRefused<T>(at: RealmPorts, change: () => Promise<T>): Promise<{ done: T; activeAppsRefused: number }> {
  const before: RealmMailRules = await loadMailRules(at)
  const done = await change()
  return { done, activeAppsRefused: await countRefusedApps(at.kept, { before, after: await loadMailRules(at) }) }
}

const tellRefused = ({ activeAppsRefused: count }: { activeAppsRefused: number }): string | undefined =>
  count === 0
    ? undefined
    : `${count} mail app${count === 1 ? '' : 's'} that people use now ${count === 1 ? 'is' : 'are'} refused from now on. To see one: postern mailapp list --state active, then postern mailapp try`

export const mailAppRuleOperations = [
  operation({
    name: 'mailapp.access',
    summary: 'What mail apps may do that no access rule speaks of: all, wait for an administrator, or nothing',
    scope: 'realm',
    positional: ['access'],
    input: z.object({ access: z.enum(appAccesses).describe('The default level') }),
    output: z.object({ access: z.enum(appAccesses), allowRules: z.number().int(), ...changedView }),
    next: ({ access, allowRules, ...output }) =>
      access === 'block' && allowRules === 0
        ? "No rule allows any mail app, so nobody opens mail by one now, tokens included. To allow one: postern mailapp rule-put '<name>' --access allow --device-type '<type>'"
        : tellRefused(output),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: `app access: ${output.access}` }),
    run: async ({ input: { access }, at }) => {
      const { activeAppsRefused } = await countingRefused(at, async () => {
        const realm = await at.store.realms.find(at.realm.id)
        if (realm === undefined) throw new OperationRefused('missing', 'The realm is gone. See: postern realm list')
        await at.store.realms.change(realm.id, { settings: { ...realm.settings, appAccess: access } })
      })
      const rules = await at.kept.appAccessRules.list()
      return { access, activeAppsRefused, allowRules: rules.filter((one) => one.mode === 'on' && one.access === 'allow').length }
    },
  }),
  operation({
    name: 'mailapp.rule-put',
    summary: 'Add an access rule for mail apps, or replace the one with this name. Enforced at once unless --mode says otherwise',
    scope: 'realm',
    positional: ['rule'],
    input: some.extend({
      access: z
        .enum(appAccesses)
        .describe('For apps that match everything given here; of several rules block wins, then quarantine'),
      deviceType: patterns('What ActiveSync apps call their kind of device, e.g. iPhone or Outlook'),
      model: patterns('Model of the device'),
      userAgent: patterns('User agent, or the name and version that an IMAP app tells'),
      protocol: mailProtocolList('Mail protocols').optional(),
      mode: ruleMode.optional().describe('on when left out, or as the rule was; report-only: judged and told, not enforced'),
    }),
    output: ruleView.extend(changedView),
    columns: [...columns, 'activeAppsRefused'],
    next: tellRefused,
    errors: ['conflict', 'policy_invalid'],
    changed: ({ output }) => ({ subject: `${output.name}: ${output.access} ${output.mode}` }),
    run: async ({ input: { rule: name, access, mode, ...match }, at }) => {
      const { done, activeAppsRefused } = await countingRefused(at, async () => {
        const existing = await findRule(at.kept, name)
        const now = at.clock()
        const rule: StoredAppAccessRule = Object.freeze({
          id: existing?.id ?? at.newId(),
          name: existing?.name ?? name,
          mode: mode ?? existing?.mode ?? 'on',
          access,
          match: readMatch(match),
          createdAt: existing?.createdAt ?? now,
          updatedAt: now,
        })
        if ((await at.kept.appAccessRules.put(rule)) === 'conflict')
          throw new OperationRefused('conflict', `Another access rule is named ${rule.name}. See: postern mailapp rule-list`)
        return rule
      })
      return { ...toView(done), activeAppsRefused }
    },
  }),
  operation({
    name: 'mailapp.rule-list',
    summary: 'List the access rules for mail apps',
    scope: 'realm',
    input: z.object({}),
    output: z.array(ruleView),
    columns,
    errors: [],
    run: async ({ at: { kept } }) => (await kept.appAccessRules.list()).map(toView),
  }),
  operation({
    name: 'mailapp.rule-remove',
    summary: 'Remove an access rule for mail apps',
    scope: 'realm',
    positional: ['rule'],
    input: some,
    output: z.object({ removed: z.string(), ...changedView }),
    next: tellRefused,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at }) => {
      const { done, activeAppsRefused } = await countingRefused(at, async () => {
        const rule = await findRule(at.kept, input.rule)
        if (rule === undefined || !(await at.kept.appAccessRules.remove(rule.id)))
          throw new OperationRefused(
            'missing',
            `There is no access rule ${input.rule} in this realm. See: postern mailapp rule-list`,
          )
        return rule.name
      })
      return { removed: done, activeAppsRefused }
    },
  }),
]

/** Without the members that were left out. @throws {OperationRefused} `policy_invalid` */
function readMatch(match: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return { ...parseAppMatch(Object.fromEntries(Object.entries(match).filter(([, value]) => value !== undefined))) }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const problems = error.problems.map((one) =>
      one.startsWith('must have at least one') ? 'Say which apps: device-type, model, user-agent or protocol' : one,
    )
    throw new OperationRefused('policy_invalid', problems.join('; '), { problems, cause: error })
  }
}
