import { renderCodeField, renderHidden, renderNotice, renderPrimary } from '../../http/controls.ts'
import { fill, html, phrase } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { SigninPage } from './signin-page.ts'

/** The second step: one code in one field. Whose account it is stands above, so that nobody reads off the wrong entry. */
export function renderFactorPage(view: SigninPage & { accountName: string; complaint?: string; notice?: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.factorTitle,
    main: html`<h1>${texts.factorTitle}</h1>
<p class="lead">${view.accountName}</p>
${renderNotice(view.notice)}
<p class="block">${phrase(texts.factorText, { realm: html`<strong>${view.realm.displayName}</strong>` })}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf, method: 'totp' })}
${renderCodeField({ name: 'code', label: texts.codeLabel, kind: 'digits', ...(view.complaint === undefined ? {} : { complaint: view.complaint }) })}
${renderPrimary(texts.continue)}
</form>
<p class="hint">${fill(texts.factorHelp, { realm: view.realm.displayName })}</p>`,
  })
}
