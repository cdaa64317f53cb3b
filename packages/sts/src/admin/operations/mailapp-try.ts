import { isIP } from 'node:net'
import type { Account } from '@postern/storage'
import { z } from 'zod'
import {
  decideMailAccess,
  letInOf,
  type MailDecision,
  type MailOutcome,
  type MailReasonCode,
} from '../../policy/mail/mail-access.ts'
import { rulesOfAccount } from '../../policy/mail/mail-rules.ts'
import { createPolicy, isSatisfied, type Policy } from '../../policy/policy.ts'
import { assessMailApp } from '../../protocol/assurance.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, shownText } from '../fields.ts'
import { mailProtocol } from '../mail-fields.ts'
import { loadMailRules } from '../mail-rules-of-realm.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { requireAccount } from '../require-account.ts'
import { requireMailApp } from './mailapp.ts'

const outcome = z.enum(['allow', 'pending', 'blocked', 'denied'])

const tryView = z.object({
  protocol: z.string(),
  outcome,
  reason: z.string(),
  ifReportOnlyWereOn: outcome,
  appPasswordHelps: z.boolean(),
  because: z.array(z.object({ rule: z.string(), mode: z.string(), result: z.string(), text: z.string() })),
  told: z
    .object({ text: z.string(), http: z.string(), imap: z.string(), pop: z.string(), smtp: z.string(), sieve: z.string() })
    .optional(),
})

function renderTry(tried: z.output<typeof tryView>): string {
  const { told } = tried
  return [
    `${tried.outcome}: ${tried.reason}`,
    ...(tried.ifReportOnlyWereOn === tried.outcome ? [] : [`If what only reports were on: ${tried.ifReportOnlyWereOn}`]),
    ...(tried.outcome !== 'allow' && tried.appPasswordHelps ? ['An app password would be taken.'] : []),
    '',
    'Because',
    ...tried.because.map(({ rule, mode, result, text }) => `  ${rule}${mode === 'on' ? '' : ` (${mode})`}: ${result}. ${text}`),
    ...(told === undefined
      ? []
      : ['', 'The mail server is told', `  text  ${told.text}`, `  ${lineOf(tried.protocol)}  ${told[lineOf(tried.protocol)]}`]),
  ].join('\n')
}

/** What of it the app of this protocol gets to see. */
function lineOf(protocol: string): 'http' | 'imap' | 'pop' | 'smtp' | 'sieve' {
  return protocol === 'imap' || protocol === 'pop' || protocol === 'smtp' || protocol === 'sieve' ? protocol : 'http'
}

const asIfOn = (policy: Policy): Policy => (policy.mode === 'report-only' ? createPolicy({ ...policy, mode: 'on' }) : policy)

/** The mail server as the gate knows it. @throws {OperationRefused} `missing` */
async function findServer({ kept }: RealmPorts, id: string | undefined) {
  if (id === undefined) return undefined
  const server = (await kept.mailServers.list()).find((one) => one.clientId === id)
  if (server === undefined)
    throw new OperationRefused('missing', `There is no mail server ${id} in this realm. See: postern mailapp server-list`)
  return server
}

export const mailAppTryOperations = [
  operation({
    name: 'mailapp.try',
    summary:
      'Say what the gate would decide for a mail app that shows something right, why, and what the mail server would be told; changes nothing',
    scope: 'realm',
    input: z.object({
      account: shownText('User principal name, address or id of the account', 254),
      protocol: mailProtocol.describe('The mail protocol, e.g. imap or activesync'),
      secretKind: z
        .enum(['password', 'app-password', 'token'])
        .default('password')
        .describe('What the app shows, taken to be right; a token is taken to be of somebody who showed a second factor'),
      app: shownText('Id or name of an app that the account has; a new one when left out').optional(),
      deviceType: shownText('What the app calls its device', 256).optional(),
      model: shownText('Model of the device', 256).optional(),
      userAgent: shownText('User agent, or name and version of an IMAP app', 256).optional(),
      source: z
        .string()
        .refine((text) => isIP(text) !== 0, 'must be an IP address')
        .optional()
        .describe('IP address of the app'),
      server: clientId.optional().describe('Client identifier of the mail server that asks; mailapp server-list shows them'),
    }),
    output: tryView,
    present: (tried) => ({ text: renderTry(tried) }),
    errors: ['missing', 'conflict'],
    run: async ({ input, at }) => {
      const { kept } = at
      const { protocol, secretKind: shown } = input
      const account = await requireAccount(kept, input.account)
      const server = await findServer(at, input.server)
      const app = input.app === undefined ? undefined : await requireMailApp(kept, account, input.app)
      const denied = (reason: MailReasonCode, rule: string, text: string) => ({
        protocol,
        outcome: 'denied' as const,
        reason,
        ifReportOnlyWereOn: 'denied' as const,
        appPasswordHelps: false,
        because: [{ rule, mode: 'on', result: 'denied', text }],
        ...toldOf(at, { reason, appPasswordHelps: false, modernHelps: false }),
      })
      if (server !== undefined && !server.protocols.includes(protocol))
        return denied(
          'protocol_not_served',
          server.clientId,
          `The mail server may ask about ${server.protocols.join(', ')} only.`,
        )
      if (account.status !== 'active')
        return denied('wrong_secret', 'the account', 'The account is disabled, so whatever it shows is wrong.')

      const traits = { ...app?.traits, ...given(input) }
      const rules = rulesOfAccount(await loadMailRules(at), await kept.authenticationPolicies.assigned(account.id))
      const signals = { account, protocol, shown, app: { ...traits, ...letInOf(app) } }
      const decision = decideMailAccess(rules, signals)
      const occasion = await loadOccasion(at, { account, protocol, source: input.source, server: server?.clientId })
      const access = assessBoth(occasion, evidenceOf(shown, decision, protocol))
      const isStopped = decision.outcome !== 'blocked' && access.outcome === 'blocked'
      const result: { outcome: MailOutcome; reason: MailReasonCode } = isStopped
        ? { outcome: 'blocked', reason: 'conditional_access' }
        : { outcome: decision.outcome, reason: decision.reason }
      // Nobody is sent to get something that would be refused as well; what waits needs nothing else.
      const helps = result.outcome === 'blocked' && assessBoth(occasion, withSecondFactor).outcome === 'sufficient'
      const appPasswordHelps = helps && shown === 'password' && decision.appPasswordHelps
      const modernHelps =
        helps && shown !== 'token' && decideMailAccess(rules, { ...signals, shown: 'token' }).outcome === 'allow'
      return {
        protocol,
        ...result,
        ifReportOnlyWereOn: access.supposed === 'blocked' ? ('blocked' as const) : decision.ifReportOnlyWereOn,
        appPasswordHelps,
        because: [...decision.because.map(({ rule, mode, result, text }) => ({ rule, mode, result, text })), ...access.because],
        ...(result.outcome === 'allow' ? {} : toldOf(at, { reason: result.reason, appPasswordHelps, modernHelps })),
      }
    },
  }),
]

/** Activating an app and making an app password each took a second factor; a token is taken to be of somebody who showed one. */
const withSecondFactor = Object.freeze(['pwd', 'mca', 'mfa'])

/** As the gate does: what waits is judged by what it will have shown once it is let in. */
function evidenceOf(shown: string, { reason, outcome }: MailDecision, protocol: string): readonly string[] {
  const isSecond = shown !== 'password' || reason === 'app_active' || outcome === 'pending' || protocol === 'autodiscover'
  return isSecond ? withSecondFactor : ['pwd']
}

const given = ({
  deviceType,
  model,
  userAgent,
}: {
  deviceType?: string | undefined
  model?: string | undefined
  userAgent?: string | undefined
}) => ({
  ...(deviceType && { deviceType }),
  ...(model && { model }),
  ...(userAgent && { userAgent }),
})

async function loadOccasion(
  { kept }: RealmPorts,
  asked: { account: Account; protocol: string; source: string | undefined; server: string | undefined },
) {
  const { account, protocol, source, server } = asked
  const resources = server === undefined ? [] : await kept.resources.list()
  return {
    policies: (await kept.policies.list()).map(createPolicy),
    account,
    clientId: server ?? 'any-mail-server',
    resource: resources.find(({ principalId }) => principalId === server)?.audience,
    source,
    protocol,
  }
}

/** What conditional access says of it, and what it would if all that only reports were on. */
function assessBoth({ policies, ...asked }: Awaited<ReturnType<typeof loadOccasion>>, evidence: readonly string[]) {
  const { outcome, because } = assessMailApp(policies, { ...asked, evidence })
  const { outcome: supposed } = assessMailApp(policies.map(asIfOn), { ...asked, evidence })
  const reasons = because.flatMap(({ policy, result, text }) =>
    result === 'blocked' || result === 'missing'
      ? [{ rule: policy.name, mode: policy.mode as string, result: 'blocked', text }]
      : [],
  )
  const isUnmet = asked.account.enforcement?.state === 'enforced' && !isSatisfied('second-factor', evidence)
  const state = { rule: 'the state of the account', mode: 'on', result: 'blocked', text: 'enforced: a second factor each time' }
  return { outcome, supposed, because: isUnmet ? [...reasons, state] : reasons }
}

function toldOf(
  { renderRefusal, realm, issuerOf }: RealmPorts,
  refused: { reason: MailReasonCode; appPasswordHelps: boolean; modernHelps: boolean },
) {
  if (renderRefusal === undefined) return {}
  const { text, refusal } = renderRefusal({
    ...refused,
    portal: `${issuerOf(realm.id) ?? ''}/portal`,
    realmName: realm.displayName,
    request: '<id>',
  })
  const headers = Object.entries(refusal.http.headers).map(([name, value]) => `, ${name}: ${value}`)
  const { imap, pop, smtp, sieve } = refusal
  return { told: { text, http: `${refusal.http.status}${headers.join('')}`, imap, pop, smtp, sieve } }
}
