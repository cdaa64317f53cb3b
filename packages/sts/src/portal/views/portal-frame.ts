import type { BoundFactor } from '@postern/mfa'
import { html, type Markup } from '../../http/html.ts'
import { type IconName, icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { TextKey } from '../../http/messages/catalogue.ts'
import { renderDocument, renderRealm, renderSmallPrint, type Surroundings } from '../../http/page-frame.ts'
import type { RealmView } from '../../http/realm-view.ts'

/** The parts of the portal, as they stand in its navigation. Other pages are of one of them. */
export type Section = 'home' | 'app-passwords' | 'methods' | 'approvals' | 'activity'

const sections: readonly (readonly [section: Section, path: string, words: TextKey, drawing: IconName])[] = [
  ['home', '', 'portalNavHome', 'app-window'],
  ['app-passwords', '/app-passwords', 'portalNavPasswords', 'key-round'],
  ['methods', '/methods', 'portalNavMethods', 'shield-check'],
  ['approvals', '/approvals', 'portalNavApprovals', 'bell-ring'],
  ['activity', '/activity', 'portalNavActivity', 'history'],
]

/** What every page of the portal is told. */
export interface PortalView extends Surroundings {
  readonly realm: RealmView
  /** Path of the portal's first page. */
  readonly base: string
  readonly section: Section
  readonly csrf: string
  /** Name and user principal name of who is signed in. */
  readonly person: string
  readonly upn: string
  readonly signOutAddress: string
  /** How many sign-ins wait for this person. */
  readonly waiting: number
  /** This person's own factor whose place is to be taken by the one that is being added. */
  readonly replaces?: BoundFactor
  /** When the page is made. */
  readonly now: Date
}

/** The frame of a signed-in person's pages: whose place it is, who is signed in, where one can go. `main` begins with its own `<h1>`. */
export function renderPortal(view: PortalView, content: { title: string; main: Markup; script?: string }): string {
  const texts = messagesIn(view.language)
  const { title, main, script } = content
  const body = html`<div class="portal">
<a class="skip" href="#content">${texts.portalSkip}</a>
<header class="portal-top">
<a class="portal-home" href="${view.base}">${renderRealm(view.realm)}</a>
<div class="portal-who"><span title="${view.upn}">${view.upn}</span><a href="${view.signOutAddress}">${icon('log-out')}${texts.portalSignOut}</a></div>
</header>
<nav class="portal-nav" aria-label="${texts.portalNavigation}"><ul>${sections.map(([section, path, words, drawing]) => renderPlace(view, { path, words: texts[words], drawing, section }))}</ul></nav>
<main class="portal-main" id="content">
${main}
</main>
${renderSmallPrint(view)}</div>`
  return renderDocument(view, { title, body, ...(script === undefined ? {} : { script }) })
}

function renderPlace(view: PortalView, place: { section: Section; path: string; words: string; drawing: IconName }): Markup {
  const isHere = place.section === view.section
  const count = place.section === 'approvals' && view.waiting > 0 ? view.waiting : undefined
  return html`<li><a href="${view.base}${place.path}"${isHere && html` aria-current="page"`}>${icon(place.drawing)}<span>${place.words}</span>${count !== undefined && html`<span class="portal-count">${count}</span>`}</a></li>`
}

/** A part of a page with its own heading. */
export const renderPanel = (main: Markup, heading?: string): Markup =>
  html`<section class="panel">${heading !== undefined && html`<h2>${heading}</h2>`}
${main}
</section>
`

/** A link that looks like a button. */
export const renderLinkButton = (words: string, address: string, kind: 'primary' | 'plain' = 'plain'): Markup =>
  html`<a class="button${kind === 'primary' && ' primary'}" href="${address}">${words}</a>`

/** A way back to where one came from. */
export const renderBack = (view: PortalView, below: string, words?: string): Markup =>
  html`<p class="portal-back"><a href="${view.base}${below}">${icon('arrow-left')}${words ?? messagesIn(view.language).portalBack}</a></p>`

/** Something to mind, with what to do about it. */
export const renderAdvice = (text: string, action?: { words: string; address: string }): Markup =>
  html`<div class="advice">${icon('triangle-alert')}<p>${text}${action !== undefined && html` <a href="${action.address}">${action.words}</a>`}</p></div>`
