import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { languageOf, renderCodeText } from './sms-text.ts'

const text = (own: Partial<Parameters<typeof renderCodeText>[0]> = {}) =>
  renderCodeText({ code: '012345', channel: 'sms', language: 'en', issuerName: 'Contoso', host: 'sts.contoso.com', ...own })

describe('the text of a message', () => {
  test.each([
    ['en', '012345 is your code for Contoso. Give it to nobody.'],
    ['de', '012345 ist Ihr Code für Contoso. Geben Sie ihn niemandem.'],
    ['fr', '012345 est votre code pour Contoso. Ne le donnez à personne.'],
  ])('in %s is one message, and its last line is for browsers', (language, sentence) => {
    expect(text({ language })).toBe(`${sentence}\n\n@sts.contoso.com #012345`)
    expect(text({ language }).length).toBeLessThanOrEqual(160)
  })

  test('for voice says each digit, twice, and has no line for browsers', () => {
    for (const language of ['en', 'de', 'fr']) {
      const spoken = text({ language, channel: 'voice' })
      expect(spoken.match(/0, 1, 2, 3, 4, 5/g)).toHaveLength(2)
      expect(spoken).not.toMatch(/[\n@#]/)
    }
  })

  test('is in the language that was asked for, or else in English', () => {
    expect(['de', 'de-AT', 'DE-ch', 'fr-CA', 'en-GB', 'ja', '', 'toString', '__proto__'].map(languageOf)).toEqual([
      'de',
      'de',
      'de',
      'fr',
      'en',
      'en',
      'en',
      'en',
      'en',
    ])
  })

  test('has one line for browsers and one code, whatever the realm is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (issuerName) => {
        const lines = text({ issuerName }).split(/[\n\r\u2028\u2029]/)
        expect(lines).toHaveLength(3)
        expect(lines[2]).toBe('@sts.contoso.com #012345')
        expect(lines[0]?.length).toBeLessThan(130)
      }),
    )
  })
})
