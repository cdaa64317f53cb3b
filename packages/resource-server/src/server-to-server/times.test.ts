import { Bench } from '@postern/conformance/hostile-tokens'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenError } from '../errors.ts'
import { refusal } from '../testing/refusal.ts'
import { makeScene } from '../testing/scene.ts'
import { createTokenValidator } from '../validator.ts'
import { ActorTokenError } from './errors.ts'
import { parseTime, requireLife, requireTime } from './times.ts'

const now = 1_800_000_000
const rules = { now, toleranceSeconds: 30 }

function codeOf(claims: Record<string, number | string>, more: { maxSeconds?: number } = {}): string {
  try {
    requireLife(claims, 'assertion', { ...rules, ...more })
    return 'accepted'
  } catch (error) {
    if (error instanceof ActorTokenError) return error.code
    throw error
  }
}

test('a number and its decimal digits are the same time, and nothing else is a time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999_999 }), (time) => {
      expect(parseTime(time)).toBe(time)
      expect(parseTime(String(time))).toBe(time)
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseTime(text)
      if (read !== undefined) expect(String(read)).toBe(text)
    }),
  )
  for (const value of [
    '1e10',
    '0x1',
    ' 1',
    '1 ',
    '-1',
    '+1',
    '01',
    '',
    '1.0',
    '1000000000000',
    0,
    -1,
    1.5,
    1e11,
    Number.NaN,
    null,
  ])
    expect(parseTime(value), String(value)).toBeUndefined()
})

test('the tolerance forgives a start in the future and never moves an end', () => {
  expect(codeOf({ nbf: now + 30, exp: now + 60 })).toBe('accepted')
  expect(codeOf({ nbf: now + 31, exp: now + 60 })).toBe('token_not_yet_valid')
  expect(codeOf({ nbf: now, iat: now + 31, exp: now + 60 })).toBe('token_not_yet_valid')
  expect(codeOf({ nbf: now - 10, exp: now + 1 })).toBe('accepted')
  expect(codeOf({ nbf: now - 10, exp: now })).toBe('token_expired')
  expect(codeOf({ nbf: now, exp: now + 600 }, { maxSeconds: 600 })).toBe('accepted')
  expect(codeOf({ nbf: now, exp: now + 601 }, { maxSeconds: 600 })).toBe('lifetime_too_long')
})

test('a life starts at the earlier of nbf and iat, and ends after both', () => {
  const life = (claims: Record<string, number>) => requireLife(claims, 'assertion', rules)
  expect(life({ nbf: now, iat: now - 20, exp: now + 60 })).toStrictEqual({ startsAt: now - 20, endsAt: now + 60 })
  expect(life({ nbf: now - 20, iat: now, exp: now + 60 })).toStrictEqual({ startsAt: now - 20, endsAt: now + 60 })
  expect(life({ nbf: now - 5, exp: now + 60 })).toStrictEqual({ startsAt: now - 5, endsAt: now + 60 })
  const said = (claims: Record<string, number | string>, more = {}) =>
    refusal(() => requireLife(claims, 'assertion', { ...rules, ...more }))
  const backwards = 'claim_invalid: assertion: exp is not after nbf and iat'
  expect(said({ nbf: now + 10, exp: now + 10 })).toBe(backwards)
  expect(said({ nbf: now + 10, exp: now + 9 })).toBe(backwards)
  expect(said({ nbf: now, iat: now + 10, exp: now + 10 })).toBe(backwards)
  expect(said({ nbf: now, iat: now + 10, exp: now + 11 })).toBe('accepted')
  expect(said({ nbf: now, iat: now - 1, exp: now + 600 }, { maxSeconds: 600 })).toBe('lifetime_too_long: assertion: 601 s')
  expect(said({ nbf: now - 9, exp: now })).toBe(`token_expired: assertion: exp ${now}`)
  expect(said({ nbf: now, iat: now + 31, exp: now + 60 })).toBe(`token_not_yet_valid: assertion: nbf ${now}, iat ${now + 31}`)
})

test('a time that is missing or no time is named', () => {
  const said = (value: string | undefined) =>
    refusal(() => requireTime(value === undefined ? {} : { exp: value }, 'exp', 'user token'))
  expect(requireTime({ exp: '17' }, 'exp', 'user token')).toBe(17)
  expect(said(undefined)).toBe('claim_missing: user token: exp')
  expect(said('017')).toBe('claim_invalid: user token: exp "017" is not whole seconds since 1970')
  expect(refusal(() => requireLife({ exp: now + 60 }, 'assertion', rules))).toBe('claim_missing: assertion: nbf')
  expect(refusal(() => requireLife({ nbf: now }, 'assertion', rules))).toBe('claim_missing: assertion: exp')
  expect(refusal(() => requireLife({ nbf: now, iat: '', exp: now + 60 }, 'assertion', rules))).toBe(
    'claim_invalid: assertion: iat "" is not whole seconds since 1970',
  )
})

test('times as strings pass here and are still refused in access tokens', async () => {
  expect(codeOf({ nbf: String(now), iat: String(now), exp: String(now + 60) })).toBe('accepted')
  const { scene, options } = makeScene()
  const bench = new Bench(scene)
  const validator = createTokenValidator(options)
  for (const name of ['exp', 'nbf', 'iat']) {
    const asString = bench.signed({ payload: { [name]: String(scene.now + (name === 'exp' ? 60 : 0)) } })
    const refused = await validator.validate(asString).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TokenError)
    expect(refused).toMatchObject({ code: 'claim_invalid' })
  }
})
