import { expect, test } from 'vitest'
import { TokenError } from '../errors.ts'
import { ActorTokenError, actorTokenErrorCodes, fromGate, quoted, refusal } from './errors.ts'

test('every code says a sentence of its own to anybody, and nothing of the token', () => {
  const said = actorTokenErrorCodes.map((code) => new ActorTokenError(code).message)
  expect(new Set(said).size).toBe(said.length)
  for (const text of said) expect(text).toMatch(/^[A-Z][^"{}]{10,100}\.$/)
  expect(Object.isFrozen(actorTokenErrorCodes)).toBe(true)
})

test('a refusal is an error by its name, with the token it speaks of in front of the detail', () => {
  const error = refusal('claim_missing', 'assertion', 'iss')
  expect(error).toBeInstanceOf(ActorTokenError)
  expect(error).toMatchObject({ name: 'ActorTokenError', code: 'claim_missing', detail: 'assertion: iss' })
  expect(error.message).toBe('The token lacks a required claim.')
  expect('cause' in error).toBe(false)
  expect(new ActorTokenError('claim_missing').detail).toBeUndefined()
  expect(new ActorTokenError('claim_missing', { cause: 'x' }).cause).toBe('x')
})

test('a value of a token is quoted, and cut after 120 characters', () => {
  expect([quoted('a"b'), quoted(7), quoted(undefined), quoted(['x'])]).toEqual(['"a\\"b"', '7', 'undefined', '["x"]'])
  expect(quoted('x'.repeat(500))).toBe(`"${'x'.repeat(119)}`)
})

test('what the gate throws is said in our codes, and anything else is handed back', () => {
  const cause = new TokenError('token_too_large', { detail: 'long' })
  expect(fromGate(cause, 'user token')).toMatchObject({ code: 'token_too_large', detail: 'user token: long', cause })
  expect(fromGate(new TokenError('token_malformed'), 'user token')).toMatchObject({
    code: 'token_malformed',
    detail: 'user token: token_malformed',
  })
  for (const other of [new TypeError('x'), 'x', undefined, refusal('claim_missing', 'assertion', 'iss')])
    expect(fromGate(other, 'user token')).toBe(other)
})
