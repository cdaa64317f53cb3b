import { assetAddresses } from '../../http/assets.ts'
import { renderEmblem, renderHidden, renderNotice, renderPrimary, renderSecondary } from '../../http/controls.ts'
import { fill, html, type Markup } from '../../http/html.ts'
import { icon } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { SigninPage } from './signin-page.ts'

/** Said to whoever has nothing but a telephone (R101). */
const renderSaferWay = (view: SigninPage & { isSmsOnly: boolean }): Markup | false =>
  view.isSmsOnly && html`<p class="aside">${icon('shield-check')}<span>${messagesIn(view.language).smsOnly}</span></p>`

/**
 * The codes, once. They can be downloaded without script, since the address of the file is the file; copying and printing
 * by a button take the script.
 */
export function renderRecoveryCodesPage(
  view: SigninPage & { codes: readonly string[]; accountName: string; isSmsOnly: boolean },
): string {
  const texts = messagesIn(view.language)
  const head = fill(texts.codesFile, { name: view.accountName, realm: view.realm.displayName })
  const file = `${head}\r\n\r\n${view.codes.join('\r\n')}\r\n`
  return renderFrame(view, {
    title: texts.codesTitle,
    script: assetAddresses(view.realm).recoveryCodes,
    main: html`<h1>${texts.codesTitle}</h1>
<p class="block">${texts.codesText}</p>
<p class="print-only">${head}</p>
<ol class="codes" aria-label="${texts.codesList}">${view.codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
<div class="tools"><a class="quiet" href="data:text/plain;charset=utf-8,${encodeURIComponent(file)}" download="${texts.codesFileName}.txt">${icon('download')}${texts.codesDownload}</a><button class="quiet" type="button" data-copies="${view.codes.join('\n')}" data-copied="${texts.codesCopied}" hidden>${icon('copy')}<span>${texts.codesCopy}</span></button><button class="quiet" type="button" data-prints hidden>${icon('printer')}${texts.codesPrint}</button></div>
<form class="fields" method="post" action="${view.action}">
${renderHidden({ csrf: view.csrf })}
${renderPrimary(texts.codesSaved)}
</form>
<p class="hint">${texts.codesLater}</p>
${renderSaferWay(view)}`,
  })
}

/** Where the codes were, once they were shown: they cannot be shown again, but made anew. */
export function renderCodesGonePage(view: SigninPage & { newAction: string; isSmsOnly: boolean; notice?: string }): string {
  const texts = messagesIn(view.language)
  return renderFrame(view, {
    title: texts.codesGoneTitle,
    main: html`${renderEmblem('circle-check', 'good')}
<h1>${texts.codesGoneTitle}</h1>
${renderNotice(view.notice)}
<p class="block">${texts.codesGoneText}</p>
<div class="actions">
<form method="post" action="${view.action}">${renderHidden({ csrf: view.csrf })}${renderPrimary(texts.continue)}</form>
<form method="post" action="${view.newAction}">${renderHidden({ csrf: view.csrf })}${renderSecondary(texts.codesNew)}</form>
</div>
${renderSaferWay(view)}`,
  })
}
