import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import {
  deviceEndOf,
  drawingOf,
  labelOf,
  needsAppPassword,
  networkOf,
  type OwnApp,
  powersOf,
  protocolNamesOf,
  renderAppState,
  stateOf,
} from './mail-app-words.ts'
import { renderAgo } from './moment.ts'
import { type PortalView, renderBack, renderPortal } from './portal-frame.ts'

/** What of the account's apps is shown, and how many there are. */
export interface ShownApps {
  readonly apps: readonly OwnApp[]
  readonly total: number
  /** Address of the browser that looks. */
  readonly here?: string | undefined
}

/** The part of the first page that people come for: each app with what to do about it. */
export function renderApps(view: PortalView, { apps, total, here }: ShownApps): Markup {
  const texts = messagesIn(view.language)
  const waiting = apps.filter((app) => stateOf(app) === 'pending' && !needsAppPassword(app)).length
  const setup = html`<a href="${view.base}/setup">${texts.mailAppsSetup}</a>`
  if (total === 0) {
    return html`<section class="panel"><h2>${texts.mailAppsTitle}</h2>
<p class="muted">${texts.mailAppsNone}</p>
<p class="panel-action">${setup}</p>
</section>
`
  }
  return html`<section class="apps"><h2>${texts.mailAppsTitle}</h2>
${waiting > 0 && html`<p class="muted">${waiting === 1 ? texts.mailAppsWaitingOne : fill(texts.mailAppsWaitingOther, { count: waiting })}</p>`}
${renderTiles(view, apps, here)}
<p class="panel-action">${total > apps.length && html`<a href="${view.base}/apps">${fill(texts.mailAppsAll, { count: total })}</a>`}${setup}</p>
</section>
`
}

const renderTiles = (view: PortalView, apps: readonly OwnApp[], here: string | undefined): Markup =>
  html`<ul class="tiles">${apps.map((app) => renderTile(view, app, here))}</ul>`

function renderTile(view: PortalView, app: OwnApp, here: string | undefined): Markup {
  const texts = messagesIn(view.language)
  const { language, now } = view
  const isPressing = powersOf(app).activate && app.state === 'pending'
  const when = (text: string, at: Date): Markup => html`<div><dt>${text}</dt><dd>${renderAgo(language, at, now)}</dd></div>`
  const device = deviceEndOf(texts, app)
  return html`<li class="tile${isPressing && ' pressing'}">
<div class="tile-head"><span class="row-mark">${icon(drawingOf(app))}</span><h3>${labelOf(texts, app)}</h3>${renderAppState(view, texts, app)}</div>
<dl class="tile-facts"><div><dt>${texts.mailAppWith}</dt><dd>${protocolNamesOf(app.protocols).join(', ')}</dd></div>${device !== undefined && html`<div><dt>${texts.mailAppDeviceId}</dt><dd>${device}</dd></div>`}<div><dt>${texts.mailAppFrom}</dt><dd>${networkOf(texts, app, here)}</dd></div>${when(texts.mailAppFirst, app.firstTriedAt)}${when(texts.mailAppLast, app.lastTriedAt)}</dl>
${renderMainAction(view, app)}
</li>`
}

/** One way on from each tile; everything else is on the page behind it. */
function renderMainAction(view: PortalView, app: OwnApp): Markup {
  const texts = messagesIn(view.language)
  const name = labelOf(texts, app)
  const page = `${view.base}/apps/${encodeURIComponent(app.id)}`
  const manage = (words: string, long: string, look = ''): Markup =>
    html`<a class="button small${look}" href="${page}" aria-label="${fill(long, { name })}">${words}</a>`
  if (stateOf(app) === 'quarantined') return manage(texts.mailAppWhy, texts.mailAppWhyLong)
  const more = renderMore(page, texts.mailAppManage, fill(texts.mailAppManageLong, { name }))
  if (needsAppPassword(app))
    return html`<div class="tile-actions"><a class="button small" href="${view.base}/app-passwords/new">${texts.appPasswordMake}</a>${more}</div>`
  // It leads to a page that says what follows, so nothing is let in from a glance at a tile.
  if (app.state === 'pending' && powersOf(app).activate)
    return html`<div class="tile-actions"><a class="button small primary" href="${page}/activate" aria-label="${fill(texts.mailAppActivateLong, { name })}">${texts.mailAppActivate}</a>${more}</div>`
  return manage(texts.mailAppManage, texts.mailAppManageLong)
}

const renderMore = (page: string, words: string, long: string): Markup =>
  html`<a class="quiet" href="${page}" aria-label="${long}">${words}</a>`

/** Every app, a page at a time, one row each. `pages`: numbers of the page before and the next one. */
export function renderAppsPage(view: PortalView, shown: ShownApps & { before?: number; next?: number }): string {
  const texts = messagesIn(view.language)
  const { apps, before, next } = shown
  const rows = apps.map(
    (app) => html`<li class="row"><span class="row-mark">${icon(drawingOf(app))}</span>
<div class="row-text"><strong>${labelOf(texts, app)}</strong><span>${protocolNamesOf(app.protocols).join(', ')} · ${phrase('{what} {when}', { what: texts.mailAppLast, when: renderAgo(view.language, app.lastTriedAt, view.now) })}</span>${renderAppState(view, texts, app)}</div>
<a class="button small" href="${view.base}/apps/${encodeURIComponent(app.id)}" aria-label="${fill(texts.mailAppManageLong, { name: labelOf(texts, app) })}">${texts.mailAppManage}</a></li>`,
  )
  const link = (page: number | undefined, words: string): Markup | false =>
    page !== undefined && html`<a href="${view.base}/apps?page=${page}">${words}</a>`
  return renderPortal(view, {
    title: texts.mailAppsTitle,
    main: html`${renderBack(view, '', texts.portalNavHome)}
<h1>${texts.mailAppsTitle}</h1>
<p class="lead">${texts.mailAppsAllText}</p>
<section class="panel">${rows.length > 0 ? html`<ul class="rows">${rows}</ul>` : html`<p class="muted">${texts.mailAppsNone}</p>`}</section>
${(before !== undefined || next !== undefined) && html`<p class="panel-action">${link(before, texts.mailAppsBackOne)}${link(next, texts.mailAppsFurther)}</p>`}`,
  })
}
