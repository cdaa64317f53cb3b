import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawSecret, inGroups, secretTyped } from './crockford.ts'

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })

describe('a secret that people type', () => {
  test('has 80 bits in 16 characters that cannot be mistaken for each other', () => {
    fc.assert(
      fc.property(bytes, (drawn) => {
        const secret = drawSecret(() => drawn)
        expect(secret).toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/)
        expect(inGroups(secret)).toMatch(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/)
        expect(secretTyped(inGroups(secret))).toBe(secret)
      }),
    )
    expect(new Set(Array.from({ length: 2000 }, () => drawSecret(randomBytes))).size).toBe(2000)
  })

  test('uses every character equally often', () => {
    const all = Array.from({ length: 16 }, (_, row) => drawSecret(() => Uint8Array.from({ length: 16 }, (_v, i) => row * 16 + i)))
    const counts = new Map<string, number>()
    for (const character of all.join('')) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect([...counts.values()]).toEqual(Array.from({ length: 32 }, () => 8))
  })

  test.each([
    ['in lower case', '0bcd-1fgh-jkmn-pqrs'],
    ['without groups', '0BCD1FGHJKMNPQRS'],
    ['with spaces', ' 0BCD 1FGH JKMN PQRS\t'],
    ['with O and I', 'OBCD-IFGH-JKMN-PQRS'],
    ['with o and l', 'obcd-lfgh-jkmn-pqrs'],
    ['with long dashes', '0BCD–1FGH—JKMN‑PQRS'],
    ['in full width', '０ＢＣＤ－１ＦＧＨ－ＪＫＭＮ－ＰＱＲＳ'],
  ])('is the same typed %s', (_how, typed) => {
    expect(secretTyped(typed)).toBe('0BCD1FGHJKMNPQRS')
  })

  test('is nothing when it is too short, too long, or has a U', () => {
    for (const typed of ['', '0BCD-1FGH-JKMN-PQR', '0BCD-1FGH-JKMN-PQRS0', '0BCD-1FGH-JKMN-PQRU', ' '.repeat(100)])
      expect(secretTyped(typed)).toBeUndefined()
  })

  test('is 16 characters of the alphabet or nothing, whatever was typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (typed) => {
        expect(secretTyped(typed) ?? '0BCD1FGHJKMNPQRS').toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/)
      }),
    )
  })
})
