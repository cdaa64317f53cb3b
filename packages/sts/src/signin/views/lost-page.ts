import { renderErrorPage } from '../../http/error-page.ts'
import { messagesIn } from '../../http/language.ts'
import type { Surroundings } from '../../http/page-frame.ts'

/** There is no sign-in to continue: says so, and from where to begin again. */
export function renderLostPage(surroundings: Surroundings, lost: 'expired' | 'cookies'): string {
  const texts = messagesIn(surroundings.language)
  return lost === 'expired'
    ? renderErrorPage(surroundings, {
        title: texts.lostExpiredTitle,
        happened: texts.lostExpiredText,
        remedy: texts.lostExpiredRemedy,
        emblem: { icon: 'clock', kind: 'plain' },
      })
    : renderErrorPage(surroundings, {
        title: texts.lostCookiesTitle,
        happened: texts.lostCookiesText,
        remedy: texts.lostCookiesRemedy,
        emblem: { icon: 'cookie', kind: 'plain' },
      })
}
