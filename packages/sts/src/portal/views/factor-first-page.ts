import { renderEmblem } from '../../http/controls.ts'
import { html } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { type PortalView, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

/** The page wants a second thing in any case, and this person has none yet. */
export function renderFactorFirstPage(view: PortalView): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.factorFirstTitle,
    main: renderPanel(html`${renderEmblem('shield-check')}
<h1>${texts.factorFirstTitle}</h1>
<p class="block">${texts.factorFirstText}</p>
<div class="actions across">${renderLinkButton(texts.portalMethodsFirst, `${view.base}/add`, 'primary')}${renderLinkButton(texts.portalToOverview, view.base)}</div>`),
  })
}
