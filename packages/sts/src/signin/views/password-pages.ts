import { assetAddresses } from '../../http/assets.ts'
import { renderComplaint, renderHidden, renderNotice, renderPrimary } from '../../http/controls.ts'
import { html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { Messages } from '../../http/messages/catalogue.ts'
import { renderFrame } from '../../http/page-frame.ts'
import { renderPasskeySignIn } from '../../http/webauthn-controls.ts'
import type { SigninPage } from './signin-page.ts'

/** Signing in with a passkey, offered beside the name. */
export interface PasskeyOffer {
  readonly options: Readonly<Record<string, unknown>>
  readonly action: string
}

/** Which app asks, in one line. */
const renderFor = (texts: Messages, appName: string): Markup =>
  html`<p class="lead">${phrase(texts.continueTo, { app: html`<strong>${appName}</strong>` })}</p>`

/** The first page: who is it? */
export function renderNamePage(
  view: SigninPage & { name?: string; complaint?: string; passkey?: PasskeyOffer; passkeyComplaint?: string },
): string {
  const texts = messagesIn(view.language)
  const described = view.complaint !== undefined && html` aria-invalid="true" aria-describedby="name-complaint"`
  return renderFrame(view, {
    title: texts.signInTitle,
    ...(view.passkey !== undefined && { script: assetAddresses(view.realm).webauthn }),
    main: html`<h1>${texts.signInTitle}</h1>
${renderFor(texts, view.appName)}
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf })}
<div class="field">
<label for="name">${texts.nameLabel}</label>
<div class="control"><input id="name" name="name" type="text" inputmode="email" autocomplete="username webauthn" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="320" value="${view.name ?? ''}" required autofocus${described}></div>
${renderComplaint('name-complaint', view.complaint)}
</div>
${renderPrimary(texts.next)}
</form>
${view.passkey !== undefined && renderPasskey(view, view.passkey)}`,
  })
}

const renderPasskey = (view: SigninPage & { passkeyComplaint?: string }, { options, action }: PasskeyOffer): Markup =>
  renderPasskeySignIn({
    language: view.language,
    options,
    action,
    fields: { csrf: view.csrf },
    ...(view.passkeyComplaint !== undefined && { complaint: view.passkeyComplaint }),
  })

/**
 * The second page. The name travels with it in a read-only field, so that nothing has to be kept between the two, and
 * password managers see which password this is. `notice` concerns the page, `complaint` the password.
 */
export function renderPasswordPage(
  view: SigninPage & { name: string; changeAddress: string; complaint?: string; notice?: string },
): string {
  const texts = messagesIn(view.language)
  const described = view.complaint !== undefined && html` aria-invalid="true" aria-describedby="password-complaint"`
  return renderFrame(view, {
    title: texts.passwordTitle,
    script: assetAddresses(view.realm).revealPassword,
    main: html`<h1>${texts.passwordTitle}</h1>
${renderFor(texts, view.appName)}
${renderNotice(view.notice)}
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf })}
<div class="who"><input name="name" type="text" value="${view.name}" readonly autocomplete="username" aria-label="${texts.accountLabel}" title="${view.name}"><a href="${view.changeAddress}" aria-label="${texts.changeAccountLong}">${texts.changeAccount}</a></div>
<div class="field">
<label for="password">${texts.passwordLabel}</label>
<div class="control revealable"><input id="password" name="password" type="password" autocomplete="current-password" required autofocus${described}><button class="reveal" type="button" data-reveals="password" aria-pressed="false" aria-label="${texts.showPassword}" title="${texts.showPassword}" hidden>${icon('eye')}${icon('eye-off')}</button></div>
${renderComplaint('password-complaint', view.complaint)}
</div>
${renderPrimary(texts.signIn)}
</form>`,
  })
}
