import { describe, expect, test } from 'vitest'
import { renderRefusedRequest } from '../../http/error-page.ts'
import { messagesIn } from '../../http/language.ts'
import { renderQrCode } from '../../http/qr-code.ts'
import { renderApprovalOverPage, renderApprovalPage } from './approval-page.ts'
import { renderBlockedPage } from './blocked-page.ts'
import { describeScope, renderConsentPage } from './consent-page.ts'
import {
  renderChooseKindPage,
  renderEnrollKeyPage,
  renderEnrollScanPage,
  renderPermitPage,
  renderPhoneCodePage,
  renderPhonePage,
  renderProposedPhonePage,
} from './enroll-pages.ts'
import { renderFactorPage, renderKeyPage } from './factor-page.ts'
import { renderLoggedOut, renderLogoutConfirm } from './logout-pages.ts'
import { renderNamePage, renderPasswordPage } from './password-pages.ts'
import { renderCodesGonePage, renderRecoveryCodesPage } from './recovery-codes-page.ts'
import { renderWaysPage } from './ways-page.ts'

const canary = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{app}&`
const realm = {
  id: canary,
  displayName: canary,
  issuer: 'https://sts.contoso.com/r',
  path: '/r',
  logo: `https://evil.example/"onerror="x`,
  accent: `red;}${canary}`,
}
const place = { realm, language: 'en', reference: canary } as const
const signin = { ...place, appName: canary, action: canary, csrf: canary }
const engine = { ...place, action: canary, xsrf: canary }

const start = { ...signin, accountName: canary, refuseAction: canary }
const factor = { ...signin, accountName: canary, rememberDays: 30, isConfirming: true, othersAddress: canary }
const sent = { to: canary, channel: 'sms', resendAction: canary, resend: { when: canary, seconds: 30 } } as const

/** Every field that a client, a person or a request can fill holds the canary. */
const pages = {
  name: renderNamePage({ ...signin, name: canary, complaint: canary }),
  password: renderPasswordPage({ ...signin, name: canary, changeAddress: canary, complaint: canary, notice: canary }),
  factor: renderFactorPage({ ...factor, method: 'totp', complaint: canary, notice: canary }),
  sms: renderFactorPage({ ...factor, method: 'sms', way: canary, sent: { ...sent, way: canary } }),
  key: renderKeyPage({ ...factor, options: { challenge: canary } }),
  ways: renderWaysPage({
    ...factor,
    choices: ['totp', 'sms', 'webauthn', 'recovery-code', 'access-pass', 'approval', canary].map((method) => ({
      key: canary,
      method,
      channel: 'sms' as const,
      label: canary,
      hint: canary,
      state: 'active' as const,
    })),
    addressOf: () => canary,
    refuseAction: canary,
    now: new Date(0),
    again: { words: canary, action: canary, way: canary },
  }),
  approval: renderApprovalPage({ ...factor, number: canary, portalAddress: canary }),
  denied: renderApprovalOverPage({ ...factor, state: 'denied', retry: { action: canary, way: canary } }),
  kinds: renderChooseKindPage({
    ...start,
    methods: ['webauthn', 'totp', 'sms'],
    channels: ['sms'],
    proposed: { to: canary, channel: 'sms' },
    phoneAddress: canary,
    proposedAddress: canary,
    why: 'offered',
    later: { action: canary, left: 2, when: canary },
  }),
  permit: renderPermitPage({ ...start, complaint: canary, hasTrustedNetwork: true, backAddress: canary }),
  phone: renderPhonePage({ ...start, phone: canary, complaint: canary, channels: ['sms', 'voice'], backAddress: canary }),
  proposed: renderProposedPhonePage({ ...start, to: canary, channel: 'voice', otherAddress: canary, otherWords: canary }),
  phoneCode: renderPhoneCodePage({
    ...start,
    authenticatorId: canary,
    sent,
    isSent: true,
    isProposed: false,
    otherAction: canary,
  }),
  newKey: renderEnrollKeyPage({ ...start, authenticatorId: canary, options: { challenge: canary }, complaint: canary }),
  codes: renderRecoveryCodesPage({ ...signin, accountName: canary, codes: [canary], isSmsOnly: true }),
  codesGone: renderCodesGonePage({ ...signin, newAction: canary, isSmsOnly: true, notice: canary }),
  scan: renderEnrollScanPage({ ...start, authenticatorId: canary, secretInGroups: canary, uri: canary, complaint: canary }),
  blocked: renderBlockedPage({ ...signin, because: { kind: 'rule', rules: [canary] } }),
  consentUnverified: renderConsentPage({ ...signin, accountName: canary, scopes: [], unverifiedName: canary }),
  consent: renderConsentPage({ ...signin, accountName: canary, scopes: [canary, `https://x.example/${canary}`, 'openid'] }),
  logout: renderLogoutConfirm(engine),
  loggedOut: renderLoggedOut(place),
  refused: renderRefusedRequest(place, { error: canary, description: canary }),
}

describe('no page', () => {
  test.each(Object.entries(pages))('%s lets a canary out of its place', (_, page) => {
    expect(page).not.toMatch(/<script>|<img src=x|evil\.example/)
    expect(page).not.toMatch(/"'>/)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test.each(Object.entries(pages))('%s has inline script, inline style or an event attribute', (_, page) => {
    expect(page).not.toMatch(/<style|\sstyle=|<script(?! type="module" src="\/assets\/)/)
    // What remains of the canary is text: quotes around it are escaped.
    expect(page).not.toMatch(/<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=/)
  })

  test.each(Object.entries(pages))('%s is larger than 30 KB', (_, page) => {
    expect(Buffer.byteLength(page)).toBeLessThan(30_000)
  })
})

describe('a logo', () => {
  const withLogo = (logo: string) => renderNamePage({ ...signin, realm: { ...realm, logo } })
  test('is shown when it is a picture of the realm, and nothing from elsewhere is', () => {
    expect(withLogo('data:image/png;base64,AAAA')).toContain('src="data:image/png;base64,AAAA"')
    expect(withLogo('data:text/html,<script>')).not.toContain('data:text/html')
    expect(withLogo('https://tracker.example/x.png')).not.toContain('tracker.example')
  })
})

describe('the forms', () => {
  test('of sign-out posts the fields that oidc-provider reads', () => {
    const page = renderLogoutConfirm({ ...engine, xsrf: 'x1', action: '/r/logout' })
    expect(page).toContain('name="xsrf" value="x1"')
    expect(page).toContain('name="logout" value="yes"')
  })

  test('carry the name to the password page, where a password manager finds it', () => {
    const page = renderPasswordPage({ ...signin, name: 'mary@contoso.com', changeAddress: '#' })
    expect(page).toMatch(/name="name"[^>]*value="mary@contoso.com"[^>]*readonly[^>]*autocomplete="username"/)
    expect(page).toContain('autocomplete="current-password"')
  })
})

describe('describeScope', () => {
  const texts = messagesIn('en')
  test.each([
    ['openid', 'know who you are'],
    ['https://mail.contoso.com/IMAP.AccessAsUser.All', 'read and organise your mail (IMAP)'],
    ['https://mail.contoso.com/Files.Read', 'use Files.Read at mail.contoso.com'],
    ['https://mail.contoso.com/', 'use https://mail.contoso.com/ at mail.contoso.com'],
    ['custom', 'use custom'],
    ['constructor', 'use constructor'],
  ])('tells %s', (scope, words) => {
    expect(describeScope(texts, scope)).toBe(words)
  })
})

describe('renderQrCode', () => {
  test('draws dark on white with four modules of quiet around it, in whole units', () => {
    const drawing = String(renderQrCode('otpauth://totp/x', 'code'))
    const side = Number(/viewBox="0 0 (\d+) \1"/.exec(drawing)?.[1])
    expect((side - 8 - 17) % 4).toBe(0)
    // The upper left finder pattern: seven dark, five light, three dark.
    expect(drawing).toContain('d="M4 4h7v1h-7z')
    expect(drawing).not.toMatch(/[\d]\.[\d]/)
  })
})
