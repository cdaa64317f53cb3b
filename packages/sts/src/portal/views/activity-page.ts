import type { AuditRow } from '@postern/storage'
import { fill, html, type Markup } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { type ActivityNames, isWarning, tellEvent } from './activity-words.ts'
import { renderAgo } from './moment.ts'
import { type PortalView, renderPanel, renderPortal } from './portal-frame.ts'

/** Rows that {@link tellEvent} has a sentence for, newest first. */
export interface ShownActivity {
  readonly rows: readonly AuditRow[]
  readonly names: ActivityNames
}

/** What happened, as sentences. `older`: where the next page begins. */
export function renderActivityPage(view: PortalView, shown: ShownActivity & { older?: Date; isFirst: boolean }): string {
  const texts = messagesIn(view.language)
  const { older, isFirst, rows } = shown
  return renderPortal(view, {
    title: texts.activityTitle,
    main: html`<h1>${texts.activityTitle}</h1>
<p class="lead">${texts.activityText}</p>
${renderPanel(rows.length > 0 ? renderActivity(view, shown) : html`<p class="muted">${texts.activityNone}</p>`)}
${(older !== undefined || !isFirst) && html`<p class="panel-action">${!isFirst && html`<a href="${view.base}/activity">${texts.activityNewest}</a>`}${older !== undefined && html`<a href="${view.base}/activity?before=${older.getTime()}">${texts.activityOlder}</a>`}</p>`}`,
  })
}

export const renderActivity = (view: PortalView, { rows, names }: ShownActivity): Markup =>
  html`<ol class="events">${rows.map((row) => renderRow(view, row, names))}</ol>`

function renderRow(view: PortalView, row: AuditRow, names: ActivityNames): Markup | false {
  const texts = messagesIn(view.language)
  const sentence = tellEvent(texts, row, names)
  if (sentence === undefined) return false
  const source = row.source === undefined ? '' : ` · ${fill(texts.activityFrom, { source: row.source })}`
  const actor = row.actor === undefined ? '' : ` · ${fill(texts.activityByThem, { realm: view.realm.displayName })}`
  return html`<li${isWarning(row) && html` class="odd"`}>${isWarning(row) ? icon('triangle-alert') : html`<i></i>`}<p>${sentence} <small>${renderAgo(view.language, row.at, view.now)}${source}${actor}</small></p></li>`
}

/** The last few, on the first page. */
export function renderRecent(view: PortalView, shown: ShownActivity): Markup | false {
  if (shown.rows.length === 0) return false
  const texts = messagesIn(view.language)
  return renderPanel(
    html`${renderActivity(view, shown)}
<p class="panel-action"><a href="${view.base}/activity">${texts.activityAll}</a></p>`,
    texts.activityTitle,
  )
}
