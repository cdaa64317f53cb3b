import type { Account, MailApp } from '@postern/storage'
import { decideMailAccess, type MailRules, mayMakeAppPassword } from '../policy/mail/mail-access.ts'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import type { Standing } from './views/mail-app-words.ts'

type Who = Pick<Account, 'id' | 'upn' | 'groups'>

/**
 * What the rules of today leave to an app's owner, asked as the gate will ask at the app's next try. An app is one thing in
 * all its protocols: where one of them is for the organisation to decide, so is the app. Pure.
 */
export function standingOf(rules: MailRules, account: Who, app: Pick<MailApp, 'state' | 'protocols' | 'traits'>): Standing {
  if (app.state === 'quarantined') return 'organisation'
  const protocols = mailProtocolsOf(app)
  // What only finds the mail server opens nothing, so nothing hangs on it.
  const opening = protocols.filter((protocol) => protocol !== 'autodiscover')
  const { deviceType, model, userAgent } = app.traits
  const asIf = (state: 'pending' | 'active', protocol: MailProtocol) =>
    decideMailAccess(rules, {
      account,
      protocol,
      shown: 'password',
      app: { state, ...(deviceType && { deviceType }), ...(model && { model }), ...(userAgent && { userAgent }) },
    })
  const waits = (protocol: MailProtocol) => asIf('pending', protocol).reason === 'app_quarantined'
  if (app.state !== 'active' && opening.some(waits)) return 'organisation'
  const isOpen = opening.length === 0 || opening.some((protocol) => asIf('active', protocol).outcome === 'allow')
  return isOpen ? 'owner' : 'closed'
}

/** Whether an app password would open what the app uses. */
export function passwordHelps(rules: MailRules, account: Who, app: Pick<MailApp, 'protocols'>): boolean {
  const { protocols } = mayMakeAppPassword(rules, account)
  return mailProtocolsOf(app).some((protocol) => protocol !== 'autodiscover' && protocols.includes(protocol))
}

const mailProtocolsOf = ({ protocols }: Pick<MailApp, 'protocols'>): readonly MailProtocol[] =>
  protocols.flatMap((protocol) => findMailProtocol(protocol) ?? [])
