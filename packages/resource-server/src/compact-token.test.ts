import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCanonicalBase64url, parseTokenHeader, parseTokenPayload, shortType, splitCompactToken } from './compact-token.ts'
import { TokenError } from './errors.ts'

const base64urlText = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
  minLength: 1,
})
const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url')

/** True if it returned or threw a TokenError; everything else is a failure. */
function isTotal(run: () => unknown): boolean {
  try {
    run()
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
  }
  return true
}

test('canonical means that decoding and encoding give the same text back', () => {
  fc.assert(
    fc.property(base64urlText, (text) => {
      expect(isCanonicalBase64url(text)).toBe(Buffer.from(text, 'base64url').toString('base64url') === text)
    }),
    { numRuns: 2000 },
  )
})

test('every byte string has a spelling that passes', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => isCanonicalBase64url(encode(bytes))))
})

test('the gate throws nothing but TokenError, whatever it is given', () => {
  const wild = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    base64urlText,
    fc.tuple(base64urlText, base64urlText, base64urlText).map((parts) => parts.join('.')),
  )
  fc.assert(fc.property(wild, (text) => isTotal(() => splitCompactToken(text))))
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      (bytes) => isTotal(() => parseTokenHeader(encode(bytes))) && isTotal(() => parseTokenPayload(encode(bytes))),
    ),
  )
  fc.assert(
    fc.property(
      fc.json(),
      (text) => isTotal(() => parseTokenHeader(encode(text))) && isTotal(() => parseTokenPayload(encode(text))),
    ),
  )
})

test('values that are not strings are refused like malformed tokens', () => {
  for (const value of [undefined, null, 7, {}, [], ['a.b.c']]) {
    expect(() => splitCompactToken(value as unknown as string)).toThrow(TokenError)
  }
})

test('a header gives exactly its four members, typ in the short form', () => {
  const header = parseTokenHeader(encode('{"alg":"RS256","kid":"k","typ":"application/AT+JWT","x5t":"t"}'))
  expect(header).toEqual({ alg: 'RS256', kid: 'k', typ: 'at+jwt', x5t: 't' })
  expect(shortType('JWT')).toBe('jwt')
})

test('a token of 8192 characters is looked at, one of 8193 is not', () => {
  const filled = (length: number): string => `AA.AA.${'A'.repeat(length - 6)}`
  expect(splitCompactToken(filled(8192 - 2)).headerPart).toBe('AA')
  expect(() => splitCompactToken(filled(8193))).toThrow(expect.objectContaining({ code: 'token_too_large' }))
})
