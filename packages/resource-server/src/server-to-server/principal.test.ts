import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparableAudience, formatPrincipal, parsePrincipal, requireComparableAudience } from './principal.ts'

const sts = '00000001-0000-0000-c000-000000000000'

test('the three forms of the grammar are read', () => {
  expect(parsePrincipal(`${sts}@contoso.com`)).toStrictEqual({ clientId: sts, realm: 'contoso.com' })
  expect(parsePrincipal(`${sts}/sts.example@*`)).toStrictEqual({ clientId: sts, host: 'sts.example', realm: '*' })
  expect(parsePrincipal(sts)).toStrictEqual({ clientId: sts })
  expect(parsePrincipal('id/host')).toStrictEqual({ clientId: 'id', host: 'host' })
  expect(parsePrincipal(`${'a'.repeat(510)}@b`)).toStrictEqual({ clientId: 'a'.repeat(510), realm: 'b' })
})

test('what is no text is no principal', () => {
  for (const value of [undefined, null, 7, ['a@b'], {}]) expect(parsePrincipal(value as unknown as string)).toBeUndefined()
})

test.for([
  '',
  '@',
  '/',
  'a@',
  '@b',
  'a/@b',
  '/h@b',
  'a@b@c',
  'a/b/c@d',
  'a@b/c',
  'a b@c',
  'a@b ',
  ' a@b',
  'a@b\n',
  'a@b\u0000',
  'ä@b',
  `${'a'.repeat(511)}@b`,
])('%j is no principal', (text) => {
  expect(parsePrincipal(text)).toBeUndefined()
})

test('reading what was written gives the same parts, and writing what was read the same text', () => {
  const piece = fc.stringMatching(/^[\x21-\x2e\x30-\x3f\x41-\x7e]{1,40}$/)
  const parts = fc.record({ clientId: piece, host: piece, realm: piece }, { requiredKeys: ['clientId'] })
  fc.assert(
    fc.property(parts, (principal) => {
      expect(parsePrincipal(formatPrincipal(principal))).toEqual(principal)
    }),
  )
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a/@]{0,8}$/)), (text) => {
      const read = parsePrincipal(text)
      if (read !== undefined) expect(formatPrincipal(read)).toBe(text)
    }),
  )
})

test('parts that would be read otherwise are not written', () => {
  for (const parts of [
    { clientId: 'a', host: 'b@c' },
    { clientId: 'a', host: 'b@c', realm: 'd' },
    { clientId: 'a/b' },
    { clientId: 'a/b', realm: 'c' },
    { clientId: 'a@b' },
    { clientId: 'a', realm: '' },
    { clientId: 'a', host: '' },
    { clientId: '' },
  ])
    expect(() => formatPrincipal(parts), JSON.stringify(parts)).toThrow(new TypeError('not the parts of a principal'))
})

test('audiences are one if they differ in the letter case of the host alone', () => {
  expect(comparableAudience('Id/HOST.example@Realm')).toBe('Id/host.example@Realm')
  expect(comparableAudience('id@realm')).toBeUndefined()
  expect(comparableAudience('id/host')).toBeUndefined()
  expect(requireComparableAudience('id/Host@realm')).toBe('id/host@realm')
  expect(() => requireComparableAudience('id@realm')).toThrow(new TypeError('audience id@realm must be client_id/host@realm'))
})
