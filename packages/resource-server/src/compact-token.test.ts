import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTokenHeader, parseTokenPayload, shortType, signatureBytes, splitCompactToken } from './compact-token.ts'
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

const isRefused = (run: () => unknown): boolean => {
  try {
    run()
    return false
  } catch (error) {
    return error instanceof TokenError && error.detail?.includes('canonical') === true
  }
}
const withSignature = (signaturePart: string) =>
  signatureBytes({ headerPart: 'AA', payloadPart: 'AA', signaturePart, signingInput: 'AA.AA' })

test('of all spellings of the same bytes exactly one passes', () => {
  fc.assert(
    fc.property(base64urlText, (text) => {
      const only = Buffer.from(text, 'base64url').toString('base64url')
      expect(isRefused(() => withSignature(text))).toBe(text !== only || only === '')
    }),
    { numRuns: 2000 },
  )
  for (const spelling of ['QQ==', 'QQ=', 'Q Q', 'QQ\n', 'QR', 'Q', '', '+/+/', 'Q\u0151', '\u0151Q', 'QQ\0', 'ŁŁ', 'Q.Q']) {
    expect(
      isRefused(() => withSignature(spelling)),
      JSON.stringify(spelling),
    ).toBe(true)
  }
})

test('the bytes of a signature come out as they went in', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), (bytes) => {
      expect(withSignature(encode(bytes)).equals(bytes)).toBe(true)
    }),
  )
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
