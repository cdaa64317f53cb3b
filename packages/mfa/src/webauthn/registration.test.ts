import { describe, expect, test } from 'vitest'
import { party, register } from './testing/bound-credential.ts'
import { createSoftAuthenticator, flag, type Lies } from './testing/soft-authenticator.ts'

const origin = party.origins[0] ?? ''
const all = flag.present | flag.verified

describe('a new credential', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)('with %s is taken as it is', async (algorithm) => {
    const key = createSoftAuthenticator({ origin, algorithm })
    expect(await register(key)).toEqual({
      amr: 'hwk',
      credentialId: Buffer.from(key.credentialId).toString('base64url'),
      publicKey: expect.any(Uint8Array),
      counter: 1,
      detail: {
        transports: ['internal'],
        backupEligible: false,
        backedUp: false,
        deviceType: 'singleDevice',
        aaguid: '00000000-0000-0000-0000-000000000000',
        userVerified: true,
      },
    })
  })

  test('that may be synced is known as such for ever', async () => {
    const key = createSoftAuthenticator({ origin, isSyncable: true, verifiesUser: false })
    const detail = { backupEligible: true, backedUp: true, deviceType: 'multiDevice', userVerified: false }
    expect(await register(key)).toMatchObject({ amr: 'swk', detail })
  })

  test('may be signed by itself, and the signature is looked at', async () => {
    const key = createSoftAuthenticator({ origin })
    expect(await register(key, { format: 'packed' })).toMatchObject({ amr: 'hwk' })
    expect(await register(key, { format: 'packed', signature: new Uint8Array(70) })).toHaveProperty('refused')
  })

  const long = (bytes: number) => new Uint8Array(bytes).fill(7)
  test('with an id of 1023 bytes is taken', async () => {
    const taken = await register(createSoftAuthenticator({ origin }), { credentialId: long(1023) })
    expect(taken).toMatchObject({ credentialId: Buffer.from(long(1023)).toString('base64url') })
  })

  const cases: readonly (readonly [what: string, lies: Lies, refused: string])[] = [
    ['an id of 1024 bytes', { credentialId: long(1024) }, 'credential_id_too_long'],
    ['another id outside than inside', { claimedId: long(32) }, 'credential_id_other'],
    ['the type of a sign-in', { type: 'webauthn.get' }, 'type_wrong'],
    ['an evil origin', { origin: 'https://evil.example' }, 'origin_wrong'],
    ['a sub-domain as origin', { origin: 'https://a.sts.contoso.com' }, 'origin_wrong'],
    ['another port', { origin: 'https://sts.contoso.com:8443' }, 'origin_wrong'],
    ['http', { origin: 'http://sts.contoso.com' }, 'origin_wrong'],
    ['an origin with a slash', { origin: 'https://sts.contoso.com/' }, 'origin_wrong'],
    ['a foreign frame', { crossOrigin: true }, 'embedded'],
    ['a foreign frame that names its top', { crossOrigin: true, topOrigin: 'https://evil.example' }, 'embedded'],
    ['another relying party', { rpId: 'evil.example' }, 'invalid'],
    ['nobody present', { flags: flag.verified }, 'invalid'],
    ['a copy of what cannot be copied', { flags: all | flag.backedUp }, 'invalid'],
    ['certificates', { format: 'packed', certificates: true }, 'attestation_unexpected'],
    ['the statement of an older kind of key', { format: 'fido-u2f' }, 'attestation_unexpected'],
    ['a statement of no kind', { format: 'mine' }, 'attestation_unexpected'],
    ['a member that is none of its own', { beside: { admin: true } }, 'malformed'],
    ['another type of credential', { beside: { type: 'password' } }, 'malformed'],
    ['another raw id', { beside: { rawId: 'AAAA' } }, 'malformed'],
    ['a key that is no point', { coseKey: (key) => key.set(-2, new Uint8Array(32)) }, 'key_unusable'],
    ['a key of another curve', { coseKey: (key) => key.set(-1, 2) }, 'key_unusable'],
    ['the name of an algorithm that it is not of', { coseKey: (key) => key.set(3, -8) }, 'key_unusable'],
  ]
  test.each(cases)('with %s is refused', async (_what, lies, refused) => {
    expect(await register(createSoftAuthenticator({ origin }), lies)).toEqual({ refused })
  })

  test('of an algorithm that was not offered is refused', async () => {
    expect(await register(createSoftAuthenticator({ origin, algorithm: 'ES384' }))).toEqual({ refused: 'algorithm_not_offered' })
  })

  test('with a short RSA key is refused', async () => {
    expect(await register(createSoftAuthenticator({ origin, algorithm: 'RS256-1024' }))).toEqual({ refused: 'key_unusable' })
  })
})
