import { renderHidden, renderNotice, renderPrimary, renderSecondary } from '../../http/controls.ts'
import { fill, html, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { Messages, TextKey } from '../../http/messages/catalogue.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { SigninPage } from './signin-page.ts'

/** Scopes that we can tell in words. Names of mail scopes are the part behind the resource's address. */
const told: Readonly<Record<string, TextKey>> = {
  openid: 'scopeOpenid',
  profile: 'scopeProfile',
  email: 'scopeEmail',
  offline_access: 'scopeOfflineAccess',
  'EAS.AccessAsUser.All': 'scopeActiveSync',
  'EWS.AccessAsUser.All': 'scopeExchange',
  'IMAP.AccessAsUser.All': 'scopeImap',
  'POP.AccessAsUser.All': 'scopePop',
  'SMTP.Send': 'scopeSmtp',
}

/** A scope in plain words; one that we do not know is named as it is, with the place that it belongs to. */
export function describeScope(texts: Messages, scope: string): string {
  const address = URL.parse(scope)
  const name = address === null || address.host === '' ? scope : scope.slice(scope.lastIndexOf('/') + 1)
  const key = Object.hasOwn(told, name) ? told[name] : undefined
  if (key !== undefined) return texts[key]
  return name === scope || address === null
    ? fill(texts.scopeUnknown, { scope })
    : fill(texts.scopeOther, { scope: name || scope, place: address.host })
}

/** Asks whether the app may. "No" is as easy to reach as "yes". */
export function renderConsentPage(
  view: SigninPage & {
    accountName: string
    scopes: readonly string[]
    /** What the app calls itself, where nobody vouches for that. */
    unverifiedName?: string
  },
): string {
  const texts = messagesIn(view.language)
  const { appName: app, unverifiedName } = view
  const title =
    unverifiedName === undefined ? fill(texts.consentTitle, { app }) : fill(texts.consentTitleUnverified, { app: unverifiedName })
  return renderFrame(view, {
    title,
    main: html`<h1>${title}</h1>
${unverifiedName !== undefined && renderNotice(fill(texts.consentUnverified, { realm: view.realm.displayName }), 'bad')}
<p class="block">${phrase(texts.consentText, { app, name: html`<strong>${view.accountName}</strong>` })}</p>
<ul class="list">${view.scopes.map((scope) => html`<li>${icon('check')}<span>${describeScope(texts, scope)}</span></li>`)}</ul>
<p class="hint">${fill(texts.consentHint, { app })}</p>
<form method="post" action="${view.action}">
${renderHidden({ csrf: view.csrf })}
<div class="actions">${renderPrimary(texts.consentAllow, { name: 'decision', value: 'allow' })}${renderSecondary(texts.consentDeny, { name: 'decision', value: 'deny' })}</div>
</form>`,
  })
}
