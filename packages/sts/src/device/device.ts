/**
 * device is what a person sees of the device authorization grant (RFC 8628): type the code, look at who asks, say yes or
 * no. These are pure views; the protocol engine owns the codes, the forms' fields (`xsrf`, `user_code`, `confirm`,
 * `abort`) and what becomes of them, and gets these functions injected by compose.
 * @module
 */
import { renderCodeField, renderEmblem, renderHidden, renderPrimary, renderSecondary } from '../http/controls.ts'
import { fill, html, phrase } from '../http/html.ts'
import { messagesIn } from '../http/language.ts'
import type { TextKey } from '../http/messages/catalogue.ts'
import { renderFrame, type Surroundings } from '../http/page-frame.ts'
import type { RealmView } from '../http/realm-view.ts'

/** What every device page is told. `action` and `xsrf` come from the protocol engine. */
export interface DevicePage extends Surroundings {
  readonly realm: RealmView
  readonly action: string
  readonly xsrf: string
}

/** Why the page for typing a code is shown again. */
export type DeviceProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'aborted'

const problems = {
  missing: 'deviceCodeMissing',
  unknown: 'deviceCodeUnknown',
  expired: 'deviceCodeExpired',
  used: 'deviceCodeUsed',
  aborted: 'deviceAborted',
} as const satisfies Record<DeviceProblem, TextKey>

/** Posts `xsrf` and `user_code`. */
export function renderUserCodeInput(view: DevicePage & { userCode?: string; problem?: DeviceProblem }): string {
  const texts = messagesIn(view.language)
  const complaint = view.problem === undefined ? {} : { complaint: texts[problems[view.problem]] }
  return renderFrame(view, {
    title: texts.deviceTitle,
    main: html`<h1>${texts.deviceTitle}</h1>
<p class="lead">${texts.deviceText}</p>
<form class="fields" method="post" action="${view.action}" novalidate>
${renderHidden({ xsrf: view.xsrf })}
${renderCodeField({ name: 'user_code', label: texts.deviceCodeLabel, kind: 'letters', value: view.userCode ?? '', ...complaint })}
${renderPrimary(texts.continue)}
</form>`,
  })
}

/**
 * Posts `xsrf` and `user_code` with `confirm=yes` or `abort=yes`. Shows the code again, so that it can be held against the
 * device, and where the request came from: both are what a person has against being talked into it (RFC 8628 section 5.4).
 */
export function renderUserCodeConfirm(
  view: DevicePage & {
    clientName: string
    /** Nobody vouches for that name. */
    isUnverified?: boolean
    /** As it is shown on the device, e.g. `BCDF-GHJK`. */
    userCode: string
    /** Where the device asked from, in words or as an address, and what it says it is. */
    hints?: { readonly where?: string; readonly device?: string }
  },
): string {
  const texts = messagesIn(view.language)
  const { where, device } = view.hints ?? {}
  const app = view.isUnverified ? fill(texts.unverifiedApp, { app: view.clientName }) : view.clientName
  return renderFrame(view, {
    title: texts.deviceConfirmTitle,
    main: html`<h1>${texts.deviceConfirmTitle}</h1>
<p class="block">${phrase(texts.deviceConfirmText, { app: html`<strong>${app}</strong>`, realm: view.realm.displayName })}</p>
<div class="block"><h2>${texts.deviceCodeShown}</h2><p class="shown-code">${view.userCode}</p></div>
${
  (where !== undefined || device !== undefined) &&
  html`<dl class="facts">${where !== undefined && html`<div><dt>${texts.deviceWhere}</dt><dd>${where}</dd></div>`}${device !== undefined && html`<div><dt>${texts.deviceWith}</dt><dd>${device}</dd></div>`}</dl>`
}
<p class="hint">${fill(texts.deviceWarning, { realm: view.realm.displayName })}</p>
<form method="post" action="${view.action}">
${renderHidden({ xsrf: view.xsrf, user_code: view.userCode })}
<div class="actions">${renderPrimary(texts.deviceYes, { name: 'confirm', value: 'yes' })}${renderSecondary(texts.deviceNo, { name: 'abort', value: 'yes' })}</div>
</form>`,
  })
}

export function renderDeviceDone(view: Surroundings & { realm: RealmView; clientName: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.deviceDoneTitle,
    main: html`${renderEmblem('circle-check', 'good')}
<h1>${texts.deviceDoneTitle}</h1>
<p class="block">${phrase(texts.deviceDoneText, { app: html`<strong>${view.clientName}</strong>` })}</p>`,
  })
}
