import type { Account, MailApp, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { byAppPassword, decideMailAccess, letInOf, type MailOutcome } from '../../policy/mail/mail-access.ts'
import { rulesOfAccount } from '../../policy/mail/mail-rules.ts'
import { findMailProtocol } from '../../policy/mail/protocols.ts'
import { OperationRefused } from '../errors.ts'
import { pageLimit, shownText, when } from '../fields.ts'
import { loadMailRules } from '../mail-rules-of-realm.ts'
import { operation, type RealmPorts, type Running } from '../operation.ts'
import { requireAccount } from '../require-account.ts'

const states = ['pending', 'quarantined', 'active', 'blocked'] as const

export const mailAppView = z.object({
  id: z.uuid(),
  account: z.string(),
  label: z.string(),
  state: z.enum(states),
  protocols: z.array(z.string()),
  deviceId: z.string().optional(),
  deviceType: z.string().optional(),
  model: z.string().optional(),
  userAgent: z.string().optional(),
  network: z.string().optional(),
  firstTriedAt: when,
  lastTriedAt: when,
  lastSource: z.string().optional(),
  lastAllowedAt: when.optional(),
  tries: z.number().int(),
  decidedAt: when.optional(),
  decidedBy: z.string().optional(),
  toldBy: z.enum(['sms', 'email', 'nobody']).optional(),
})
const columns = ['id', 'account', 'label', 'state', 'protocols', 'lastTriedAt', 'lastSource', 'tries']

const someone = z.object({ account: shownText('User principal name, address or id of the account', 254) })
const some = someone.extend({ app: shownText('Id or name of the mail app; `mailapp list` shows them') })

const toView = (app: MailApp, { upn }: Pick<Account, 'upn'>): z.input<typeof mailAppView> => ({
  id: app.id,
  account: upn,
  label: app.label,
  state: app.state,
  protocols: [...app.protocols],
  ...app.traits,
  ...(app.network === undefined ? {} : { network: app.network }),
  firstTriedAt: app.firstTriedAt.toISOString(),
  lastTriedAt: app.lastTriedAt.toISOString(),
  ...(app.lastSource === undefined ? {} : { lastSource: app.lastSource }),
  ...(app.lastAllowedAt === undefined ? {} : { lastAllowedAt: app.lastAllowedAt.toISOString() }),
  tries: app.tries,
  ...(app.decidedAt === undefined ? {} : { decidedAt: app.decidedAt.toISOString() }),
  ...(app.decidedBy === undefined ? {} : { decidedBy: app.decidedBy }),
  ...(app.toldBy === undefined ? {} : { toldBy: app.toldBy }),
})

/** By id, or by a name that only one of the account's apps has. @throws {OperationRefused} */
export async function requireMailApp(kept: RealmStore, account: Account, name: string): Promise<MailApp> {
  const apps = await kept.mailApps.list(account.id)
  const found = apps.filter(({ id }) => id === name.toLowerCase())
  const [app, ...others] = found.length > 0 ? found : apps.filter(({ label }) => label.toLowerCase() === name.toLowerCase())
  if (app === undefined)
    throw new OperationRefused(
      'missing',
      `${account.upn} has no mail app ${name}. See: postern mailapp list --account ${account.upn}`,
    )
  if (others.length > 0)
    throw new OperationRefused(
      'conflict',
      `${account.upn} has ${others.length + 1} mail apps named ${name}. Name one by its id: ${[app, ...others].map(({ id }) => id).join(', ')}`,
    )
  return app
}

/** By which of its protocols the rules would still refuse the app its password, and with which reason. */
async function findObstacles(at: RealmPorts, account: Account, app: MailApp) {
  const rules = rulesOfAccount(await loadMailRules(at), await at.kept.authenticationPolicies.assigned(account.id))
  return app.protocols.flatMap((name): { protocol: string; outcome: MailOutcome; reason: string }[] => {
    const protocol = findMailProtocol(name)
    if (protocol === undefined) return []
    const { deviceType, model, userAgent } = app.traits
    const traits = { ...(deviceType && { deviceType }), ...(model && { model }), ...(userAgent && { userAgent }) }
    const { outcome, reason } = decideMailAccess(rules, {
      account,
      protocol,
      shown: 'password',
      app: { ...letInOf(app), ...traits },
    })
    return outcome === 'allow' ? [] : [{ protocol, outcome, reason }]
  })
}

const decided = mailAppView.extend({
  stillRefused: z.array(z.object({ protocol: z.string(), outcome: z.string(), reason: z.string() })),
})

async function decide(at: RealmPorts, running: Running, wanted: { account: string; app: string; state: 'active' | 'blocked' }) {
  const { kept, clock } = at
  const account = await requireAccount(kept, wanted.account)
  const before = await requireMailApp(kept, account, wanted.app)
  const { state } = wanted
  // What got in by an app password is active, and the account's own password opens nothing there before somebody says so.
  const isOnlyByAppPassword = before.state === 'active' && before.decidedBy === byAppPassword
  if (before.state !== state || isOnlyByAppPassword) {
    const from = isOnlyByAppPassword ? states : states.filter((one) => one !== state)
    const decision = { state, from, at: clock(), by: running.actor }
    if (!(await kept.mailApps.decide(before.id, decision)))
      throw new OperationRefused('conflict', `The state of ${before.label} has changed meanwhile. Look again, and repeat`)
    await at.record(kept, {
      event: 'mailapp.decided',
      reference: running.reference,
      accountId: account.id,
      actor: running.actor,
      detail: { mailAppId: before.id, state, app: before.label },
    })
  }
  const app = (await kept.mailApps.find(account.id, before.id)) ?? before
  return { ...toView(app, account), stillRefused: state === 'active' ? await findObstacles(at, account, app) : [] }
}

export const mailAppOperations = [
  operation({
    name: 'mailapp.list',
    summary: 'List mail apps that know only a password, of one account or of the whole realm, last tried first',
    scope: 'realm',
    input: z.object({
      account: someone.shape.account.optional(),
      state: z.enum(states).optional().describe('Only those in this state'),
      before: when.optional().describe('Only those last tried before this time; to go on where the last page ended'),
      limit: pageLimit,
    }),
    output: z.array(mailAppView),
    columns,
    errors: ['missing'],
    run: async ({ input: { account: name, state, before, limit }, at: { kept } }) => {
      if (name !== undefined) {
        const account = await requireAccount(kept, name)
        const apps = (await kept.mailApps.list(account.id)).filter((app) => state === undefined || app.state === state)
        const later = before === undefined ? apps : apps.filter(({ lastTriedAt }) => lastTriedAt < new Date(before))
        return later.slice(0, limit).map((app) => toView(app, account))
      }
      const apps = await kept.mailApps.listAll({
        limit,
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before: new Date(before) }),
      })
      const owners = new Map<string, string>()
      for (const { accountId } of apps)
        if (!owners.has(accountId)) owners.set(accountId, (await kept.accounts.find(accountId))?.upn ?? accountId)
      return apps.map((app) => toView(app, { upn: owners.get(app.accountId) ?? app.accountId }))
    },
  }),
  operation({
    name: 'mailapp.show',
    summary: 'Show a mail app, and by which of its protocols the rules refuse it',
    scope: 'realm',
    positional: ['account', 'app'],
    input: some,
    output: decided,
    errors: ['missing', 'conflict'],
    run: async ({ input, at }) => {
      const account = await requireAccount(at.kept, input.account)
      const app = await requireMailApp(at.kept, account, input.app)
      return { ...toView(app, account), stillRefused: await findObstacles(at, account, app) }
    },
  }),
  operation({
    name: 'mailapp.activate',
    summary: 'Let a mail app in: it opens mail with the password at its next try, where the rules allow that',
    scope: 'realm',
    positional: ['account', 'app'],
    input: some,
    output: decided,
    columns,
    next: ({ stillRefused, account }) =>
      stillRefused.length === 0
        ? undefined
        : `The rules refuse it all the same by ${stillRefused.map(({ protocol, reason }) => `${protocol} (${reason})`).join(', ')}. See: postern mailapp try --account ${account} --protocol ${stillRefused[0]?.protocol}`,
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.id}` }),
    run: async ({ input, at, running }) => decide(at, running, { ...input, state: 'active' }),
  }),
  operation({
    name: 'mailapp.block',
    summary: 'Keep a mail app out, whatever it shows; connections that it has open end',
    scope: 'realm',
    positional: ['account', 'app'],
    input: some,
    output: decided,
    columns,
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.id}` }),
    run: async ({ input, at, running }) => decide(at, running, { ...input, state: 'blocked' }),
  }),
  operation({
    name: 'mailapp.rename',
    summary: 'Give a mail app another name',
    scope: 'realm',
    positional: ['account', 'app', 'label'],
    input: some.extend({ label: shownText('The new name', 80) }),
    output: mailAppView,
    columns,
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.id}` }),
    run: async ({ input, at: { kept, record }, running: { actor, reference } }) => {
      const account = await requireAccount(kept, input.account)
      const app = await requireMailApp(kept, account, input.app)
      await kept.mailApps.rename(account.id, app.id, input.label)
      await record(kept, { event: 'mailapp.renamed', reference, accountId: account.id, actor, detail: { mailAppId: app.id } })
      return toView({ ...app, label: input.label }, account)
    },
  }),
  operation({
    name: 'mailapp.remove',
    summary: 'Remove a mail app with the app passwords that are its own; if it comes again it is new',
    scope: 'realm',
    positional: ['account', 'app'],
    input: some,
    output: z.object({ account: z.string(), removed: z.string() }),
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.removed}` }),
    run: async ({ input, at: { kept, record }, running: { actor, reference } }) => {
      const account = await requireAccount(kept, input.account)
      const app = await requireMailApp(kept, account, input.app)
      await kept.mailApps.remove(account.id, app.id)
      const detail = { mailAppId: app.id, app: app.label }
      await record(kept, { event: 'mailapp.removed', reference, accountId: account.id, actor, detail })
      return { account: account.upn, removed: app.id }
    },
  }),
]
