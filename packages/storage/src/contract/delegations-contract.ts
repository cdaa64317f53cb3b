import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ClientId, ResourceId } from '../identifiers.ts'
import type { OpenBackend } from './backend.ts'
import { sampleClient, sampleDelegation, sampleHybrid, sampleResource, secondsAfter } from './samples.ts'

export function delegationsContract(opened: () => OpenBackend): void {
  describe('delegations', () => {
    const setUp = async () => {
      const realm = await opened().newRealm()
      const [client, resource] = [sampleClient({ id: ClientId.of('cloud') }), sampleResource()]
      await realm.clients.add(client)
      await realm.resources.add(resource)
      return { realm, client, resource, delegation: sampleDelegation(client.id, resource.id) }
    }
    const versionOf = (id: Awaited<ReturnType<typeof setUp>>['realm']['realmId']) => opened().store.realms.version(id)

    test('gives back a delegation as it was granted, and replaces the whole of it', async () => {
      const { realm, client, resource, delegation } = await setUp()
      expect(await realm.delegations.grant(delegation)).toBe('granted')
      expect(await realm.delegations.find(client.id, resource.id)).toEqual(delegation)
      const after = { ...delegation, scopes: ['a', 'b,"c"'], exceptGroups: ['board'], createdAt: secondsAfter(60) }
      expect(await realm.delegations.grant(after)).toBe('replaced')
      expect(await realm.delegations.find(client.id, resource.id)).toEqual(after)
      expect(await realm.delegations.list()).toEqual([after])
      expect(await realm.delegations.revoke(client.id, resource.id)).toBe(true)
      expect(await realm.delegations.revoke(client.id, resource.id)).toBe(false)
      expect(await realm.delegations.find(client.id, resource.id)).toBeUndefined()
    })

    test('lists by client and resource', async () => {
      const { realm, client, resource, delegation } = await setUp()
      const [other, further] = [sampleClient({ id: ClientId.of('acme') }), sampleResource()]
      await realm.clients.add(other)
      await realm.resources.add(further)
      await realm.delegations.grant(delegation)
      await realm.delegations.grant(sampleDelegation(client.id, further.id))
      await realm.delegations.grant(sampleDelegation(other.id, resource.id))
      const places = (await realm.delegations.list()).map(({ clientId, resourceId }) => [clientId, resourceId])
      const own = [resource.id, further.id].sort().map((id) => ['cloud', id])
      expect(places).toEqual([['acme', resource.id], ...own])
    })

    test('grants nothing to a client or at a resource that is not there, however strange', async () => {
      const { realm, client, resource, delegation } = await setUp()
      for (const clientId of ['nobody', 'a\0b', ''].map(ClientId.of)) {
        expect(await realm.delegations.grant({ ...delegation, clientId })).toBe('missing')
        expect(await realm.delegations.find(clientId, resource.id)).toBeUndefined()
        expect(await realm.delegations.revoke(clientId, resource.id)).toBe(false)
      }
      for (const resourceId of [randomUUID(), 'nonsense', ''].map(ResourceId.of)) {
        expect(await realm.delegations.grant({ ...delegation, resourceId })).toBe('missing')
        expect(await realm.delegations.find(client.id, resourceId)).toBeUndefined()
        expect(await realm.delegations.revoke(client.id, resourceId)).toBe(false)
      }
      expect(await realm.delegations.list()).toEqual([])
    })

    test('takes a delegation for no scope as a mistake', async () => {
      const { realm, delegation } = await setUp()
      await expect(realm.delegations.grant({ ...delegation, scopes: [] })).rejects.toThrow(TypeError)
    })

    test('loses a delegation with its client and with its resource', async () => {
      const { realm, client, resource, delegation } = await setUp()
      await realm.delegations.grant(delegation)
      await realm.resources.remove(resource.id)
      expect(await realm.delegations.list()).toEqual([])
      await realm.resources.add(resource)
      await realm.delegations.grant(delegation)
      await realm.clients.remove(client.id)
      expect(await realm.delegations.list()).toEqual([])
    })

    test('counts each change as a change of the realm', async () => {
      const { realm, client, resource, delegation } = await setUp()
      const changes = [
        () => realm.delegations.grant(delegation),
        () => realm.delegations.grant({ ...delegation, exceptGroups: ['board'] }),
        () => realm.delegations.revoke(client.id, resource.id),
        () => realm.delegations.grant(delegation),
        () => realm.clients.remove(client.id),
      ]
      for (const change of changes) {
        const before = await versionOf(realm.realmId)
        await change()
        expect(await versionOf(realm.realmId)).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY)
      }
    })
  })
}

export function hybridsContract(opened: () => OpenBackend): void {
  describe('hybrids', () => {
    test('gives back what was put, in the order in which it was made, until it is removed', async () => {
      const { hybrids } = await opened().newRealm()
      const one = sampleHybrid({ name: 'one', made: [{ kind: 'resource', names: ['x'] }, { kind: 'client' }] })
      const two = sampleHybrid({ name: 'two', made: [] })
      await hybrids.put(two)
      await hybrids.put(one)
      expect(await hybrids.find('one')).toEqual(one)
      expect(await hybrids.list()).toEqual([one, two])
      const after = { ...one, made: [{ kind: 'client' }], updatedAt: secondsAfter(60) }
      await hybrids.put(after)
      expect(await hybrids.list()).toEqual([after, two])
      expect(await hybrids.remove('one')).toBe(true)
      expect(await hybrids.remove('one')).toBe(false)
      expect(await hybrids.list()).toEqual([two])
    })

    test('misses on names that nobody gave, however strange', async () => {
      const { hybrids } = await opened().newRealm()
      for (const name of ['', 'nobody', 'a\0b']) {
        expect(await hybrids.find(name)).toBeUndefined()
        expect(await hybrids.remove(name)).toBe(false)
      }
    })
  })
}
