import { renderComplaint, renderEmblem, renderHidden, renderPrimary, renderSecondary } from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { Messages } from '../../http/messages/catalogue.ts'
import { byAppPassword } from '../../policy/mail/mail-access.ts'
import {
  deviceEndOf,
  drawingOf,
  isBlockedByThem,
  isInByAppPassword,
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
import { type PortalView, renderAdvice, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

/** One app with what belongs to it. */
export interface AppInFull {
  readonly app: OwnApp
  /** Names of the app passwords that are its own. */
  readonly ownPasswords: readonly string[]
  /** Whether its owner could make an app password for what it uses. */
  readonly passwordHelps: boolean
  /** Address of the browser that looks. */
  readonly here?: string | undefined
}

/** One app: what is known of it, what its owner may do, its name. */
export function renderAppPage(
  view: PortalView & { complaint?: string; typed?: string; notice?: string },
  full: AppInFull,
): string {
  const texts = messagesIn(view.language)
  const { app } = full
  const name = labelOf(texts, app)
  const page = pageOf(view, app)
  const powers = powersOf(app)
  const needsOne = needsAppPassword(app) && full.passwordHelps
  return renderPortal(view, {
    title: name,
    main: html`${renderBack(view, '', texts.portalNavHome)}
<div class="app-head"><span class="row-mark">${icon(drawingOf(app))}</span><h1>${name}</h1>${renderAppState(view, texts, app)}</div>
${view.notice !== undefined && renderAdvice(view.notice)}
<p class="block">${tellState(view, full)}</p>
${(needsOne || (powers.activate && app.state !== 'active') || powers.block) && html`<div class="actions across app-actions">${needsOne && renderLinkButton(texts.appPasswordMake, `${view.base}/app-passwords/new`, 'primary')}${powers.activate && app.state !== 'active' && renderLinkButton(texts.mailAppActivate, `${page}/activate`, 'primary')}${powers.block && renderLinkButton(texts.mailAppBlock, `${page}/block`)}</div>`}
${app.state !== 'active' && app.state !== 'blocked' && renderAdvice(powers.block ? `${texts.mailAppNotMine} ${texts.mailAppNotMineDo}` : texts.mailAppNotMine, { words: texts.portalPasswordChange, address: `${view.base}/password` })}
${renderPanel(renderFacts(view, full))}
${renderPanel(renderNaming(view, app, page))}
${powers.activate && app.state === 'active' && html`<p class="panel-action"><a href="${page}/activate">${texts.mailAppActivateAlso}</a></p>`}
${powers.remove && html`<p class="portal-removal"><a href="${page}/remove">${icon('trash-2')}${texts.mailAppRemoveThis}</a></p>`}`,
  })
}

const pageOf = (view: PortalView, app: Pick<OwnApp, 'id'>): string => `${view.base}/apps/${encodeURIComponent(app.id)}`

function tellState(view: PortalView, { app, passwordHelps }: AppInFull): Markup {
  const texts = messagesIn(view.language)
  const { displayName: realm } = view.realm
  const state = stateOf(app)
  if (isBlockedByThem(app)) return html`${fill(texts.mailAppBlockedByThem, { realm })}`
  if (app.standing === 'organisation' && state !== 'active')
    return html`${fill(texts.mailAppQuarantinedText, { realm })} ${fill(texts.mailAppAskThem, { realm })}`
  if (app.openedBy !== undefined && app.openedBy.length > 0)
    return html`${fill(texts.mailAppOpenedBy, { passwords: app.openedBy.join(', ') })}`
  if (needsAppPassword(app)) {
    const why = app.standing === 'app-password' ? fill(texts.mailAppOnlyByPassword, { realm }) : texts.mailAppOpenedByNone
    return html`${why}${!passwordHelps && ` ${fill(texts.mailAppClosedAsk, { realm })}`}`
  }
  if (app.standing === 'closed')
    return html`${fill(texts.mailAppClosedText, { realm })} ${passwordHelps ? html`<a href="${view.base}/app-passwords">${texts.mailAppClosedHelps}</a>` : fill(texts.mailAppClosedAsk, { realm })}`
  if (state === 'blocked') return html`${texts.mailAppBlockedText}`
  if (state === 'pending') return html`${texts.mailAppPendingText}`
  const wasIn = app.lastAllowedAt !== undefined && app.lastAllowedAt >= (app.decidedAt ?? app.lastAllowedAt)
  return html`${texts.mailAppActiveText}${!wasIn && html` ${texts.mailAppActiveSoon}`}`
}

function renderFacts(view: PortalView, { app, ownPasswords, here }: AppInFull): Markup {
  const texts = messagesIn(view.language)
  const { language, now } = view
  const { traits, decidedAt } = app
  const when = (at: Date): Markup => renderAgo(language, at, now)
  const fact = (words: string, told: string | Markup | undefined): Markup | false =>
    told !== undefined && told !== '' && html`<div><dt>${words}</dt><dd>${told}</dd></div>`
  const by = deciderOf(texts, app)
  const isDecided = app.state === 'active' || app.state === 'blocked'
  return html`<dl class="facts paired">${[
    fact(texts.mailAppWith, protocolNamesOf(app.protocols).join(', ')),
    fact(texts.mailAppFrom, networkOf(texts, app, here)),
    fact(texts.mailAppModel, traits.model ?? traits.deviceType),
    fact(texts.mailAppDeviceId, deviceEndOf(texts, app)),
    fact(texts.mailAppAgent, traits.userAgent && html`<span class="address">${traits.userAgent}</span>`),
    fact(texts.mailAppFirst, when(app.firstTriedAt)),
    fact(texts.mailAppLast, when(app.lastTriedAt)),
    app.lastAllowedAt !== undefined && fact(texts.mailAppIn, when(app.lastAllowedAt)),
    isDecided &&
      decidedAt !== undefined &&
      fact(
        app.state === 'active' ? texts.mailAppDecidedActive : texts.mailAppDecidedBlocked,
        phrase(by, { realm: view.realm.displayName, when: when(decidedAt) }),
      ),
    fact(texts.mailAppOwnPasswords, ownPasswords.join(', ')),
  ]}</dl>`
}

/** `rule` and names of administrators are the organisation. */
function deciderOf(texts: Messages, { decidedBy }: Pick<OwnApp, 'decidedBy'>): string {
  if (decidedBy === 'owner') return texts.mailAppByYou
  return decidedBy === byAppPassword ? texts.mailAppByAppPassword : texts.mailAppByThem
}

function renderNaming(view: PortalView & { complaint?: string; typed?: string }, app: OwnApp, page: string): Markup {
  const texts = messagesIn(view.language)
  const described = view.complaint !== undefined && html` aria-invalid="true"`
  return html`<form class="fields" method="post" action="${page}/rename" novalidate>
${renderHidden({ csrf: view.csrf })}
<div class="field">
<label for="label">${texts.mailAppRename}</label>
<div class="control"><input id="label" name="label" type="text" maxlength="60" autocomplete="off" value="${view.typed ?? app.label}" required aria-describedby="label-hint${view.complaint !== undefined && ' label-complaint'}"${described}></div>
<p class="field-hint" id="label-hint">${texts.mailAppRenameHint}</p>
${renderComplaint('label-complaint', view.complaint)}
</div>
${renderSecondary(texts.portalSave)}
</form>`
}

/** What its owner is about to do, asked once more. */
export type AppChange = 'activate' | 'block' | 'remove'

const asked = {
  activateAlso: { title: 'mailAppActivateAlsoTitle', yes: 'mailAppActivateAlso', no: 'mailAppActivateKeep', look: 'plain' },
  activate: { title: 'mailAppActivateTitle', yes: 'mailAppActivate', no: 'mailAppActivateKeep', look: 'plain' },
  block: { title: 'mailAppBlockTitle', yes: 'mailAppBlock', no: 'mailAppBlockKeep', look: 'bad' },
  remove: { title: 'mailAppRemoveTitle', yes: 'mailAppRemove', no: 'mailAppRemoveKeep', look: 'plain' },
} as const

/** Says what follows, with what is known of the app beside it. */
export function renderAppChangePage(view: PortalView, full: AppInFull, change: AppChange): string {
  const texts = messagesIn(view.language)
  const { app } = full
  const name = labelOf(texts, app)
  const { title, yes, no, look } = asked[change === 'activate' && isInByAppPassword(app) ? 'activateAlso' : change]
  const page = pageOf(view, app)
  const button =
    change === 'activate' ? renderPrimary(texts[yes]) : html`<button class="button danger" type="submit">${texts[yes]}</button>`
  return renderPortal(view, {
    title: fill(texts[title], { name }),
    main: renderPanel(html`${renderEmblem(drawingOf(app), look)}
<h1>${fill(texts[title], { name })}</h1>
${tellChange(view, full, change).map((sentence) => html`<p class="block">${sentence}</p>`)}
${change === 'activate' && renderFacts(view, full)}
<form method="post" action="${page}/${change}">
${renderHidden({ csrf: view.csrf })}
<div class="actions across">${button}${renderLinkButton(texts[no], change === 'activate' ? view.base : page)}</div>
</form>
${change === 'activate' && app.state === 'pending' && html`<p class="hint">${texts.mailAppNotMine} <a href="${page}/block">${texts.mailAppBlockIt}</a></p>`}`),
  })
}

function tellChange(view: PortalView, { app, ownPasswords }: AppInFull, change: AppChange): readonly string[] {
  const texts = messagesIn(view.language)
  const name = labelOf(texts, app)
  const count = ownPasswords.length
  switch (change) {
    case 'activate':
      if (isInByAppPassword(app)) return [fill(texts.mailAppActivateAlsoText, { name }), texts.mailAppActivateCheck]
      return [
        fill(count > 0 || app.standing === 'app-password' ? texts.mailAppActivateTextOwn : texts.mailAppActivateText, { name }),
        texts.mailAppActivateCheck,
      ]
    case 'block':
      return [fill(app.lastAllowedAt === undefined ? texts.mailAppBlockTextNew : texts.mailAppBlockText, { name })]
    case 'remove': {
      const ends = count === 1 ? texts.mailAppRemovePasswordsOne : fill(texts.mailAppRemovePasswordsOther, { count })
      return count > 0 ? [texts.mailAppRemoveText, ends] : [texts.mailAppRemoveText]
    }
  }
}
