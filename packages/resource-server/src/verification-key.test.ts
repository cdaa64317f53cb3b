import { generateKeyPairSync } from 'node:crypto'
import { makeSigningKey, type SigningKey } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { makeSelfSigned } from './testing/self-signed.ts'
import { indexByThumbprint, readKeySet, type VerificationKey } from './verification-key.ts'

const both = new Set(['RS256', 'ES256'] as const)
const rsa = makeSigningKey('rsa-1')
const ec = makeSigningKey('ec-1', 'ES256')
const own = makeSelfSigned('mail.contoso.com')
const ownJwk = {
  ...own.key.export({ format: 'jwk' }),
  d: undefined,
  p: undefined,
  q: undefined,
  dp: undefined,
  dq: undefined,
  qi: undefined,
}
const withRsa = (changes: Record<string, unknown>): Record<string, unknown> => ({
  ...rsa.jwk,
  use: 'sig',
  alg: 'RS256',
  ...changes,
})

/** What became of one published key: its algorithm, or why it is not used. */
async function fateOf(jwk: unknown, algorithms: Parameters<typeof readKeySet>[1] = both): Promise<string | undefined> {
  const set = await readKeySet({ keys: [jwk] }, algorithms)
  return set?.ignored[0] ?? [...(set?.keys.values() ?? [])][0]?.algorithm
}

test('sound keys are read with the algorithm that their form fixes', async () => {
  const set = await readKeySet({ keys: [rsa.jwk, ec.jwk] }, both)
  expect(
    [...(set?.keys.values() ?? [])].map(({ kid, algorithm, x5t, certificate }) => [kid, algorithm, x5t, certificate]),
  ).toEqual([
    ['rsa-1', 'RS256', undefined, undefined],
    ['ec-1', 'ES256', undefined, undefined],
  ])
  expect(set?.ignored).toEqual([])
  const read = set?.keys.get('rsa-1')
  expect(read?.thumbprint).toMatch(/^[\w-]{43}$/)
  expect([set, set?.ignored, read].map((one) => Object.isFrozen(one))).toEqual([true, true, true])
})

test('a document that is no key set is none', async () => {
  const many = (count: number) => ({ keys: Array.from({ length: count }, (_, index) => ({ kid: `${index}` })) })
  for (const document of [undefined, null, 'keys', 7, [], [rsa.jwk], {}, { keys: {} }, { keys: 'x' }, many(101)])
    expect(await readKeySet(document, both)).toBeUndefined()
  expect((await readKeySet(many(100), both))?.ignored).toHaveLength(100)
  expect((await readKeySet({ keys: [] }, both))?.keys.size).toBe(0)
})

test('a key that may not verify is left out with its reason', async () => {
  const long = 'k'.repeat(257)
  for (const [jwk, fate] of [
    [withRsa({}), 'RS256'],
    [withRsa({ use: undefined, alg: undefined }), 'RS256'],
    [withRsa({ key_ops: ['verify'] }), 'RS256'],
    [withRsa({ key_ops: ['sign', 'verify'] }), 'RS256'],
    [withRsa({ kid: 'k'.repeat(256) }), 'RS256'],
    [null, '#0: not an object'],
    ['key', '#0: not an object'],
    [[rsa.jwk], '#0: not an object'],
    [withRsa({ kid: undefined }), '#0: no usable kid'],
    [withRsa({ kid: 7 }), '#0: no usable kid'],
    [withRsa({ kid: '' }), ': no usable kid'],
    [withRsa({ kid: long }), `${long.slice(0, 60)}: no usable kid`],
    [withRsa({ kty: 'oct' }), 'rsa-1: unsupported kind of key'],
    [withRsa({ kty: 'EC' }), 'rsa-1: unsupported kind of key'],
    [withRsa({ n: undefined }), 'rsa-1: unsupported kind of key'],
    [withRsa({ n: 7 }), 'rsa-1: unsupported kind of key'],
    [withRsa({ e: undefined }), 'rsa-1: unsupported kind of key'],
    [withRsa({ n: 'AQAB' }), 'rsa-1: RSA key with 17 bits'],
    [{ ...ec.jwk, crv: 'P-384' }, 'ec-1: unsupported kind of key'],
    [{ ...ec.jwk, kty: 'OKP' }, 'ec-1: unsupported kind of key'],
    [{ ...ec.jwk, x: ec.jwk.y, y: ec.jwk.y }, 'ec-1: not a valid public key'],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((name) => [
      withRsa({ [name]: 'AQ' }),
      'rsa-1: a private key is published',
    ]),
    [withRsa({ use: 'enc' }), 'rsa-1: use is not sig'],
    [withRsa({ use: '' }), 'rsa-1: use is not sig'],
    [withRsa({ alg: 'PS256' }), 'rsa-1: alg does not fit the key'],
    [withRsa({ alg: 'ES256' }), 'rsa-1: alg does not fit the key'],
    [withRsa({ key_ops: ['encrypt'] }), 'rsa-1: key_ops lacks verify'],
    [withRsa({ key_ops: 'verify' }), 'rsa-1: key_ops lacks verify'],
    [withRsa({ key_ops: [] }), 'rsa-1: key_ops lacks verify'],
  ] as const)
    expect([jwk, await fateOf(jwk)]).toEqual([jwk, fate])
  expect(await fateOf(rsa.jwk, new Set(['ES256']))).toBe('rsa-1: RS256 is not accepted here')
  expect(await fateOf(ec.jwk, new Set(['RS256']))).toBe('ec-1: ES256 is not accepted here')
})

test('keys that share a kid are all left out, keys without one are told apart by their place', async () => {
  const other: SigningKey = makeSigningKey('rsa-1')
  const set = await readKeySet({ keys: [rsa.jwk, ec.jwk, other.jwk, { kid: 5 }] }, both)
  expect([...(set?.keys.keys() ?? [])]).toEqual(['ec-1'])
  expect(set?.ignored).toEqual(['rsa-1: kid is used twice', 'rsa-1: kid is used twice', '#3: no usable kid'])
})

test('a certificate counts when it is of the key', async () => {
  const read = async (changes: Record<string, unknown>) =>
    (await readKeySet({ keys: [{ ...ownJwk, kid: 'own', ...changes }] }, both))?.keys.get('own')
  const der = own.der.toString('base64')
  const found = await read({ x5c: [der, 'chain'], x5t: own.x5t })
  expect(found?.certificate).toEqual({
    x5t: own.x5t,
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2049-01-01'),
  })
  expect(found?.x5t).toBe(own.x5t)
  expect(Object.isFrozen(found?.certificate)).toBe(true)
  for (const x5c of [undefined, der, [], [7], ['AAAA'], [makeSelfSigned('other').der.toString('base64')]])
    expect([x5c, (await read({ x5c }))?.certificate]).toEqual([x5c, undefined])
  expect((await read({ x5t: 7 }))?.x5t).toBeUndefined()
})

test('only RSA keys are found by thumbprint, when it is theirs and nobody else has it', () => {
  const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const dates = { notBefore: new Date(0), notAfter: new Date(1) }
  const make = (kid: string, changes: Partial<VerificationKey>): VerificationKey => ({
    kid,
    algorithm: 'RS256',
    key,
    thumbprint: kid,
    x5t: undefined,
    certificate: undefined,
    ...changes,
  })
  const index = indexByThumbprint([
    make('published', { x5t: 'AA' }),
    make('padded-1', { x5t: 'BB=' }),
    make('padded-2', { x5t: 'CC==' }),
    make('padded-3', { x5t: 'DD===' }),
    make('inside', { x5t: '=E=E' }),
    make('computed', { certificate: { x5t: 'FF', ...dates } }),
    make('agreed', { x5t: 'GG=', certificate: { x5t: 'GG', ...dates } }),
    make('contradicted', { x5t: 'HH', certificate: { x5t: 'II', ...dates } }),
    make('elliptic', { algorithm: 'ES256', x5t: 'JJ' }),
    make('none', {}),
    make('twice-1', { x5t: 'KK' }),
    make('twice-2', { x5t: 'KK=' }),
    make('twice-3', { x5t: 'KK' }),
  ])
  expect([...index].map(([thumbprint, { kid }]) => [thumbprint, kid])).toEqual([
    ['AA', 'published'],
    ['BB', 'padded-1'],
    ['CC', 'padded-2'],
    ['DD=', 'padded-3'],
    ['=E=E', 'inside'],
    ['FF', 'computed'],
    ['GG', 'agreed'],
  ])
})
