import type { Account, AppPassword, MailApp } from '@postern/storage'
import { decideMailAccess, letInOf, type MailRules, type MailSignals, mayMakeAppPassword } from '../policy/mail/mail-access.ts'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import type { Standing } from './views/mail-app-words.ts'

type Who = Pick<Account, 'id' | 'upn' | 'groups'>

/**
 * What the rules of today leave to an app's owner, asked as the gate will ask at the app's next try. An app is one thing in
 * all its protocols: where one of them is for the organisation to decide, so is the app. Pure.
 */
export function standingOf(rules: MailRules, account: Who, app: Pick<MailApp, 'state' | 'protocols' | 'traits'>): Standing {
  if (app.state === 'quarantined') return 'organisation'
  const opening = openingProtocolsOf(app)
  const waits = (protocol: MailProtocol) =>
    judge(rules, account, app, { state: 'pending' }, protocol).reason === 'app_quarantined'
  if (app.state !== 'active' && opening.some(waits)) return 'organisation'
  const letIn = opening.map((protocol) => judge(rules, account, app, { state: 'active', letInBy: 'owner' }, protocol))
  if (letIn.length === 0 || letIn.some(({ outcome }) => outcome === 'allow')) return 'owner'
  const needsOne = letIn.some(({ reason, appPasswordHelps }) => reason === 'app_password_required' && appPasswordHelps)
  return needsOne ? 'app-password' : 'closed'
}

/**
 * Of an app that is in, but that the account's own password does not open: names of the app passwords that do, none of them
 * when the last one has ended. `undefined`: the account's own password opens it, or no app password would.
 */
export function openedByOf(
  rules: MailRules,
  account: Who,
  app: Pick<MailApp, 'id' | 'state' | 'decidedBy' | 'protocols' | 'traits'>,
  { passwords, now }: { passwords: readonly OpeningPassword[]; now: Date },
): readonly string[] | undefined {
  if (app.state !== 'active') return undefined
  const opening = openingProtocolsOf(app)
  const asIs = opening.map((protocol) => judge(rules, account, app, letInOf(app), protocol))
  if (asIs.some(({ outcome }) => outcome === 'allow')) return undefined
  if (!asIs.some(({ reason }) => reason === 'app_password_required')) return undefined
  const opens = ({ bindsToFirstApp, mailAppId, expiresAt, protocols, lastUsedAt }: OpeningPassword) =>
    (expiresAt === undefined || expiresAt > now) &&
    (bindsToFirstApp ? mailAppId === app.id : lastUsedAt !== undefined) &&
    opening.some((protocol) => protocols.includes(protocol))
  return Object.freeze(passwords.filter(opens).map(({ label }) => label))
}

type OpeningPassword = Pick<AppPassword, 'label' | 'bindsToFirstApp' | 'mailAppId' | 'expiresAt' | 'protocols' | 'lastUsedAt'>

/** Whether an app password would open what the app uses. */
export function passwordHelps(rules: MailRules, account: Who, app: Pick<MailApp, 'protocols'>): boolean {
  const { protocols } = mayMakeAppPassword(rules, account)
  return openingProtocolsOf(app).some((protocol) => protocols.includes(protocol))
}

/** What only finds the mail server opens nothing, so nothing hangs on it. */
const openingProtocolsOf = ({ protocols }: Pick<MailApp, 'protocols'>): readonly MailProtocol[] =>
  protocols.flatMap((protocol) => findMailProtocol(protocol) ?? []).filter((protocol) => protocol !== 'autodiscover')

/** As if it came with the account's own password and had this standing. */
function judge(
  rules: MailRules,
  account: Who,
  { traits: { deviceType, model, userAgent } }: Pick<MailApp, 'traits'>,
  letIn: Pick<MailSignals['app'], 'state' | 'letInBy'>,
  protocol: MailProtocol,
) {
  const app = { ...letIn, ...(deviceType && { deviceType }), ...(model && { model }), ...(userAgent && { userAgent }) }
  return decideMailAccess(rules, { account, protocol, shown: 'password', app })
}
