import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import {
  type AccountId,
  type ClientId,
  connect,
  createStore,
  type FamilyId,
  migrate,
  type Realm,
  StorageUnavailable,
  type Store,
} from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSigningKey, toCertificatePem } from '../protocol/signing-keys.ts'
import type { AdminPorts } from './operation.ts'
import { operations } from './operations.ts'
import { type AdminStage, openAdminStage } from './testing/admin-stage.ts'

let stage: AdminStage
let store: Store
let ports: AdminPorts
let realm: Realm
let counter = 0

const start = new Date('2027-03-01T10:00:00Z')
const fromNow = (seconds: number) => new Date(stage.now.getTime() + seconds * 1000)

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite' })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
  store = stage.store
})

afterAll(() => store.close())

beforeEach(async () => {
  stage.now = start
  ports = stage.ports
  await call('realm.add', { domain: `r${++counter}.contoso.com`, displayName: 'Contoso' }, null)
  const found = await store.realms.findByDomain(`r${counter}.contoso.com`)
  if (found === undefined) throw new TypeError('no realm')
  realm = found
})

/** Members that the tests read, of whichever operation. */
type Given = Readonly<Record<'id' | 'upn' | 'password' | 'secret' | 'credential' | 'certificate', string>> & {
  readonly access: unknown
}

async function call(name: string, input: Record<string, unknown> = {}, within: Realm | null = realm): Promise<Given> {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  const output = await operation.execute(ports, {
    input,
    actor: 'test',
    reference: 'ref',
    ...(within === null ? {} : { realm: within }),
  })
  return output as Given // each test reads what its operation gives
}

const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })
const domain = () => realm.domains[0] ?? ''
const trail = async () => (await store.realm(realm.id).audit.list({ limit: 100 })).map(({ detail }) => detail)
const mary = () => call('account.add', { upn: `mary@${domain()}`, displayName: 'Mary', generatePassword: true })

/** A living sign-in of a mail client. */
async function signIn(accountId: string, clientId: string): Promise<FamilyId> {
  const familyId = randomUUID() as FamilyId
  const kept = store.realm(realm.id)
  await kept.refreshTokens.start({
    handle: randomUUID(),
    familyId,
    accountId: accountId as AccountId,
    clientId: clientId as ClientId,
    payload: {},
    issuedAt: stage.now,
    expiresAt: fromNow(3600),
    familyEndsAt: fromNow(7200),
  })
  await kept.artifacts.upsert({ kind: 'Session', id: randomUUID(), payload: {}, expiresAt: fromNow(3600), keys: { accountId } })
  return familyId
}

describe('realm', () => {
  test('is born with its domain, settings, a key that signs and the first policy', async () => {
    expect(await call('realm.show', { realm: domain() }, null)).toMatchObject({
      issuer: `https://login.contoso.com/${realm.id}`,
      status: 'active',
      settings: { authorizationCodeSeconds: 60 },
    })
    expect(await call('key.list')).toMatchObject([{ algorithm: 'RS256', stage: 'signing' }])
    expect(await call('policy.list')).toMatchObject([{ name: 'Everybody needs a second factor', mode: 'on' }])
    expect(await store.realm(realm.id).audit.list({ limit: 9 })).toMatchObject([
      { event: 'admin.changed', actor: 'test', reference: 'ref', detail: { operation: 'realm.add', subject: domain() } },
    ])
  })

  test('refuses a domain that is taken and leaves nothing behind', async () => {
    const before = (await store.realms.list()).length
    await expect(call('realm.add', { domain: domain().toUpperCase() }, null)).rejects.toEqual(refused('conflict'))
    expect(await store.realms.list()).toHaveLength(before)
  })

  test.each(['contoso', 'a b.com', '-a.com', 'http://a.com', 'münchen.de', ''])('refuses %s as a domain', async (bad) => {
    await expect(call('realm.add', { domain: bad }, null)).rejects.toEqual(refused('invalid'))
  })

  test('changes settings within their limits', async () => {
    expect(await call('realm.change', { realm: realm.id, accessTokenSeconds: 600 }, null)).toMatchObject({
      settings: { accessTokenSeconds: 600, idTokenSeconds: 3600 },
    })
    await expect(call('realm.change', { realm: realm.id, authorizationCodeSeconds: 601 }, null)).rejects.toEqual(
      refused('invalid'),
    )
    await expect(call('realm.change', { realm: realm.id, refreshAbsoluteSeconds: 86_400 }, null)).rejects.toEqual(
      refused('invalid'),
    )
  })

  test('can be disabled and enabled again', async () => {
    await call('realm.disable', { realm: domain() }, null)
    expect((await store.realms.find(realm.id))?.status).toBe('disabled')
    await call('realm.enable', { realm: domain() }, null)
    expect((await store.realms.find(realm.id))?.status).toBe('active')
  })
})

describe('account', () => {
  test('gets a password that is shown once', async () => {
    const made = await mary()
    expect(made.password).toMatch(/^[a-z2-9]{6}(-[a-z2-9]{6}){3}$/)
    expect(JSON.stringify(await call('account.show', { account: `mary@${domain()}` }))).not.toContain(made.password)
    expect(await call('account.show', { account: made.id })).toMatchObject({ hasPassword: true, factors: [] })
  })

  test('is refused under a domain that the realm does not have', async () => {
    await expect(call('account.add', { upn: 'mary@fabrikam.com' })).rejects.toEqual(refused('invalid'))
  })

  test('has no address that the realm cannot vouch for: of another realm, or of a domain that nobody added', async () => {
    await call('realm.add', { domain: `other${counter}.fabrikam.com` }, null)
    await mary()
    for (const foreign of [`joe@other${counter}.fabrikam.com`, 'joe@example.org']) {
      for (const given of [{ address: foreign }, { furtherAddresses: [`j@${domain()}`, foreign.toUpperCase()] }]) {
        await expect(call('account.add', { upn: `joe@${domain()}`, ...given })).rejects.toEqual(refused('invalid'))
        await expect(call('account.change', { account: `mary@${domain()}`, ...given })).rejects.toEqual(refused('invalid'))
      }
    }
    const message = async (address: string) =>
      await call('account.change', { account: `mary@${domain()}`, address }).catch((error: Error) => error.message)
    expect(await message('joe@example.org')).toContain(`postern realm add-domain ${domain()} example.org`)
    expect(await message(`joe@other${counter}.fabrikam.com`)).toContain('Another realm has')
    await call('realm.add-domain', { realm: domain(), domain: `further${counter}.contoso.com` }, null)
    const grown = (await store.realms.find(realm.id)) ?? realm
    const address = `mary@further${counter}.contoso.com`
    expect(await call('account.change', { account: `mary@${domain()}`, address }, grown)).toMatchObject({ address })
  })

  test('is refused under a name or address that is taken', async () => {
    await mary()
    await expect(call('account.add', { upn: `MARY@${domain()}` })).rejects.toEqual(refused('conflict'))
    await call('account.add', { upn: `joe@${domain()}` })
    await expect(call('account.change', { account: `joe@${domain()}`, furtherAddresses: [`mary@${domain()}`] })).rejects.toEqual(
      refused('conflict'),
    )
  })

  test.each(['account.disable', 'account.set-password', 'account.reset-factors', 'account.end-sessions'])(
    '%s ends its sessions and the sign-ins of its mail clients (R33, R43)',
    async (name) => {
      const account = await mary()
      const client = await call('client.add', { preset: 'thunderbird' })
      const family = await signIn(account.id, client.id)
      await call(name, { account: account.upn })
      const kept = store.realm(realm.id)
      expect((await kept.refreshTokens.family(family))?.revokedAt).toEqual(stage.now)
      expect(await kept.artifacts.removeByAccount(account.id)).toBe(0)
    },
  )

  test('set-password takes the given one, or makes one', async () => {
    const account = await mary()
    expect(await call('account.set-password', { account: account.upn, password: 'a good long one' })).toEqual({
      upn: account.upn,
    })
    expect((await call('account.set-password', { account: account.upn })).password).toBeTypeOf('string')
    await expect(call('account.set-password', { account: account.upn, password: 'short' })).rejects.toEqual(
      refused('password_refused'),
    )
  })

  test('a refused password changes nothing', async () => {
    const account = await mary()
    const client = await call('client.add', { preset: 'thunderbird' })
    const family = await signIn(account.id, client.id)
    const before = await trail()
    await expect(call('account.set-password', { account: account.upn, password: 'short' })).rejects.toEqual(
      refused('password_refused'),
    )
    expect((await store.realm(realm.id).refreshTokens.family(family))?.revokedAt).toBeUndefined()
    expect(await trail()).toEqual(before)
  })

  test('change keeps what is left out', async () => {
    const account = await mary()
    expect(await call('account.change', { account: account.upn, groups: ['staff'] })).toMatchObject({
      displayName: 'Mary',
      groups: ['staff'],
      address: account.upn,
    })
  })

  test('is gone when removed', async () => {
    const account = await mary()
    await call('account.remove', { account: account.upn })
    await expect(call('account.show', { account: account.upn })).rejects.toEqual(refused('missing'))
  })

  test('is not found in another realm', async () => {
    const account = await mary()
    await call('realm.add', { domain: `other${counter}.contoso.com` }, null)
    const other = await store.realms.findByDomain(`other${counter}.contoso.com`)
    await expect(call('account.show', { account: account.id }, other ?? null)).rejects.toEqual(refused('missing'))
  })
})

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
    expect(JSON.stringify(await trail())).not.toContain(secret)
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
    const account = await mary()
    const client = await call('client.add', { preset: 'thunderbird' })
    const family = await signIn(account.id, client.id)
    await call('client.disable', { client: client.id })
    expect((await store.realm(realm.id).refreshTokens.family(family))?.revokedBecause).toBe('client disabled')
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
    stage.now = fromNow(3600)
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

test('a change that cannot be recorded is not made (R133)', async () => {
  ports = { ...stage.ports, recordChange: () => Promise.reject(new TypeError('the audit log is full')) }
  await expect(mary()).rejects.toThrow('the audit log is full')
  await expect(call('account.show', { account: `mary@${domain()}` })).rejects.toEqual(refused('missing'))
})

test.each([3, 4])('a change that gives way %i times is begun again from the start, three times at most', async (times) => {
  let left = times
  const recordChange: AdminPorts['recordChange'] = (...given) =>
    left-- > 0 ? Promise.reject(new StorageUnavailable('contention')) : stage.ports.recordChange(...given)
  ports = { ...stage.ports, recordChange }
  if (times > 3) await expect(mary()).rejects.toThrow(StorageUnavailable)
  else expect((await mary()).password).toBeTypeOf('string')
})

test('every change is recorded, and nothing that only reads', async () => {
  const before = await trail()
  for (const name of ['realm.list', 'account.list', 'client.list', 'resource.list', 'key.list', 'policy.list', 'audit.list'])
    await call(name)
  expect(await trail()).toEqual(before)
  const verbs = new Set(operations.filter(({ changes: changing }) => !changing).map(({ verb }) => verb.replace(/^.*-/, '')))
  expect([...verbs].toSorted()).toEqual(['export', 'list', 'show', 'status', 'try', 'write'])
})
