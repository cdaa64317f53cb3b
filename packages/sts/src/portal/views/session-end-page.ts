import { renderEmblem, renderHidden } from '../../http/controls.ts'
import { html } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { type PortalView, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'
import { renderSessionFacts, type ShownSession } from './session-words.ts'

/** Asks once more, and says what ends with the sign-in: also what apps were given in it. */
export function renderSessionEndPage(view: PortalView, session: ShownSession): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.sessionEndTitle,
    main: renderPanel(html`${renderEmblem('globe', 'bad')}
<h1>${texts.sessionEndTitle}</h1>
<p class="block">${renderSessionFacts(view, session)}</p>
<p class="block">${texts.sessionEndText}</p>
<p class="block">${texts.sessionEndApps}</p>
<form method="post" action="${view.base}/sessions/${encodeURIComponent(session.name)}/end">
${renderHidden({ csrf: view.csrf })}
<div class="actions across"><button class="button danger" type="submit">${texts.sessionEndYes}</button>${renderLinkButton(texts.sessionKeep, view.base)}</div>
</form>`),
  })
}
