import type { BoundFactor, WaitingApproval } from '@postern/mfa'
import type { AccountId, AuthenticatorId, RememberedBrowser } from '@postern/storage'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import type { Language } from '../http/messages/catalogue.ts'
import type { RealmView } from '../http/realm-view.ts'
import type { PageNeeds } from '../http/security-headers.ts'
import { sentences, tellTriesLeft } from '../http/telling.ts'
import {
  renderAppPage,
  renderChoicePage,
  renderMessagePage,
  renderPasskeyPage,
  renderPermitPage,
  renderPhonePage,
} from '../portal/views/add-pages.ts'
import {
  renderApprovalPage,
  renderApprovalsPage,
  renderApprovedPage,
  renderDeniedPage,
  renderGonePage,
} from '../portal/views/approval-pages.ts'
import { renderBrowsersPage } from '../portal/views/browsers-page.ts'
import { renderHomePage } from '../portal/views/home-page.ts'
import { renderMethodPage, renderMethodsPage, renderRemovePage, renderRemoveRefusedPage } from '../portal/views/methods-pages.ts'
import { renderPasswordChangePage, renderPasswordDonePage } from '../portal/views/password-page.ts'
import type { PortalView } from '../portal/views/portal-frame.ts'
import { renderCodesNeedPage, renderCodesPage, renderNewCodesPage } from '../portal/views/recovery-pages.ts'
import { renderSignedOutPage } from '../portal/views/signed-out-page.ts'
import { renderPortalAppsGallery, sampleAuthorizedApps } from './portal-apps-gallery.ts'
import { renderPortalMailGallery, sampleActivity, sampleApps } from './portal-mail-gallery.ts'

const now = new Date('2026-03-02T09:00:00Z')
const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000)
const day = 24 * 60

/** Every page of the portal in every state. Nothing in it is secret: the key is RFC 6238's example. */
export function renderPortalGallery(place: {
  realm: RealmView
  language: Language
  reference: string
  /** Where its links and forms lead to. */
  base: string
}): readonly ({ readonly name: string; readonly html: string } & PageNeeds)[] {
  const { realm, language, reference, base } = place
  const texts = messagesIn(language)
  const view: PortalView = {
    realm,
    language,
    base,
    section: 'home',
    csrf: 'gallery',
    person: 'Mary Rivera',
    upn: 'mary.rivera@contoso.com',
    signOutAddress: '#',
    waiting: 0,
    now,
  }
  const methods = { ...view, section: 'methods' } as const
  const waits = { ...view, section: 'approvals', waiting: 1 } as const
  const refused = { reference }

  const app: BoundFactor = {
    id: 'a' as AuthenticatorId, // a brand has no runtime part
    method: 'totp',
    label: 'Aegis on my phone',
    state: 'active',
    strength: 'second-factor',
    isDefault: true,
    detail: {},
    createdAt: before(90 * day),
    lastUsedAt: before(25),
  }
  const phone: BoundFactor = {
    id: 'b' as AuthenticatorId,
    method: 'sms',
    label: texts.portalMethodSms,
    state: 'disabled',
    strength: 'second-factor',
    isDefault: false,
    detail: { masked: '+49 ••••• 78', channel: 'sms' },
    createdAt: before(3 * day),
  }
  const key: BoundFactor = {
    id: 'c' as AuthenticatorId,
    method: 'webauthn',
    label: texts.portalMethodWebauthn,
    state: 'active',
    strength: 'phishing-resistant',
    isDefault: false,
    detail: {},
    createdAt: before(12 * day),
    lastUsedAt: before(30 * 60),
  }
  const own = [app, phone, key].map((factor) => ({ ...factor, isOff: false }))
  const ownApp = { ...app, isOff: false }
  const codes = { left: 9, of: 10, isLow: false }
  const few = { left: 2, of: 10, isLow: true }
  const approval: WaitingApproval = {
    id: 'w',
    about: { appName: 'Contoso Mail for Desktop', source: '203.0.113.7', browser: 'Firefox · Linux' },
    createdAt: before(1),
    expiresAt: before(-4),
  }
  const browsers: readonly RememberedBrowser[] = [
    ['Firefox · Linux', 40],
    ['Safari · iPhone', 5 * day],
  ].map(([label, minutes], at) => ({
    id: `r${at}`,
    accountId: 'p' as AccountId, // a brand has no runtime part
    digest: new Uint8Array(),
    label: String(label),
    createdAt: before(20 * day),
    lastSeenAt: before(Number(minutes)),
    expiresAt: before(-20 * day),
  }))
  const elsewhere = { name: 's2', evidence: ['swk', 'mfa'], signedInAt: before(3 * day) }
  const sessions = [
    { name: 's1', evidence: ['pwd', 'otp', 'mfa'], signedInAt: before(25), isHere: true },
    { ...elsewhere, isHere: false },
  ]
  const apps = sampleApps(now)
  const authorized = sampleAuthorizedApps(now)
  const home = {
    mailApps: { apps, total: apps.length, here: '203.0.113.7' },
    authorizedApps: { apps: authorized.slice(0, 6), total: authorized.length },
    recent: { ...sampleActivity(now), rows: sampleActivity(now).rows.slice(0, 4) },
    approvals: [],
    factors: [app, key],
    codes,
    messagesOnly: false,
    browsers,
    sessions,
  }
  const app2 = {
    authenticatorId: 'd',
    secretInGroups: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
    uri: `otpauth://totp/${encodeURIComponent(`${realm.displayName}:mary.rivera@contoso.com`)}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=${encodeURIComponent(realm.displayName)}`,
  }
  const sent = { kind: 'sent', to: '+49 ••••• 78', channel: 'sms', resendIn: undefined } as const
  const webauthn = { authenticatorId: 'd', options: { challenge: 'Z2FsbGVyeQ', rp: { id: 'localhost', name: 'Contoso' } } }
  const withScript = { scripts: true } as const
  const password = { ...view, ...refused }

  return [
    { name: 'portal-home', html: renderHomePage(view, home) },
    {
      name: 'portal-home-waiting',
      html: renderHomePage({ ...view, waiting: 1 }, { ...home, approvals: [approval], codes: few }),
    },
    {
      name: 'portal-home-new',
      html: renderHomePage(view, {
        ...home,
        mailApps: { apps: [], total: 0 },
        authorizedApps: { apps: [], total: 0 },
        factors: [],
        codes: undefined,
        browsers: [],
        sessions: sessions.slice(0, 1),
      }),
    },
    {
      name: 'portal-home-messages-only',
      html: renderHomePage(view, { ...home, factors: [{ ...phone, state: 'active' }], messagesOnly: true }),
    },
    {
      name: 'portal-methods',
      html: renderMethodsPage(methods, { factors: own, proposed: [], codes, messagesOnly: false }),
    },
    {
      name: 'portal-methods-none',
      html: renderMethodsPage(methods, { factors: [], proposed: [{ ...phone, id: 'e' }], codes: undefined, messagesOnly: false }),
    },
    {
      name: 'portal-methods-messages-only',
      html: renderMethodsPage(methods, {
        factors: [{ ...phone, state: 'active', isOff: true }],
        proposed: [],
        codes: undefined,
        messagesOnly: true,
      }),
    },
    { name: 'portal-method', html: renderMethodPage(methods, { ...ownApp, isDefault: false }) },
    {
      name: 'portal-method-unnamed',
      html: renderMethodPage({ ...methods, ...refused, complaint: texts.portalRenameMissing, typed: '' }, ownApp),
    },
    { name: 'portal-method-locked', html: renderMethodPage(methods, { ...phone, isOff: false }) },
    { name: 'portal-remove', html: renderRemovePage(methods, ownApp, { isLast: false }) },
    { name: 'portal-remove-last', html: renderRemovePage(methods, ownApp, { isLast: true }) },
    { name: 'portal-remove-refused', html: renderRemoveRefusedPage({ ...methods, ...refused }, ownApp, 'second-factor') },
    { name: 'portal-replace', html: renderChoicePage({ ...methods, replaces: ownApp }, ['webauthn', 'totp', 'sms']) },
    { name: 'portal-replace-ready', html: renderRemovePage(methods, ownApp, { isLast: false, successor: phone }) },
    { name: 'portal-add', html: renderChoicePage(methods, ['webauthn', 'totp', 'sms']) },
    {
      name: 'portal-add-over',
      html: renderChoicePage({ ...methods, ...refused, notice: texts.portalCodeOver }, ['webauthn', 'totp', 'sms']),
    },
    { name: 'portal-add-nothing', html: renderChoicePage(methods, []) },
    { name: 'portal-permit', html: renderPermitPage(methods) },
    { name: 'portal-permit-wrong', html: renderPermitPage({ ...methods, ...refused, complaint: texts.portalPermitWrong }) },
    { name: 'portal-add-app', html: renderAppPage(methods, app2) },
    {
      name: 'portal-add-app-wrong',
      html: renderAppPage(
        {
          ...methods,
          ...refused,
          complaint: sentences(fill(texts.enrollWrongCode, { realm: realm.displayName }), tellTriesLeft(language, 3)),
        },
        app2,
      ),
    },
    { name: 'portal-add-phone', html: renderPhonePage(methods, ['sms', 'voice']) },
    {
      name: 'portal-add-phone-invalid',
      html: renderPhonePage({ ...methods, ...refused, complaint: texts.portalPhoneInvalid, typed: '0151' }, ['sms']),
    },
    { name: 'portal-add-code', html: renderMessagePage(methods, { authenticatorId: 'd', state: sent }) },
    {
      name: 'portal-add-code-early',
      html: renderMessagePage(methods, { authenticatorId: 'd', state: { ...sent, channel: 'voice', resendIn: 'in 20 seconds' } }),
    },
    {
      name: 'portal-add-code-undeliverable',
      html: renderMessagePage(methods, { authenticatorId: 'd', state: { kind: 'undeliverable', to: sent.to } }),
    },
    {
      name: 'portal-add-code-limited',
      html: renderMessagePage(methods, { authenticatorId: 'd', state: { kind: 'limited', when: undefined } }),
    },
    { name: 'portal-add-passkey', html: renderPasskeyPage(methods, webauthn), ...withScript },
    {
      name: 'portal-add-passkey-wrong',
      html: renderPasskeyPage({ ...methods, ...refused, complaint: texts.portalPasskeyWrong }, webauthn),
      ...withScript,
    },
    { name: 'portal-codes', html: renderCodesPage(methods, few) },
    { name: 'portal-codes-need', html: renderCodesNeedPage(methods) },
    {
      name: 'portal-codes-new',
      html: renderNewCodesPage(
        methods,
        Array.from({ length: 10 }, (_, at) => `7KQF-2M9X-4TDA-0E${String(at).padStart(2, '0')}`),
      ),
    },
    { name: 'portal-approvals', html: renderApprovalsPage(waits, [approval]) },
    { name: 'portal-approvals-none', html: renderApprovalsPage({ ...waits, waiting: 0 }, []) },
    { name: 'portal-approval', html: renderApprovalPage(waits, approval, { isHere: true }) },
    {
      name: 'portal-approval-missing',
      html: renderApprovalPage({ ...waits, ...refused, complaint: texts.portalApprovalMissing }, approval, { isHere: false }),
    },
    { name: 'portal-approved', html: renderApprovedPage(waits, approval.about.appName) },
    { name: 'portal-denied', html: renderDeniedPage(waits, 'denied') },
    { name: 'portal-denied-wrong', html: renderDeniedPage({ ...waits, ...refused }, 'wrong_number') },
    { name: 'portal-gone', html: renderGonePage(waits) },
    { name: 'portal-browsers', html: renderBrowsersPage(view, browsers) },
    { name: 'portal-browsers-none', html: renderBrowsersPage(view, []) },
    { name: 'portal-password', html: renderPasswordChangePage(view), ...withScript },
    {
      name: 'portal-password-wrong',
      html: renderPasswordChangePage({
        ...password,
        currentComplaint: sentences(texts.portalCurrentWrong, tellTriesLeft(language, 2)),
        everywhere: false,
      }),
      ...withScript,
    },
    {
      name: 'portal-password-short',
      html: renderPasswordChangePage({ ...password, nextComplaint: texts.portalNewShort }),
      ...withScript,
    },
    { name: 'portal-password-done', html: renderPasswordDonePage(view) },
    ...renderPortalMailGallery(view),
    ...renderPortalAppsGallery(view, elsewhere),
    { name: 'portal-signed-out', html: renderSignedOutPage({ realm, language, reference, again: '#' }) },
  ]
}
