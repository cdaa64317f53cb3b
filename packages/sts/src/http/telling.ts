import { fill } from './html.ts'
import { inWords, messagesIn } from './language.ts'
import type { Language, TextKey } from './messages/catalogue.ts'

/** How many tries are left, said only when it begins to matter; `undefined` leaves it unsaid. */
export function tellTriesLeft(language: Language, triesLeft: number | undefined): string | undefined {
  if (triesLeft === undefined || triesLeft < 1 || triesLeft > 4) return undefined
  const one = new Intl.PluralRules(language).select(triesLeft) === 'one'
  return fill(messagesIn(language)[one ? 'triesLeftOne' : 'triesLeftOther'], { count: triesLeft })
}

/** A pause in words, e.g. "Try again in 2 minutes." */
export const tellPause = (language: Language, text: TextKey, now: Date, until: Date): string =>
  fill(messagesIn(language)[text], { when: inWords(language, now, until) })

export const secondsUntil = (now: Date, until: Date): number => Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))

/** Sentences side by side. */
export const sentences = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ')
