import { expect, test } from 'vitest'
import { decideReason } from './interaction-policy.ts'
import { combine } from './interactions-of-provider.ts'

const second = ['second-factor'] as const
const hard = ['phishing-resistant'] as const
const both = ['second-factor', 'phishing-resistant'] as const

test('whoever has a factor is asked for it, and whoever has none sets one up', () => {
  expect(decideReason(second, ['second-factor'], ['pwd'])).toBe('factor_required')
  expect(decideReason(second, [], ['pwd'])).toBe('factor_missing')
})

test('a demand for a passkey asks for the passkey, and for nothing else first', () => {
  expect(decideReason(both, ['second-factor', 'phishing-resistant'], ['pwd'])).toBe('factor_required')
})

test('a passkey is bound only after the factor that there is was shown', () => {
  expect(decideReason(hard, ['second-factor'], ['pwd'])).toBe('factor_required')
  expect(decideReason(hard, ['second-factor'], ['pwd', 'otp', 'mfa'])).toBe('factor_missing')
})

test('whoever has shown what was asked for is not asked again without end', () => {
  expect(decideReason(second, ['second-factor'], ['pwd', 'otp', 'mfa'])).toBe('insufficient')
  expect(decideReason(hard, ['phishing-resistant'], ['swk'])).toBe('insufficient')
  expect(decideReason(second, [], ['pwd', 'otp', 'mfa'])).toBe('insufficient')
})

test('an access pass lets somebody without a factor bind the passkey that is demanded', () => {
  expect(decideReason(hard, [], ['pwd', 'otp', 'mfa'])).toBe('factor_missing')
})

test('two different things make mfa; one thing twice does not', () => {
  expect(combine(['pwd'], ['otp'])).toEqual(['pwd', 'otp', 'mfa'])
  expect(combine(['pwd'], ['pwd'])).toEqual(['pwd'])
})

test('a remembered browser never makes mfa', () => {
  expect(combine([], ['pwd', 'rba'])).toEqual(['pwd', 'rba'])
  expect(combine(['pwd', 'rba'], ['otp'])).toEqual(['pwd', 'rba', 'otp', 'mfa'])
})

test('a key that checked its owner is mfa by itself, and stays it', () => {
  expect(combine([], ['swk', 'mfa'])).toEqual(['swk', 'mfa'])
  expect(combine(['hwk', 'mfa'], ['hwk'])).toEqual(['hwk', 'mfa'])
})
