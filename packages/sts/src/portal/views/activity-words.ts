import type { AuditRow } from '@postern/storage'
import type { EventName } from '../../audit/events.ts'
import { type Fragment, type Markup, phrase } from '../../http/html.ts'
import type { Messages, TextKey } from '../../http/messages/catalogue.ts'

/** Names that stand in the sentences. */
export interface ActivityNames {
  readonly realm: string
  /** Of apps that sign in by page, by client id. */
  readonly clients: ReadonlyMap<string, string>
  /** What the person calls the account's mail apps, by id. */
  readonly mailApps: ReadonlyMap<string, string>
}

type Detail = AuditRow['detail']
type Sentence = TextKey | ((detail: Detail) => TextKey | undefined)
/** What says nothing to the person: what programs do among themselves, or what another event tells as well. */
const silent = (): undefined => undefined
/** Rows of before did not say which app password it was. */
const isNamed = ({ label }: Detail): boolean => typeof label === 'string' && label.trim() !== ''

/** A sentence for every event that there is; what is not here is not told. Whoever adds an event decides here what people read. */
const sentences: Readonly<Record<EventName, Sentence>> = {
  'token.issued': silent,
  'token.refused': silent,
  'refresh.replayed': silent,
  'refresh.reused': 'activityReused',
  'authorization.granted': 'activityGranted',
  'authorization.refused': 'activityRefused',
  'device.approved': 'activityDeviceIn',
  'device.denied': 'activityDeviceOut',
  'client.refused': silent,
  'client.registered': silent,
  'client.removed': silent,
  'family.revoked': 'activitySignedOut',
  'actor_token.issued': silent,
  'actor_token.refused': silent,
  'actor_token.used': silent,
  'actor_token.use_refused': silent,
  'unsigned_user_token.accepted': silent,
  'partner.metadata_read': silent,
  'partner.metadata_refused': silent,
  'signin.proved': 'activityProved',
  // A mail app's, where it says which.
  'signin.failed': ({ app }) => (app === undefined ? 'activityFailed' : 'activityAppWrong'),
  'signin.throttled': 'activityThrottled',
  'signin.blocked': 'activityBlocked',
  'signin.stale_password': 'activityStale',
  'factor.enrolled': 'activityFactorAdded',
  'factor.enrolment_failed': silent,
  'factor.renamed': 'activityFactorRenamed',
  'factor.default': 'activityFactorFirst',
  'factor.removed': 'activityFactorRemoved',
  'factor.replaced': 'activityFactorReplaced',
  'factor.reset': 'activityFactorsReset',
  'factor.proposed': 'activityPhoneProposed',
  'factor.disabled': 'activityFactorLocked',
  'factor.unlocked': 'activityFactorUnlocked',
  'factor.code_sent': 'activityCodeSent',
  'recovery_codes.replaced': 'activityCodesMade',
  'recovery_code.used': 'activityCodeUsed',
  'access_pass.given': 'activityPassGiven',
  'access_pass.used': 'activityPassUsed',
  'access_pass.revoked': 'activityPassRevoked',
  'enforcement.changed': 'activityDemandChanged',
  'enforcement.postponed': 'activityPostponed',
  'campaign.changed': silent,
  'approval.asked': 'activityApprovalAsked',
  'approval.approved': 'activityApproved',
  'approval.denied': 'activityDenied',
  'browser.remembered': 'activityBrowserRemembered',
  'browser.forgotten': 'activityBrowserForgotten',
  'password.changed': 'activityPasswordChanged',
  'consent.given': 'activityConsented',
  'consent.refused': 'activityNotConsented',
  'session.ended': 'activitySessionEnded',
  'mailapp.appeared': 'activityAppAppeared',
  // Whoever has only found the server was not let in to anything, and has no tile.
  'mailapp.allowed': ({ reason, protocol }) =>
    reason === 'autodiscover_opens_no_mail' || protocol === 'autodiscover' ? 'activityAppAsked' : 'activityAppAllowed',
  'mailapp.refused': ({ reason }) => (reason === 'wrong_secret' ? 'activityAppWrong' : 'activityAppRefused'),
  'mailapp.decided': ({ state, by }) => {
    if (state !== 'active') return 'activityAppBlocked'
    return by === undefined ? 'activityAppActivated' : 'activityAppByPassword'
  },
  'mailapp.renamed': 'activityAppRenamed',
  'mailapp.removed': 'activityAppRemoved',
  'mailapp.told': ({ by }) => (by === 'nobody' ? undefined : 'activityAppTold'),
  'app_password.created': (detail) => (isNamed(detail) ? 'activityAppPasswordMadeNamed' : 'activityAppPasswordMade'),
  'app_password.bound': (detail) => (isNamed(detail) ? 'activityAppPasswordBoundNamed' : 'activityAppPasswordBound'),
  'app_password.revoked': (detail) => {
    if (detail.appPasswordId === undefined) return 'activityAppPasswordsRevoked'
    return isNamed(detail) ? 'activityAppPasswordRevokedNamed' : 'activityAppPasswordRevoked'
  },
  'connections.ended': 'activityConnectionsEnded',
  'client.changed': silent,
  'admin.changed': silent,
}

const methods: Readonly<Record<string, TextKey>> = {
  password: 'portalPasswordTitle',
  totp: 'portalMethodTotp',
  sms: 'portalMethodSms',
  voice: 'portalMethodVoice',
  webauthn: 'portalMethodWebauthn',
  'recovery-code': 'portalCodesTitle',
  'access-pass': 'portalPermitLabel',
}

/** The sentence of a row; `undefined`: it is not told. Nothing of a row is shown but names that are looked up, and an app's own. */
export function tellEvent(
  texts: Messages,
  row: Pick<AuditRow, 'event' | 'detail' | 'clientId'>,
  names: ActivityNames,
): Markup | undefined {
  const { event, detail } = row
  if (!Object.hasOwn(sentences, event)) return undefined
  const sentence = sentences[event as EventName] // the line above looked
  const key = typeof sentence === 'function' ? sentence(detail) : sentence
  return key === undefined ? undefined : phrase(texts[key], valuesOf(texts, row, names))
}

function valuesOf(
  texts: Messages,
  { detail, clientId }: Pick<AuditRow, 'detail' | 'clientId'>,
  { realm, clients, mailApps }: ActivityNames,
): Readonly<Record<string, Fragment>> {
  const method = String(detail.method ?? '')
  const told = typeof detail.app === 'string' && detail.app.trim() !== '' ? detail.app : texts.activityAMailApp
  return {
    realm,
    thing: texts[(Object.hasOwn(methods, method) ? methods[method] : undefined) ?? 'portalMethodOther'],
    app: (clientId === undefined ? undefined : clients.get(clientId)) ?? texts.activityAnApp,
    mailApp: mailApps.get(String(detail.mailAppId ?? '')) ?? told,
    appPassword: String(detail.label ?? ''),
  }
}

/** Whether it is worth a second look. */
export const isWarning = ({ outcome }: Pick<AuditRow, 'outcome'>): boolean => outcome !== 'allowed'
