import { renderEmblem, renderHidden, renderPrimary } from '../../http/controls.ts'
import { html, phrase } from '../../http/html.ts'
import type { IconName } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import { type FactorPage, renderTop } from './factor-page.ts'

/** What became of the question. `limited`: it was not asked. */
export type ApprovalState = 'denied' | 'expired' | 'limited'

type ApprovalPage = Omit<FactorPage, 'rememberDays' | 'complaint'>

/** The number, large, to be typed where the person is signed in already. The answer's headers make the page ask again. */
export function renderApprovalPage(view: ApprovalPage & { number: string; portalAddress: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.approvalTitle,
    main: html`${renderTop(view, texts.approvalTitle)}
<p class="block">${phrase(texts.approvalText, { address: html`<strong class="address">${view.portalAddress}</strong>` })}</p>
<div class="match"><h2>${texts.approvalLabel}</h2><p>${view.number}</p></div>
<p class="waiting" role="status"><span class="pulse" aria-hidden="true"></span>${texts.approvalWaiting}</p>
${view.othersAddress !== undefined && html`<div class="turns"><a class="quiet" href="${view.othersAddress}">${texts.useAnotherWay}</a></div>`}`,
  })
}

/** It will not go on by itself any more. `retry`: where a new number comes from. */
export function renderApprovalOverPage(
  view: ApprovalPage & { state: ApprovalState; retry?: { action: string; way: string } },
): string {
  const texts = messagesIn(view.language)
  const told = {
    denied: { icon: 'ban', kind: 'bad', title: texts.approvalDeniedTitle, text: texts.approvalDeniedText },
    expired: { icon: 'clock', kind: 'warn', title: texts.approvalExpiredTitle, text: texts.approvalExpiredText },
    limited: { icon: 'clock', kind: 'warn', title: texts.approvalLimitedTitle, text: '' },
  } as const satisfies Record<ApprovalState, { icon: IconName; kind: 'warn' | 'bad'; title: string; text: string }>
  const { icon, kind, title, text } = told[view.state]
  return renderFrame(view, {
    title,
    main: html`${renderEmblem(icon, kind)}
${renderTop(view, title)}
${text !== '' && html`<p class="block">${text}</p>`}
${view.retry !== undefined && html`<form class="fields" method="post" action="${view.retry.action}">${renderHidden({ csrf: view.csrf, way: view.retry.way })}${renderPrimary(texts.approvalAgain)}</form>`}
${view.othersAddress !== undefined && html`<div class="turns"><a class="quiet" href="${view.othersAddress}">${texts.useAnotherWay}</a></div>`}`,
  })
}
