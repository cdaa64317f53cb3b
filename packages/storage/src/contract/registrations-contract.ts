import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ClientId, RealmId, ResourceId } from '../identifiers.ts'
import type { ClientCredential } from '../ports/clients.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleClient,
  sampleRealm,
  sampleResource,
  sampleSettings,
  sampleSigningKey,
  sampleTime,
  secondsAfter,
  someBytes,
} from './samples.ts'

export function realmsContract(opened: () => OpenBackend): void {
  describe('realms', () => {
    test('gives back a realm as it was added, its domains in order and in lower case', async () => {
      const { realms } = opened().store
      const realm = sampleRealm({
        domains: ['Z.Contoso.example', 'a.contoso.example'],
        settings: { ...sampleSettings, accent: '#123456' },
      })
      expect(await realms.add(realm)).toBe('added')
      const found = await realms.find(realm.id)
      expect(found).toMatchObject({ ...realm, domains: ['z.contoso.example', 'a.contoso.example'] })
      expect(await realms.findByDomain('A.CONTOSO.example')).toEqual(found)
      expect(await realms.list()).toContainEqual(found)
      expect(await realms.version(realm.id)).toBe(found?.version)
    })

    test('refuses a taken id or domain and adds nothing', async () => {
      const { realms } = opened().store
      const first = sampleRealm()
      await realms.add(first)
      expect(await realms.add(sampleRealm({ id: first.id }))).toBe('conflict')
      const second = sampleRealm({ domains: ['fresh.example', ...first.domains.map((domain) => domain.toUpperCase())] })
      expect(await realms.add(second)).toBe('conflict')
      expect(await realms.find(second.id)).toBeUndefined()
      expect(await realms.findByDomain('fresh.example')).toBeUndefined()
    })

    test('changes the named members and nothing else', async () => {
      const { realms } = opened().store
      const realm = sampleRealm()
      await realms.add(realm)
      expect(await realms.change(realm.id, { displayName: 'New' })).toBe(true)
      expect(await realms.change(realm.id, { settings: { ...sampleSettings, accessTokenSeconds: 60 }, status: 'disabled' })).toBe(
        true,
      )
      expect(await realms.find(realm.id)).toMatchObject({
        displayName: 'New',
        status: 'disabled',
        domains: realm.domains,
        settings: { ...sampleSettings, accessTokenSeconds: 60 },
      })
      expect(await realms.change(RealmId.of(randomUUID()), { displayName: 'x' })).toBe(false)
    })

    test('adds a domain at the end, once', async () => {
      const { realms } = opened().store
      const realm = sampleRealm()
      await realms.add(realm)
      const domain = `${randomUUID()}.example`
      expect(await realms.addDomain(realm.id, domain.toUpperCase())).toBe('added')
      expect(await realms.addDomain(realm.id, domain)).toBe('conflict')
      expect((await realms.find(realm.id))?.domains).toEqual([...realm.domains, domain])
    })

    test('gives a domain up, but never the primary one and none of another realm', async () => {
      const { realms } = opened().store
      const [realm, other] = [sampleRealm(), sampleRealm()]
      await realms.add(realm)
      await realms.add(other)
      const [primary = ''] = realm.domains
      const domain = `${randomUUID()}.example`
      await realms.addDomain(realm.id, domain)
      const before = await realms.version(realm.id)
      expect(await realms.removeDomain(other.id, domain)).toBe(false)
      expect(await realms.removeDomain(realm.id, primary)).toBe(false)
      expect(await realms.removeDomain(realm.id, domain.toUpperCase())).toBe(true)
      expect(await realms.removeDomain(realm.id, domain)).toBe(false)
      expect((await realms.find(realm.id))?.domains).toEqual(realm.domains)
      expect(await realms.version(realm.id)).toBeGreaterThan(before ?? 0)
      expect(await realms.findByDomain(domain)).toBeUndefined()
      for (const odd of ['', 'a\0b']) expect(await realms.removeDomain(RealmId.of(odd), odd)).toBe(false)
    })

    test('misses on ids and domains that nobody has, however strange', async () => {
      const { realms } = opened().store
      for (const id of [randomUUID(), 'common', '', 'a\0b']) {
        expect(await realms.find(RealmId.of(id))).toBeUndefined()
        expect(await realms.version(RealmId.of(id))).toBeUndefined()
      }
      for (const domain of ['', 'nobody.example', 'a\0b']) expect(await realms.findByDomain(domain)).toBeUndefined()
    })

    test('counts every change of a realm and of what belongs to it, but not of clients', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const other = await newRealm()
      const grows = async (change: () => Promise<unknown>) => {
        const [before, otherBefore] = [await store.realms.version(realm.realmId), await store.realms.version(other.realmId)]
        await change()
        expect(await store.realms.version(other.realmId)).toBe(otherBefore)
        return ((await store.realms.version(realm.realmId)) ?? 0) > (before ?? 0)
      }
      const resource = sampleResource()
      const key = sampleSigningKey()
      const policy = { id: 'p', name: 'n', mode: 'on', definition: {}, createdAt: sampleTime, updatedAt: sampleTime } as const
      const client = sampleClient()
      expect(await grows(() => store.realms.change(realm.realmId, { displayName: 'New' }))).toBe(true)
      expect(await grows(() => store.realms.addDomain(realm.realmId, `${randomUUID()}.example`))).toBe(true)
      expect(await grows(() => realm.signingKeys.add(key))).toBe(true)
      expect(await grows(() => realm.signingKeys.retire(key.kid, { retiresAt: sampleTime, removedAt: sampleTime }))).toBe(true)
      expect(await grows(() => realm.resources.add(resource))).toBe(true)
      expect(await grows(() => realm.resources.replace({ ...resource, displayName: 'New' }))).toBe(true)
      expect(await grows(() => realm.resources.remove(resource.id))).toBe(true)
      expect(await grows(() => realm.policies.put(policy))).toBe(true)
      expect(await grows(() => realm.policies.put({ ...policy, mode: 'off' }))).toBe(true)
      expect(await grows(() => realm.policies.remove('p'))).toBe(true)
      expect(await grows(() => realm.clients.add(client))).toBe(false)
      expect(await grows(() => realm.clients.replace({ ...client, displayName: 'New' }))).toBe(false)
      expect(await grows(() => realm.clients.remove(client.id))).toBe(false)
    })
  })
}

export function clientsContract(opened: () => OpenBackend): void {
  describe('clients', () => {
    const key = (own: Partial<Extract<ClientCredential, { kind: 'key' }>> = {}): ClientCredential => ({
      kind: 'key',
      id: randomUUID(),
      clientId: ClientId.of('a'),
      jwk: '{"kty":"RSA"}',
      createdAt: sampleTime,
      ...own,
    })

    test('gives back a client as it was added, and replaces the whole of it', async () => {
      const { clients } = await opened().newRealm()
      const client = sampleClient({ backchannelLogoutUri: 'https://a.example/logout' })
      expect(await clients.add(client)).toBe('added')
      expect(await clients.add(client)).toBe('conflict')
      expect(await clients.find(client.id)).toEqual(client)
      const { backchannelLogoutUri: _, ...rest } = client
      const after = { ...rest, status: 'disabled', consent: 'explicit', access: [], dpopBoundAccessTokens: true } as const
      expect(await clients.replace(after)).toBe(true)
      expect(await clients.find(client.id)).toEqual(after)
      expect(await clients.replace(sampleClient())).toBe(false)
    })

    test('finds by the exact id alone', async () => {
      const { clients } = await opened().newRealm()
      await clients.add(sampleClient({ id: ClientId.of('Mail') }))
      for (const id of ['mail', 'Mail ', 'a\0b', '']) expect(await clients.find(ClientId.of(id))).toBeUndefined()
    })

    test('lists in order of id, page by page', async () => {
      const { clients } = await opened().newRealm()
      for (const id of ['b', 'a', 'c']) await clients.add(sampleClient({ id: ClientId.of(id) }))
      expect((await clients.list({ limit: 2 })).map(({ id }) => id)).toEqual(['a', 'b'])
      expect((await clients.list({ limit: 2, after: 'b' })).map(({ id }) => id)).toEqual(['c'])
    })

    test('gives back credentials as they were added', async () => {
      const { clients } = await opened().newRealm()
      await clients.add(sampleClient({ id: ClientId.of('a') }))
      const secret: ClientCredential = {
        kind: 'secret',
        id: randomUUID(),
        clientId: ClientId.of('a'),
        digest: someBytes(32),
        createdAt: sampleTime,
        expiresAt: secondsAfter(60),
      }
      const certificate = key({ x5t: randomUUID(), x5tS256: randomUUID(), createdAt: secondsAfter(1) })
      expect(await clients.addCredential(secret)).toBe('added')
      expect(await clients.addCredential(certificate)).toBe('added')
      expect(await clients.credentials(ClientId.of('a'))).toEqual([secret, certificate])
      const together = await clients.findWithCredentials(ClientId.of('a'))
      expect(together?.client).toEqual(await clients.find(ClientId.of('a')))
      expect(together?.credentials).toEqual([secret, certificate])
      expect(await clients.removeCredential(ClientId.of('b'), secret.id)).toBe(false)
      expect(await clients.removeCredential(ClientId.of('a'), secret.id)).toBe(true)
      expect(await clients.credentials(ClientId.of('a'))).toEqual([certificate])
    })

    test('refuses a certificate that is registered already, for whichever client', async () => {
      const { clients } = await opened().newRealm()
      for (const id of ['a', 'b']) await clients.add(sampleClient({ id: ClientId.of(id) }))
      const [x5t, x5tS256] = [randomUUID(), randomUUID()]
      await clients.addCredential(key({ x5t, x5tS256 }))
      expect(await clients.addCredential(key({ clientId: ClientId.of('b'), x5t }))).toBe('conflict')
      expect(await clients.addCredential(key({ clientId: ClientId.of('b'), x5tS256 }))).toBe('conflict')
      const other = await opened().newRealm()
      await other.clients.add(sampleClient({ id: ClientId.of('a') }))
      expect(await other.clients.addCredential(key({ x5t }))).toBe('conflict')
      expect(await other.clients.addCredential(key({ x5tS256 }))).toBe('conflict')
      expect(await other.clients.credentials(ClientId.of('a'))).toEqual([])
      expect(await clients.addCredential(key())).toBe('added')
      expect(await clients.addCredential(key())).toBe('added')
      expect(await clients.credentials(ClientId.of('b'))).toEqual([])
      expect((await clients.findWithCredentials(ClientId.of('b')))?.credentials).toEqual([])
      expect(await clients.findWithCredentials(ClientId.of('nobody'))).toBeUndefined()
    })

    test('says who has a certificate, of whichever realm and client', async () => {
      const { store, newRealm } = opened()
      const [one, other] = [await newRealm(), await newRealm()]
      const [x5t, moved] = [randomUUID(), randomUUID()]
      for (const { clients } of [one, other]) await clients.add(sampleClient({ id: ClientId.of('a') }))
      const credential = key({ x5t, x5tS256: randomUUID(), expiresAt: secondsAfter(60) })
      await one.clients.addCredential(credential)
      expect(await store.realms.findCertificateHolder(x5t)).toEqual({ realmId: one.realmId, credential })
      for (const nobodys of [moved, x5t.toUpperCase(), '', 'a\0b'])
        expect(await store.realms.findCertificateHolder(nobodys)).toBeUndefined()

      const passedOn = key({ x5t: moved })
      await one.clients.addCredential(passedOn)
      await store.transaction(async () => {
        await one.clients.removeCredential(ClientId.of('a'), passedOn.id)
        expect(await other.clients.addCredential(passedOn)).toBe('added')
      })
      expect(await store.realms.findCertificateHolder(moved)).toEqual({ realmId: other.realmId, credential: passedOn })
    })

    test('removes a client with its credentials', async () => {
      const { clients } = await opened().newRealm()
      await clients.add(sampleClient({ id: ClientId.of('a') }))
      await clients.addCredential(key({ x5t: randomUUID() }))
      expect(await clients.remove(ClientId.of('a'))).toBe(true)
      expect(await clients.remove(ClientId.of('a'))).toBe(false)
      expect(await clients.credentials(ClientId.of('a'))).toEqual([])
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const client = sampleClient({ id: ClientId.of('a') })
      await one.clients.add(client)
      const credential = key({ x5t: randomUUID() })
      await one.clients.addCredential(credential)
      expect(await other.clients.find(client.id)).toBeUndefined()
      expect(await other.clients.list({ limit: 10 })).toEqual([])
      expect(await other.clients.replace(client)).toBe(false)
      expect(await other.clients.remove(client.id)).toBe(false)
      expect(await other.clients.credentials(client.id)).toEqual([])
      expect(await other.clients.findWithCredentials(client.id)).toBeUndefined()
      expect(await other.clients.removeCredential(client.id, credential.id)).toBe(false)
      await expect(other.clients.addCredential(key({ x5t: randomUUID() }))).rejects.toThrow()
      expect(await other.clients.add(client)).toBe('added')
      // One id may stand in two realms, one certificate in one alone.
      expect(await other.clients.addCredential(key({ id: credential.id }))).toBe('added')
    })
  })
}

export function resourcesContract(opened: () => OpenBackend): void {
  describe('resources', () => {
    test('gives back a resource as it was added, by id and by every name, to the letter', async () => {
      const { resources } = await opened().newRealm()
      const resource = sampleResource({
        names: ['https://Mail.contoso.com/', 'exchange'],
        principalId: 'x',
        accessTokenSeconds: 60,
        openToRegistered: true,
      })
      expect(await resources.add(resource)).toBe('added')
      expect(await resources.find(resource.id)).toEqual(resource)
      for (const name of resource.names) expect(await resources.findByName(name)).toEqual(resource)
      for (const name of ['https://mail.contoso.com/', 'Exchange', 'a\0b', ''])
        expect(await resources.findByName(name)).toBeUndefined()
      expect(await resources.list()).toEqual([resource])
    })

    test('refuses a taken name, adding and replacing, and changes nothing', async () => {
      const { resources } = await opened().newRealm()
      const one = sampleResource({ names: ['one'] })
      const two = sampleResource({ names: ['two'] })
      await resources.add(one)
      await resources.add(two)
      expect(await resources.add(sampleResource({ names: ['three', 'one'] }))).toBe('conflict')
      expect(await resources.add({ ...sampleResource(), id: one.id })).toBe('conflict')
      expect(await resources.replace({ ...two, names: ['three', 'one'] })).toBe('conflict')
      expect(await resources.findByName('three')).toBeUndefined()
      expect(await resources.findByName('two')).toEqual(two)
    })

    test('replaces the whole record and gives free the names that it had', async () => {
      const { resources } = await opened().newRealm()
      const before = sampleResource({ names: ['one', 'two'], principalId: 'x', openToRegistered: true })
      await resources.add(before)
      const after = sampleResource({ id: before.id, names: ['two', 'three'] })
      expect(await resources.replace(after)).toBe('replaced')
      expect(await resources.find(before.id)).toEqual(after)
      expect(await resources.findByName('one')).toBeUndefined()
      expect(await resources.findByName('three')).toEqual(after)
      expect(await resources.replace(sampleResource())).toBe('missing')
      expect(await resources.remove(before.id)).toBe(true)
      expect(await resources.remove(before.id)).toBe(false)
      expect(await resources.findByName('two')).toBeUndefined()
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const resource = sampleResource({ names: ['one'] })
      await one.resources.add(resource)
      expect(await other.resources.find(resource.id)).toBeUndefined()
      expect(await other.resources.findByName('one')).toBeUndefined()
      expect(await other.resources.list()).toEqual([])
      expect(await other.resources.replace(resource)).toBe('missing')
      expect(await other.resources.remove(resource.id)).toBe(false)
      expect(await other.resources.add(resource)).toBe('added')
      expect(await one.resources.find(ResourceId.of('nonsense'))).toBeUndefined()
    })
  })
}

export function signingKeysContract(opened: () => OpenBackend): void {
  describe('signing keys', () => {
    test('gives back keys as they were added, newest first, until they are removed', async () => {
      const { signingKeys } = await opened().newRealm()
      const old = sampleSigningKey({ signsFrom: sampleTime })
      const young = sampleSigningKey({ signsFrom: secondsAfter(100), algorithm: 'ES256' })
      await signingKeys.add(old)
      await signingKeys.add(young)
      expect(await signingKeys.list(sampleTime)).toEqual([young, old])
      const times = { retiresAt: secondsAfter(100), removedAt: secondsAfter(200) }
      expect(await signingKeys.retire(old.kid, times)).toBe(true)
      expect(await signingKeys.list(secondsAfter(199))).toEqual([young, { ...old, ...times }])
      expect(await signingKeys.list(secondsAfter(200))).toEqual([young])
      expect(await signingKeys.retire('nobody', times)).toBe(false)
      expect(await signingKeys.retire('a\0b', times)).toBe(false)
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const key = sampleSigningKey()
      await one.signingKeys.add(key)
      expect(await other.signingKeys.list(sampleTime)).toEqual([])
      expect(await other.signingKeys.retire(key.kid, { retiresAt: sampleTime, removedAt: sampleTime })).toBe(false)
      await other.signingKeys.add({ ...key, privateKey: someBytes(10) })
      expect(await one.signingKeys.list(sampleTime)).toEqual([key])
    })
  })
}

export function policiesContract(opened: () => OpenBackend): void {
  describe('policies', () => {
    test('puts, replaces, lists and removes', async () => {
      const { policies } = await opened().newRealm()
      const one = {
        id: 'one',
        name: 'One',
        mode: 'on',
        definition: { require: ['mfa'], deep: { a: [1, null] } },
        createdAt: sampleTime,
        updatedAt: sampleTime,
      } as const
      const two = { ...one, id: 'two', mode: 'report-only', createdAt: secondsAfter(1) } as const
      await policies.put(two)
      await policies.put(one)
      expect(await policies.list()).toEqual([one, two])
      const after = { ...one, name: 'New', mode: 'off', definition: {} } as const
      await policies.put(after)
      expect(await policies.list()).toEqual([after, two])
      expect(await policies.remove('two')).toBe(true)
      expect(await policies.remove('two')).toBe(false)
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const policy = { id: 'one', name: 'One', mode: 'on', definition: {}, createdAt: sampleTime, updatedAt: sampleTime } as const
      await one.policies.put(policy)
      expect(await other.policies.list()).toEqual([])
      expect(await other.policies.remove('one')).toBe(false)
      await other.policies.put({ ...policy, name: 'Other' })
      expect(await one.policies.list()).toEqual([policy])
    })
  })
}
