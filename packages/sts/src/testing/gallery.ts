import Koa from 'koa'
import { renderDeviceDone, renderUserCodeConfirm, renderUserCodeInput } from '../device/device.ts'
import { assets } from '../http/assets.ts'
import { renderProblemPage, renderRefusedRequest } from '../http/error-page.ts'
import { fill } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import type { Language } from '../http/messages/catalogue.ts'
import type { RealmView } from '../http/realm-view.ts'
import { answerPage, securityHeaders } from '../http/security-headers.ts'
import { sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
import { renderBlockedPage } from '../signin/views/blocked-page.ts'
import { renderConsentPage } from '../signin/views/consent-page.ts'
import { renderLoggedOut, renderLogoutConfirm } from '../signin/views/logout-pages.ts'
import { renderLostPage } from '../signin/views/lost-page.ts'
import { renderNamePage, renderPasswordPage } from '../signin/views/password-pages.ts'
import { type Exhibit, exhibitAction } from './exhibit.ts'
import { renderFactorsGallery } from './factors-gallery.ts'
import { renderPortalGallery } from './portal-gallery.ts'

const realmId = '8f1f3c9e-4c1b-4a52-9f0a-0d5b7c2f6e11'
const now = new Date('2026-03-02T09:00:00Z')
const later = new Date('2026-03-02T09:02:00Z')

/** Every page in every state. Nothing in it is secret: the key is RFC 6238's example. */
export function renderGallery(options: { language?: Language; realm?: Partial<RealmView> } = {}): readonly Exhibit[] {
  const language = options.language ?? 'en'
  const texts = messagesIn(language)
  const realm: RealmView = {
    id: realmId,
    displayName: 'Contoso',
    issuer: `https://sts.contoso.com/${realmId}`,
    path: `/${realmId}`,
    ...options.realm,
  }
  const place = { realm, language }
  const reference = '7KQF-2M9X-4TDA'
  const signin = { ...place, appName: 'Outlook', action: exhibitAction, csrf: 'gallery' }
  const password = { ...signin, name: 'mary.rivera@contoso.com', changeAddress: '#' }
  const passkey = { options: { challenge: 'Z2FsbGVyeQ', rpId: 'localhost', allowCredentials: [] }, action: exhibitAction }
  const device = { ...place, action: exhibitAction, xsrf: 'gallery' }
  const form = { forms: 'anywhere' } as const
  const withScript = { ...form, scripts: true } as const
  const mail = 'https://mail.contoso.com/'

  return [
    { name: 'name', html: renderNamePage(signin), ...form },
    { name: 'name-passkey', html: renderNamePage({ ...signin, passkey }), ...withScript },
    {
      name: 'name-passkey-refused',
      html: renderNamePage({ ...signin, reference, passkey, passkeyComplaint: texts.webauthnRefused }),
      ...withScript,
    },
    { name: 'name-missing', html: renderNamePage({ ...signin, complaint: texts.nameMissing }), ...form },
    { name: 'password', html: renderPasswordPage(password), ...withScript },
    {
      name: 'password-wrong',
      html: renderPasswordPage({ ...password, reference, complaint: sentences(texts.wrongPassword, tellTriesLeft(language, 1)) }),
      ...withScript,
    },
    {
      name: 'password-paused',
      html: renderPasswordPage({ ...password, reference, notice: tellPause(language, 'signInPaused', now, later) }),
      ...withScript,
    },
    ...renderFactorsGallery(place),
    {
      name: 'blocked',
      html: renderBlockedPage({ ...signin, reference, because: { kind: 'rule', rules: ['Only from the office network'] } }),
      ...form,
    },
    {
      name: 'consent',
      html: renderConsentPage({
        ...signin,
        accountName: 'mary.rivera@contoso.com',
        appName: 'Thunderbird',
        scopes: ['openid', 'offline_access', `${mail}IMAP.AccessAsUser.All`, `${mail}SMTP.Send`, `${mail}Mail.Read`],
      }),
      ...form,
    },
    {
      name: 'consent-unverified',
      html: renderConsentPage({
        ...signin,
        accountName: 'mary.rivera@contoso.com',
        appName: fill(texts.unverifiedApp, { app: 'Thunderbird' }),
        unverifiedName: 'Thunderbird',
        scopes: ['openid', 'offline_access', `${mail}IMAP.AccessAsUser.All`],
      }),
      ...form,
    },
    { name: 'lost-expired', html: renderLostPage({ ...place, reference }, 'expired') },
    { name: 'lost-cookies', html: renderLostPage({ ...place, reference }, 'cookies') },
    { name: 'device', html: renderUserCodeInput(device) },
    { name: 'device-unknown', html: renderUserCodeInput({ ...device, userCode: 'BCDF-GHJK', problem: 'unknown' }) },
    {
      name: 'device-confirm',
      html: renderUserCodeConfirm({
        ...device,
        clientName: 'Contoso Mail for Desktop',
        userCode: 'BCDF-GHJK',
        hints: { where: '203.0.113.7', device: 'Contoso Mail 4.2 (Linux)' },
      }),
    },
    { name: 'device-done', html: renderDeviceDone({ ...place, clientName: 'Contoso Mail for Desktop' }) },
    { name: 'logout', html: renderLogoutConfirm(device) },
    { name: 'logged-out', html: renderLoggedOut(place) },
    {
      name: 'refused',
      html: renderRefusedRequest(
        { ...place, reference },
        { error: 'invalid_redirect_uri', description: 'redirect_uri did not match any of the client’s registered redirect_uris' },
      ),
    },
    { name: 'refused-nowhere', html: renderRefusedRequest({ language, reference }, { error: 'invalid_request' }) },
    { name: 'problem-not-found', html: renderProblemPage({ language, reference }, 'not_found') },
    { name: 'problem-stale', html: renderProblemPage({ ...place, reference }, 'form_not_ours') },
    { name: 'problem-busy', html: renderProblemPage({ ...place, reference }, 'busy') },
    { name: 'problem-fault', html: renderProblemPage({ ...place, reference }, 'fault') },
    ...renderPortalGallery({ realm, language, reference, base: exhibitAction }),
  ]
}

/** Serves the gallery at `/gallery/<name>` with the headers of the real thing. */
export function createGalleryApp(exhibits: readonly Exhibit[]): Koa {
  const app = new Koa()
  app.use(securityHeaders({ https: false }))
  app.use(assets())
  app.use(async (ctx) => {
    const exhibit = exhibits.find(({ name }) => ctx.path === `/gallery/${name}`)
    if (exhibit !== undefined) answerPage(ctx, exhibit.html, exhibit)
  })
  return app
}
