import { describe, expect, test } from 'vitest'
import { inWords, languages, messagesIn, pickLanguage } from './language.ts'

describe('pickLanguage', () => {
  test.each([
    [{ uiLocales: ['de-AT', 'fr'] }, 'de'],
    [{ uiLocales: ['nl', 'FR'], acceptLanguage: 'de' }, 'fr'],
    [{ uiLocales: ['nl'], acceptLanguage: 'es, fr;q=0.4, de;q=0.8' }, 'de'],
    [{ acceptLanguage: 'de;q=0, fr;q=0.1' }, 'fr'],
    [{ acceptLanguage: 'de;q=0' }, 'en'],
    [{ acceptLanguage: '*' }, 'en'],
    [{ acceptLanguage: `${'x,'.repeat(100_000)}de` }, 'en'],
    [{ acceptLanguage: '__proto__, constructor;q=1' }, 'en'],
    [{}, 'en'],
  ] as const)('chooses for %j', (asked, language) => {
    expect(pickLanguage(asked)).toBe(language)
  })
})

describe('the catalogues', () => {
  const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted()

  test.each(languages)('have the same placeholders in %s', (language) => {
    const english = messagesIn('en')
    for (const [key, text] of Object.entries(messagesIn(language))) {
      expect(text.trim(), key).not.toBe('')
      expect([...new Set(placeholders(text))], key).toEqual([...new Set(placeholders(english[key as keyof typeof english]))]) // same keys by type
    }
  })
})

describe('inWords', () => {
  const from = new Date('2026-03-02T09:00:00Z')
  const pause = (seconds: number) => inWords('en', from, new Date(from.getTime() + seconds * 1000))

  test('rounds up, so that nobody comes too early', () => {
    expect([pause(0.2), pause(30), pause(60), pause(61), pause(3600), pause(7201)]).toEqual([
      'in 1 second',
      'in 30 seconds',
      'in 1 minute',
      'in 2 minutes',
      'in 60 minutes',
      'in 3 hours',
    ])
  })
})
