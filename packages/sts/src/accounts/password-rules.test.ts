import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgePassword } from './password-rules.ts'

const mary = {
  upn: 'mary.major@contoso.com',
  addresses: ['mary@contoso.com', 'postbox77@fabrikam.example'],
  displayName: 'Mary Major',
}
const judge = (password: string) => judgePassword(password, mary)

describe('a new password', () => {
  test.each(['', 'x', 'a7#kQ2!', 'ää\u00e4ä12\u{1f600}'])('of fewer than eight characters is too short: %j', (password) => {
    expect(judge(password)).toBe('too_short')
  })

  test('is counted in characters, not in bytes or UTF-16 units', () => {
    expect(judge('\u{1f600}\u{1f601}\u{1f602}\u{1f603}')).toBe('too_short')
    expect(judge('schl\u00fcss9')).toBe('fine')
  })

  test.each([
    'password',
    'PASSWORD',
    'Password1',
    'password2031',
    '!!password!!',
    'P@ssw0rd',
    'p@$$w0rd99!',
    'Pa55word',
    '12345678',
    '1234567890',
    '87654321',
    'abcdefgh',
    'hgfedcba',
    'qwertyui',
    'aaaaaaaa',
    'abcabcabc',
    '1a1a1a1a',
    'iloveyou',
    'Sommer2031!',
    'Welcome#2030',
    'qwertz12345',
    'postern2026',
    'Outlook365!',
    'asdfghjkl',
  ])('that everybody tries is too common: %s', (password) => {
    expect(judge(password)).toBe('too_common')
  })

  test.each([
    'mary.major@contoso.com',
    'MARY.MAJOR@CONTOSO.COM',
    'mary.major',
    'Mary Major',
    'marymajor',
    'Mary-Major',
    'contoso.com',
    'Contoso1',
    'contoso2026!',
    'fabrikam',
    'postbox77',
    'postbox77@fabrikam.example',
    '1234Major!',
  ])('made of the own name or place is too common: %s', (password) => {
    expect(judge(password)).toBe('too_common')
  })

  test.each([
    'correct horse battery',
    'eight8ch',
    'Marylikes contoso a lot',
    'pass the salt please',
    'ключ от дома',
    'x'.repeat(20).replace(/x$/, 'tail of it'),
  ])("of one's own is fine: %s", (password) => {
    expect(judge(password)).toBe('fine')
  })

  test('may be 1000 characters long and no longer', () => {
    const long = 'long words '.repeat(100).slice(0, 1000)
    expect(judge(long)).toBe('fine')
    expect(judge(`${long}!`)).toBe('too_long')
    expect(judge('\ufdfa'.repeat(900))).toBe('too_long') // one of them becomes 18 characters
    expect(judge('x'.repeat(10_000_000))).toBe('too_long')
  })

  test('whatever it is, gets an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'binary' }), (password, displayName) => {
        expect(['fine', 'too_short', 'too_common', 'too_long']).toContain(judgePassword(password, { ...mary, displayName }))
      }),
    )
  })
})
