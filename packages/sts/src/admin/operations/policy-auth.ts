import type { RealmStore, StoredAuthenticationPolicy } from '@postern/storage'
import { z } from 'zod'
import {
  type AuthenticationDefinition,
  createAuthenticationPolicy,
  type PasswordSetting,
  passwordSettings,
} from '../../policy/mail/authentication-policy.ts'
import { type MailProtocol, mailProtocols } from '../../policy/mail/protocols.ts'
import { readAuthenticationPolicies } from '../authentication-import.ts'
import { OperationRefused } from '../errors.ts'
import { shownText, when } from '../fields.ts'
import { mailProtocolList, ruleMode } from '../mail-fields.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { requireAccount } from '../require-account.ts'

const authView = z.object({
  id: z.uuid(),
  name: z.string(),
  mode: ruleMode,
  isDefault: z.boolean(),
  /** Accounts that have it as their own. */
  assigned: z.number().int(),
  allowBasicAuth: z.array(z.string()),
  approvedOnly: z.array(z.string()),
  appPasswordsOnly: z.array(z.string()),
  blockLegacyAuth: z.array(z.string()),
  blockModernAuth: z.array(z.string()),
  appPasswords: z.boolean(),
  createdAt: when,
  updatedAt: when,
})
const columns = [
  'name',
  'mode',
  'isDefault',
  'assigned',
  'allowBasicAuth',
  'approvedOnly',
  'appPasswordsOnly',
  'blockLegacyAuth',
  'blockModernAuth',
  'appPasswords',
]
const some = z.object({ policy: shownText('Id or name of the authentication policy') })
const mode = ruleMode.describe('report-only: judged and told, not enforced')

async function toView(kept: RealmStore, stored: StoredAuthenticationPolicy): Promise<z.input<typeof authView>> {
  const { definition } = createAuthenticationPolicy(stored)
  const passwordsOf = (setting: PasswordSetting) =>
    mailProtocols.filter((protocol) => definition.password?.[protocol] === setting)
  return {
    id: stored.id,
    name: stored.name,
    mode: stored.mode,
    isDefault: stored.isDefault,
    assigned: await kept.authenticationPolicies.countAssigned(stored.id),
    allowBasicAuth: passwordsOf('allow'),
    approvedOnly: passwordsOf('approved'),
    appPasswordsOnly: passwordsOf('app-password'),
    blockLegacyAuth: passwordsOf('block'),
    blockModernAuth: mailProtocols.filter((protocol) => definition.modern?.[protocol] === false),
    appPasswords: definition.appPasswords ?? true,
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
  }
}

async function findPolicy(kept: RealmStore, name: string): Promise<StoredAuthenticationPolicy | undefined> {
  const all = await kept.authenticationPolicies.list()
  return all.find(({ id }) => id === name) ?? all.find((one) => one.name.toLowerCase() === name.toLowerCase())
}

/** @throws {OperationRefused} `missing` */
async function requirePolicy(kept: RealmStore, name: string): Promise<StoredAuthenticationPolicy> {
  const policy = await findPolicy(kept, name)
  if (policy === undefined)
    throw new OperationRefused(
      'missing',
      `There is no authentication policy ${name} in this realm. See: postern policy auth-list`,
    )
  return policy
}

async function put(
  { kept, clock, newId }: RealmPorts,
  wanted: { name: string; definition: AuthenticationDefinition; mode: z.output<typeof mode> | undefined },
): Promise<{ stored: StoredAuthenticationPolicy; isNew: boolean }> {
  const existing = await findPolicy(kept, wanted.name)
  const now = clock()
  const policy = Object.freeze({
    id: existing?.id ?? newId(),
    name: existing?.name ?? wanted.name,
    // It holds for nobody until it is assigned or made the default, and that is when somebody wants it to hold.
    mode: wanted.mode ?? existing?.mode ?? 'on',
    definition: { ...wanted.definition },
    createdAt: existing?.createdAt ?? now,
    updatedAt: now,
  })
  if ((await kept.authenticationPolicies.put(policy)) === 'conflict')
    throw new OperationRefused('conflict', `Another authentication policy is named ${policy.name}. See: postern policy auth-list`)
  return { stored: { ...policy, isDefault: existing?.isDefault ?? false }, isNew: existing === undefined }
}

/** @throws {OperationRefused} `invalid` for a protocol that is named in two ways at once, or left to app passwords that nobody may have. */
function definitionOf(wanted: {
  allow: readonly MailProtocol[] | undefined
  approved: readonly MailProtocol[] | undefined
  'app-password': readonly MailProtocol[] | undefined
  block: readonly MailProtocol[] | undefined
  blockModern: readonly MailProtocol[] | undefined
  appPasswords: boolean
}): AuthenticationDefinition {
  const named = passwordSettings.flatMap((setting) => (wanted[setting] ?? []).map((protocol) => [protocol, setting] as const))
  const twice = named.map(([protocol]) => protocol).filter((protocol, index, all) => all.indexOf(protocol) !== index)
  if (twice.length > 0)
    throw new OperationRefused(
      'invalid',
      `${[...new Set(twice)].join(', ')}: each protocol may be in one of allow-basic-auth, approved-only, app-passwords-only and block-legacy-auth only`,
    )
  if (!wanted.appPasswords && (wanted['app-password'] ?? []).length > 0)
    throw new OperationRefused(
      'invalid',
      'no-app-passwords leaves nothing of app-passwords-only. To take no password of any kind by these protocols: --block-legacy-auth',
    )
  const modern = (wanted.blockModern ?? []).map((protocol) => [protocol, false] as const)
  return {
    ...(named.length > 0 && { password: Object.fromEntries(named) }),
    ...(modern.length > 0 && { modern: Object.fromEntries(modern) }),
    ...(!wanted.appPasswords && { appPasswords: false }),
  }
}

const holdsForNobody = ({ name, mode, isDefault, assigned }: z.output<typeof authView>): string | undefined => {
  if (!isDefault && assigned === 0)
    return `It holds for nobody yet. For one account: postern policy auth-assign <account> '${name}'. For all without one of their own: postern policy auth-default '${name}'`
  return mode === 'on'
    ? undefined
    : `It is ${mode} and changes nothing. To enforce it: postern policy auth-put '${name}' … --mode on`
}

export const policyAuthOperations = [
  operation({
    name: 'policy.auth-put',
    summary:
      'Add an authentication policy, or replace all of the one with this name: by which protocols mail apps may come with a password or a token',
    scope: 'realm',
    positional: ['policy'],
    input: some.extend({
      allowBasicAuth: mailProtocolList("Protocols for which the account's own password is enough (AllowBasicAuth…)").optional(),
      approvedOnly: mailProtocolList(
        'Protocols for app passwords, and for apps that their owner let in; so are all that are not named',
      ).optional(),
      appPasswordsOnly: mailProtocolList(
        "Protocols for app passwords alone: the account's own password opens none of them, not even from an app that was let in",
      ).optional(),
      blockLegacyAuth: mailProtocolList('Protocols that take no password of any kind (BlockLegacyAuth…)').optional(),
      blockModernAuth: mailProtocolList('Protocols that take no token (BlockModernAuth…)').optional(),
      appPasswords: z.boolean().default(true).describe('--no-app-passwords: people may neither make nor use app passwords'),
      mode: mode.optional(),
    }),
    output: authView,
    next: holdsForNobody,
    errors: ['conflict', 'invalid'],
    changed: ({ output }) => ({ subject: `${output.name}: ${output.mode}` }),
    run: async ({ input, at }) => {
      const definition = definitionOf({
        allow: input.allowBasicAuth,
        approved: input.approvedOnly,
        'app-password': input.appPasswordsOnly,
        block: input.blockLegacyAuth,
        blockModern: input.blockModernAuth,
        appPasswords: input.appPasswords,
      })
      return toView(at.kept, (await put(at, { name: input.policy, definition, mode: input.mode })).stored)
    },
  }),
  operation({
    name: 'policy.auth-import',
    summary: 'Take over authentication policies of Exchange: what Get-AuthenticationPolicy | ConvertTo-Json wrote',
    scope: 'realm',
    positional: ['policies'],
    input: z.object({
      policies: z.union([z.array(z.record(z.string(), z.unknown())), z.record(z.string(), z.unknown())]).meta({
        description: 'The JSON: one policy or a list. One with the name of an existing policy replaces it',
        file: 'json',
      }),
      mode: mode.optional(),
    }),
    output: z.array(authView.extend({ result: z.enum(['added', 'replaced']), ignored: z.array(z.string()) })),
    columns: ['result', ...columns],
    present: (policies) => ({
      text: policies
        .flatMap(({ name, result, ...one }) => [
          `${result} ${name} (${one.mode})`,
          `  takes the password: ${listed(one.allowBasicAuth)}`,
          `  takes no password:  ${listed(one.blockLegacyAuth)}`,
          `  takes no token:     ${listed(one.blockModernAuth)}`,
          `  means nothing here: ${listed(one.ignored)}`,
        ])
        .join('\n'),
      note: 'All other protocols take app passwords, and passwords from apps that their owner let in. Assign each policy (policy auth-assign) or make one the default (policy auth-default).',
    }),
    errors: ['conflict', 'invalid'],
    changed: ({ output }) => ({
      subject: output
        .map(({ name }) => name)
        .join(', ')
        .slice(0, 400),
    }),
    run: async ({ input, at }) => {
      const results: (z.input<typeof authView> & { result: 'added' | 'replaced'; ignored: string[] })[] = []
      for (const { name, definition, ignored } of readAuthenticationPolicies(input.policies)) {
        const { stored, isNew } = await put(at, { name, definition, mode: input.mode })
        results.push({ ...(await toView(at.kept, stored)), result: isNew ? 'added' : 'replaced', ignored: [...ignored] })
      }
      return results
    },
  }),
  operation({
    name: 'policy.auth-list',
    summary: 'List the authentication policies of mail apps',
    scope: 'realm',
    input: z.object({}),
    output: z.array(authView),
    columns,
    errors: [],
    run: async ({ at: { kept } }) => Promise.all((await kept.authenticationPolicies.list()).map((one) => toView(kept, one))),
  }),
  operation({
    name: 'policy.auth-default',
    summary: 'Make an authentication policy hold for every account without one of its own',
    scope: 'realm',
    positional: ['policy'],
    input: z.object({
      policy: shownText('Id or name of the authentication policy').optional(),
      none: z.boolean().default(false).describe('No policy any more: the built-in setting holds'),
    }),
    output: z.object({ default: z.string() }),
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: output.default }),
    run: async ({ input: { policy: name, none }, at: { kept } }) => {
      requireOneOf(name, none)
      const policy = name === undefined ? undefined : await requirePolicy(kept, name)
      if (!(await kept.authenticationPolicies.setDefault(policy?.id)))
        throw new OperationRefused('missing', `The authentication policy ${name} is gone. See: postern policy auth-list`)
      return { default: policy?.name ?? 'built-in' }
    },
  }),
  operation({
    name: 'policy.auth-assign',
    summary: 'Give an account an authentication policy of its own, which wins over the default',
    scope: 'realm',
    positional: ['account', 'policy'],
    input: z.object({
      account: shownText('User principal name, address or id of the account', 254),
      policy: shownText('Id or name of the authentication policy').optional(),
      none: z.boolean().default(false).describe('None of its own any more: the default holds'),
    }),
    output: z.object({ account: z.string(), policy: z.string() }),
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.policy}` }),
    run: async ({ input: { account: who, policy: name, none }, at: { kept } }) => {
      requireOneOf(name, none)
      const account = await requireAccount(kept, who)
      const policy = name === undefined ? undefined : await requirePolicy(kept, name)
      if (!(await kept.authenticationPolicies.assign(account.id, policy?.id)))
        throw new OperationRefused('missing', `${who} or ${name} is gone meanwhile`)
      return { account: account.upn, policy: policy?.name ?? 'the default' }
    },
  }),
  operation({
    name: 'policy.auth-remove',
    summary: 'Remove an authentication policy that holds for nobody any more',
    scope: 'realm',
    positional: ['policy'],
    input: some.extend({
      withAssignments: z
        .boolean()
        .default(false)
        .describe('Also where accounts have it as their own: the default holds for them then'),
    }),
    output: z.object({ removed: z.string(), assignmentsEnded: z.number().int() }),
    errors: ['missing', 'in_use'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at: { kept } }) => {
      const policy = await requirePolicy(kept, input.policy)
      if (policy.isDefault)
        throw new OperationRefused(
          'in_use',
          `${policy.name} is the default of the realm. First: postern policy auth-default <another>, or postern policy auth-default --none`,
        )
      const assigned = await kept.authenticationPolicies.countAssigned(policy.id)
      if (assigned > 0 && !input.withAssignments)
        throw new OperationRefused(
          'in_use',
          `${assigned} accounts have ${policy.name} as their own. To end that too: --with-assignments`,
        )
      await kept.authenticationPolicies.remove(policy.id)
      return { removed: policy.name, assignmentsEnded: assigned }
    },
  }),
]

const listed = (protocols: readonly string[]): string => (protocols.length === 0 ? 'none' : protocols.join(', '))

function requireOneOf(policy: string | undefined, none: boolean): void {
  if ((policy === undefined) !== none) throw new OperationRefused('invalid', 'Name a policy, or give --none, not both')
}
