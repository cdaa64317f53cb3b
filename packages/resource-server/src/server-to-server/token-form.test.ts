import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import type { TokenPart } from './errors.ts'
import { type KnownHeaders, readServerToken, rememberHeader, requireSignature } from './token-form.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const x5t = 'abcdefghijklmnopqrstuvwxyz_'
const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const part = (value: unknown): string => base64url(JSON.stringify(value))
const signed = (header: unknown, claims: unknown = { iss: 'a' }): string => {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}
const good = { typ: 'JWT', alg: 'RS256', x5t }
const read = (token: string, of: TokenPart = 'assertion', known: KnownHeaders = new Map()) => readServerToken(token, of, known)

test('a token gives its header in one form and its claims as they stand', () => {
  expect(read(signed(good))).toMatchObject({ header: { alg: 'RS256', x5t }, claims: { iss: 'a' } })
  for (const header of [
    { ...good, x5t: `${x5t}=` },
    { ...good, kid: x5t },
    { ...good, x5t: `${x5t}=`, kid: x5t },
    { ...good, x5t: `${x5t}=`, kid: `${x5t}=` },
  ])
    expect(read(signed(header)).header).toStrictEqual({ alg: 'RS256', x5t })
  expect(Object.isFrozen(read(signed(good)).header)).toBe(true)
})

test.for<readonly [Record<string, unknown>, string]>([
  [{ jku: 'https://evil.example' }, 'header_not_allowed: assertion: member "jku"'],
  [{ cty: 'JWT' }, 'header_not_allowed: assertion: member "cty"'],
  [{ alg: 'RS512' }, 'algorithm_not_allowed: assertion: alg "RS512"'],
  [{ alg: undefined }, 'algorithm_not_allowed: assertion: alg undefined'],
  [{ alg: 'none' }, 'algorithm_not_allowed: assertion: alg "none"'],
  [{ typ: 'jwt' }, 'type_mismatch: assertion: typ "jwt"'],
  [{ typ: undefined }, 'type_mismatch: assertion: typ undefined'],
  [{ x5t: undefined }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ x5t: [x5t] }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ x5t: `${x5t}==` }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ x5t: `${x5t}a` }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ x5t: `a${x5t}` }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ x5t: x5t.slice(1) }, 'header_not_allowed: assertion: x5t is not a thumbprint'],
  [{ kid: 'other' }, 'header_not_allowed: assertion: kid is not x5t'],
  [{ kid: `${x5t}=` }, 'header_not_allowed: assertion: kid is not x5t'],
])('a header with %j is refused: %s', ([changes, expected]) => {
  expect(refusal(() => read(signed({ ...good, ...changes })))).toBe(expected)
})

test('alg none passes for a user token alone, without a key and without a signature', () => {
  const unsigned = (header: object, signature = '') =>
    `${part({ typ: 'JWT', alg: 'none', ...header })}.${part({ iss: 'a' })}.${signature}`
  expect(read(unsigned({}), 'user token').header).toStrictEqual({ alg: 'none', x5t: '' })
  for (const whose of ['assertion', 'actor token'] as const)
    expect(refusal(() => read(unsigned({}), whose))).toBe(`algorithm_not_allowed: ${whose}: alg "none"`)
  const named = 'header_not_allowed: user token: a key is named beside alg none'
  expect(refusal(() => read(unsigned({ x5t }), 'user token'))).toBe(named)
  expect(refusal(() => read(unsigned({ kid: x5t }), 'user token'))).toBe(named)
  expect(refusal(() => read(unsigned({ typ: 'x' }), 'user token'))).toBe('type_mismatch: user token: typ "x"')
  expect(refusal(() => read(unsigned({}, 'AAAA'), 'user token'))).toBe('token_malformed: user token: a signature behind alg none')
  const bare = signed(good).replace(/[^.]+$/, '')
  expect(refusal(() => read(bare, 'user token'))).toBe('token_malformed: user token: no signature')
})

test('what the gate refuses is refused in the name of the token that was read', () => {
  expect(refusal(() => read('x', 'actor token'))).toMatch(/^token_malformed: actor token: ./)
  expect(refusal(() => read('x'.repeat(9000), 'user token'))).toMatch(/^token_too_large: user token: ./)
})

test('a header that was remembered is taken as it was read, and none of them makes alg none pass elsewhere', () => {
  const known: KnownHeaders = new Map()
  const token = read(signed(good), 'assertion', known)
  expect(known.size).toBe(0)
  rememberHeader(token, known)
  expect(read(signed(good, { iss: 'b' }), 'assertion', known).header).toBe(token.header)
  const unsigned = `${part({ typ: 'JWT', alg: 'none' })}.${part({ iss: 'a' })}.`
  rememberHeader(read(unsigned, 'user token', known), known)
  expect(known.size).toBe(2)
  expect(refusal(() => read(unsigned, 'assertion', known))).toBe('algorithm_not_allowed: assertion: alg "none"')
})

test('256 headers are remembered and no more', () => {
  const known: KnownHeaders = new Map()
  for (let n = 0; n < 300; n += 1) {
    const digits = String(n).padStart(27, '0')
    rememberHeader(read(`${part({ ...good, x5t: digits })}.${part({})}.AAAA`, 'assertion', known), known)
  }
  expect(known.size).toBe(256)
  expect([...known.values()].at(-1)).toMatchObject({ x5t: '255'.padStart(27, '0') })
})

test('a signature counts over these very bytes, by this very key, as RS256', () => {
  const said = (token: string, key = publicKey) => refusal(() => requireSignature(read(token), key, 'assertion'))
  const token = signed(good)
  expect(said(token)).toBe('accepted')
  // A longer token before it leaves nothing behind.
  expect(said(signed(good, { iss: 'a'.repeat(500) }))).toBe('accepted')
  expect(said(token)).toBe('accepted')
  const [head = '', , signature = ''] = token.split('.')
  expect(said(`${head}.${part({ iss: 'b' })}.${signature}`)).toBe('signature_invalid: assertion: RS256')
  expect(said(token, createPublicKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))).toBe(
    'signature_invalid: assertion: RS256',
  )
  const input = token.slice(0, token.lastIndexOf('.'))
  const mac = createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
    .update(input)
    .digest('base64url')
  expect(said(`${input}.${mac}`)).toBe('signature_invalid: assertion: RS256')
  expect(said(`${input}.A`)).toMatch(/^token_malformed: assertion: ./)
  expect(said(`${token}=`)).toMatch(/^token_malformed: assertion: ./)
})
