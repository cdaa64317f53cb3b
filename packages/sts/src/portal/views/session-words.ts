import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { messagesIn } from '../../http/language.ts'
import type { ListedSession } from '../../protocol/sessions.ts'
import { tellShown } from './method-words.ts'
import { renderAgo } from './moment.ts'
import type { PortalView } from './portal-frame.ts'

/** `name`: what pages call it by. */
export type ShownSession = Omit<ListedSession, 'attempt'> & { readonly name: string }

/** Since when it lives, and what was shown for it. */
export function renderSessionFacts(view: PortalView, { evidence, signedInAt }: Omit<ShownSession, 'name'>): Markup {
  const texts = messagesIn(view.language)
  const things = tellShown(texts, evidence)
  const list = new Intl.ListFormat(view.language, { type: 'conjunction' })
  const since = phrase(texts.portalSessionSince, { when: renderAgo(view.language, signedInAt, view.now) })
  return html`${since}${things.length > 0 && html` ${fill(texts.portalSessionWith, { things: list.format(things) })}`}`
}
