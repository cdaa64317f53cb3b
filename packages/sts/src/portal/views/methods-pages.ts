import type { BoundFactor, CodesLeft } from '@postern/mfa'
import { renderComplaint, renderEmblem, renderHidden, renderSecondary } from '../../http/controls.ts'
import { fill, html, type Markup, phrase } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import type { TextKey } from '../../http/messages/catalogue.ts'
import type { Requirement } from '../../policy/policy.ts'
import { renderAdvices, renderState } from './home-page.ts'
import { hintOf, nameOf, tellMethod } from './method-words.ts'
import { renderAgo } from './moment.ts'
import { type PortalView, renderBack, renderLinkButton, renderPanel, renderPortal } from './portal-frame.ts'

/** A factor as its owner sees it. `isOff`: this realm has switched its method off. */
export type OwnFactor = BoundFactor & { readonly isOff: boolean }
/** A telephone that an administrator put there. */
export interface ProposedPhone {
  readonly id: string
  readonly label: string
  readonly detail: BoundFactor['detail']
}

/** Everything that one can show beside the password, recovery codes included. */
export function renderMethodsPage(
  view: PortalView,
  own: {
    factors: readonly OwnFactor[]
    proposed: readonly ProposedPhone[]
    codes: CodesLeft | 'off' | undefined
    messagesOnly: boolean
  },
): string {
  const texts = messagesIn(view.language)
  return renderPortal(view, {
    title: texts.portalMethodsTitle,
    main: html`<h1>${texts.portalMethodsTitle}</h1>
<p class="lead">${own.factors.length > 0 ? texts.portalMethodsText : texts.portalMethodsNone}</p>
${renderAdvices(view, own)}
${own.proposed.map((phone) => renderProposed(view, phone))}
${own.factors.length > 0 && renderPanel(html`<ul class="rows">${own.factors.map((factor) => renderFactor(view, factor))}</ul>`)}
<div class="actions across">${renderLinkButton(own.factors.length > 0 ? texts.portalMethodAdd : texts.portalMethodsFirst, `${view.base}/add`, 'primary')}</div>
${own.factors.length > 0 && own.codes !== 'off' && renderCodes(view, own.codes)}`,
  })
}

function renderFactor(view: PortalView, factor: OwnFactor): Markup {
  const texts = messagesIn(view.language)
  const { language, now } = view
  const { drawing, name: kind } = tellMethod(factor)
  const name = nameOf(texts, factor)
  const hint = hintOf(factor)
  const used =
    factor.lastUsedAt === undefined
      ? html`${texts.portalMethodUnused}`
      : phrase(texts.portalMethodUsed, { when: renderAgo(language, factor.lastUsedAt, now) })
  const added = phrase(texts.portalMethodAdded, { when: renderAgo(language, factor.createdAt, now) })
  return html`<li class="row"><span class="row-mark">${icon(drawing)}</span>
<div class="row-text"><strong>${name}</strong>${name !== texts[kind] && html`<span>${texts[kind]}</span>`}${hint !== undefined && html`<span>${hint}</span>`}<span>${added} · ${used}</span>${factor.isOff ? html`<span class="badge">${texts.portalMethodOff}</span>` : renderState(view, factor)}</div>
<a class="button small" href="${view.base}/methods/${factor.id}" aria-label="${fill(texts.portalMethodChangeLong, { name })}">${texts.portalMethodChange}</a></li>`
}

function renderProposed(view: PortalView, phone: ProposedPhone): Markup {
  const texts = messagesIn(view.language)
  const told = { method: 'sms', ...phone }
  const name = hintOf(phone) ?? nameOf(texts, told)
  return html`<section class="panel pressing"><h2>${texts.portalProposedTitle}</h2>
<ul class="rows"><li class="row"><span class="row-mark">${icon(tellMethod(told).drawing)}</span>
<div class="row-text"><strong>${name}</strong><span>${fill(texts.portalProposedText, { realm: view.realm.displayName })}</span></div>
<form method="post" action="${view.base}/add/sms">${renderHidden({ csrf: view.csrf, proposedId: phone.id })}<button class="button small primary" type="submit" aria-label="${fill(texts.portalProposedConfirmLong, { name })}">${texts.portalProposedConfirm}</button></form></li></ul>
</section>
`
}

function renderCodes(view: PortalView, codes: CodesLeft | undefined): Markup {
  const texts = messagesIn(view.language)
  const left = codes === undefined ? texts.portalCodesNone : fill(texts.portalCodesLeft, { left: codes.left, of: codes.of })
  return renderPanel(
    html`<ul class="rows"><li class="row"><span class="row-mark">${icon('life-buoy')}</span>
<div class="row-text"><strong>${left}</strong><span>${texts.portalCodesText}</span></div>
<a class="button small" href="${view.base}/recovery-codes">${texts.portalCodesMake}</a></li></ul>`,
    texts.portalCodesTitle,
  )
}

/** One method: its name, whether it is asked for first, and the way to remove it. */
export function renderMethodPage(view: PortalView & { complaint?: string; typed?: string }, factor: OwnFactor): string {
  const texts = messagesIn(view.language)
  const name = nameOf(texts, factor)
  const kind = texts[tellMethod(factor).name]
  const facts = [kind === name ? undefined : kind, hintOf(factor)].filter((one) => one !== undefined)
  const here = `${view.base}/methods/${factor.id}`
  const described = view.complaint !== undefined && html` aria-invalid="true"`
  const state = factor.isOff ? 'portalMethodOffText' : factor.state === 'disabled' ? 'portalMethodLockedText' : undefined
  return renderPortal(view, {
    title: name,
    main: html`${renderBack(view, '/methods', texts.portalMethodsTitle)}
<h1>${name}</h1>
${facts.length > 0 && html`<p class="lead">${facts.join(' · ')}</p>`}
${state !== undefined && html`<div class="advice">${icon('triangle-alert')}<p>${fill(texts[state], { realm: view.realm.displayName })}</p></div>`}
${renderPanel(html`<form class="fields" method="post" action="${here}/rename" novalidate>
${renderHidden({ csrf: view.csrf })}
<div class="field">
<label for="label">${texts.portalRenameLabel}</label>
<div class="control"><input id="label" name="label" type="text" maxlength="60" autocomplete="off" value="${view.typed ?? factor.label}" required aria-describedby="label-hint${view.complaint !== undefined && ' label-complaint'}"${described}></div>
<p class="field-hint" id="label-hint">${texts.portalRenameHint}</p>
${renderComplaint('label-complaint', view.complaint)}
</div>
${renderSecondary(texts.portalSave)}
</form>`)}
${factor.state === 'active' && !factor.isOff && renderPanel(renderDefault(view, factor, here), texts.portalDefaultTitle)}
<div class="actions across">${renderLinkButton(texts.portalReplaceThis, `${here}/replace`)}</div>
<p class="portal-removal"><a href="${here}/remove">${icon('trash-2')}${texts.portalRemoveThis}</a></p>`,
  })
}

function renderDefault(view: PortalView, factor: OwnFactor, here: string): Markup {
  const texts = messagesIn(view.language)
  if (factor.isDefault) return html`<p class="muted">${texts.portalDefaultIs}</p>`
  return html`<p class="muted">${texts.portalDefaultText}</p>
<form method="post" action="${here}/default">${renderHidden({ csrf: view.csrf })}<div class="actions">${renderSecondary(texts.portalDefaultMake)}</div></form>`
}

/** Asks once more, and says what follows. */
export function renderRemovePage(
  view: PortalView,
  factor: OwnFactor,
  { isLast, successor }: { isLast: boolean; successor?: BoundFactor | undefined },
): string {
  const texts = messagesIn(view.language)
  const name = nameOf(texts, factor)
  const title = fill(texts.portalRemoveTitle, { name })
  const follows = isLast ? texts.portalRemoveLast : texts.portalRemoveText
  const text = successor === undefined ? follows : fill(texts.portalReplaceReady, { name, next: nameOf(texts, successor) })
  const keep =
    successor === undefined
      ? renderLinkButton(texts.portalRemoveKeep, `${view.base}/methods/${factor.id}`)
      : renderLinkButton(texts.portalReplaceKeep, `${view.base}/methods`)
  return renderPortal(view, {
    title,
    main: renderPanel(html`${renderEmblem(tellMethod(factor).drawing, isLast ? 'bad' : 'plain')}
<h1>${title}</h1>
<p class="block">${text}</p>
<form method="post" action="${view.base}/methods/${factor.id}/remove">
${renderHidden({ csrf: view.csrf, ...(successor === undefined ? {} : { by: successor.id }) })}
<div class="actions across"><button class="button danger" type="submit">${texts.portalRemove}</button>${keep}</div>
</form>`),
  })
}

const refusals = {
  'second-factor': 'portalRemoveRefusedSecond',
  'phishing-resistant': 'portalRemoveRefusedStrong',
} as const satisfies Record<Requirement, TextKey>

/** Why it cannot go, and what to do first. */
export function renderRemoveRefusedPage(view: PortalView, factor: OwnFactor, because: Requirement): string {
  const texts = messagesIn(view.language)
  const title = fill(texts.portalRemoveRefusedTitle, { name: nameOf(texts, factor) })
  return renderPortal(view, {
    title,
    main: renderPanel(html`${renderEmblem('ban', 'warn')}
<h1>${title}</h1>
<p class="block">${fill(texts[refusals[because]], { realm: view.realm.displayName })} ${texts.portalRemoveRefusedDo}</p>
<div class="actions across">${renderLinkButton(texts.portalMethodAdd, `${view.base}/add`, 'primary')}${renderLinkButton(texts.portalBack, `${view.base}/methods`)}</div>`),
  })
}
