import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTokenHeader, parseTokenPayload, shortType, signatureBytes, splitCompactToken } from './compact-token.ts'
import { TokenError } from './errors.ts'
import { refusal } from './testing/refusal.ts'

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

const headerWith = (changes: Record<string, unknown>): string =>
  refusal(() => parseTokenHeader(encode(JSON.stringify({ alg: 'RS256', kid: 'k', typ: 'JWT', ...changes }))))

test('a header is refused with what is wrong in it', () => {
  const longName = 'n'.repeat(41)
  for (const [changes, said] of [
    [{ jku: 'https://x' }, 'header_not_allowed: member "jku"'],
    [{ [longName]: 1 }, `header_not_allowed: member "${'n'.repeat(40)}"`],
    [{ alg: 5 }, 'algorithm_not_allowed: alg is not a string'],
    [{ alg: undefined }, 'algorithm_not_allowed: alg is not a string'],
    [{ kid: undefined }, 'header_not_allowed: kid is missing or not a short string'],
    [{ kid: 7 }, 'header_not_allowed: kid is missing or not a short string'],
    [{ kid: '' }, 'header_not_allowed: kid is missing or not a short string'],
    [{ kid: 'k'.repeat(257) }, 'header_not_allowed: kid is missing or not a short string'],
    [{ kid: 'k'.repeat(256) }, 'accepted'],
    [{ typ: 5 }, 'header_not_allowed: typ is not a string'],
    [{ typ: null }, 'header_not_allowed: typ is not a string'],
    [{ typ: undefined }, 'accepted'],
    [{ x5t: 5 }, 'header_not_allowed: x5t is not a thumbprint'],
    [{ x5t: 'x'.repeat(65) }, 'header_not_allowed: x5t is not a thumbprint'],
    [{ x5t: 'x'.repeat(64) }, 'accepted'],
  ] as const)
    expect([changes, headerWith(changes)]).toEqual([changes, said])
  expect(parseTokenHeader(encode('{"alg":"RS256","kid":"k"}'))).toEqual({ alg: 'RS256', kid: 'k', typ: '', x5t: undefined })
  expect(Object.isFrozen(parseTokenHeader(encode('{"alg":"RS256","kid":"k"}')))).toBe(true)
})

test('a part is refused with its name and what is wrong in it', () => {
  for (const [bytes, said] of [
    ['{"a":1', 'token_malformed: payload: not JSON'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'token_malformed: payload: not UTF-8'],
    [Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), 'token_malformed: payload: not UTF-8'],
  ] as const)
    expect(refusal(() => parseTokenPayload(encode(bytes)))).toBe(said)
  expect(refusal(() => parseTokenPayload('e30='))).toBe('token_malformed: payload: not canonical base64url')
  expect(refusal(() => parseTokenHeader('e30='))).toBe('token_malformed: header: not canonical base64url')
  expect(refusal(() => withSignature('AB='))).toBe('token_malformed: signature: not canonical base64url')
})

test('a token is three parts, and is refused with what it is instead', () => {
  const parts = 'token_malformed: not three parts'
  for (const [token, said] of [
    ['', parts],
    ['a', parts],
    ['a.b', parts],
    ['.', parts],
    ['a.', parts],
    ['a.b.c.d', parts],
    ['a.b.c.', parts],
    ['a.b..', parts],
    ['...', parts],
    ['a.b.c', 'accepted'],
    ['..', 'accepted'],
    ['x'.repeat(8193), 'token_too_large: 8193 characters'],
    [`a.b.${'c'.repeat(8188)}`, 'accepted'],
  ])
    expect([token?.slice(0, 9), refusal(() => splitCompactToken(token ?? ''))]).toEqual([token?.slice(0, 9), said])
  expect(refusal(() => splitCompactToken(7 as unknown as string))).toBe('token_malformed: not a string')
  expect(splitCompactToken('ab.cde.f')).toEqual({
    headerPart: 'ab',
    payloadPart: 'cde',
    signaturePart: 'f',
    signingInput: 'ab.cde',
  })
  expect(splitCompactToken('..')).toEqual({ headerPart: '', payloadPart: '', signaturePart: '', signingInput: '.' })
})
