import type { KnownAppPassword } from '@postern/mfa'
import type { MailApp } from '@postern/storage'
import { assetAddresses } from '../../http/assets.ts'
import { renderEmblem, renderHidden } from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { labelOf, protocolNamesOf } from './mail-app-words.ts'
import { onDate, renderAgo } from './moment.ts'
import { type PortalView, renderAdvice, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

export interface ShownAppPasswords {
  readonly passwords: readonly KnownAppPassword[]
  /** The account's apps, to name those that passwords belong to. */
  readonly apps: readonly MailApp[]
  /** `closed`: policy allows none. `full`: there are as many as there can be. */
  readonly making: 'open' | 'closed' | 'full'
}

/** Every app password with its last use; the secret is nowhere. */
export function renderAppPasswordsPage(view: PortalView, shown: ShownAppPasswords): string {
  const texts = messagesIn(view.language)
  const { passwords, making } = shown
  const realm = view.realm.displayName
  const open = passwords.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > view.now).length
  return renderPortal(view, {
    title: texts.appPasswordsTitle,
    main: html`<h1>${texts.appPasswordsTitle}</h1>
<p class="lead">${texts.appPasswordsText}</p>
${making === 'closed' && renderAdvice(fill(texts.appPasswordsClosed, { realm }))}
${making === 'full' && renderAdvice(fill(texts.appPasswordsFull, { count: open }))}
${(making !== 'closed' || passwords.length > 0) && renderPanel(passwords.length > 0 ? html`<ul class="rows">${passwords.map((one) => renderRow(view, one, shown.apps))}</ul>` : html`<p class="muted">${texts.appPasswordsNone}</p>`)}
<div class="actions across">${making === 'open' && renderLinkButton(texts.appPasswordMake, `${view.base}/app-passwords/new`, 'primary')}${passwords.length > 1 && renderLinkButton(texts.appPasswordRevokeAll, `${view.base}/app-passwords/revoke`)}</div>
<p class="panel-action"><a href="${view.base}/setup">${texts.mailAppsSetup}</a></p>`,
  })
}

function renderRow(view: PortalView, password: KnownAppPassword, apps: readonly MailApp[]): Markup {
  const texts = messagesIn(view.language)
  const { language, now } = view
  const { id, label, protocols, networks, expiresAt, createdAt, createdBy } = password
  const realm = view.realm.displayName
  const isOver = expiresAt !== undefined && expiresAt <= now
  const made = phrase(createdBy === 'owner' ? texts.appPasswordCreated : texts.appPasswordCreatedByThem, {
    realm,
    when: renderAgo(language, createdAt, now),
  })
  const until =
    expiresAt !== undefined && !isOver && html` · ${fill(texts.appPasswordUntil, { date: onDate(language, expiresAt) })}`
  const owner = tellOwner(view, password, apps)
  return html`<li class="row"><span class="row-mark">${icon('key-round')}</span>
<div class="row-text"><strong>${label}</strong><span>${protocolNamesOf(protocols).join(', ')}</span>${owner !== undefined && html`<span>${owner}</span>`}<span>${renderUse(view, password)}</span><span>${made}${until}</span>${networks.length > 0 && html`<span>${fill(texts.appPasswordOnlyFrom, { networks: networks.join(', ') })}</span>`}${isOver && html`<span class="badge bad">${texts.appPasswordExpired}</span>`}</div>
<a class="button small" href="${view.base}/app-passwords/${encodeURIComponent(id)}/revoke" aria-label="${fill(texts.appPasswordRevokeLong, { name: label })}">${texts.appPasswordRevoke}</a></li>`
}

function tellOwner(
  view: PortalView,
  { mailAppId, bindsToFirstApp }: KnownAppPassword,
  apps: readonly MailApp[],
): string | undefined {
  const texts = messagesIn(view.language)
  const app = apps.find(({ id }) => id === mailAppId)
  if (app !== undefined) return fill(texts.appPasswordOf, { app: labelOf(texts, app) })
  return bindsToFirstApp && mailAppId === undefined ? texts.appPasswordBinds : undefined
}

function renderUse(view: PortalView, { lastUsedAt, lastSource, lastProtocol }: KnownAppPassword): Markup {
  const texts = messagesIn(view.language)
  if (lastUsedAt === undefined) return html`${texts.appPasswordUnused}`
  const when = renderAgo(view.language, lastUsedAt, view.now)
  const used =
    lastSource === undefined
      ? phrase(texts.appPasswordUsed, { when })
      : phrase(texts.appPasswordUsedFrom, { when, source: lastSource })
  return html`${used}${lastProtocol !== undefined && html` (${protocolNamesOf([lastProtocol]).join('')})`}`
}

/** Asks once more. `count` of all; else the one. */
export function renderRevokePage(
  view: PortalView,
  what: { readonly password: KnownAppPassword } | { readonly count: number },
): string {
  const texts = messagesIn(view.language)
  const isOne = 'password' in what
  const title = isOne ? fill(texts.appPasswordRevokeTitle, { name: what.password.label }) : texts.appPasswordRevokeAllTitle
  const below = isOne ? `/${encodeURIComponent(what.password.id)}/revoke` : '/revoke'
  return renderPortal(view, {
    title,
    main: renderPanel(html`${renderEmblem('key-round', 'bad')}
<h1>${title}</h1>
<p class="block">${isOne ? texts.appPasswordRevokeText : fill(texts.appPasswordRevokeAllText, { count: what.count })}</p>
<form method="post" action="${view.base}/app-passwords${below}">
${renderHidden({ csrf: view.csrf })}
<div class="actions across"><button class="button danger" type="submit">${isOne ? texts.appPasswordRevoke : texts.appPasswordRevokeAll}</button>${renderLinkButton(isOne ? texts.appPasswordKeep : texts.appPasswordKeepAll, `${view.base}/app-passwords`)}</div>
</form>`),
  })
}

/** The secret, this once: to be selected, and to be copied where there is script. */
export function renderNewAppPasswordPage(view: PortalView, made: { readonly label: string; readonly secret: string }): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.appPasswordShownTitle,
    script: assetAddresses(view.realm).recoveryCodes,
    main: renderPanel(html`<h1>${texts.appPasswordShownTitle}</h1>
<p class="block">${fill(texts.appPasswordShownText, { name: made.label })}</p>
<dl class="facts"><div><dt>${texts.appPasswordShownName}</dt><dd class="selectable address">${view.upn}</dd></div><div><dt>${texts.appPasswordShownSecret}</dt><dd class="shown-secret"><code>${made.secret}</code></dd></div></dl>
<div class="tools no-print"><button class="quiet" type="button" data-copies="${made.secret}" data-copied="${texts.appPasswordCopied}" hidden>${icon('copy')}<span>${texts.appPasswordCopy}</span></button></div>
<p class="hint">${texts.appPasswordShownHint} <a href="${view.base}/setup">${texts.mailAppsSetup}</a></p>
<div class="actions no-print">${renderLinkButton(texts.appPasswordShownDone, `${view.base}/app-passwords`, 'primary')}</div>`),
  })
}
