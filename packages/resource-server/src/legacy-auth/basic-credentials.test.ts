import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basicAuthorization, isBasic, readBasicCredentials } from './basic-credentials.ts'

const basic = (text: string | Uint8Array): string => `Basic ${Buffer.from(text).toString('base64')}`

test('name and secret are parted at the first colon, and both may be written in any letters', () => {
  expect(readBasicCredentials(basic('mary@contoso.com:pa:ss:word'))).toEqual({ name: 'mary@contoso.com', secret: 'pa:ss:word' })
  expect(readBasicCredentials(basic('CONTOSO\\märy:pässwörd €'))).toEqual({ name: 'CONTOSO\\märy', secret: 'pässwörd €' })
  expect(readBasicCredentials(basic('mary:x').replace('Basic', 'bAsIc'))).toEqual({ name: 'mary', secret: 'x' })
})

test.for([
  ['nothing behind the scheme', 'Basic'],
  ['a space alone', 'Basic '],
  ['another scheme', 'Bearer bWFyeTpwdw=='],
  ['no colon', basic('mary')],
  ['an empty name', basic(':secret')],
  ['an empty secret', basic('mary:')],
  ['a NUL in the name', basic('ma\0ry:secret')],
  ['a NUL in the secret', basic('mary:sec\0ret')],
  ['a line break', basic('mary:sec\r\nret')],
  ['a delete', basic('mary:sec\x7fret')],
  ['a control character beyond ASCII', basic('mary:sec\u0085ret')],
  ['Latin-1', basic(Buffer.from('m\xe4ry:secret', 'latin1'))],
  ['half of a surrogate pair', basic(Buffer.from([0x6d, 0x3a, 0xed, 0xa0, 0x80]))],
  ['an overlong slash', basic(Buffer.from([0x6d, 0x3a, 0xc0, 0xaf]))],
  ['base64 without padding', 'Basic bWFyeTpwdw'],
  [
    'base64url',
    `Basic ${Buffer.from('mary:\u{1f511}\u{1f512}??>>').toString('base64').replace(/[+]/g, '-').replace(/\//g, '_')}x-_-`,
  ],
  ['stray bits', 'Basic bWFyeTpwdx=='],
  ['white space inside', 'Basic bWFy eTpwdw=='],
  ['something behind it', 'Basic bWFyeTpwdw==, Bearer x'],
  ['a tab for the space', 'Basic\tbWFyeTpwdw=='],
  ['10 KB', basic(`mary:${'x'.repeat(10_000)}`)],
  ['a name longer than any', basic(`${'m'.repeat(321)}:secret`)],
] as const)('%s is not read', ([, value]) => {
  expect(readBasicCredentials(value)).toBeUndefined()
})

test('what is read is what was written, and nothing else is ever thrown', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text))
  fc.assert(
    fc.property(
      part.filter((name) => !name.includes(':')),
      part,
      (name, secret) => {
        const read = readBasicCredentials(basic(`${name}:${secret}`))
        return read?.name === name && read.secret === secret
      },
    ),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = readBasicCredentials(`Basic ${text}`)
      return read === undefined || basic(`${read.name}:${read.secret}`) === `Basic ${text}`
    }),
  )
})

test('the longest values are read, and no longer ones', () => {
  const name = 'n'.repeat(320)
  const secret = 's'.repeat(1024)
  expect(readBasicCredentials(basic(`${name}:${secret}`))).toEqual({ name, secret })
  expect(readBasicCredentials(basic(`${name}n:${secret}`))).toBeUndefined()
  expect(readBasicCredentials(basic(`${name}:${secret}s`))).toBeUndefined()
  const line = basic('mary:pw')
  const spaces = (length: number) => line.replace(' ', ' '.repeat(length - line.length + 1))
  expect(readBasicCredentials(spaces(4096))).toEqual({ name: 'mary', secret: 'pw' })
  expect(readBasicCredentials(spaces(4097))).toBeUndefined()
})

test('a byte order mark is a part of the name, and the scheme stands at the beginning', () => {
  expect(readBasicCredentials(basic('\ufeffmary:pw'))).toEqual({ name: '\ufeffmary', secret: 'pw' })
  expect(readBasicCredentials(`x${basic('mary:pw')}`)).toBeUndefined()
  expect(readBasicCredentials(`Basic x${basic('mary:pw').slice(6)}`)).toBeUndefined()
})

test('the scheme is known in any letter case, and no other one is taken for it', () => {
  for (const value of ['Basic', 'basic x', 'BASIC\tx']) expect(isBasic(value)).toBe(true)
  for (const value of ['', 'Basically x', 'Bearer x', ' Basic x']) expect(isBasic(value)).toBe(false)
})

test('our own id and secret are percent-encoded, so that a colon in an id parts nothing', () => {
  expect(Buffer.from(basicAuthorization('a:b', 'c%d').slice(6), 'base64').toString()).toBe('a%3Ab:c%25d')
})
