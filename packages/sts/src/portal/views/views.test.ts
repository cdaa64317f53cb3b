import type { BoundFactor, KnownAppPassword, WaitingApproval } from '@postern/mfa'
import type { AuditRow, FamilyId } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { renderActivityPage } from './activity-page.ts'
import { renderMessagePage, renderPasskeyPage, renderPermitPage, renderPhonePage } from './add-pages.ts'
import { renderAppPasswordForm } from './app-password-form.ts'
import { renderAppPasswordsPage, renderNewAppPasswordPage, renderRevokePage } from './app-password-pages.ts'
import { renderApprovalPage, renderApprovalsPage, renderApprovedPage } from './approval-pages.ts'
import { renderAuthorizedAppEndPage, renderAuthorizedAppsPage } from './authorized-app-pages.ts'
import { renderBrowsersPage } from './browsers-page.ts'
import { renderFactorFirstPage } from './factor-first-page.ts'
import { renderHomePage } from './home-page.ts'
import { renderAppChangePage, renderAppPage } from './mail-app-pages.ts'
import { renderAppsPage } from './mail-app-tiles.ts'
import type { OwnApp } from './mail-app-words.ts'
import { renderMethodPage, renderMethodsPage, renderRemovePage } from './methods-pages.ts'
import { renderPasswordChangePage } from './password-page.ts'
import { renderCodesOffPage } from './recovery-pages.ts'
import { renderSessionEndPage } from './session-end-page.ts'
import { renderSetupPage } from './setup-page.ts'

const canary = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{name}&`
const now = new Date('2026-03-02T09:00:00Z')
const view = {
  realm: { id: 'r', displayName: canary, issuer: 'https://sts.contoso.com/r', path: '/r' },
  language: 'en',
  reference: canary,
  base: '/r/portal',
  section: 'home',
  csrf: canary,
  person: canary,
  upn: canary,
  signOutAddress: '/r/logout',
  waiting: 1,
  now,
} as const
const factor = {
  id: 'a',
  method: 'sms',
  label: canary,
  state: 'active',
  strength: 'second-factor',
  isDefault: false,
  detail: { masked: canary },
  createdAt: now,
  isOff: false,
} as unknown as BoundFactor & { isOff: boolean } // the id is a brand without a runtime part
const approval: WaitingApproval = {
  id: canary,
  about: { appName: canary, source: canary, browser: canary },
  createdAt: now,
  expiresAt: now,
}
const browser = {
  id: canary,
  accountId: 'p' as never,
  digest: new Uint8Array(),
  label: canary,
  createdAt: now,
  lastSeenAt: now,
  expiresAt: now,
}
const app: OwnApp = {
  id: canary,
  accountId: 'p' as never,
  identity: canary,
  label: canary,
  traits: { deviceId: canary, deviceType: canary, model: canary, userAgent: canary },
  protocols: [canary],
  state: 'pending',
  firstTriedAt: now,
  lastTriedAt: now,
  lastSource: canary,
  tries: 1,
  decidedAt: now,
  decidedBy: canary,
  standing: 'owner',
}
const byPassword: OwnApp = { ...app, state: 'active', decidedBy: 'app-password', openedBy: [canary] }
const full = { app, ownPasswords: [canary, canary], passwordHelps: true, here: canary }
const password: KnownAppPassword = {
  id: canary,
  accountId: 'p' as never,
  label: canary,
  protocols: [canary],
  networks: [canary],
  bindsToFirstApp: true,
  mailAppId: canary,
  createdAt: now,
  createdBy: canary,
  lastUsedAt: now,
  lastSource: canary,
  lastProtocol: canary,
}
const row: AuditRow = {
  id: canary,
  at: now,
  event: 'mailapp.decided',
  outcome: 'refused',
  reference: canary,
  actor: canary,
  source: canary,
  detail: { app: canary, state: canary },
}
const activity = { rows: [row], names: { realm: canary, clients: new Map(), mailApps: new Map() } }
const authorized = { familyId: canary as FamilyId, name: canary, startedAt: now, lastUsedAt: now } // a brand has no runtime part
const session = { name: canary, evidence: ['pwd'], signedInAt: now, isHere: false }
const home = {
  mailApps: { apps: Array.from({ length: 6 }, () => app), total: 7, here: canary },
  authorizedApps: { apps: Array.from({ length: 6 }, () => authorized), total: 7 },
  approvals: [approval],
  factors: [factor],
  codes: undefined,
  messagesOnly: true,
  browsers: [browser],
  sessions: [session],
  recent: activity,
}
const draft = { label: canary, uses: [], binds: false, expiry: 'never', networks: canary } as const
const complaints = { label: canary, uses: canary, networks: canary }
const offered = [{ use: 'mail', protocols: ['imap'] }] as const

/** Every field that a person, an app, an administrator or a request can fill holds the canary. */
const pages = {
  home: renderHomePage(view, home),
  apps: renderAppsPage(view, home.mailApps),
  app: renderAppPage({ ...view, complaint: canary, typed: canary, notice: canary }, full),
  appBlocked: renderAppPage(view, { ...full, app: { ...app, state: 'blocked' } }),
  appByPassword: renderAppPage(view, { ...full, app: byPassword }),
  appByPasswordActivate: renderAppChangePage(view, { ...full, app: byPassword }, 'activate'),
  appWithoutPassword: renderAppPage(view, { ...full, passwordHelps: false, app: { ...byPassword, openedBy: [] } }),
  appNeedsPassword: renderAppPage(view, { ...full, app: { ...app, standing: 'app-password' } }),
  appActivate: renderAppChangePage(view, full, 'activate'),
  appBlock: renderAppChangePage(view, full, 'block'),
  appRemove: renderAppChangePage(view, full, 'remove'),
  authorizedApps: renderAuthorizedAppsPage(view, {
    apps: Array.from({ length: 25 }, () => authorized),
    total: 60,
    before: 1,
    next: 3,
  }),
  authorizedAppEnd: renderAuthorizedAppEndPage(view, authorized),
  sessionEnd: renderSessionEndPage(view, session),
  appPasswords: renderAppPasswordsPage(view, {
    passwords: [password],
    apps: [{ ...app, id: canary }],
    making: 'open',
  }),
  appPasswordNew: renderAppPasswordForm(view, { offered, draft, complaints }),
  appPasswordShown: renderNewAppPasswordPage(view, { label: canary, secret: canary }),
  appPasswordRevoke: renderRevokePage(view, { password }),
  activity: renderActivityPage(view, { ...activity, isFirst: true }),
  setup: renderSetupPage(view, { hosts: { imap: { host: canary, port: 1, tls: 'implicit' } }, files: [] }),
  factorFirst: renderFactorFirstPage(view),
  methods: renderMethodsPage(view, { factors: [factor], proposed: [factor], codes: undefined, messagesOnly: false }),
  method: renderMethodPage({ ...view, typed: canary, complaint: canary }, factor),
  remove: renderRemovePage(view, factor, { isLast: true }),
  permit: renderPermitPage({ ...view, next: canary, complaint: canary, notice: canary }),
  codesOff: renderCodesOffPage(view),
  phone: renderPhonePage({ ...view, typed: canary, complaint: canary }, ['sms']),
  message: renderMessagePage(
    { ...view, notice: canary },
    { authenticatorId: canary, state: { kind: 'undeliverable', to: canary } },
  ),
  passkey: renderPasskeyPage(view, { authenticatorId: canary, options: { user: { name: canary } } }),
  approvals: renderApprovalsPage(view, [approval]),
  approval: renderApprovalPage(view, approval, { isHere: true }),
  approved: renderApprovedPage(view, canary),
  browsers: renderBrowsersPage(view, [browser, browser]),
  password: renderPasswordChangePage({ ...view, currentComplaint: canary, nextComplaint: canary, notice: canary }),
}

describe('no page of the portal', () => {
  test.each(Object.entries(pages))('%s lets a canary out of its place', (_, page) => {
    expect(page).not.toMatch(/<script>|<img src=x/)
    expect(page).not.toMatch(/"'>/)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test.each(Object.entries(pages))('%s has inline script, inline style or an event attribute', (_, page) => {
    expect(page).not.toMatch(/<style|\sstyle=|<script(?! type="module" src="\/assets\/)/)
    expect(page).not.toMatch(/<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=/)
  })

  test.each(Object.entries(pages))('%s is larger than 30 KB', (_, page) => {
    expect(Buffer.byteLength(page)).toBeLessThan(30_000)
  })

  test.each(Object.entries(pages))('%s posts a form without the token against forgery', (_, page) => {
    const forms = [...page.matchAll(/<form\b[\s\S]*?<\/form>/g)].map(([form]) => form)
    expect(forms.filter((form) => !form.includes('name="csrf"'))).toEqual([])
  })
})

test('both answers to a waiting sign-in are buttons of one form, and the number is nowhere on the page', () => {
  const page = renderApprovalPage(view, approval, { isHere: false })
  expect(page).toContain('name="decision" value="approve"')
  expect(page).toContain('name="decision" value="deny"')
  expect(page).not.toMatch(/value="\d\d"/)
})
