import { renderCodeField, renderHidden, renderNotice, renderPrimary } from '../../http/controls.ts'
import { fill, html, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import { renderQrCode } from '../../http/qr-code.ts'
import type { SigninPage } from './signin-page.ts'

/** Before: why, and what one needs. */
export function renderEnrollIntroPage(view: SigninPage): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.enrollTitle,
    main: html`<h1>${texts.enrollTitle}</h1>
<p class="block">${phrase(texts.enrollText, { realm: html`<strong>${view.realm.displayName}</strong>` })}</p>
<div class="block"><h2>${texts.enrollNeedTitle}</h2>
<ul class="list"><li>${icon('smartphone')}<span>${texts.enrollNeedPhone}</span></li><li>${icon('qr-code')}<span>${texts.enrollNeedApp}</span></li></ul></div>
<form class="fields" method="post" action="${view.action}">
${renderHidden({ csrf: view.csrf })}
${renderPrimary(texts.enrollBegin)}
</form>`,
  })
}

/** The code to scan with the key beside it, and the field that proves that it worked. */
export function renderEnrollScanPage(
  view: SigninPage & {
    authenticatorId: string
    /** In groups, for reading. */
    secretInGroups: string
    /** `otpauth:` address; made by us, never by a person. */
    uri: string
    complaint?: string
    notice?: string
  },
): string {
  const texts = messagesIn(view.language)
  const groups = view.secretInGroups.split(' ').filter((group) => group !== '')
  return renderFrame(view, {
    title: texts.enrollScanTitle,
    main: html`<h1>${texts.enrollScanTitle}</h1>
${renderNotice(view.notice)}
<p class="lead">${texts.enrollScanText}</p>
<div class="pairing">
${renderQrCode(view.uri, texts.enrollQrLabel)}
<div><h2>${texts.enrollKeyTitle}</h2><code class="key">${groups.map((group) => html`<span>${group}</span> `)}</code></div>
</div>
<p class="hint on-phone"><a href="${view.uri}">${texts.enrollOnThisPhone}</a></p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ csrf: view.csrf, authenticatorId: view.authenticatorId })}
${renderCodeField({ name: 'code', label: texts.enrollCodeLabel, kind: 'digits', ...(view.complaint === undefined ? {} : { complaint: view.complaint }) })}
${renderPrimary(texts.enrollConfirm)}
</form>
<p class="hint">${fill(texts.enrollLater, { realm: view.realm.displayName })}</p>`,
  })
}
