import { expect, test } from 'vitest'
import { isUnfinished } from './unfinished-code.ts'

test.each([
  ['totp', '', true],
  ['totp', '12345', true],
  ['sms', ' 12 34-5 ', true],
  ['totp', '123 456', false],
  ['sms', '1234567', false],
  ['totp', 'abc', false],
  ['recovery-code', ' ', true],
  ['recovery-code', '12345', false],
  ['webauthn', '', false],
] as const)('of %s %j is unfinished: %j', (method, typed, unfinished) => {
  expect(isUnfinished(method, typed)).toBe(unfinished)
})
