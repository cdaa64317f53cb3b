import { html, type Markup } from '../../http/html.ts'
import type { Language } from '../../http/messages/catalogue.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/**
 * How long ago, in words: "2 minutes ago", "yesterday", later the date. The server does not know where the person is, so no
 * hour of a day is named, which would be one of another place. A time to come, by clocks that differ, is now.
 */
export function agoInWords(language: Language, then: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - then.getTime()) / 1000))
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  if (seconds < minute) return words.format(0, 'second')
  if (seconds < 90 * minute) return words.format(-Math.floor(seconds / minute), 'minute')
  if (seconds < 22 * hour) return words.format(-Math.round(seconds / hour), 'hour')
  if (seconds < 14 * day) return words.format(-Math.max(1, Math.round(seconds / day)), 'day')
  return onDate(language, then)
}

/** A day, in words. */
export const onDate = (language: Language, at: Date): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'long', timeZone: 'UTC' }).format(at)

/** The same for a page, with the exact time for programs. */
export const renderAgo = (language: Language, then: Date, now: Date): Markup =>
  html`<time datetime="${then.toISOString()}">${agoInWords(language, then, now)}</time>`
