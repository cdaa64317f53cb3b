import { renderEmblem } from '../../http/controls.ts'
import { html } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame, type Surroundings } from '../../http/page-frame.ts'
import type { RealmView } from '../../http/realm-view.ts'

/** The sign-in for the portal ended without anybody: told once, so that nobody is sent in circles. */
export function renderSignedOutPage(view: Surroundings & { readonly realm: RealmView; readonly again: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.portalOutTitle,
    main: html`${renderEmblem('log-out')}
<h1>${texts.portalOutTitle}</h1>
<p class="block">${texts.portalOutText}</p>
<div class="actions"><a class="button primary" href="${view.again}">${texts.portalOutAgain}</a></div>`,
  })
}
