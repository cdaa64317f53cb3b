import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawAppSecret, inFours, parseAppPassword } from './app-secret.ts'

describe('the secret of an app password', () => {
  test('is twenty letters and digits that are not mistaken for each other, in five groups', () => {
    const seen = new Set<string>()
    for (let count = 0; count < 500; count += 1) {
      const secret = drawAppSecret(randomBytes)
      expect(inFours(secret)).toMatch(/^(?:[a-hjkmnp-tv-z2-9]{4}-){4}[a-hjkmnp-tv-z2-9]{4}$/)
      seen.add(secret)
    }
    expect(seen.size).toBe(500)
  })

  test('has every character as often as any other: a byte that would favour some is drawn again', () => {
    let next = 0
    const everyByte = (bytes: number) => Uint8Array.from({ length: bytes }, () => next++ & 255)
    const count = new Map<string, number>()
    for (let secrets = 0; secrets < 12 * 240; secrets += 12) {
      for (let one = 0; one < 12; one += 1) {
        for (const character of drawAppSecret(everyByte)) count.set(character, (count.get(character) ?? 0) + 1)
      }
    }
    expect(count.size).toBe(30)
    expect(Math.max(...count.values()) / Math.min(...count.values())).toBeLessThan(1.05)
  })

  test('is read as it is shown, without groups, in capitals, in full width and with spaces', () => {
    const secret = drawAppSecret(randomBytes)
    const shown = inFours(secret)
    const wide = [...secret].map((one) => String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0)).join('')
    const typed = [
      shown,
      secret,
      shown.toUpperCase(),
      shown.replaceAll('-', ' '),
      ` ${shown}\n`,
      shown.replaceAll('-', ' \u2013 '),
      wide,
    ]
    for (const one of typed) expect(parseAppPassword(one), one).toBe(secret)
  })

  test.each([
    'abcd-efgh-jkmn-pqrs',
    'abcd-efgh-jkmn-pqrs-tvwxy',
    'abcd-efgh-jkmn-pqrs-tvw0',
    'abcd-efgh-jkmn-pqrs-tvwl',
    'correct horse battery',
    '',
    'abcdefghjkmnpqrstvwx'.padEnd(80),
    '\ud800abcdefghjkmnpqrstvw',
  ])('is not read from %j', (typed) => {
    expect(parseAppPassword(typed)).toBeUndefined()
  })

  test('is nothing or twenty characters of ours, whatever was sent; and reading it again changes nothing', () => {
    const alphabet = [...'abcdefghjkmnpqrstvwxyz23456789ABC -\u2014\uff41']
    const sent = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 70 }))
    fc.assert(
      fc.property(sent, (typed) => {
        const secret = parseAppPassword(typed)
        if (secret === undefined) return
        expect(secret).toMatch(/^[a-hjkmnp-tv-z2-9]{20}$/)
        expect(parseAppPassword(secret)).toBe(secret)
      }),
    )
  })
})
