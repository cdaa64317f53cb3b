import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import type { Language } from '../http/messages/catalogue.ts'
import type { RealmView } from '../http/realm-view.ts'
import { sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { renderApprovalOverPage, renderApprovalPage } from '../signin/views/approval-page.ts'
import { renderBlockedPage } from '../signin/views/blocked-page.ts'
import {
  renderChooseKindPage,
  renderEnrollKeyPage,
  renderEnrollScanPage,
  renderPermitPage,
  renderPhoneCodePage,
  renderPhonePage,
  renderProposedPhonePage,
} from '../signin/views/enroll-pages.ts'
import { renderFactorPage, renderKeyPage } from '../signin/views/factor-page.ts'
import { renderCodesGonePage, renderRecoveryCodesPage } from '../signin/views/recovery-codes-page.ts'
import { renderWaysPage } from '../signin/views/ways-page.ts'
import type { Choice } from '../signin/ways.ts'
import { type Exhibit, exhibitAction } from './exhibit.ts'

const now = new Date('2026-03-02T09:00:00Z')
const later = new Date('2026-03-02T09:02:00Z')
const reference = '7KQF-2M9X-4TDA'

/** Made up; a real challenge is random and for one time. */
const options = { challenge: 'Z2FsbGVyeQ', rpId: 'sts.contoso.com', allowCredentials: [], timeout: 300_000 }

const choices: readonly Choice[] = [
  { key: 'totp', method: 'totp', channel: 'sms', label: 'Pixel', state: 'active' },
  { key: 'webauthn', method: 'webauthn', channel: 'sms', label: 'Passkey', state: 'active' },
  { key: 'a', method: 'sms', channel: 'sms', label: 'Phone', hint: '+49 ••••• 78', state: 'active', pausedUntil: later },
  { key: 'b', method: 'sms', channel: 'voice', label: 'Desk', hint: '+49 ••••• 11', state: 'disabled' },
  { key: 'approval', method: 'approval', channel: 'sms', label: '', state: 'active' },
  { key: 'recovery-code', method: 'recovery-code', channel: 'sms', label: '', hint: '7', state: 'active' },
  { key: 'access-pass', method: 'access-pass', channel: 'sms', label: '', state: 'active' },
]

/** Second steps and setting them up: every page in every state. Nothing in it is secret: the key is RFC 6238's example. */
export function renderFactorsGallery(place: { language: Language; realm: RealmView }): readonly Exhibit[] {
  const { language, realm } = place
  const texts = messagesIn(language)
  const signin = { ...place, appName: 'Outlook', action: exhibitAction, csrf: 'gallery' }
  const factor = { ...signin, accountName: 'mary.rivera@contoso.com', rememberDays: 0, isConfirming: false }
  const totp = { ...factor, method: 'totp', othersAddress: '#' } as const
  const when = new Intl.RelativeTimeFormat(language).format(25, 'second')
  const sent = {
    to: '+49 ••••• 78',
    channel: 'sms',
    resendAction: exhibitAction,
    way: 'a',
    resend: { when, seconds: 25 },
  } as const
  const sentLongAgo = { to: sent.to, channel: sent.channel, resendAction: exhibitAction, way: 'a' } as const
  const sms = { ...factor, method: 'sms', way: 'a', sent, othersAddress: '#' } as const
  const ways = { ...factor, choices, addressOf: () => '#', now, refuseAction: exhibitAction }
  const start = { ...signin, accountName: 'mary.rivera@contoso.com', refuseAction: exhibitAction }
  const enroll = { ...start, otherAction: exhibitAction }
  const kinds = {
    ...start,
    methods: ['webauthn', 'totp', 'sms'],
    channels: ['sms', 'voice'],
    phoneAddress: '#',
    proposedAddress: '#',
  } as const
  const postponable = {
    action: exhibitAction,
    left: 2,
    when: new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(now),
  }
  const scan = {
    ...enroll,
    authenticatorId: 'a',
    secretInGroups: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
    uri: `otpauth://totp/${encodeURIComponent(`${realm.displayName}:mary.rivera@contoso.com`)}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=${encodeURIComponent(realm.displayName)}`,
  }
  const phoneCode = { ...enroll, authenticatorId: 'a', sent, isSent: true, isProposed: false }
  const codes = [...'0123456789'].map((digit) => `7KQF-2M9X-4TDA-PW${digit}C`)
  const form = { forms: 'anywhere' } as const
  const withScript = { ...form, scripts: true } as const
  const wrongCode = sentences(texts.wrongCode, texts.wrongCodeHint, tellTriesLeft(language, 3))
  const locked = { ...signin, reference, because: { kind: 'factor-locked' } } as const
  const limited = tellPause(language, 'smsLimited', now, later)

  const pages: Readonly<Record<string, string>> = {
    factor: renderFactorPage(totp),
    'factor-remember': renderFactorPage({ ...totp, rememberDays: 30 }),
    'factor-only': renderFactorPage({ ...factor, method: 'totp' }),
    'factor-confirming': renderFactorPage({ ...totp, isConfirming: true }),
    'factor-wrong': renderFactorPage({ ...totp, reference, complaint: wrongCode }),
    'factor-paused': renderFactorPage({ ...totp, reference, notice: tellPause(language, 'factorPaused', now, later) }),
    'factor-sms-expired': renderFactorPage({ ...sms, sent: sentLongAgo, reference, complaint: texts.smsExpired }),
    'factor-recovery': renderFactorPage({ ...factor, method: 'recovery-code', othersAddress: '#' }),
    'factor-recovery-wrong': renderFactorPage({ ...factor, method: 'recovery-code', reference, complaint: texts.recoveryWrong }),
    'factor-pass': renderFactorPage({ ...factor, method: 'access-pass', othersAddress: '#' }),
    'factor-ways': renderWaysPage(ways),
    'factor-ways-none': renderWaysPage({ ...ways, choices: [] }),
    'factor-undeliverable': renderWaysPage({
      ...ways,
      choices: choices.filter(({ key }) => key !== 'a' && key !== 'b'),
      notice: fill(texts.smsUndeliverable, { to: '+49 ••••• 78' }),
      again: { words: fill(texts.smsTryAgain, { to: '+49 ••••• 78' }), action: exhibitAction, way: 'a' },
    }),
    'factor-limited': renderWaysPage({ ...ways, choices: choices.slice(0, 2), notice: limited }),
    'factor-approval': renderApprovalPage({
      ...factor,
      number: '42',
      portalAddress: 'sts.contoso.com/contoso.com/portal',
      othersAddress: '#',
    }),
    'factor-approval-denied': renderApprovalOverPage({ ...factor, reference, state: 'denied', othersAddress: '#' }),
    'factor-approval-expired': renderApprovalOverPage({
      ...factor,
      reference,
      state: 'expired',
      retry: { action: exhibitAction, way: 'approval' },
      othersAddress: '#',
    }),
    'factor-locked': renderBlockedPage(locked),
    'factor-gone': renderBlockedPage({ ...locked, because: { kind: 'factor-gone' } }),
    'factor-insufficient': renderBlockedPage({ ...locked, because: { kind: 'insufficient' } }),
    'enroll-kinds': renderChooseKindPage({ ...kinds, why: 'demanded' }),
    'enroll-kinds-proposed': renderChooseKindPage({
      ...kinds,
      why: 'demanded',
      proposed: { to: '+49 ••••• 78', channel: 'sms' },
    }),
    'enroll-kinds-strong': renderChooseKindPage({ ...kinds, methods: ['webauthn'], why: 'strong' }),
    'enroll-kinds-offered': renderChooseKindPage({ ...kinds, why: 'offered', later: postponable }),
    'enroll-kinds-none': renderChooseKindPage({ ...kinds, methods: [], why: 'demanded' }),
    'enroll-permit': renderPermitPage({ ...start, hasTrustedNetwork: true }),
    'enroll-permit-wrong': renderPermitPage({ ...start, reference, complaint: texts.passWrong, hasTrustedNetwork: false }),
    'enroll-permit-offered': renderPermitPage({ ...start, hasTrustedNetwork: false, later: postponable }),
    'enroll-scan': renderEnrollScanPage(scan),
    'enroll-scan-wrong': renderEnrollScanPage({
      ...scan,
      reference,
      complaint: fill(texts.enrollWrongCode, { realm: realm.displayName }),
    }),
    'enroll-scan-expired': renderEnrollScanPage({ ...scan, reference, notice: texts.enrollExpired }),
    'enroll-phone': renderPhonePage({ ...start, channels: ['sms', 'voice'], backAddress: '#' }),
    'enroll-phone-invalid': renderPhonePage({
      ...start,
      channels: ['sms'],
      backAddress: '#',
      reference,
      phone: '0151 23',
      complaint: texts.phoneInvalid,
    }),
    'enroll-phone-proposed': renderProposedPhonePage({
      ...start,
      to: '+49 ••••• 78',
      channel: 'sms',
      otherAddress: '#',
      otherWords: texts.permitHave,
    }),
    'enroll-phone-code-wrong': renderPhoneCodePage({
      ...phoneCode,
      sent: sentLongAgo,
      reference,
      complaint: texts.phoneWrongCode,
    }),
    'enroll-phone-undeliverable': renderPhoneCodePage({
      ...phoneCode,
      sent: { to: sent.to, channel: 'sms', resendAction: exhibitAction },
      isSent: false,
      notice: fill(texts.smsUndeliverable, { to: '+49 ••••• 78' }),
    }),
    'enroll-codes-gone': renderCodesGonePage({ ...signin, newAction: exhibitAction, isSmsOnly: false }),
  }
  const scripted: Readonly<Record<string, string>> = {
    'factor-sms': renderFactorPage({ ...sms, rememberDays: 30 }),
    'factor-sms-again': renderFactorPage({ ...sms, news: texts.smsSentAgain }),
    'factor-voice': renderFactorPage({ ...sms, sent: { ...sent, channel: 'voice' } }),
    'enroll-phone-code': renderPhoneCodePage(phoneCode),
    'factor-key': renderKeyPage({ ...factor, options, othersAddress: '#', rememberDays: 30 }),
    'factor-key-wrong': renderKeyPage({ ...factor, options, othersAddress: '#', reference, complaint: texts.webauthnWrong }),
    'enroll-key': renderEnrollKeyPage({ ...enroll, authenticatorId: 'a', options }),
    'enroll-key-taken': renderEnrollKeyPage({
      ...enroll,
      authenticatorId: 'a',
      options,
      reference,
      complaint: texts.webauthnCreateTaken,
    }),
    'enroll-codes': renderRecoveryCodesPage({ ...signin, accountName: factor.accountName, codes, isSmsOnly: false }),
    'enroll-codes-sms': renderRecoveryCodesPage({ ...signin, accountName: factor.accountName, codes, isSmsOnly: true }),
  }
  return [
    ...Object.entries(pages).map(([name, html]) => ({ name, html, ...form })),
    ...Object.entries(scripted).map(([name, html]) => ({ name, html, ...withScript })),
  ]
}
