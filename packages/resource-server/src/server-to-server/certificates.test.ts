import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { readCertificate, requireSoundKey, requireValidity, weaknessOfKey } from './certificates.ts'

const notBefore = new Date('2027-01-01T00:00:00Z')
const notAfter = new Date('2027-02-01T00:00:00Z')
const own = makeSelfSigned('own', { notBefore, notAfter })

test('a certificate gives its thumbprint, its key and its dates, from PEM or DER', () => {
  for (const form of [own.der, own.certificate]) {
    const { key, ...rest } = readCertificate(form)
    expect(rest).toStrictEqual({ x5t: own.x5t, notBefore, notAfter })
    expect(key.equals(createPublicKey(own.key))).toBe(true)
  }
  expect(Object.isFrozen(readCertificate(own.der))).toBe(true)
})

test('what is no certificate, or one of a weak key, is a fault of whoever registered it', () => {
  expect(() => readCertificate('x')).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      message: 'not an X.509 certificate in PEM or DER',
      cause: expect.anything(),
    }),
  )
  const weak = makeSelfSigned('weak', { bits: 1024 })
  expect(() => readCertificate(weak.der)).toThrow(/^A registered key must not be used: ./)
})

test('only a public RSA key that is strong checks RS256', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  expect(weaknessOfKey(pair.publicKey)).toBeUndefined()
  const others = [
    pair.privateKey,
    createSecretKey(Buffer.alloc(32, 1)),
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
    generateKeyPairSync('ed25519').publicKey,
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
  ]
  for (const key of others) {
    expect(weaknessOfKey(key)).toBe('not a public RSA key')
    for (let time = 0; time < 2; time += 1)
      expect(() => requireSoundKey(key)).toThrow(new TypeError('A registered key must not be used: not a public RSA key'))
  }
  for (let time = 0; time < 2; time += 1) expect(() => requireSoundKey(pair.publicKey)).not.toThrow()
})

test('a certificate counts from its first second to the one before its end', () => {
  const certificate = readCertificate(own.der)
  const at = (date: Date, seconds: number) =>
    refusal(() => requireValidity(certificate, 'assertion', date.getTime() / 1000 + seconds))
  expect([at(notBefore, 0), at(notAfter, -1)]).toEqual(['accepted', 'accepted'])
  expect(at(notBefore, -1)).toBe(`certificate_not_valid: assertion: ${own.x5t} begins 2027-01-01T00:00:00.000Z`)
  expect(at(notAfter, 0)).toBe(`certificate_not_valid: assertion: ${own.x5t} ended 2027-02-01T00:00:00.000Z`)
  const { x5t, key } = certificate
  for (const now of [0, 4e9]) expect(refusal(() => requireValidity({ x5t, key }, 'assertion', now))).toBe('accepted')
})
