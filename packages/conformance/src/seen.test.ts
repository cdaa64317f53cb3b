import { expect, test } from 'vitest'
import { describeChallenge, describeDocument, describeSeen, shorten } from './seen.ts'

const answer = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  json?: Record<string, unknown>,
) => ({
  status,
  body,
  headers: new Headers({ ...headers }),
  json,
})

test.each([
  [answer(200, '<p>Hello', { 'content-type': 'text/html; charset=utf-8' }), '200 text/html'],
  [answer(200, '[1]'), '200 without a content type'],
  [answer(400, '{"error":"invalid_grant"}', {}, { error: 'invalid_grant' }), '400 invalid_grant'],
  [answer(401, ''), '401, no WWW-Authenticate'],
  [answer(404, ''), '404'],
  [answer(302, '', { location: 'https://app.example/cb?code=abc#x' }), '302 to https://app.example/cb'],
  [undefined, 'absent'],
  [null, 'absent'],
  ['', 'empty'],
  [[], 'an empty list'],
  [[undefined, 'a'], '["absent","a"]'],
  [{ token_type: undefined }, 'absent'],
  [{ status: 200, error: undefined }, '{"status":200}'],
  [5, '5'],
  ['The app\u2019s request \u2013 d\u00e9j\u00e0 vu\u0007\u202ekcab', 'The app\u2019s request \u2013 d\u00e9j\u00e0 vu kcab'],
])('%j is told in words', (seen, words) => {
  expect(describeSeen(seen)).toBe(words)
})

test('a challenge that is not there is told as such', () => {
  expect(describeChallenge(answer(200, ''))).toBe('200, no WWW-Authenticate')
  expect(describeChallenge(answer(401, '', { 'www-authenticate': 'Bearer' }))).toBe('Bearer')
})

test('where a document is wanted, it is told that there is none', () => {
  expect(describeDocument(answer(200, '<p>Hello', { 'content-type': 'text/html; charset=utf-8' }))).toBe(
    '200 text/html, not JSON',
  )
  expect(describeDocument(answer(404, ''))).toBe('404')
  expect(describeDocument(answer(200, '{}', { 'content-type': 'application/json' }, {}))).toBe('200 application/json')
})

test('what is long is cut between two words', () => {
  expect(shorten('one two three four', 12)).toBe('one two ...')
  expect(shorten('x'.repeat(20), 12)).toBe(`${'x'.repeat(12)} ...`)
})
