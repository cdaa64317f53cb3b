import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionBench, type AssertionScene, hostileAssertions } from '../testing/hostile-assertions.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { ActorTokenError } from './errors.ts'
import { createAssertionValidator, type PartnerCertificate } from './self-issued.ts'

const now = 1_800_000_000
const ended = new Date((now - 60) * 1000)
const realm = '11111111-aaaa-4aaa-8aaa-111111111111'
const endedKey = makeSelfSigned('ended', { notAfter: ended })
const scene: AssertionScene = {
  now,
  audience: `00000001-0000-0000-c000-000000000000/sts.example@${realm}`,
  realm,
  domain: 'contoso.com',
  client: { clientId: 'aaaaaaaa-0000-4000-8000-000000000001', key: makeSelfSigned('client'), endedKey },
  otherClient: { clientId: 'aaaaaaaa-0000-4000-8000-000000000002', key: makeSelfSigned('other') },
  attacker: makeSelfSigned('attacker'),
}
const { client, otherClient } = scene
const registered = (clientId: string, { x5t, key }: typeof client.key, notAfter?: Date): PartnerCertificate => ({
  x5t,
  clientId,
  key: createPublicKey(key),
  ...(notAfter === undefined ? {} : { notAfter }),
})
const certificates = new Map(
  [
    registered(client.clientId, client.key),
    registered(client.clientId, endedKey, ended),
    registered(otherClient.clientId, otherClient.key),
  ].map((one) => [one.x5t, one]),
)
const asked: string[] = []
const options = {
  audiences: [scene.audience],
  realms: [realm, scene.domain],
  findCertificate: (x5t: string) => {
    asked.push(x5t)
    return certificates.get(x5t)
  },
  clock: () => new Date(now * 1000),
}
const validator = createAssertionValidator(options)
const bench = new AssertionBench(scene)

describe('accepts', () => {
  test('a good assertion, and says the GUID of the realm', async () => {
    expect(await validator.validate(bench.signed())).toEqual({
      clientId: client.clientId,
      realm,
      x5t: client.key.x5t,
      jti: 'assertion-1',
      expiresAt: new Date((now + 290) * 1000),
    })
  })

  test('padding of x5t, kid beside it, times as strings, the domain for the realm, the host in other letter case, no nameid, no jti', async () => {
    const { x5t } = client.key
    const iss = `${client.clientId}@${scene.domain}`
    const variants = [
      bench.signed({ header: { x5t: `${x5t}=` } }),
      bench.signed({ header: { kid: x5t } }),
      bench.signed({ claims: { nbf: String(now), exp: String(now + 300), iat: String(now) } }),
      bench.signed({ claims: { iss, nameid: iss } }),
      bench.signed({ claims: { iss } }),
      bench.signed({ claims: { aud: scene.audience.replace('sts.example', 'STS.Example') } }),
      bench.signed({ claims: { nameid: undefined, jti: undefined } }),
      bench.signed({ claims: { nbf: now, exp: now + 600 } }),
      bench.signed({ claims: { nbf: now + 30 } }),
    ]
    for (const assertion of variants)
      expect(await validator.validate(assertion)).toMatchObject({ clientId: client.clientId, realm })
    expect(new Set(asked)).toEqual(new Set([x5t]))
  })
})

describe('refuses', () => {
  test.for(hostileAssertions(scene).map((one) => [one.id, one.name, one] as const))('%s: %s', async ([, , hostile]) => {
    const refused = await validator.validate(hostile.assertion).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ActorTokenError)
    expect(refused).toMatchObject({ code: hostile.expect, detail: expect.stringContaining(hostile.says) })
  })

  test('anything that is not an assertion, without a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.anything()), async (text) => {
        await expect(validator.validate(text as string)).rejects.toBeInstanceOf(ActorTokenError)
      }),
    )
  })
})

test('a registered key that is weak or of another kind is a fault, not a refusal', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey
  for (const key of [weak, pss, generateKeyPairSync('ed25519').publicKey]) {
    const careless = createAssertionValidator({ ...options, findCertificate: (x5t) => ({ x5t, clientId: client.clientId, key }) })
    await expect(careless.validate(bench.signed())).rejects.toBeInstanceOf(TypeError)
  }
})

test('what the look-up throws is a fault and stays one', async () => {
  class DatabaseDown extends Error {}
  const down = createAssertionValidator({ ...options, findCertificate: () => Promise.reject(new DatabaseDown()) })
  await expect(down.validate(bench.signed())).rejects.toBeInstanceOf(DatabaseDown)
})

test('options that make no sense are said at once', () => {
  for (const wrong of [
    { realms: [] },
    { audiences: [] },
    { audiences: ['no-host@realm'] },
    { maxLifetimeSeconds: 0 },
    { clockToleranceSeconds: 301 },
  ])
    expect(() => createAssertionValidator({ ...options, ...wrong })).toThrow(TypeError)
})
