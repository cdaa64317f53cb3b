import { renderEmblem, renderHidden, renderSecondary } from '../../http/controls.ts'
import { fill, html } from '../../http/html.ts'
import type { IconName } from '../../http/icons.ts'
import { messagesIn } from '../../http/language.ts'
import { renderFrame } from '../../http/page-frame.ts'
import type { SigninPage } from './signin-page.ts'

/** Why a sign-in ends here: by a rule, because the second step is locked, because none fits, or because all together is not enough. */
export type BlockedBecause =
  | { readonly kind: 'rule'; readonly rules: readonly string[] }
  | { readonly kind: 'factor-locked' }
  | { readonly kind: 'factor-gone' }
  | { readonly kind: 'insufficient' }

/** Why, what the person can do, whom to ask; the one action tells the app that it will get nothing. */
export function renderBlockedPage(view: SigninPage & { because: BlockedBecause }): string {
  const texts = messagesIn(view.language)
  const named = { realm: view.realm.displayName, app: view.appName }
  const told = {
    rule: { icon: 'ban', title: texts.blockedTitle, text: texts.blockedText },
    'factor-locked': { icon: 'ban', title: texts.factorLockedTitle, text: texts.factorLockedText },
    'factor-gone': { icon: 'smartphone', title: texts.factorGoneTitle, text: texts.factorGoneText },
    insufficient: { icon: 'key-round', title: texts.insufficientTitle, text: texts.insufficientText },
  } as const satisfies Record<BlockedBecause['kind'], { icon: IconName; title: string; text: string }>
  const { icon, title, text } = told[view.because.kind]
  const rules = view.because.kind === 'rule' ? view.because.rules : []
  return renderFrame(view, {
    title: fill(title, named),
    main: html`${renderEmblem(icon, 'bad')}
<h1>${fill(title, named)}</h1>
<p class="block">${fill(text, named)}</p>
${rules.length > 0 && html`<dl class="facts"><div><dt>${texts.blockedRuleTitle}</dt>${rules.map((rule) => html`<dd>${rule}</dd>`)}</div></dl>`}
<div class="ruled"><h2>${texts.whatToDo}</h2><p>${fill(texts.askAdministrator, named)}</p></div>
<form class="fields" method="post" action="${view.action}">
${renderHidden({ csrf: view.csrf })}
${renderSecondary(fill(texts.backToApp, named))}
</form>`,
  })
}
