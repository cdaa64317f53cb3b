import { expect, test } from 'vitest'
import {
  ChallengeError,
  DiscoveryError,
  type DiscoveryErrorCode,
  reasonOf,
  SaslError,
  TokenError,
  tokenErrorCodes,
} from './errors.ts'

const discoveryCodes: readonly DiscoveryErrorCode[] = [
  'url_not_allowed',
  'address_not_allowed',
  'unreachable',
  'timed_out',
  'answer_too_large',
  'redirect_not_allowed',
  'status_unexpected',
  'challenge_missing',
  'challenge_malformed',
  'challenge_incomplete',
  'oauth_not_offered',
  'document_malformed',
  'resource_mismatch',
  'issuer_mismatch',
  'issuer_not_allowed',
]

test('every code says a sentence of its own', () => {
  const errors = [
    ...tokenErrorCodes.map((code) => new TokenError(code)),
    ...discoveryCodes.map((code) => new DiscoveryError(code)),
  ]
  const said = errors.map(({ message }) => message)
  expect(new Set(said).size).toBe(said.length)
  for (const text of said) expect(text).toMatch(/^[A-Z][a-zA-Z ,-]{15,100}\.$/)
  expect(Object.isFrozen(tokenErrorCodes)).toBe(true)
})

test('an error carries its name, its code, the detail for the log and what caused it', () => {
  const cause = new RangeError('x')
  for (const [name, error] of [
    ['TokenError', new TokenError('claim_missing', { detail: 'iss', cause })],
    ['DiscoveryError', new DiscoveryError('unreachable', { detail: 'iss', cause })],
  ] as const) {
    expect(error).toMatchObject({ name, detail: 'iss', cause })
    expect(error.message).not.toContain('iss')
  }
  for (const bare of [new TokenError('claim_missing'), new DiscoveryError('unreachable')]) {
    expect(bare.detail).toBeUndefined()
    expect('cause' in bare).toBe(false)
  }
})

test('the reason of a fault is its message, and of what is no error that it is unknown', () => {
  expect([reasonOf(new RangeError('x')), reasonOf('x'), reasonOf(undefined)]).toEqual(['x', 'unknown reason', 'unknown reason'])
})

test('what cannot be read is told with its place and without its text', () => {
  const challenge = new ChallengeError('parameter_repeated', 12)
  expect(challenge).toMatchObject({ name: 'ChallengeError', code: 'parameter_repeated', offset: 12 })
  expect(challenge.message).toBe('The WWW-Authenticate value cannot be read: parameter repeated at character 12.')
  const sasl = new SaslError('channel_binding_unsupported')
  expect(sasl).toMatchObject({ name: 'SaslError', code: 'channel_binding_unsupported' })
  expect(sasl.message).toBe('The SASL response cannot be used: channel binding unsupported.')
})
