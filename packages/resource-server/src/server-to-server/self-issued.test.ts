import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionBench, type AssertionScene, hostileAssertions } from '../testing/hostile-assertions.ts'
import { refusalLater } from '../testing/refusal.ts'
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
    expect(await validator.validate(bench.signed({ claims: { jti: 'j'.repeat(512) } }))).toMatchObject({ jti: 'j'.repeat(512) })
    expect(await validator.validate(bench.signed({ claims: { jti: undefined } }))).not.toHaveProperty('jti')
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

  test.for<readonly [Record<string, unknown>, string]>([
    [{ upn: 'mary@contoso.com' }, 'type_mismatch: assertion: claim upn'],
    [{ smtp: 'mary@contoso.com' }, 'type_mismatch: assertion: claim smtp'],
    [{ sip: 'mary@contoso.com' }, 'type_mismatch: assertion: claim sip'],
    [{ nii: 'urn:office:idp:activedirectory' }, 'type_mismatch: assertion: claim nii'],
    [{ actortoken: '' }, 'actor_nested: assertion: actortoken'],
    [{ iss: undefined }, 'claim_missing: assertion: iss'],
    [{ iss: 7 }, 'claim_invalid: assertion: iss 7 is not client_id@realm'],
    [{ iss: 'id/host@realm' }, 'claim_invalid: assertion: iss "id/host@realm" is not client_id@realm'],
    [{ iss: 'id' }, 'claim_invalid: assertion: iss "id" is not client_id@realm'],
    [{ iss: 'a b' }, 'claim_invalid: assertion: iss "a b" is not client_id@realm'],
    [{ iss: 'id@elsewhere' }, 'realm_mismatch: assertion: iss "id@elsewhere"'],
    [{ iss: `other@${realm}` }, `certificate_of_another: assertion: x5t ${client.key.x5t} is of "${client.clientId}"`],
    [{ nameid: null }, 'claim_invalid: assertion: nameid null is not client_id@realm'],
    [{ nameid: `${otherClient.clientId}@${realm}` }, 'actor_mismatch: assertion: nameid is not iss'],
    [{ aud: undefined }, 'claim_missing: assertion: aud'],
    [{ aud: [scene.audience] }, 'claim_invalid: assertion: aud is not one string'],
    [{ aud: 'id@realm' }, 'audience_mismatch: assertion: "id@realm"'],
    [{ aud: 'id/host@realm' }, 'audience_mismatch: assertion: "id/host@realm"'],
    [{ exp: now }, `token_expired: assertion: exp ${now}`],
    [{ jti: 7 }, 'claim_invalid: assertion: jti is not a short string'],
    [{ jti: '' }, 'claim_invalid: assertion: jti is not a short string'],
    [{ jti: 'j'.repeat(513) }, 'claim_invalid: assertion: jti is not a short string'],
  ])('%j, and says: %s', async ([claims, expected]) => {
    expect(await refusalLater(validator.validate(bench.signed({ claims })))).toBe(expected)
  })

  test('a stranger, an ended certificate, a bent signature and what is none, each by its name', async () => {
    const said = (assertion: string) => refusalLater(validator.validate(assertion))
    const { x5t } = scene.attacker
    expect(await said(bench.signed({ key: scene.attacker }))).toBe(`key_unknown: assertion: x5t ${x5t} of "${client.clientId}"`)
    expect(await said(bench.signed({ key: endedKey }))).toBe(
      `certificate_not_valid: assertion: ${endedKey.x5t} ended ${ended.toISOString()}`,
    )
    expect(await said(bench.signed({ header: { x5t: client.key.x5t }, key: scene.attacker }))).toBe(
      'signature_invalid: assertion: RS256',
    )
    expect(await said('x')).toMatch(/^token_malformed: assertion: /)
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
  for (const [wrong, message] of [
    [{ realms: [] }, 'realms must not be empty'],
    [{ audiences: [] }, 'audiences must not be empty'],
    [{ audiences: ['no-host@realm'] }, 'audience no-host@realm must be client_id/host@realm'],
    [{ maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds'],
    [{ maxLifetimeSeconds: 3601 }, 'maxLifetimeSeconds'],
    [{ clockToleranceSeconds: -1 }, 'clockToleranceSeconds'],
    [{ clockToleranceSeconds: 301 }, 'clockToleranceSeconds'],
  ] as const)
    expect(() => createAssertionValidator({ ...options, ...wrong })).toThrow(message)
})

test('the tolerance and the longest life are what was asked for', async () => {
  const strict = createAssertionValidator({ ...options, clockToleranceSeconds: 0, maxLifetimeSeconds: 60 })
  const said = (claims: Record<string, unknown>) => refusalLater(strict.validate(bench.signed({ claims })))
  expect(await said({ nbf: now, exp: now + 60 })).toBe('accepted')
  expect(await said({ nbf: now, exp: now + 61 })).toBe('lifetime_too_long: assertion: 61 s')
  expect(await said({ nbf: now + 1, exp: now + 60 })).toBe(`token_not_yet_valid: assertion: nbf ${now + 1}, iat ${now + 1}`)
  const generous = createAssertionValidator({ ...options, clockToleranceSeconds: 300, maxLifetimeSeconds: 3600 })
  const life = { nbf: now + 300, exp: now + 3900 }
  expect(await generous.validate(bench.signed({ claims: life }))).toMatchObject({ expiresAt: new Date((now + 3900) * 1000) })
})
