import { beforeAll, describe, expect, it } from 'vitest'
import { createKeyRing, type KeyRing, readJwt, signJwt } from './issued-jwt.ts'
import { createSigningKey } from './signing-keys.ts'

const issuer = 'https://login.contoso.com/realm'
const expected = { types: ['rt+jwt'], issuer }
let ring: KeyRing
let foreign: KeyRing

beforeAll(async () => {
  const make = async () => {
    const key = await createSigningKey({ algorithm: 'RS256', commonName: 'contoso.com', now: new Date('2026-01-01T00:00:00Z') })
    return createKeyRing({ signing: { [key.algorithm]: key }, verifying: [key] })
  }
  ring = await make()
  foreign = await make()
})

describe('readJwt', () => {
  it('reads what signJwt signed, and signs the same claims to the same bytes', async () => {
    const token = await signJwt(ring, 'rt+jwt', { iss: issuer, jti: 'x' })
    expect(readJwt(ring, token, expected)).toEqual({ iss: issuer, jti: 'x' })
    expect(await signJwt(ring, 'rt+jwt', { iss: issuer, jti: 'x' })).toBe(token)
  })

  it('refuses another type, another issuer and another realm key', async () => {
    expect(readJwt(ring, await signJwt(ring, 'at+jwt', { iss: issuer }), expected)).toBeUndefined()
    expect(readJwt(ring, await signJwt(ring, 'rt+jwt', { iss: `${issuer}/` }), expected)).toBeUndefined()
    expect(readJwt(ring, await signJwt(foreign, 'rt+jwt', { iss: issuer }), expected)).toBeUndefined()
  })

  it('refuses every other spelling of a token: padding, space, last bits, fourth part', async () => {
    const token = await signJwt(ring, 'rt+jwt', { iss: issuer })
    const last = token.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twin = token.slice(0, -1) + alphabet[(alphabet.indexOf(last) & 0b110000) | ((alphabet.indexOf(last) + 1) & 0b001111)]
    for (const spelling of [
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      twin,
      `${token}.x`,
      token.replace('.', '..'),
      '',
      'a.b',
      'a.b.c',
    ])
      expect(readJwt(ring, spelling, expected), spelling.slice(-8)).toBeUndefined()
  })

  it('refuses an algorithm that is not the key’s, none among them, and unknown header members', async () => {
    const token = await signJwt(ring, 'rt+jwt', { iss: issuer })
    const [, body = '', tail = ''] = token.split('.')
    const withHeader = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}.${tail}`
    for (const header of [
      { alg: 'none', typ: 'rt+jwt', kid: ring.signing.kid },
      { alg: 'HS256', typ: 'rt+jwt', kid: ring.signing.kid },
      { alg: 'RS256', typ: 'rt+jwt', kid: ring.signing.kid, jku: 'https://evil.example' },
      { alg: 'RS256', typ: 'rt+jwt' },
    ])
      expect(readJwt(ring, withHeader(header), expected)).toBeUndefined()
  })
})
