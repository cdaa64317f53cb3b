import { renderEmblem } from './controls.ts'
import { fill, html } from './html.ts'
import type { IconName } from './icons.ts'
import { messagesIn } from './language.ts'
import { renderFrame, type Surroundings } from './page-frame.ts'
import { problemAnswer, type RequestProblemCode } from './problems.ts'

/** A page that only tells: what happened, what to do next, and the reference in small type. */
export interface Explanation {
  readonly title: string
  readonly happened: string
  readonly remedy?: string
  /** For whoever runs the app: shown as it is, in small type. Public text only. */
  readonly details?: { readonly label: string; readonly lines: readonly string[] }
  readonly emblem?: { readonly icon: IconName; readonly kind: 'plain' | 'good' | 'warn' | 'bad' }
}

/** Pure; every text given is escaped. */
export function renderErrorPage(surroundings: Surroundings, explanation: Explanation): string {
  const { title, happened, remedy, details } = explanation
  const emblem = explanation.emblem ?? { icon: 'triangle-alert', kind: 'warn' }
  return renderFrame(surroundings, {
    title,
    main: html`${renderEmblem(emblem.icon, emblem.kind)}
<h1>${title}</h1>
<p class="block">${happened}</p>
${remedy !== undefined && html`<p class="block">${remedy}</p>`}
${details !== undefined && html`<div class="ruled"><h2>${details.label}</h2><p class="verbatim">${details.lines.map((line, at) => html`${at > 0 && html`<br>`}${line}`)}</p></div>`}`,
  })
}

/** The page for a refusal or a fault of the kit itself. Never a stack, never a blank page. */
export function renderProblemPage(surroundings: Surroundings, code: RequestProblemCode): string {
  const texts = messagesIn(surroundings.language)
  const answer = problemAnswer(code)
  const emblem =
    answer.status >= 500 ? ({ icon: 'clock', kind: 'warn' } as const) : ({ icon: 'circle-alert', kind: 'plain' } as const)
  return renderErrorPage(surroundings, { title: texts[answer.title], happened: texts[answer.text], emblem })
}

/**
 * The page for an OAuth error that may not be sent back to the app, e.g. a foreign redirect address (RFC 6749 4.1.2.1).
 * `error` and `description` are the public ones; they come from our own table and may quote what the app sent.
 */
export function renderRefusedRequest(surroundings: Surroundings, refusal: { error: string; description?: string }): string {
  const texts = messagesIn(surroundings.language)
  const { realm } = surroundings
  return renderErrorPage(surroundings, {
    title: texts.refusedTitle,
    happened: realm === undefined ? texts.refusedTextNoRealm : fill(texts.refusedText, { realm: realm.displayName }),
    remedy: texts.refusedRemedy,
    details: {
      label: texts.refusedDetails,
      lines: refusal.description === undefined ? [refusal.error] : [refusal.error, refusal.description],
    },
  })
}
