import { assetAddresses } from '../../http/assets.ts'
import { renderComplaint, renderEmblem, renderHidden, renderNotice, renderPrimary } from '../../http/controls.ts'
import { html, type Markup } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { type PortalView, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

export interface PasswordTold {
  readonly notice?: string
  /** About the field of the password that there is. */
  readonly currentComplaint?: string
  /** About the field of the new one. */
  readonly nextComplaint?: string
  /** As the box was left; ticked at first. */
  readonly everywhere?: boolean
}

/** The password that there is, a new one, and whether everybody is to sign in anew. Passwords are never sent back. */
export function renderPasswordChangePage(view: PortalView & PasswordTold): string {
  const texts = messagesIn(view.language)
  const { everywhere = true } = view
  return renderPortal(view, {
    title: texts.portalNewPasswordTitle,
    script: assetAddresses(view.realm).revealPassword,
    main: html`${renderBack(view, '', texts.portalNavHome)}
${renderPanel(html`<h1>${texts.portalNewPasswordTitle}</h1>
${renderNotice(view.notice)}
<form class="fields" method="post" action="${view.base}/password" novalidate>
${renderHidden({ csrf: view.csrf })}
<input type="text" name="username" value="${view.upn}" autocomplete="username" hidden>
${renderPasswordField(view, { name: 'current', label: texts.portalCurrentPassword, autocomplete: 'current-password' }, view.currentComplaint)}
${renderPasswordField(view, { name: 'next', label: texts.portalNewPassword, autocomplete: 'new-password', hint: texts.portalNewPasswordHint }, view.nextComplaint)}
<div class="tick"><input type="checkbox" id="everywhere" name="everywhere" value="yes"${everywhere && html` checked`} aria-describedby="everywhere-hint"><div><label for="everywhere">${texts.portalPasswordEverywhere}</label><p id="everywhere-hint">${texts.portalPasswordEverywhereHint}</p></div></div>
${renderPrimary(texts.portalPasswordChange)}
</form>`)}`,
  })
}

function renderPasswordField(
  view: PortalView,
  field: { name: string; label: string; autocomplete: string; hint?: string },
  complaint: string | undefined,
): Markup {
  const { showPassword } = messagesIn(view.language)
  const { name, label, autocomplete, hint } = field
  const describedBy = [hint !== undefined && `${name}-hint`, complaint !== undefined && `${name}-complaint`]
    .filter(Boolean)
    .join(' ')
  return html`<div class="field">
<label for="${name}">${label}</label>
<div class="control revealable"><input id="${name}" name="${name}" type="password" autocomplete="${autocomplete}" required${describedBy !== '' && html` aria-describedby="${describedBy}"`}${complaint !== undefined && html` aria-invalid="true"`}><button class="reveal" type="button" data-reveals="${name}" aria-pressed="false" aria-label="${showPassword}" title="${showPassword}" hidden>${icon('eye')}${icon('eye-off')}</button></div>
${hint !== undefined && html`<p class="field-hint" id="${name}-hint">${hint}</p>`}
${renderComplaint(`${name}-complaint`, complaint)}
</div>`
}

export function renderPasswordDonePage(view: PortalView): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalPasswordDoneTitle,
    main: renderPanel(html`${renderEmblem('circle-check', 'good')}
<h1>${texts.portalPasswordDoneTitle}</h1>
<p class="block">${texts.portalPasswordDoneText}</p>
<div class="actions">${renderLinkButton(texts.portalToOverview, view.base)}</div>`),
  })
}
