import type { KnownAppPassword } from '@postern/mfa'
import type { AccountId, AuditRow, MailApp } from '@postern/storage'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import { mailProtocols } from '../policy/mail/protocols.ts'
import { offeredUses } from '../portal/app-password-wish.ts'
import { renderActivityPage, type ShownActivity } from '../portal/views/activity-page.ts'
import { renderAppPasswordForm } from '../portal/views/app-password-form.ts'
import { renderAppPasswordsPage, renderNewAppPasswordPage, renderRevokePage } from '../portal/views/app-password-pages.ts'
import { renderFactorFirstPage } from '../portal/views/factor-first-page.ts'
import { type AppInFull, renderAppChangePage, renderAppPage } from '../portal/views/mail-app-pages.ts'
import { renderAppsPage, type ShownApps } from '../portal/views/mail-app-tiles.ts'
import type { OwnApp } from '../portal/views/mail-app-words.ts'
import type { PortalView } from '../portal/views/portal-frame.ts'
import { renderSetupPage } from '../portal/views/setup-page.ts'
import type { Exhibit } from './exhibit.ts'

const here = '203.0.113.7'
const accountId = 'p' as AccountId // a brand has no runtime part

/** Mail apps in every state, as of `now`. */
export function sampleApps(now: Date): readonly OwnApp[] {
  const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000)
  const day = 24 * 60
  const app = (id: string, rest: Partial<OwnApp> & Pick<MailApp, 'label' | 'state' | 'protocols'>): OwnApp => ({
    id,
    accountId,
    identity: id,
    traits: {},
    firstTriedAt: before(90),
    lastTriedAt: before(2),
    lastSource: '198.51.100.23',
    tries: 4,
    standing: 'owner',
    ...rest,
  })
  return [
    app('pending', {
      label: 'Outlook on Windows',
      state: 'pending',
      protocols: ['imap', 'smtp'],
      traits: { userAgent: 'Microsoft Outlook 16.0 (Windows)' },
      lastSource: here,
      firstTriedAt: before(6),
    }),
    app('quarantined', {
      label: 'Samsung SM-S911B',
      state: 'quarantined',
      standing: 'organisation',
      protocols: ['activesync'],
      traits: { deviceType: 'SamsungDevice', model: 'SM-S911B', userAgent: 'Samsung-SM-S911B/101.13' },
      firstTriedAt: before(3 * day),
      lastTriedAt: before(40),
    }),
    app('active', {
      label: 'Mary’s iPhone',
      state: 'active',
      protocols: ['activesync', 'ews'],
      traits: {
        deviceId: 'HQ4TRN6V8Z7C1A2B',
        deviceType: 'iPhone',
        model: 'iPhone15C4',
        userAgent: 'Apple-iPhone15C4/2102.80',
      },
      firstTriedAt: before(60 * day),
      lastTriedAt: before(1),
      lastAllowedAt: before(1),
      decidedAt: before(60 * day),
      decidedBy: 'owner',
    }),
    app('blocked', {
      label: 'Mail program',
      state: 'blocked',
      protocols: ['pop'],
      network: '192.0.2.0/24',
      lastSource: '192.0.2.77',
      firstTriedAt: before(30 * day),
      lastTriedAt: before(9 * day),
      decidedAt: before(8 * day),
      decidedBy: 'admin@contoso.com',
    }),
  ]
}

/** What happened lately, as the trail keeps it. */
export function sampleActivity(now: Date): ShownActivity {
  const row = (event: string, minutes: number, rest: Partial<AuditRow> = {}): AuditRow => ({
    id: `${event} ${minutes}`,
    at: new Date(now.getTime() - minutes * 60_000),
    event,
    outcome: 'allowed',
    reference: '7KQF-2M9X-4TDA',
    accountId,
    source: here,
    detail: {},
    ...rest,
  })
  return {
    names: {
      realm: 'Contoso',
      clients: new Map([['c', 'Contoso Mail for Desktop']]),
      mailApps: new Map([
        ['pending', 'Outlook on Windows'],
        ['active', 'Mary’s iPhone'],
      ]),
    },
    rows: [
      row('mailapp.appeared', 6, { outcome: 'refused', detail: { mailAppId: 'pending' } }),
      row('signin.proved', 25, { detail: { method: 'totp' } }),
      row('signin.proved', 26, { detail: { method: 'password' } }),
      row('signin.failed', 27, { outcome: 'failed', source: '198.51.100.23', detail: { method: 'password' } }),
      row('authorization.granted', 300, { clientId: 'c' }),
      row('mailapp.decided', 60 * 24 * 8, {
        actor: 'admin@contoso.com',
        detail: { mailAppId: 'gone', app: 'Mail program', state: 'blocked' },
      }),
      row('app_password.created', 60 * 24 * 20, { detail: { label: 'Old tablet' } }),
      row('mailapp.allowed', 60 * 24 * 21, {
        detail: { app: 'curl', protocol: 'activesync', reason: 'autodiscover_opens_no_mail' },
      }),
      row('signin.failed', 60 * 24 * 21, { outcome: 'failed', detail: { method: 'password', app: 'curl' } }),
    ],
  }
}

/** Every page about mail apps in every state. The app password in it opens nothing. */
export function renderPortalMailGallery(view: PortalView): readonly Exhibit[] {
  const { now, language, reference = '' } = view
  const texts = messagesIn(language)
  const before = (days: number): Date => new Date(now.getTime() - days * 24 * 3_600_000)
  const passwords = { ...view, section: 'app-passwords' } as const
  const activity = { ...view, section: 'activity' } as const
  const refused = { reference: reference === '' ? '7KQF-2M9X-4TDA' : reference }
  const apps = sampleApps(now)
  const inFull = (id: string, rest: Partial<AppInFull> & { app?: OwnApp } = {}): AppInFull => {
    const app = apps.find((one) => one.id === id)
    if (app === undefined) throw new TypeError(`no app ${id}`)
    return { app, ownPasswords: [], passwordHelps: true, here, ...rest }
  }
  const pending = inFull('pending')
  const needy: OwnApp = { ...pending.app, standing: 'app-password' }
  const byPassword = (openedBy: readonly string[]): AppInFull => {
    const active = inFull('active')
    return { ...active, app: { ...active.app, decidedBy: 'app-password', openedBy } }
  }
  const shown: ShownApps = { apps, total: apps.length, here }
  const own: readonly KnownAppPassword[] = [
    {
      id: 'k1',
      accountId,
      label: 'Scanner in the office',
      protocols: ['smtp'],
      networks: ['203.0.113.0/24'],
      bindsToFirstApp: false,
      createdAt: before(200),
      createdBy: 'owner',
      lastUsedAt: before(2),
      lastSource: here,
      lastProtocol: 'smtp',
    },
    {
      id: 'k2',
      accountId,
      label: 'Old tablet',
      protocols: ['imap', 'smtp'],
      networks: [],
      bindsToFirstApp: true,
      mailAppId: 'active',
      createdAt: before(100),
      createdBy: 'admin@contoso.com',
      expiresAt: before(1),
    },
  ]
  const offered = offeredUses(mailProtocols)
  const draft = { label: '', uses: ['mail'], binds: true, expiry: 'never', networks: '' } as const
  const files = ['postern-thunderbird.xpi', 'mail.mobileconfig', 'config-v1.1.xml'].map((name) => ({ name, address: `#${name}` }))
  const hosts = {
    imap: { host: 'imap.contoso.com', port: 993, tls: 'implicit' },
    smtp: { host: 'smtp.contoso.com', port: 587, tls: 'starttls' },
    activesync: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
  } as const
  const wrongNetwork = fill(texts.appPasswordNetworksWrong, { text: 'home' })

  return [
    { name: 'portal-apps', html: renderAppsPage(view, { ...shown, before: 1, next: 3 }) },
    { name: 'portal-app-pending', html: renderAppPage(view, pending) },
    {
      name: 'portal-app-closed',
      html: renderAppPage(view, { ...pending, app: { ...pending.app, standing: 'closed' } }),
    },
    { name: 'portal-app-quarantined', html: renderAppPage(view, inFull('quarantined')) },
    { name: 'portal-app-active', html: renderAppPage(view, inFull('active', { ownPasswords: ['Old tablet'] })) },
    { name: 'portal-app-by-password', html: renderAppPage(view, byPassword(['Old tablet'])) },
    { name: 'portal-app-without-password', html: renderAppPage(view, byPassword([])) },
    { name: 'portal-app-by-password-activate', html: renderAppChangePage(view, byPassword(['Old tablet']), 'activate') },
    { name: 'portal-app-needs-password', html: renderAppPage(view, { ...pending, app: needy }) },
    { name: 'portal-apps-need-password', html: renderAppsPage(view, { apps: [needy, byPassword([]).app], total: 2, here }) },
    { name: 'portal-app-blocked', html: renderAppPage(view, inFull('blocked')) },
    {
      name: 'portal-app-changed',
      html: renderAppPage(
        { ...view, ...refused, notice: texts.mailAppStateChanged, complaint: texts.portalRenameMissing, typed: '' },
        inFull('active'),
      ),
    },
    { name: 'portal-app-activate', html: renderAppChangePage(view, pending, 'activate') },
    { name: 'portal-app-block', html: renderAppChangePage(view, inFull('active'), 'block') },
    { name: 'portal-app-block-new', html: renderAppChangePage(view, pending, 'block') },
    { name: 'portal-app-remove', html: renderAppChangePage(view, inFull('active', { ownPasswords: ['Old tablet'] }), 'remove') },
    { name: 'portal-factor-first', html: renderFactorFirstPage(view) },
    { name: 'portal-app-passwords', html: renderAppPasswordsPage(passwords, { passwords: own, apps, making: 'open' }) },
    { name: 'portal-app-passwords-closed', html: renderAppPasswordsPage(passwords, { passwords: [], apps, making: 'closed' }) },
    {
      name: 'portal-app-passwords-full',
      html: renderAppPasswordsPage({ ...passwords, ...refused }, { passwords: own.slice(0, 1), apps, making: 'full' }),
    },
    { name: 'portal-app-password-new', html: renderAppPasswordForm(passwords, { offered, draft }) },
    {
      name: 'portal-app-password-wrong',
      html: renderAppPasswordForm(
        { ...passwords, ...refused },
        {
          offered: offered.slice(0, 2),
          draft: { ...draft, uses: [], networks: 'home' },
          complaints: { label: texts.appPasswordLabelMissing, uses: texts.appPasswordUsesMissing, networks: wrongNetwork },
        },
      ),
    },
    {
      name: 'portal-app-password-shown',
      html: renderNewAppPasswordPage(passwords, { label: 'Old tablet', secret: 'abcd-efgh-jkmn-pqrs-tvwx' }),
      scripts: true,
    },
    { name: 'portal-app-password-revoke', html: renderRevokePage(passwords, { password: own[0] as KnownAppPassword }) }, // two stand above
    { name: 'portal-app-passwords-revoke', html: renderRevokePage(passwords, { count: 2 }) },
    { name: 'portal-setup', html: renderSetupPage(view, { hosts, files }) },
    { name: 'portal-setup-nothing', html: renderSetupPage(view, { hosts: {}, files: [] }) },
    { name: 'portal-activity', html: renderActivityPage(activity, { ...sampleActivity(now), isFirst: true, older: before(20) }) },
    { name: 'portal-activity-none', html: renderActivityPage(activity, { ...sampleActivity(now), rows: [], isFirst: false }) },
  ]
}
