import { randomBytes, randomUUID } from 'node:crypto'
import { type ClientId, connect, createStore, migrate, type Resource, type ResourceId } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { createSigningKey, toCertificatePem } from '../protocol/signing-keys.ts'
import { serverGrants } from './server-grants.ts'
import { call, kept, ports, realm, refused, setPorts, stage, standOnRealm, store } from './testing/mfa-stage.ts'

standOnRealm(async (clock) => {
  const connection = connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

const exchange = '00000002-0000-0ff1-ce00-000000000000' as ClientId // a brand has no runtime part
const certificateOf = async (commonName: string) =>
  toCertificatePem(await createSigningKey({ algorithm: 'RS256', commonName, now: stage.now }))
const subjects = async () => (await kept.audit.list({ limit: 100, event: 'admin.changed' })).map(({ detail }) => detail.subject)

async function addServer(id: string = exchange): Promise<ClientId> {
  await call('client.add', { preset: 'mail-server', id })
  return id as ClientId // a brand has no runtime part
}

async function addResource(audience: string, more: Record<string, unknown> = {}): Promise<Resource> {
  const { id } = await call('resource.add', { audience, scopes: ['EWS.AccessAsUser.All', 'Mail.Read'], ...more })
  const resource = await kept.resources.find(id as ResourceId) // it was just made
  if (resource === undefined) throw new TypeError('no resource')
  return resource
}

const validFrom = async (id: ClientId) => (await kept.partners.find(id))?.tokensValidFrom

describe('a client that is a server', () => {
  test('proves itself by a key alone, and a preset says so', async () => {
    await addServer()
    expect(await call('client.show', { client: exchange })).toMatchObject({
      authenticationMethod: 'private_key_jwt',
      grantTypes: [...serverGrants, 'refresh_token'],
    })
    await expect(call('client.add-secret', { client: exchange })).rejects.toEqual(refused('invalid'))
    await expect(call('client.change', { client: exchange, authenticationMethod: 'client_secret_post' })).rejects.toEqual(
      refused('invalid'),
    )
    const { id } = await call('client.add', { displayName: 'Server', grantTypes: ['jwt-bearer', 'token-exchange'] })
    expect(await call('client.show', { client: id })).toMatchObject({ authenticationMethod: 'private_key_jwt' })
  })

  test.each(
    serverGrants.flatMap((grant) => ['none', 'client_secret_basic', 'client_secret_post'].map((method) => ({ grant, method }))),
  )('is refused $grant with $method (R27)', async ({ grant, method }) => {
    const wanted = { displayName: 'Server', applicationType: 'web', authenticationMethod: method, grantTypes: [grant] }
    await expect(call('client.add', wanted)).rejects.toThrow('private_key_jwt')
  })

  test('has its own certificate: one of another client is refused by name, one of another realm without', async () => {
    const certificate = await certificateOf('mail.contoso.com')
    const other = await addServer(randomUUID())
    await addServer()
    await call('client.add-key', { client: other, key: certificate })
    await expect(call('client.add-key', { client: other, key: certificate })).rejects.toThrow('already')
    await expect(call('client.add-key', { client: exchange, key: certificate })).rejects.toThrow(other)
    const domain = `${randomUUID()}.example`
    await call('realm.add', { domain }, null)
    const elsewhere = (await store.realms.findByDomain(domain)) ?? null
    await call('client.add', { preset: 'mail-server', id: exchange }, elsewhere)
    const message = await call('client.add-key', { client: exchange, key: certificate }, elsewhere).catch(
      (error: Error) => error.message,
    )
    expect(message).toContain('in use elsewhere in this installation')
    expect(message).not.toContain(other)
  })

  test.each([
    ['it is disabled', () => call('client.disable', { client: exchange })],
    ['a grant is taken away', () => call('client.change', { client: exchange, grantTypes: ['jwt-bearer'] })],
    ['a certificate is taken away', removeCertificate],
    ['its access is withdrawn', withdrawAccess],
  ])('loses the actor tokens that it holds when %s', async (_, end) => {
    await addServer()
    expect(await validFrom(exchange)).toBeUndefined()
    await end()
    expect(await validFrom(exchange)).toEqual(stage.now)
  })

  test('is the only one whose end is noted so: an ordinary client becomes no partner', async () => {
    const { id } = await call('client.add', { preset: 'thunderbird' })
    await call('client.disable', { client: id })
    expect(await kept.partners.principals()).toEqual([])
  })

  test('is disabled together with its actor tokens, or not at all', async () => {
    await addServer()
    setPorts({ ...ports, recordChange: () => Promise.reject(new TypeError('the audit log is full')) })
    await expect(call('client.disable', { client: exchange })).rejects.toThrow('the audit log is full')
    expect(await validFrom(exchange)).toBeUndefined()
  })
})

async function removeCertificate() {
  const { credential } = await call('client.add-key', { client: exchange, key: await certificateOf('mail.contoso.com') })
  await call('client.remove-credential', { client: exchange, credential })
}

async function withdrawAccess() {
  const { audience } = await addResource('https://mail.contoso.com/')
  await call('client.grant', { client: exchange, resource: audience })
  await call('client.withdraw', { client: exchange, resource: audience })
}

describe('a name that servers ask for', () => {
  test('is kept in lower case, beside addresses', async () => {
    const resource = await addResource('https://mail.contoso.com/', {
      principalId: exchange,
      names: [`${exchange}/Mail.Contoso.COM`],
    })
    expect(resource.names).toEqual(['https://mail.contoso.com/', 'https://mail.contoso.com', `${exchange}/mail.contoso.com`])
  })

  test.each([
    ['without the principal it belongs to', { names: [`${exchange}/mail.contoso.com`] }],
    ['of another principal', { principalId: randomUUID(), names: [`${exchange}/mail.contoso.com`] }],
    ['with a realm', { principalId: exchange, names: [`${exchange}/mail.contoso.com@contoso.com`] }],
    ['with a wildcard for a host', { principalId: exchange, names: [`${exchange}/*`] }],
    ['with a wildcard in a host', { principalId: exchange, names: [`${exchange}/*.contoso.com`] }],
    ['with two slashes', { principalId: exchange, names: [`${exchange}/mail.contoso.com/ews`] }],
    ['without a host', { principalId: exchange, names: [exchange] }],
    ['with an empty host', { principalId: exchange, names: [`${exchange}/`] }],
    ['with a space', { principalId: exchange, names: [`${exchange}/mail contoso`] }],
    ['with two dots', { principalId: exchange, names: [`${exchange}/mail..contoso.com`] }],
  ])('is refused %s', async (_, more) => {
    await expect(addResource('https://mail.contoso.com/', more)).rejects.toEqual(refused('invalid'))
  })

  test('goes with its principal: a change that would leave it to somebody else is refused', async () => {
    const { id } = await addResource('https://mail.contoso.com/', {
      principalId: exchange,
      names: [`${exchange}/mail.contoso.com`],
    })
    await expect(call('resource.change', { resource: id, principalId: randomUUID() })).rejects.toEqual(refused('invalid'))
    await call('resource.change', { resource: id, principalId: 'c1', names: ['c1/mail.contoso.com'] })
  })
})

describe('delegation', () => {
  const stand = async () => {
    await addServer()
    const resource = await addResource('https://mail.contoso.com/')
    await call('client.grant', { client: exchange, resource: resource.id, scopes: ['EWS.AccessAsUser.All'] })
    return resource
  }

  test('is granted for what the client may ask for, and never for administrators unless it says so', async () => {
    const resource = await stand()
    const where = { client: exchange, resource: resource.audience }
    expect(await call('delegation.grant', where)).toMatchObject({
      scopes: ['EWS.AccessAsUser.All'],
      exceptGroups: ['administrators'],
    })
    expect(await call('delegation.grant', { ...where, exceptGroups: ['vip'] })).toMatchObject({
      exceptGroups: ['administrators', 'vip'],
    })
    expect(await call('delegation.grant', { ...where, dangerouslyIncludeAdministrators: true })).toMatchObject({
      exceptGroups: [],
    })
    expect(await subjects()).toContainEqual(expect.stringContaining('administrators included'))
    expect(await call('delegation.list')).toMatchObject([{ ...where, exceptGroups: [] }])
  })

  test.each([
    ['a scope that the client may not ask for', { scopes: ['Mail.Read'] }],
    ['no scope at all', { scopes: [] }],
  ])('is refused with %s', async (_, more) => {
    const resource = await stand()
    await expect(call('delegation.grant', { client: exchange, resource: resource.id, ...more })).rejects.toEqual(
      refused('invalid'),
    )
    expect(await kept.delegations.list()).toEqual([])
  })

  test('is refused without access, to a client that is no server, and for what is not there', async () => {
    const { id: resource } = await stand()
    const other = await addServer(randomUUID())
    await expect(call('delegation.grant', { client: other, resource })).rejects.toThrow('postern client grant')
    const { id: bird } = await call('client.add', { preset: 'thunderbird' })
    await call('client.grant', { client: bird, resource })
    await expect(call('delegation.grant', { client: bird, resource })).rejects.toEqual(refused('invalid'))
    await expect(call('delegation.grant', { client: 'nobody', resource })).rejects.toEqual(refused('missing'))
    await expect(call('delegation.grant', { client: exchange, resource: 'https://x.example' })).rejects.toEqual(
      refused('missing'),
    )
    await expect(call('delegation.revoke', { client: exchange, resource })).rejects.toEqual(refused('missing'))
  })

  test('ends with the actor tokens that say it', async () => {
    const { id: resource } = await stand()
    await call('delegation.grant', { client: exchange, resource })
    expect(await validFrom(exchange)).toBeUndefined()
    await call('delegation.revoke', { client: exchange, resource })
    expect(await validFrom(exchange)).toEqual(stage.now)
    expect(await kept.delegations.list()).toEqual([])
  })
})

describe('partner', () => {
  const url = 'https://mail.fabrikam.com/autodiscover/metadata/json/1'

  test('is shown with everything about it', async () => {
    await addServer()
    const own = await addResource('https://mail.contoso.com/', { principalId: exchange, names: [`${exchange}/mail.contoso.com`] })
    const { x5t } = await call('client.add-key', { client: exchange, key: await certificateOf('mail.contoso.com') })
    await call('client.grant', { client: exchange, resource: own.id })
    await call('delegation.grant', { client: exchange, resource: own.id })
    await call('partner.set', { client: exchange, metadataUrl: url })
    const shown = {
      client: exchange,
      status: 'active',
      names: [...own.names],
      mayAskFor: [own.audience],
      actsForPeopleAt: [`${own.audience} (EWS.AccessAsUser.All Mail.Read) except administrators`],
      certificates: [{ x5t, from: 'hand' }],
      metadata: { url },
      acceptsUnsignedUserTokens: false,
    }
    expect(await call('partner.show', { client: exchange })).toMatchObject(shown)
    expect(await call('partner.list')).toMatchObject([shown])
  })

  test('takes unsigned user tokens only after a warning, which the trail keeps', async () => {
    await addServer()
    const set = (value: string) => call('partner.set', { client: exchange, dangerouslyAcceptUnsignedUserTokens: value })
    expect(await set('true')).toMatchObject({ acceptsUnsignedUserTokens: true, turnedOn: true })
    expect(await subjects()).toContainEqual(expect.stringContaining('DANGEROUS'))
    expect(await set('true')).toMatchObject({ turnedOn: false })
    await call('partner.set', { client: exchange, metadataUrl: url })
    expect(await call('partner.show', { client: exchange })).toMatchObject({ acceptsUnsignedUserTokens: true })
    expect(await set('false')).toMatchObject({ acceptsUnsignedUserTokens: false, metadata: { url } })
    await expect(set('yes')).rejects.toEqual(refused('invalid'))
  })

  test.each([
    'http://mail.fabrikam.com/m',
    'https://u:p@mail.fabrikam.com/m',
    'https://mail.fabrikam.com/m#x',
    'mail',
    '',
    'file:///m',
  ])('refuses %s as the address of its metadata', async (bad) => {
    await addServer()
    await expect(call('partner.set', { client: exchange, metadataUrl: bad })).rejects.toEqual(refused('invalid'))
  })

  test('is no ordinary client, and no stranger', async () => {
    const { id } = await call('client.add', { preset: 'thunderbird' })
    for (const name of ['partner.set', 'partner.show', 'partner.refresh', 'partner.forget-metadata']) {
      await expect(call(name, { client: id })).rejects.toEqual(refused('invalid'))
      await expect(call(name, { client: 'nobody' })).rejects.toEqual(refused('missing'))
    }
  })

  const readKey = async () => {
    const x5t = randomBytes(20).toString('base64url')
    await kept.clients.addCredential({
      id: `metadata:${x5t}`,
      clientId: exchange,
      kind: 'key',
      jwk: '{}',
      x5t,
      createdAt: stage.now,
    })
    const partner = await kept.partners.find(exchange)
    if (partner === undefined) throw new TypeError('no partner')
    await kept.partners.put({
      ...partner,
      pinned: { issuer: `${exchange}@contoso.com`, realm: 'contoso.com' },
      metadataReadAt: stage.now,
    })
  }

  test.each([
    ['is forgotten', () => call('partner.forget-metadata', { client: exchange }), undefined],
    [
      'is elsewhere',
      () => call('partner.set', { client: exchange, metadataUrl: 'https://new.fabrikam.com/m' }),
      { url: 'https://new.fabrikam.com/m' },
    ],
  ])('keeps nothing that came by its metadata when that %s, and what was registered by hand stays', async (_, end, metadata) => {
    await addServer()
    const { x5t } = await call('client.add-key', { client: exchange, key: await certificateOf('mail.contoso.com') })
    await call('partner.set', { client: exchange, metadataUrl: url, dangerouslyAcceptUnsignedUserTokens: 'true' })
    await readKey()
    expect(await call('partner.show', { client: exchange })).toMatchObject({
      certificates: [expect.objectContaining({ from: 'hand' }), expect.objectContaining({ from: 'metadata' })],
    })
    await end()
    const after = await call('partner.show', { client: exchange })
    expect(after).toMatchObject({ certificates: [{ x5t }], acceptsUnsignedUserTokens: true })
    expect(after.metadata).toEqual(metadata)
    expect(await validFrom(exchange)).toEqual(stage.now)
  })

  test('refresh says what the reading brought, or why not', async () => {
    await addServer()
    const outcomes = [
      [{ outcome: 'read', added: 2, removed: 1 }, undefined],
      [{ outcome: 'refused', code: 'pin_mismatch', detail: 'another issuer' }, 'another issuer'],
      [{ outcome: 'unavailable', detail: 'timed_out' }, 'timed_out'],
      [{ outcome: 'not_due' }, 'somebody else'],
      [{ outcome: 'nothing_to_read' }, 'postern partner set'],
    ] as const
    for (const [outcome, message] of outcomes) {
      setPorts({ ...stage.ports, readPartner: async () => outcome })
      const before = (await subjects()).length
      const given = call('partner.refresh', { client: exchange })
      if (message === undefined) expect(await given).toEqual({ client: exchange, added: 2, removed: 1 })
      else await expect(given).rejects.toThrow(message)
      expect((await subjects()).length - before).toBe(message === undefined ? 1 : 0)
    }
    expect(realm.status).toBe('active')
  })
})
