import { renderHidden, renderPrimary, renderSecondary } from '../../http/controls.ts'
import { renderErrorPage } from '../../http/error-page.ts'
import { html, phrase } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame, type Surroundings } from '../../http/page-frame.ts'
import type { RealmView } from '../../http/realm-view.ts'

type LogoutPage = Surroundings & { readonly realm: RealmView }

/** Asks before signing out (OpenID Connect RP-Initiated Logout 1.0 section 2). `xsrf` and `logout` are the engine's fields. */
export function renderLogoutConfirm(view: LogoutPage & { action: string; xsrf: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.logoutTitle,
    main: html`<h1>${texts.logoutTitle}</h1>
<p class="block">${phrase(texts.logoutText, { realm: html`<strong>${view.realm.displayName}</strong>` })}</p>
<form method="post" action="${view.action}">
${renderHidden({ xsrf: view.xsrf })}
<div class="actions">${renderPrimary(texts.logoutYes, { name: 'logout', value: 'yes' })}${renderSecondary(texts.logoutNo)}</div>
</form>`,
  })
}

export function renderLoggedOut(view: LogoutPage): string {
  const texts = messagesIn(view.language)
  return renderErrorPage(view, {
    title: texts.loggedOutTitle,
    happened: texts.loggedOutText,
    emblem: { icon: 'circle-check', kind: 'good' },
  })
}
