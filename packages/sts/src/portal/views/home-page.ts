import type { BoundFactor, CodesLeft, WaitingApproval } from '@postern/mfa'
import type { RememberedBrowser } from '@postern/storage'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { renderRecent, type ShownActivity } from './activity-page.ts'
import { renderAuthorizedApps, type ShownAuthorizedApps } from './authorized-app-pages.ts'
import { renderApps, type ShownApps } from './mail-app-tiles.ts'
import { hintOf, nameOf, tellMethod } from './method-words.ts'
import { agoInWords, renderAgo } from './moment.ts'
import { type PortalView, renderAdvice, renderPanel, renderPortal } from './portal-frame.ts'
import { renderSessionFacts, type ShownSession } from './session-words.ts'

interface Home {
  readonly mailApps: ShownApps
  readonly authorizedApps: ShownAuthorizedApps
  readonly approvals: readonly WaitingApproval[]
  readonly factors: readonly BoundFactor[]
  /** `off`: this realm has switched them off. */
  readonly codes: CodesLeft | 'off' | undefined
  readonly messagesOnly: boolean
  readonly browsers: readonly RememberedBrowser[]
  readonly sessions: readonly (ShownSession & { readonly isHere: boolean })[]
  readonly recent: ShownActivity
}

/** The first page: what waits, then mail apps, then how one signs in, then where one is known. One panel a subject. */
export function renderHomePage(view: PortalView, home: Home): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalTitle,
    main: html`<h1>${view.person}</h1>
${view.upn !== view.person && html`<p class="lead">${view.upn}</p>`}
${home.approvals.length > 0 && renderWaiting(view, home.approvals)}
${renderApps(view, home.mailApps)}
${renderAuthorizedApps(view, home.authorizedApps)}
${renderMethods(view, home)}
${renderPassword(view)}
${renderBrowsers(view, home.browsers)}
${home.sessions.length > 0 && renderSessions(view, home.sessions)}
${renderRecent(view, home.recent)}`,
  })
}

/** Those that wait, with a way to each. Also the list on their own page. */
export const renderWaitingList = (view: PortalView, approvals: readonly WaitingApproval[]): Markup => {
  const texts = messagesIn(view.language)
  return html`<ul class="rows">${approvals.map(
    ({ id, about, createdAt }) => html`<li class="row"><span class="row-mark">${icon('bell-ring')}</span>
<div class="row-text"><strong>${about.appName}</strong><span>${renderAgo(view.language, createdAt, view.now)}</span></div>
<a class="button small primary" href="${view.base}/approvals/${encodeURIComponent(id)}">${texts.portalWaitingLook}</a></li>`,
  )}</ul>`
}

function renderWaiting(view: PortalView, approvals: readonly WaitingApproval[]): Markup {
  const texts = messagesIn(view.language)
  const heading = approvals.length === 1 ? texts.portalWaitingOne : fill(texts.portalWaitingOther, { count: approvals.length })
  return html`<section class="panel pressing"><h2>${heading}</h2>
${renderWaitingList(view, approvals)}
</section>
`
}

/** What the person should mind about sign-in methods (R101); also on the page of the methods. */
export function renderAdvices(
  view: PortalView,
  { factors, codes, messagesOnly }: Pick<Home, 'factors' | 'codes' | 'messagesOnly'>,
): Markup {
  const texts = messagesIn(view.language)
  const make = { words: texts.portalCodesMake, address: `${view.base}/recovery-codes` }
  const isWithoutCodes = factors.length > 0 && codes === undefined
  return html`${messagesOnly && renderAdvice(texts.portalSmsOnly, { words: texts.portalSmsOnlyAdd, address: `${view.base}/add` })}${
    codes !== 'off' && codes?.isLow === true && renderAdvice(fill(texts.portalLowCodes, { left: codes.left, of: codes.of }), make)
  }${isWithoutCodes && renderAdvice(texts.portalNoCodes, make)}`
}

function renderMethods(view: PortalView, home: Home): Markup {
  const texts = messagesIn(view.language)
  if (home.factors.length === 0) {
    return renderPanel(
      renderAdvice(texts.portalMethodsNone, { words: texts.portalMethodsFirst, address: `${view.base}/add` }),
      texts.portalMethodsTitle,
    )
  }
  const rows = home.factors.map((factor) => {
    const { drawing, name } = tellMethod(factor)
    const own = nameOf(texts, factor)
    const facts = [...(own === texts[name] ? [] : [texts[name]]), ...(hintOf(factor) === undefined ? [] : [hintOf(factor)])]
    return html`<li class="row"><span class="row-mark">${icon(drawing)}</span>
<div class="row-text"><strong>${own}</strong>${facts.length > 0 && html`<span>${facts.join(' · ')}</span>`}</div>${renderState(view, factor)}</li>`
  })
  return renderPanel(
    html`${renderAdvices(view, home)}
<ul class="rows">${rows}</ul>
<p class="panel-action"><a href="${view.base}/methods">${texts.portalMethodsManage}</a></p>`,
    texts.portalMethodsTitle,
  )
}

function renderPassword(view: PortalView): Markup {
  const texts = messagesIn(view.language)
  return renderPanel(html`<ul class="rows"><li class="row"><span class="row-mark">${icon('lock')}</span>
<div class="row-text"><strong>${texts.portalPasswordTitle}</strong></div>
<a class="button small" href="${view.base}/password">${texts.portalPasswordChange}</a></li></ul>`)
}

/** In words, not by colour alone. */
export function renderState(view: PortalView, factor: Pick<BoundFactor, 'state' | 'isDefault'>): Markup | false {
  const texts = messagesIn(view.language)
  if (factor.state === 'disabled') return html`<span class="badge bad">${texts.portalMethodLocked}</span>`
  return factor.isDefault && html`<span class="badge">${texts.portalMethodDefault}</span>`
}

function renderBrowsers(view: PortalView, browsers: readonly RememberedBrowser[]): Markup {
  const texts = messagesIn(view.language)
  if (browsers.length === 0) return renderPanel(html`<p class="muted">${texts.portalBrowsersNone}</p>`, texts.portalBrowsersTitle)
  const rows = browsers.slice(0, 5).map(
    ({ label, lastSeenAt }) => html`<li class="row"><span class="row-mark">${icon('monitor')}</span>
<div class="row-text"><strong>${label}</strong><span>${phrase(texts.portalBrowserSeen, { when: renderAgo(view.language, lastSeenAt, view.now) })}</span></div></li>`,
  )
  return renderPanel(
    html`<ul class="rows">${rows}</ul>
<p class="panel-action"><a href="${view.base}/browsers">${texts.portalBrowsersManage}</a></p>`,
    texts.portalBrowsersTitle,
  )
}

function renderSessions(view: PortalView, sessions: Home['sessions']): Markup {
  const texts = messagesIn(view.language)
  const rows = sessions.map(
    (session) => html`<li class="row"><span class="row-mark">${icon(session.isHere ? 'app-window' : 'globe')}</span>
<div class="row-text"><strong>${session.isHere ? texts.portalSessionHere : texts.portalSessionElsewhere}</strong><span>${renderSessionFacts(view, session)}</span></div>${!session.isHere && renderEnd(view, session)}</li>`,
  )
  return renderPanel(html`<ul class="rows">${rows}</ul>`, texts.portalSessionsTitle)
}

/** It leads to a page that says what ends with it. */
function renderEnd(view: PortalView, { name, signedInAt }: ShownSession): Markup {
  const texts = messagesIn(view.language)
  const long = fill(texts.sessionEndLong, { when: agoInWords(view.language, signedInAt, view.now) })
  return html`<a class="button small" href="${view.base}/sessions/${encodeURIComponent(name)}/end" aria-label="${long}">${texts.sessionEnd}</a>`
}
