import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { caller, isSignedByCaller, readPart } from '../testing/loopback-issuer.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { readSigningIdentity } from './signing-identity.ts'

const { certificate, privateKey, key } = caller
const good = { clientId: 'caller', certificate, privateKey }

test('an identity names its certificate and its key, and signs by them', () => {
  for (const form of [privateKey, key]) {
    const identity = readSigningIdentity({ ...good, privateKey: form })
    const { e, kty, n } = createPublicKey(key).export({ format: 'jwk' })
    const keyId = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url')
    expect(identity).toMatchObject({ clientId: 'caller', x5t: caller.x5t, keyId })
    const token = identity.sign({ alg: 'RS256' }, { iss: 'a' }, new Date('2026-01-01'))
    expect([readPart(token, 0), readPart(token, 1), isSignedByCaller(token)]).toEqual([{ alg: 'RS256' }, { iss: 'a' }, true])
    expect(Object.isFrozen(identity)).toBe(true)
  }
})

test('nothing is signed after the end of the certificate, which is told', () => {
  const { validToDate, validFromDate } = new X509Certificate(certificate)
  const { sign } = readSigningIdentity(good)
  expect(() => sign({}, {}, new Date(validToDate.getTime()))).not.toThrow()
  expect(() => sign({}, {}, new Date(validFromDate.getTime() - 1))).not.toThrow()
  expect(() => sign({}, {}, new Date(validToDate.getTime() + 1))).toThrow(
    expect.objectContaining({ code: 'certificate_outdated', detail: `until ${validToDate.toISOString()}` }),
  )
})

const weak = makeSelfSigned('weak', { bits: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
test.for<readonly [Partial<Parameters<typeof readSigningIdentity>[0]>, string]>([
  ...['', 'a b', ' a', 'a ', 'a@b', 'a/b', 'x'.repeat(201)].map(
    (clientId) => [{ clientId }, 'clientId must be printable, without @ and /'] as const,
  ),
  [{ privateKey: createPublicKey(key) }, 'privateKey must be an RSA key of at least 2048 bits'],
  [{ privateKey: ec }, 'privateKey must be an RSA key of at least 2048 bits'],
  [{ privateKey: weak.key, certificate: weak.certificate }, 'privateKey must be an RSA key of at least 2048 bits'],
  [{ certificate: makeSelfSigned('other').certificate }, 'privateKey does not belong to the certificate'],
])('what cannot be used is said at once: %#', ([changes, message]) => {
  expect(() => readSigningIdentity({ ...good, ...changes })).toThrow(new TypeError(message))
})

test('the longest client id is taken, and what is no PEM is told with its cause', () => {
  expect(readSigningIdentity({ ...good, clientId: 'x'.repeat(200) }).clientId.length).toBe(200)
  const cause = expect.any(Error)
  expect(() => readSigningIdentity({ ...good, privateKey: 'x' })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: 'privateKey is not a PEM private key', cause }),
  )
  expect(() => readSigningIdentity({ ...good, certificate: 'x' })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: 'certificate is not a PEM certificate', cause }),
  )
})
