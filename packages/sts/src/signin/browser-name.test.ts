import fc from 'fast-check'
import { expect, test } from 'vitest'
import { browserName } from './browser-name.ts'

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox · Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0',
    'Edge · Windows',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome · Android',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    'Safari · iPhone',
  ],
  ['curl/8.5.0', undefined],
  ['', undefined],
])('calls %j %j', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name)
})

test('says nothing that was sent but names that we know', () => {
  const known = /^(?:[A-Z][A-Za-z ]*|iPad|iPhone|macOS)(?: · (?:[A-Z][A-Za-z ]*|iPad|iPhone|macOS))?$/
  fc.assert(
    fc.property(fc.string({ maxLength: 2000 }), (text) =>
      known.test(browserName(`${text} Firefox/1 Linux ${text}`) ?? 'Firefox'),
    ),
  )
})
