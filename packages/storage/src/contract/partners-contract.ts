import { describe, expect, test } from 'vitest'
import { ClientId } from '../identifiers.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import { sampleCertificate, sampleClient, samplePartner, sampleTime, secondsAfter, someBytes } from './samples.ts'

const cloud = sampleClient({ id: ClientId.of('cloud') })
const pinned = { issuer: 'https://sts.contoso.com/x', realm: 'contoso.com' }

export function partnersContract(opened: () => OpenBackend): void {
  const setUp = async (): Promise<RealmStore> => {
    const realm = await opened().newRealm()
    await realm.clients.add(cloud)
    return realm
  }

  describe('partners', () => {
    test('gives back a partner as it was put, and replaces the whole of it', async () => {
      const { partners } = await setUp()
      const partner = samplePartner(cloud.id, {
        pinned,
        metadataReadAt: secondsAfter(1),
        metadataTriedAt: secondsAfter(2),
        metadataProblem: 'no such host',
        acceptsUnsignedUserTokens: true,
      })
      expect(await partners.put(partner)).toBe('put')
      expect(await partners.find(cloud.id)).toEqual(partner)
      const after = { clientId: cloud.id, acceptsUnsignedUserTokens: false }
      expect(await partners.put(after)).toBe('put')
      expect(await partners.find(cloud.id)).toEqual(after)
      expect(await partners.remove(cloud.id)).toBe(true)
      expect(await partners.remove(cloud.id)).toBe(false)
      expect(await partners.find(cloud.id)).toBeUndefined()
    })

    test('keeps a problem whatever a stranger put into it', async () => {
      const { partners } = await setUp()
      await partners.put(samplePartner(cloud.id, { metadataProblem: 'a\0b\ud800' }))
      expect((await partners.find(cloud.id))?.metadataProblem).toBe('a\uFFFDb\uFFFD')
    })

    test('does nothing for clients that are not there, however strange', async () => {
      const { partners } = await setUp()
      for (const id of ['nobody', 'Cloud', 'a\0b', ''].map(ClientId.of)) {
        expect(await partners.put(samplePartner(id))).toBe('missing')
        expect(await partners.find(id)).toBeUndefined()
        expect(await partners.claimReading(id, { now: secondsAfter(60), notTriedSince: sampleTime })).toBe(false)
        expect(await partners.withdrawTokens(id, sampleTime)).toBe(false)
        expect(await partners.remove(id)).toBe(false)
      }
      expect(await partners.principals()).toEqual([])
    })

    test('lets one caller read a document, and the next when the last attempt is long enough ago', async () => {
      const { partners } = await setUp()
      await partners.put(samplePartner(cloud.id, { metadataReadAt: sampleTime, metadataProblem: 'x' }))
      const claim = (seconds: number) =>
        partners.claimReading(cloud.id, { now: secondsAfter(seconds), notTriedSince: secondsAfter(seconds - 60) })
      expect((await Promise.all([claim(0), claim(0), claim(1)])).filter(Boolean)).toEqual([true])
      expect(await claim(59)).toBe(false)
      expect(await claim(61)).toBe(true)
      expect(await partners.find(cloud.id)).toEqual(
        samplePartner(cloud.id, { metadataReadAt: sampleTime, metadataProblem: 'x', metadataTriedAt: secondsAfter(61) }),
      )
      expect(await claim(120)).toBe(false)
      expect(await claim(121)).toBe(true)
    })

    test('withdraws tokens of whichever client, and never moves the moment back', async () => {
      const { partners } = await setUp()
      expect(await partners.withdrawTokens(cloud.id, secondsAfter(60))).toBe(true)
      const withdrawn = { clientId: cloud.id, acceptsUnsignedUserTokens: false, tokensValidFrom: secondsAfter(60) }
      expect(await partners.find(cloud.id)).toEqual(withdrawn)
      expect(await partners.withdrawTokens(cloud.id, secondsAfter(30))).toBe(true)
      expect(await partners.find(cloud.id)).toEqual(withdrawn)
      await partners.put(samplePartner(cloud.id))
      expect(await partners.find(cloud.id)).toEqual(samplePartner(cloud.id, { tokensValidFrom: secondsAfter(60) }))
      await partners.put(samplePartner(cloud.id, { tokensValidFrom: secondsAfter(90) }))
      expect((await partners.find(cloud.id))?.tokensValidFrom).toEqual(secondsAfter(90))
    })

    test('loses no change of two who find the row locked and put it', async () => {
      const { store } = opened()
      const { partners } = await setUp()
      await partners.put(samplePartner(cloud.id))
      const change = (own: Partial<ReturnType<typeof samplePartner>>) =>
        store.transaction(async () => {
          const found = await partners.find(cloud.id, { lock: true })
          await partners.put({ ...samplePartner(cloud.id), ...found, ...own })
        })
      await Promise.all([
        change({ acceptsUnsignedUserTokens: true }),
        change({ pinned }),
        change({ metadataProblem: 'x' }),
        change({ metadataReadAt: sampleTime }),
      ])
      expect(await partners.find(cloud.id)).toEqual(
        samplePartner(cloud.id, { acceptsUnsignedUserTokens: true, pinned, metadataProblem: 'x', metadataReadAt: sampleTime }),
      )
    })

    test('loses a partner with its client', async () => {
      const { clients, partners } = await setUp()
      await partners.put(samplePartner(cloud.id))
      await clients.remove(cloud.id)
      expect(await partners.find(cloud.id)).toBeUndefined()
    })
  })

  describe('service principals', () => {
    test('are the clients that have a certificate or a partner, disabled ones too, by id', async () => {
      const { clients, partners } = await setUp()
      const named = (id: string) => sampleClient({ id: ClientId.of(id) })
      const [exchange, paper, plain] = [{ ...named('exchange'), status: 'disabled' } as const, named('paper'), named('app')]
      for (const client of [exchange, paper, plain]) await clients.add(client)
      const young = sampleCertificate(cloud.id, { createdAt: secondsAfter(9) })
      const old = sampleCertificate(cloud.id, { expiresAt: secondsAfter(1) })
      const own = sampleCertificate(exchange.id)
      const { x5t: _, ...bareKey } = sampleCertificate(plain.id)
      for (const one of [young, old, own, bareKey]) expect(await clients.addCredential(one)).toBe('added')
      const { x5t: _other, ...further } = sampleCertificate(cloud.id)
      await clients.addCredential(further)
      await clients.addCredential({
        kind: 'secret',
        id: 's',
        clientId: cloud.id,
        digest: someBytes(32),
        createdAt: sampleTime,
      })
      await partners.put(samplePartner(cloud.id, { pinned }))
      await partners.put(samplePartner(paper.id, { acceptsUnsignedUserTokens: true }))
      expect(await partners.principals()).toEqual([
        { client: cloud, certificates: [old, young], partner: samplePartner(cloud.id, { pinned }) },
        { client: exchange, certificates: [own], partner: { clientId: exchange.id, acceptsUnsignedUserTokens: false } },
        { client: paper, certificates: [], partner: samplePartner(paper.id, { acceptsUnsignedUserTokens: true }) },
      ])
    })

    test('count what they are made of as a change of the realm, and nothing else', async () => {
      const { store } = opened()
      const realm = await setUp()
      const { clients, partners } = realm
      const certificate = sampleCertificate(cloud.id)
      const { x5t: _, ...key } = sampleCertificate(cloud.id)
      const partner = samplePartner(cloud.id)
      const reading = { metadataReadAt: sampleTime, metadataTriedAt: sampleTime, metadataProblem: 'x' }
      const grows = async (change: () => Promise<unknown>): Promise<boolean> => {
        const before = await store.realms.version(realm.realmId)
        await change()
        return (await store.realms.version(realm.realmId)) !== before
      }
      expect(await grows(() => clients.addCredential(key))).toBe(false)
      expect(await grows(() => clients.replace({ ...cloud, status: 'disabled' }))).toBe(false)
      expect(await grows(() => clients.addCredential(certificate))).toBe(true)
      expect(await grows(() => clients.replace({ ...cloud, status: 'active' }))).toBe(true)
      expect(await grows(() => clients.removeCredential(cloud.id, key.id))).toBe(false)
      expect(await grows(() => clients.removeCredential(cloud.id, certificate.id))).toBe(true)
      expect(await grows(() => partners.put(partner))).toBe(true)
      expect(await grows(() => clients.replace({ ...cloud, access: [] }))).toBe(true)
      expect(await grows(() => partners.put(partner))).toBe(false)
      expect(await grows(() => partners.put({ ...partner, ...reading }))).toBe(false)
      expect(await grows(() => partners.claimReading(cloud.id, { now: secondsAfter(60), notTriedSince: sampleTime }))).toBe(false)
      expect(await grows(() => partners.put({ ...partner, pinned }))).toBe(true)
      expect(await grows(() => partners.put({ ...partner, pinned, acceptsUnsignedUserTokens: true }))).toBe(true)
      expect(await grows(() => partners.withdrawTokens(cloud.id, secondsAfter(60)))).toBe(true)
      expect(await grows(() => partners.withdrawTokens(cloud.id, secondsAfter(30)))).toBe(false)
      expect(await grows(() => partners.remove(cloud.id))).toBe(true)
      expect(await grows(() => clients.replace(cloud))).toBe(false)
      await clients.addCredential(certificate)
      expect(await grows(() => clients.remove(cloud.id))).toBe(true)
      await clients.add(cloud)
      await partners.put(partner)
      expect(await grows(() => clients.remove(cloud.id))).toBe(true)
    })
  })
}
