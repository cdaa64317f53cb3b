import type { CodesLeft } from '@postern/mfa'
import { renderHidden, renderPrimary } from '../../http/controls.ts'
import { fill, html } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { type PortalView, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

/** How many are left, and the way to a new set. */
export function renderCodesPage(view: PortalView, codes: CodesLeft | undefined): string {
  const texts = messagesIn(view.language)
  const left = codes === undefined ? texts.portalCodesNone : fill(texts.portalCodesLeft, { left: codes.left, of: codes.of })
  return renderPortal(view, {
    title: texts.portalCodesMakeTitle,
    main: html`${renderBack(view, '/methods', texts.portalMethodsTitle)}
${renderPanel(html`<h1>${texts.portalCodesMakeTitle}</h1>
<p class="lead">${left}</p>
<p class="block">${texts.portalCodesText} ${texts.portalCodesMakeText}</p>
<form method="post" action="${view.base}/recovery-codes">
${renderHidden({ csrf: view.csrf })}
<div class="actions">${renderPrimary(texts.portalCodesMake)}</div>
</form>`)}`,
  })
}

/** Whoever runs the realm has switched them off. */
export function renderCodesOffPage(view: PortalView): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalCodesTitle,
    main: renderPanel(html`<h1>${texts.portalCodesTitle}</h1>
<p class="block">${fill(texts.portalCodesOff, { realm: view.realm.displayName })}</p>
<div class="actions">${renderLinkButton(texts.portalBack, `${view.base}/methods`)}</div>`),
  })
}

/** They stand in for a factor, and there is none. */
export function renderCodesNeedPage(view: PortalView): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalCodesTitle,
    main: renderPanel(html`<h1>${texts.portalCodesTitle}</h1>
<p class="block">${texts.portalCodesNeed}</p>
<div class="actions">${renderLinkButton(texts.portalMethodsFirst, `${view.base}/add`, 'primary')}</div>`),
  })
}

/** The new set, shown once: to be printed or copied. `next`: where one goes on, below the portal's first page. */
export function renderNewCodesPage(view: PortalView, codes: readonly string[], next = '/methods'): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalCodesShownTitle,
    main: renderPanel(html`<h1>${texts.portalCodesShownTitle}</h1>
<p class="block">${texts.portalCodesShownText}</p>
<ul class="recovery" aria-label="${texts.portalCodesList}">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
<div class="actions no-print">${renderLinkButton(texts.portalCodesSaved, `${view.base}${next}`, 'primary')}</div>`),
  })
}
