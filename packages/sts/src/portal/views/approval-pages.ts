import type { WaitingApproval } from '@postern/mfa'
import { renderCodeField, renderEmblem, renderHidden, renderPrimary, renderSecondary } from '../../http/controls.ts'
import { fill, html } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { renderWaitingList } from './home-page.ts'
import { renderAgo } from './moment.ts'
import { type PortalView, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

/** Sign-ins that wait. The browser asks for this page again by itself. */
export function renderApprovalsPage(view: PortalView, waiting: readonly WaitingApproval[]): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalApprovalsTitle,
    main: html`<h1>${texts.portalApprovalsTitle}</h1>
<p class="lead">${texts.portalApprovalsText}</p>
${renderPanel(waiting.length > 0 ? renderWaitingList(view, waiting) : html`<p class="muted">${texts.portalApprovalsNone}</p>`)}
<p class="hint">${texts.portalApprovalsAgain}</p>`,
  })
}

/**
 * Number matching: what is known of the sign-in that waits, a field for its number, and two answers of one size. The number
 * itself is nowhere on this page. `isHere`: it comes from the network that this browser is in.
 */
export function renderApprovalPage(
  view: PortalView & { complaint?: string },
  approval: WaitingApproval,
  from: { isHere: boolean },
): string {
  const texts = messagesIn(view.language)
  const { appName, source, browser } = approval.about
  const network =
    source === undefined ? texts.portalApprovalFromUnknown : from.isHere ? fill(texts.portalApprovalFromHere, { source }) : source
  return renderPortal(view, {
    title: texts.portalApprovalTitle,
    main: html`${renderBack(view, '/approvals', texts.portalApprovalsTitle)}
${renderPanel(html`<h1>${texts.portalApprovalTitle}</h1>
<p class="block">${texts.portalApprovalText}</p>
<dl class="facts paired"><div><dt>${texts.portalApprovalApp}</dt><dd>${appName}</dd></div><div><dt>${texts.portalApprovalFrom}</dt><dd>${network}</dd></div>${browser !== undefined && html`<div><dt>${texts.portalApprovalBrowser}</dt><dd>${browser}</dd></div>`}<div><dt>${texts.portalApprovalWhen}</dt><dd>${renderAgo(view.language, approval.createdAt, view.now)}</dd></div></dl>
<form class="fields" method="post" action="${view.base}/approvals/${encodeURIComponent(approval.id)}" novalidate>
${renderHidden({ csrf: view.csrf })}
<div class="two-digits">${renderCodeField({ name: 'number', label: texts.portalApprovalNumber, kind: 'digits', ...(view.complaint === undefined ? {} : { complaint: view.complaint }) })}</div>
<div class="actions across">${renderPrimary(texts.portalApprovalYes, { name: 'decision', value: 'approve' })}${renderSecondary(texts.portalApprovalNo, { name: 'decision', value: 'deny' })}</div>
</form>
<p class="hint">${fill(texts.portalApprovalHint, { realm: view.realm.displayName })}</p>`)}`,
  })
}

/** After "It was not me", or a wrong number: nobody got in, and what to do about a known password. */
export function renderDeniedPage(view: PortalView, because: 'denied' | 'wrong_number'): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalDeniedTitle,
    main: renderPanel(html`${renderEmblem('ban', 'bad')}
<h1>${texts.portalDeniedTitle}</h1>
<p class="block">${because === 'wrong_number' ? texts.portalDeniedWrong : texts.portalDeniedText}</p>
<p class="block">${texts.portalDeniedDo}</p>
<div class="actions across">${renderLinkButton(texts.portalPasswordChange, `${view.base}/password`, 'primary')}${renderLinkButton(texts.portalToOverview, view.base)}</div>`),
  })
}

export function renderApprovedPage(view: PortalView, appName: string): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalApprovedTitle,
    main: renderPanel(html`${renderEmblem('circle-check', 'good')}
<h1>${texts.portalApprovedTitle}</h1>
<p class="block">${fill(texts.portalApprovedText, { app: appName })}</p>
<div class="actions">${renderLinkButton(texts.portalToOverview, view.base)}</div>`),
  })
}

export function renderGonePage(view: PortalView): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalGoneTitle,
    main: renderPanel(html`${renderEmblem('clock')}
<h1>${texts.portalGoneTitle}</h1>
<p class="block">${texts.portalGoneText}</p>
<div class="actions">${renderLinkButton(texts.portalApprovalsTitle, `${view.base}/approvals`)}</div>`),
  })
}
