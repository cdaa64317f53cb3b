import { createPublicKey, X509Certificate } from 'node:crypto'
import type { SigningKey } from '@postern/storage'
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createSigningKey,
  decideKeyUse,
  longestTokenSeconds,
  planRotation,
  stageOf,
  toCertificatePem,
  toPrivateJwk,
  toPublicJwk,
} from './signing-keys.ts'

const start = new Date('2027-01-01T00:00:00Z')
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000)
const day = 86_400

let rsa: SigningKey
let ec: SigningKey

beforeAll(async () => {
  rsa = await createSigningKey({ algorithm: 'RS256', commonName: 'contoso.com', now: start })
  ec = await createSigningKey({ algorithm: 'ES256', commonName: 'contoso.com', now: start })
})

const renamed = (kid: string, times: Partial<SigningKey>, from: SigningKey = rsa): SigningKey => ({ ...from, kid, ...times })

describe('createSigningKey', () => {
  test('makes an RSA key of 2048 bits with a certificate that it signed itself', () => {
    const certificate = new X509Certificate(rsa.certificate)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65_537n })
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.subject).toBe('CN=contoso.com')
    expect(certificate.ca).toBe(false)
    expect(new Date(certificate.validFrom) < start && new Date(certificate.validTo) > later(9 * 365 * day)).toBe(true)
  })

  test('names the key by the thumbprint of its certificate, so that kid and x5t are one', () => {
    for (const key of [rsa, ec]) {
      const thumbprint = Buffer.from(new X509Certificate(key.certificate).fingerprint.replaceAll(':', ''), 'hex').toString(
        'base64url',
      )
      expect([key.kid, toPublicJwk(key).x5t]).toEqual([thumbprint, thumbprint])
    }
  })

  test('makes keys whose signatures verify with what is published', async () => {
    for (const key of [rsa, ec]) {
      const token = await new SignJWT({ a: 1 })
        .setProtectedHeader({ alg: key.algorithm })
        .sign(await importJWK(toPrivateJwk(key), key.algorithm))
      await expect(jwtVerify(token, await importJWK(toPublicJwk(key), key.algorithm))).resolves.toMatchObject({
        payload: { a: 1 },
      })
    }
  })

  test('publishes no private member', () => {
    for (const key of [rsa, ec])
      expect(Object.keys(toPublicJwk(key)).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name))).toEqual([])
  })

  test('exports a certificate that other programs read', () => {
    const published = createPublicKey(toCertificatePem(ec))
    expect(published.export({ format: 'jwk' })).toMatchObject({ x: toPublicJwk(ec).x })
  })

  test('refuses a common name that would be read as syntax', async () => {
    await expect(createSigningKey({ algorithm: 'ES256', commonName: 'a, O=b', now: start })).rejects.toThrow(TypeError)
  })
})

describe('decideKeyUse', () => {
  test('lets the newest key of each algorithm sign', () => {
    const newer = renamed('newer', { signsFrom: later(10) })
    const use = decideKeyUse([rsa, newer, ec], later(10))
    expect([use.signing.RS256?.kid, use.signing.ES256?.kid]).toEqual(['newer', ec.kid])
    expect(decideKeyUse([rsa, newer, ec], later(9)).signing.RS256?.kid).toBe(rsa.kid)
  })

  test('publishes an announced key before it signs, behind those that sign', () => {
    const next = renamed('next', { announcedAt: later(5), signsFrom: later(100) })
    expect(decideKeyUse([rsa, next, ec], later(4)).published.map((key) => key.kid)).toEqual([rsa.kid, ec.kid])
    expect(decideKeyUse([next, rsa, ec], later(5)).published.map((key) => key.kid)).toEqual([rsa.kid, ec.kid, 'next'])
  })

  test('publishes a retired key as long as a token that it signed last can live, and verifies with it until it is removed', () => {
    const old = renamed('old', { retiresAt: later(0), removedAt: later(365 * day) })
    const at = (seconds: number) => {
      const use = decideKeyUse([old, renamed('new', {})], later(seconds))
      return [
        use.signing.RS256?.kid,
        use.published.map((key) => key.kid).includes('old'),
        use.verifying.map((key) => key.kid).includes('old'),
      ]
    }
    expect(at(longestTokenSeconds - 1)).toEqual(['new', true, true])
    expect(at(longestTokenSeconds)).toEqual(['new', false, true])
    expect(at(365 * day - 1)).toEqual(['new', false, true])
    expect(at(365 * day)).toEqual(['new', false, false])
  })

  test('drops a withdrawn key at once', () => {
    const withdrawn = renamed('bad', { retiresAt: later(7), removedAt: later(7) })
    expect(decideKeyUse([withdrawn], later(6)).signing.RS256?.kid).toBe('bad')
    const use = decideKeyUse([withdrawn], later(7))
    expect([use.signing.RS256, use.published, use.verifying]).toEqual([undefined, [], []])
  })
})

describe('planRotation', () => {
  const options = { algorithm: 'RS256', announceSeconds: day, refreshSeconds: 365 * day } as const

  test('announces the next key and retires the present one when the next begins to sign', () => {
    expect(planRotation([rsa, ec], later(100), options)).toEqual({
      outcome: 'planned',
      announcedAt: later(100),
      signsFrom: later(100 + day),
      retire: [{ kid: rsa.kid, retiresAt: later(100 + day), removedAt: later(100 + day + 365 * day) }],
    })
  })

  test('does not begin a rotation twice', () => {
    const next = renamed('next', { announcedAt: later(100), signsFrom: later(100 + day) })
    expect(planRotation([rsa, next], later(200), options)).toEqual({
      outcome: 'announced-already',
      kid: 'next',
      signsFrom: later(100 + day),
    })
  })

  test('lets the next key sign at once where none does', () => {
    const gone = renamed('gone', { retiresAt: later(1), removedAt: later(1) })
    expect(planRotation([gone, ec], later(2), options)).toMatchObject({ outcome: 'planned', signsFrom: later(2), retire: [] })
  })

  test('leaves no moment without a signing key, and every signature under a published key', () => {
    const plan = planRotation([rsa], start, options)
    if (plan.outcome !== 'planned') throw new TypeError('not planned')
    const old = { ...rsa, ...plan.retire[0] }
    const next = renamed('next', plan)
    for (let hour = 0; hour < 72; hour++) {
      const now = later(hour * 3600)
      const use = decideKeyUse([old, next], now)
      expect(use.signing.RS256).toBeDefined()
      expect(use.published).toContain(use.signing.RS256)
      const signedADayAgo = decideKeyUse([old, next], later(hour * 3600 - longestTokenSeconds + 1)).signing.RS256
      if (signedADayAgo !== undefined) expect(use.published).toContain(signedADayAgo)
    }
  })
})

test('stageOf names each part of a life', () => {
  const next = renamed('next', { signsFrom: later(10) })
  const old = renamed('old', { retiresAt: later(10), removedAt: later(20) })
  const stages = (seconds: number) => [old, next].map((key) => stageOf(key, [old, next], later(seconds)))
  expect(stages(5)).toEqual(['signing', 'announced'])
  expect(stages(10)).toEqual(['retired', 'signing'])
  expect(stages(20)).toEqual(['removed', 'signing'])
})
