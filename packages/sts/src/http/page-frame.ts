import { assetAddresses } from './assets.ts'
import { fill, html, type Markup } from './html.ts'
import { messagesIn } from './language.ts'
import type { Language } from './messages/catalogue.ts'
import type { RealmView } from './realm-view.ts'

/** What every page is told about where and for whom it stands. */
export interface Surroundings {
  readonly realm?: RealmView
  readonly language: Language
  /** Shown in small type; the log and the audit trail know it. */
  readonly reference?: string
}

/** Only pictures that are part of the realm's settings, and only as pictures: a `data:` URL of another type is ignored. */
const picture = /^data:image\/(?:png|jpeg|webp|svg\+xml)[;,]/

/**
 * The one frame around every page of one column: whose place it is, a title, the content, and small print. Pure; a whole
 * document out. `content` begins with its own `<h1>`.
 */
export function renderFrame(surroundings: Surroundings, content: { title: string; main: Markup; script?: string }): string {
  const { realm } = surroundings
  const { title, main, script } = content
  const body = html`<div class="stage">
<div class="card">
${realm !== undefined && html`<header class="realm">${renderRealm(realm)}</header>\n`}<main>
${main}
</main>
</div>
${renderSmallPrint(surroundings)}</div>`
  return renderDocument(surroundings, { title, body, ...(script === undefined ? {} : { script }) })
}

/** A whole document around any body. For pages with a layout of their own. */
export function renderDocument(surroundings: Surroundings, content: { title: string; body: Markup; script?: string }): string {
  const { realm, language } = surroundings
  const { style, font } = assetAddresses(realm)
  // Where a heading may break is nothing to windows and bookmarks.
  const title = content.title.replaceAll('\u00ad', '')
  const document = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${realm === undefined ? title : `${title} · ${realm.displayName}`}</title>
<link rel="icon" href="data:,">
<link rel="preload" href="${font}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="${style}">
${content.script !== undefined && html`<script type="module" src="${content.script}"></script>\n`}</head>
<body>
${content.body}
</body>
</html>
`
  return String(document)
}

/** The realm's logo, or its initial and name. */
export function renderRealm(realm: RealmView): Markup {
  if (realm.logo !== undefined && picture.test(realm.logo)) {
    return html`<img class="realm-logo" src="${realm.logo}" alt="${realm.displayName}">`
  }
  const initial = [...realm.displayName.trim()][0]?.toLocaleUpperCase() ?? ''
  return html`<span class="realm-mark" aria-hidden="true">${initial}</span><span class="realm-name">${realm.displayName}</span>`
}

/** The reference in small type, where there is one. */
export function renderSmallPrint({ language, reference }: Surroundings): Markup | false {
  if (reference === undefined || reference === '') return false
  const [before = '', after = ''] = fill(messagesIn(language).reference, { reference: '\u0000' }).split('\u0000')
  return html`<footer class="small-print">${before}<span class="reference">${reference}</span>${after}</footer>\n`
}
