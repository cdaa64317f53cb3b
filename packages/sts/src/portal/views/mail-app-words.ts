import type { MailApp, MailAppState } from '@postern/storage'
import { fill, html, type Markup } from '../../http/html.ts'
import type { IconName } from '../../http/icons.ts'
import type { Messages, TextKey } from '../../http/messages/catalogue.ts'
import { byAppPassword } from '../../policy/mail/mail-access.ts'
import type { MailProtocol } from '../../policy/mail/protocols.ts'
import type { PortalView } from './portal-frame.ts'

/**
 * What policy leaves to the owner: to let it in, to make an app password for it, nothing because the organisation decides, or
 * nothing because the account's password does not help.
 */
export type Standing = 'owner' | 'app-password' | 'organisation' | 'closed'

/** An app as its owner sees it. */
export interface OwnApp extends MailApp {
  readonly standing: Standing
  /** It is in, and not by the account's own password: names of the app passwords that open it, which may have ended all. */
  readonly openedBy?: readonly string[]
}

const protocolNames: Readonly<Record<MailProtocol, string>> = {
  activesync: 'ActiveSync',
  autodiscover: 'Autodiscover',
  ews: 'Exchange Web Services',
  mapi: 'MAPI',
  oab: 'OAB',
  imap: 'IMAP',
  pop: 'POP',
  smtp: 'SMTP',
  rpc: 'Outlook Anywhere',
  powershell: 'PowerShell',
  jmap: 'JMAP',
  sieve: 'Sieve',
}

/** As the settings of mail apps call them, in every language. */
export const protocolNamesOf = (protocols: readonly string[]): readonly string[] =>
  protocols.map((protocol) => (Object.hasOwn(protocolNames, protocol) ? protocolNames[protocol as MailProtocol] : protocol)) // hasOwn looked

export const labelOf = (texts: Messages, { label }: Pick<MailApp, 'label'>): string =>
  label.trim() === '' ? texts.mailAppUnnamed : label

const kinds: readonly (readonly [says: RegExp, drawing: IconName])[] = [
  [/ipad|tablet|\btab\b/i, 'tablet'],
  [/iphone|ipod|android|phone|mobile|samsung|pixel|huawei|xiaomi/i, 'smartphone'],
  [/scanner|printer|copier|mfp/i, 'printer'],
  [/windows|macos|mac os|macbook|linux|laptop|desktop|outlook|thunderbird|apple-?mail|evolution|kmail/i, 'laptop'],
  [/curl|python|java|perl|php|node|fetchmail|mbsync|daemon|server/i, 'server'],
]

/** What it most likely is, by its own words alone; an envelope for what says nothing. */
export function drawingOf({ traits, protocols }: Pick<MailApp, 'traits' | 'protocols'>): IconName {
  const words = [traits.deviceType, traits.model, traits.userAgent].filter((one) => one !== undefined).join(' ')
  const known = kinds.find(([says]) => says.test(words))?.[1]
  return known ?? (protocols.includes('activesync') ? 'smartphone' : 'mail')
}

const states = {
  pending: { text: 'mailAppPending', look: 'warn' },
  quarantined: { text: 'mailAppQuarantined', look: 'warn' },
  active: { text: 'mailAppActive', look: 'good' },
  blocked: { text: 'mailAppBlocked', look: 'bad' },
} as const satisfies Record<MailAppState, { text: TextKey; look: string }>

/** What waits for its owner by its state, and for the organisation by the rules of today, waits for the organisation. */
export const stateOf = ({ state, standing }: Pick<OwnApp, 'state' | 'standing'>): MailAppState =>
  state === 'pending' && standing === 'organisation' ? 'quarantined' : state

/** It knows a password that opens nothing, and its owner could give it one that does. */
export const needsAppPassword = ({ state, standing, openedBy }: Pick<OwnApp, 'state' | 'standing' | 'openedBy'>): boolean =>
  (state === 'pending' && standing === 'app-password') || (state === 'active' && openedBy?.length === 0)

/** In words and in colour. */
export function renderAppState(view: PortalView, texts: Messages, app: Pick<OwnApp, 'state' | 'standing' | 'openedBy'>): Markup {
  const needed = { text: 'mailAppNeedsPassword', look: 'warn' } as const
  const { text, look } = needsAppPassword(app) ? needed : states[stateOf(app)]
  return html`<span class="badge ${look}">${fill(texts[text], { realm: view.realm.displayName })}</span>`
}

/** Where it came from. `here`: address of the browser that looks. */
export function networkOf(texts: Messages, app: Pick<MailApp, 'lastSource' | 'network'>, here: string | undefined): string {
  const source = app.lastSource ?? app.network
  if (source === undefined || source === '?') return texts.mailAppFromUnknown
  return source === here ? fill(texts.mailAppFromHere, { source }) : source
}

const shownOfDeviceId = 4
/** Tells two phones of one model apart. Not the whole of it: whoever has that and the password could pass for the phone. */
export function deviceEndOf(texts: Messages, { traits: { deviceId } }: Pick<MailApp, 'traits'>): string | undefined {
  return deviceId === undefined ? undefined : fill(texts.mailAppDeviceIdEnd, { end: deviceId.slice(-shownOfDeviceId) })
}

/** Only whoever did not block it as its owner may think again. */
export const isBlockedByThem = ({ state, decidedBy }: Pick<MailApp, 'state' | 'decidedBy'>): boolean =>
  state === 'blocked' && decidedBy !== 'owner'

/** Nobody let it in with the account's own password. */
export const isInByAppPassword = ({ state, decidedBy }: Pick<MailApp, 'state' | 'decidedBy'>): boolean =>
  state === 'active' && decidedBy === byAppPassword

/** What was blocked comes back for its app password, too, and what is in by that may come in with the account's own as well. */
function mayActivate(app: OwnApp): boolean {
  if (app.state === 'blocked' && app.standing === 'app-password') return true
  return app.standing === 'owner' && (app.state === 'pending' || app.state === 'blocked' || isInByAppPassword(app))
}

/** What its owner may do with it now. */
export function powersOf(app: OwnApp): { readonly activate: boolean; readonly block: boolean; readonly remove: boolean } {
  const isTheirs = isBlockedByThem(app)
  const waitsForThem = stateOf(app) === 'quarantined'
  return {
    activate: !isTheirs && mayActivate(app),
    // Were it blocked by its owner, it would be the owner who lets it in again.
    block: (app.state === 'pending' || app.state === 'active') && !waitsForThem,
    // Were it removed, it would come again as a new one.
    remove: !isTheirs,
  }
}
