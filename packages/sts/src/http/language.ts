import { catalogues, type Language, type Messages } from './messages/catalogue.ts'

/** Every language that the pages speak; the first is spoken when nobody asks for one that we know. */
export const languages = ['en', 'de', 'fr'] as const satisfies readonly Language[]

const known = (tag: string): Language | undefined => {
  const primary = tag.trim().toLowerCase().split('-')[0]
  return languages.find((language) => language === primary)
}

/**
 * Chooses the language of a page: what the app asked for (`ui_locales`, best first, OpenID Connect Core 3.1.2.1), then
 * what the browser prefers (`Accept-Language`, RFC 9110 12.5.4), then English. Hostile input only ever yields English.
 */
export function pickLanguage(asked: { uiLocales?: readonly string[]; acceptLanguage?: string }): Language {
  for (const tag of asked.uiLocales ?? []) {
    const language = known(tag)
    if (language !== undefined) return language
  }
  const preferred = (asked.acceptLanguage ?? '')
    .slice(0, 1000)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';')
      const quality = parameters.map((parameter) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1]).find(Boolean)
      return { language: known(tag), quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter((one) => one.quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
  return preferred.find((one) => one.language !== undefined)?.language ?? languages[0]
}

export const messagesIn = (language: Language): Messages => catalogues[language]

/** "in 3 minutes", never "now": rounds up, so that who waits that long is let in. */
export function inWords(language: Language, from: Date, until: Date): string {
  const seconds = Math.max(1, Math.ceil((until.getTime() - from.getTime()) / 1000))
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  if (seconds < 60) return words.format(seconds, 'second')
  if (seconds < 90 * 60) return words.format(Math.ceil(seconds / 60), 'minute')
  return words.format(Math.ceil(seconds / 3600), 'hour')
}
