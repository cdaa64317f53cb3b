import type { RememberedBrowser } from '@postern/storage'
import { renderHidden } from '../../http/controls.ts'
import { fill, html, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { onDate, renderAgo } from './moment.ts'
import { type PortalView, renderBack, renderPanel, renderPortal } from './portal-frame.ts'

/** Browsers that asked to be remembered; each can be forgotten, or all. */
export function renderBrowsersPage(view: PortalView, browsers: readonly RememberedBrowser[]): string {
  const texts = messagesIn(view.language)
  const { language, now, base, csrf } = view
  const rows = browsers.map(
    ({ id, label, lastSeenAt, expiresAt }) => html`<li class="row"><span class="row-mark">${icon('monitor')}</span>
<div class="row-text"><strong>${label}</strong><span>${phrase(texts.portalBrowserSeen, { when: renderAgo(language, lastSeenAt, now) })} · ${fill(texts.portalBrowserUntil, { date: onDate(language, expiresAt) })}</span></div>
<form method="post" action="${base}/browsers/${encodeURIComponent(id)}/forget">${renderHidden({ csrf })}<button class="button small" type="submit" aria-label="${fill(texts.portalBrowserForgetLong, { name: label })}">${texts.portalBrowserForget}</button></form></li>`,
  )
  return renderPortal(view, {
    title: texts.portalBrowsersTitle,
    main: html`${renderBack(view, '', texts.portalNavHome)}
<h1>${texts.portalBrowsersTitle}</h1>
<p class="lead">${texts.portalBrowsersText}</p>
${renderPanel(browsers.length > 0 ? html`<ul class="rows">${rows}</ul>` : html`<p class="muted">${texts.portalBrowsersNone}</p>`)}
${browsers.length > 1 && html`<form method="post" action="${base}/browsers/forget">${renderHidden({ csrf })}<div class="actions across"><button class="button" type="submit">${texts.portalBrowsersForgetAll}</button></div></form>`}`,
  })
}
