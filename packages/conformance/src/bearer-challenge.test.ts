import { expect, test } from 'vitest'
import { findBearerChallenge } from './bearer-challenge.ts'

const read = (header: string | null) => {
  const found = findBearerChallenge(header)
  return found && Object.fromEntries(found)
}

test('finds the parameters of a Bearer challenge, commas in quotes included', () => {
  expect(read('Bearer client_id="a", trusted_issuers="b@c,d@e", error="invalid_token"')).toEqual({
    client_id: 'a',
    trusted_issuers: 'b@c,d@e',
    error: 'invalid_token',
  })
})

test('finds Bearer behind other schemes, and stops at the next one', () => {
  expect(read('Basic realm="x", Negotiate, bearer Realm=y, error=z, DPoP algs="ES256"')).toEqual({ realm: 'y', error: 'z' })
  expect(read('Negotiate abc==, Bearer')).toEqual({})
  expect(read('Basic realm="Bearer error=x"')).toBeUndefined()
})

test('undoes escapes', () => {
  expect(read(String.raw`Bearer realm="a \"b\" c"`)).toEqual({ realm: 'a "b" c' })
})

test('finds nothing in nothing, and ends on garbage', () => {
  expect(read(null)).toBeUndefined()
  expect(read('')).toBeUndefined()
  expect(read(`${'"'.repeat(200_000)}Bearer`)).toBeUndefined()
  expect(read(`${'a='.repeat(100_000)}`)).toBeUndefined()
})
