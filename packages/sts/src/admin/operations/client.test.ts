/** What operations do to clients, resources and keys. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { connect, createStore, migrate } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSigningKey, toCertificatePem } from '../../protocol/signing-keys.ts'
import { openRealmStage, type RealmStage, start } from '../testing/realm-stage.ts'

let at: RealmStage
beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  at = await openRealmStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})
afterAll(() => at.stage.store.close())
beforeEach(() => at.begin())

const call: RealmStage['call'] = (...given) => at.call(...given)
const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })

describe('client', () => {
  test('presets carry what mail programs have built in', async () => {
    expect(await call('client.add', { preset: 'apple-mail' })).toMatchObject({
      id: 'f8d98a96-0999-43f5-8af3-69971c7bb423',
      redirectUris: ['com.apple.Preferences://oauth-redirect'],
      pkce: 'optional-recorded-phone-client',
      authenticationMethod: 'none',
    })
    for (const preset of ['outlook', 'outlook-mobile', 'thunderbird'])
      expect(await call('client.add', { preset })).toMatchObject({ pkce: 'required' })
    await expect(call('client.add', { preset: 'outlook' })).rejects.toEqual(refused('conflict'))
  })

  test.each([
    ['no redirect URI', { displayName: 'App' }],
    ['an http redirect URI', { displayName: 'App', redirectUris: ['http://app.example/cb'] }],
    ['credentials of a public client', { displayName: 'App', grantTypes: ['client_credentials'] }],
    [
      'no PKCE for a web client',
      {
        displayName: 'App',
        authenticationMethod: 'client_secret_basic',
        redirectUris: ['https://a.example/cb'],
        pkce: 'optional-recorded-phone-client',
      },
    ],
    ['an unknown grant', { displayName: 'App', grantTypes: ['password'] }],
    ['an unknown member', { displayName: 'App', colour: 'blue' }],
    ['control characters in the name', { displayName: 'A\u001b[31mpp', redirectUris: ['https://a.example/cb'] }],
  ])('is refused with %s', async (_, input) => {
    await expect(call('client.add', input)).rejects.toEqual(refused('invalid'))
  })

  test('a secret is shown once and kept as a digest', async () => {
    const client = await call('client.add', {
      displayName: 'Server',
      authenticationMethod: 'client_secret_basic',
      grantTypes: ['client_credentials'],
    })
    const { secret, credential } = await call('client.add-secret', { client: client.id })
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(await call('client.show', { client: client.id }))).not.toContain(secret)
    await call('client.remove-credential', { client: client.id, credential })
    await expect(call('client.remove-credential', { client: client.id, credential })).rejects.toEqual(refused('missing'))
    expect(JSON.stringify(await at.trail())).not.toContain(secret)
  })

  test('a key is taken as certificate, PEM and JWK, and a certificate by one client only (R72)', async () => {
    const add = (displayName: string) =>
      call('client.add', { displayName, authenticationMethod: 'private_key_jwt', grantTypes: ['client_credentials'] })
    const certificate = toCertificatePem(
      await createSigningKey({ algorithm: 'RS256', commonName: 'exchange.contoso.com', now: start }),
    )
    const [one, two] = [await add('One'), await add('Two')]
    expect(await call('client.add-key', { client: one.id, key: certificate })).toMatchObject({
      x5t: expect.stringMatching(/^[\w-]{27}$/),
    })
    await expect(call('client.add-key', { client: two.id, key: certificate })).rejects.toEqual(refused('conflict'))
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await call('client.add-key', { client: two.id, key: publicKey.export({ type: 'spki', format: 'pem' }) })
    await call('client.add-key', { client: two.id, key: JSON.stringify(publicKey.export({ format: 'jwk' })) })
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
    const refusals = [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      JSON.stringify(privateKey.export({ format: 'jwk' })),
      weak,
      'nonsense',
      '{"kty":"oct","k":"AAAA"}',
    ]
    for (const key of refusals)
      await expect(call('client.add-key', { client: two.id, key })).rejects.toEqual(refused('key_refused'))
  })

  test('disable ends the sign-ins that it holds', async () => {
    const account = await at.mary()
    const client = await call('client.add', { preset: 'thunderbird' })
    const family = await at.signIn(account.id, client.id)
    await call('client.disable', { client: client.id })
    expect((await at.kept.refreshTokens.family(family))?.revokedBecause).toBe('client disabled')
  })

  test('may be granted scopes that the resource has, and none else', async () => {
    const client = await call('client.add', { preset: 'thunderbird' })
    const resource = await call('resource.add', {
      audience: 'https://mail.contoso.com/',
      scopes: ['IMAP.AccessAsUser.All', 'SMTP.Send'],
    })
    await expect(call('client.grant', { client: client.id, resource: resource.id, scopes: ['Files.Read'] })).rejects.toEqual(
      refused('invalid'),
    )
    const granted = await call('client.grant', { client: client.id, resource: 'https://mail.contoso.com', scopes: ['SMTP.Send'] })
    expect(granted.access).toEqual([{ resourceId: resource.id, scopes: ['SMTP.Send'] }])
    await expect(call('resource.remove', { resource: resource.id })).rejects.toEqual(refused('in_use'))
    expect((await call('client.withdraw', { client: client.id, resource: resource.id })).access).toEqual([])
    await call('resource.remove', { resource: resource.id })
  })
})

describe('resource', () => {
  test('is known with and without a slash at its end', async () => {
    expect(await call('resource.add', { audience: 'https://mail.contoso.com/', scopes: ['Mail.Read'] })).toMatchObject({
      names: ['https://mail.contoso.com/', 'https://mail.contoso.com'],
    })
    await expect(call('resource.add', { audience: 'https://mail.contoso.com', scopes: ['Mail.Read'] })).rejects.toEqual(
      refused('conflict'),
    )
  })

  test('brings the key that its algorithm needs', async () => {
    await call('resource.add', { audience: 'https://api.contoso.com/v1', scopes: ['Mail.Read'], algorithm: 'ES256' })
    expect(await call('key.list')).toContainEqual(expect.objectContaining({ algorithm: 'ES256', stage: 'signing' }))
  })

  test.each(['mail', 'https://mail.contoso.com/#x', 'https://*.contoso.com/', ''])(
    'refuses %s as an audience',
    async (audience) => {
      await expect(call('resource.add', { audience, scopes: ['Mail.Read'] })).rejects.toEqual(refused('invalid'))
    },
  )
})

describe('key', () => {
  const stages = async () => ((await call('key.list')) as unknown as { kid: string; stage: string }[]).map(({ stage }) => stage)

  test('rotate announces, then signs with the next and retires the present one', async () => {
    await call('key.rotate', { announceSeconds: 3600 })
    expect((await stages()).toSorted()).toEqual(['announced', 'signing'])
    await expect(call('key.rotate')).rejects.toEqual(refused('conflict'))
    at.stage.now = at.fromNow(3600)
    expect((await stages()).toSorted()).toEqual(['retired', 'signing'])
  })

  test('withdraw takes the key away at once and puts a new one in its place', async () => {
    const [{ kid }] = (await call('key.list')) as unknown as [{ kid: string }]
    await call('key.rotate')
    await call('key.withdraw', { kid })
    const after = (await call('key.list')) as unknown as { kid: string; stage: string }[]
    expect(after.map((key) => key.kid)).not.toContain(kid)
    expect(after.map(({ stage }) => stage).toSorted()).toEqual(['announced', 'signing'])
  })

  test('add refuses a second key of an algorithm, export prints a certificate', async () => {
    await expect(call('key.add')).rejects.toEqual(refused('conflict'))
    await call('key.add', { algorithm: 'ES256' })
    const [{ kid }] = (await call('key.list')) as unknown as [{ kid: string }]
    expect((await call('key.export', { kid })).certificate).toContain('BEGIN CERTIFICATE')
  })
})
