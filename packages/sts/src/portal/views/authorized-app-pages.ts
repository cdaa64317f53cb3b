import { renderEmblem, renderHidden } from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { AuthorizedApp } from '../../protocol/authorized-apps.ts'
import { agoInWords, renderAgo } from './moment.ts'
import { type PortalView, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

type ShownApp = Pick<AuthorizedApp, 'familyId' | 'name' | 'startedAt' | 'lastUsedAt'>

/** Some of the apps that sign in with tokens, and how many there are. */
export interface ShownAuthorizedApps {
  readonly apps: readonly ShownApp[]
  readonly total: number
}

/** The part of the first page; none where there are no such apps. */
export function renderAuthorizedApps(view: PortalView, { apps, total }: ShownAuthorizedApps): Markup | false {
  const texts = messagesIn(view.language)
  const all =
    total > apps.length &&
    html`
<p class="panel-action"><a href="${view.base}/authorized-apps">${fill(texts.authorizedAll, { count: total })}</a></p>`
  return total > 0 && renderPanel(html`${renderRows(view, apps)}${all}`, texts.authorizedTitle)
}

/** Every one of them, a page at a time. `before`, `next`: numbers of the pages beside it. */
export function renderAuthorizedAppsPage(
  view: PortalView,
  shown: ShownAuthorizedApps & { readonly before?: number; readonly next?: number },
): string {
  const texts = messagesIn(view.language)
  const { apps, before, next } = shown
  const link = (page: number | undefined, words: string): Markup | false =>
    page !== undefined && html`<a href="${view.base}/authorized-apps?page=${page}">${words}</a>`
  return renderPortal(view, {
    title: texts.authorizedTitle,
    main: html`${renderBack(view, '', texts.portalNavHome)}
<h1>${texts.authorizedTitle}</h1>
<p class="lead">${texts.authorizedText}</p>
${renderPanel(apps.length > 0 ? renderRows(view, apps) : html`<p class="muted">${texts.authorizedNone}</p>`)}
${(before !== undefined || next !== undefined) && html`<p class="panel-action">${link(before, texts.mailAppsBackOne)}${link(next, texts.mailAppsFurther)}</p>`}`,
  })
}

function renderRows(view: PortalView, apps: readonly ShownApp[]): Markup {
  const texts = messagesIn(view.language)
  const { language, now, base } = view
  const rows = apps.map(({ familyId, name, startedAt, lastUsedAt }) => {
    const long = fill(texts.authorizedEndLong, { name, when: agoInWords(language, startedAt, now) })
    return html`<li class="row"><span class="row-mark">${icon('app-window')}</span>
<div class="row-text"><strong>${name}</strong>${renderTimes(view, { startedAt, lastUsedAt })}</div>
<a class="button small" href="${base}/authorized-apps/${encodeURIComponent(familyId)}/end" aria-label="${long}">${texts.authorizedEnd}</a></li>`
  })
  return html`<ul class="rows">${rows}</ul>`
}

function renderTimes(view: PortalView, { startedAt, lastUsedAt }: Pick<ShownApp, 'startedAt' | 'lastUsedAt'>): Markup {
  const texts = messagesIn(view.language)
  const when = (text: string, at: Date): Markup =>
    html`<span>${phrase(text, { when: renderAgo(view.language, at, view.now) })}</span>`
  return html`${when(texts.authorizedSince, startedAt)}${when(texts.authorizedUsed, lastUsedAt)}`
}

/** Asks once more, and says what follows. Of two sign-ins of one app, when it was tells which of them this is. */
export function renderAuthorizedAppEndPage(view: PortalView, app: ShownApp): string {
  const texts = messagesIn(view.language)
  const { language, now, base, csrf } = view
  const title = fill(texts.authorizedEndTitle, { name: app.name })
  const since = phrase(texts.authorizedSince, { when: renderAgo(language, app.startedAt, now) })
  const used = phrase(texts.authorizedUsed, { when: renderAgo(language, app.lastUsedAt, now) })
  return renderPortal(view, {
    title,
    main: renderPanel(html`${renderEmblem('app-window', 'bad')}
<h1>${title}</h1>
<p class="block">${since} · ${used}</p>
<p class="block">${fill(texts.authorizedEndText, { name: app.name })}</p>
<form method="post" action="${base}/authorized-apps/${encodeURIComponent(app.familyId)}/end">
${renderHidden({ csrf })}
<div class="actions across"><button class="button danger" type="submit">${texts.authorizedEndYes}</button>${renderLinkButton(texts.authorizedKeep, base)}</div>
</form>`),
  })
}
