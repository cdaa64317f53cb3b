import { randomUUID } from 'node:crypto'
import type { MetadataDocument } from '@postern/resource-server'
import type { ClientId, RealmStore } from '@postern/storage'
import { type OpenBackend, postgres, sampleClient } from '@postern/storage/contract'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAudit } from '../audit/audit.ts'
import { createPartners, type PartnersOptions } from './partners.ts'
import { documentOf, makeCertificate, type TestKey } from './testing/certificate.ts'

const url = 'https://partner.test/metadata/json/1'
const now = new Date('2027-03-01T10:00:00Z')
const clock = () => now
const terms = { audiences: ['sts/host@realm'], realms: ['realm'] }

let open: OpenBackend
let keys: readonly [TestKey, TestKey]
beforeAll(async () => {
  open = await postgres.open()
  const validity = { notBefore: new Date('2027-01-01T00:00:00Z'), notAfter: new Date('2028-01-01T00:00:00Z') }
  keys = [await makeCertificate(validity), await makeCertificate(validity)]
}, 120_000) // a PostgreSQL server may have to be set up first
afterAll(() => open.close())

let realm: RealmStore
let clientId: ClientId
let readings: number
beforeEach(async () => {
  for (const { id } of realm === undefined ? [] : await realm.clients.list({ limit: 10 })) await realm.clients.remove(id)
  realm = await open.newRealm()
  const client = sampleClient()
  clientId = client.id
  await realm.clients.add(client)
  await realm.partners.put({ clientId, metadataUrl: url, acceptsUnsignedUserTokens: true })
  readings = 0
})

const makeProcess = (readDocument: PartnersOptions['readDocument']) =>
  createPartners({
    store: open.store,
    clock,
    audit: createAudit({ clock, newId: randomUUID }),
    log: pino({ level: 'silent' }),
    allowHosts: ['partner.test'],
    readDocument,
    reference: () => 'a-reference',
  })

/** One process of the service. Documents name one key or the other in turn, so that each reading changes something. */
const newProcess = () =>
  makeProcess(async () => {
    readings += 1
    return documentOf({ clientId, realm: realm.realmId }, keys.slice(readings % 2, (readings % 2) + 1))
  })

test('of twenty processes that meet an unknown certificate at once, one reads', async () => {
  const assertion = `e30.${Buffer.from(JSON.stringify({ iss: `${clientId}@realm` })).toString('base64url')}.c2ln`
  const found = await Promise.all(Array.from({ length: 20 }, () => newProcess().lookAgain(realm, assertion, terms)))
  expect([found.filter((one) => one).length, readings]).toEqual([1, 1])
})

test('of five workers at once, one reads', async () => {
  const read = await Promise.all(Array.from({ length: 5 }, () => newProcess().run()))
  expect([read.reduce((sum, one) => sum + one, 0), readings]).toEqual([1, 1])
})

test('a switch that an administrator turns off stays off, whatever is read meanwhile', async () => {
  for (let round = 0; round < 20; round += 1) {
    const turn = async (acceptsUnsignedUserTokens: boolean) =>
      open.store.transaction(async () => {
        const partner = await realm.partners.find(clientId, { lock: true })
        if (partner === undefined) throw new TypeError('no partner')
        await realm.partners.put({ ...partner, acceptsUnsignedUserTokens })
      })
    await turn(true)
    await Promise.all([newProcess().refresh(realm, clientId, 'asked'), turn(false)])
    expect((await realm.partners.find(clientId))?.acceptsUnsignedUserTokens).toBe(false)
  }
})

test('readings at once leave the certificates of one document, whole', async () => {
  await Promise.all(Array.from({ length: 8 }, () => newProcess().refresh(realm, clientId, 'asked')))
  const credentials = await realm.clients.credentials(clientId)
  expect(credentials).toHaveLength(1)
  expect(await realm.partners.find(clientId)).toMatchObject({ metadataReadAt: now, pinned: { realm: realm.realmId } })
})

describe('a certificate that two partners publish', () => {
  const audience = 'sts/host@realm'
  const documents = new Map<string, MetadataDocument>()
  /** A process that reads what each partner publishes. */
  const another = () => makeProcess(async (address) => documents.get(address) ?? documentOf({ clientId: '', realm: '' }, []))
  const x5ts = async (kept: RealmStore, id: ClientId) =>
    (await kept.clients.credentials(id)).flatMap((one) => (one.kind === 'key' && one.x5t ? [one.x5t] : []))

  async function addPartner(kept: RealmStore, key: TestKey) {
    const { id } = sampleClient()
    await kept.clients.add(sampleClient({ id }))
    const metadataUrl = `https://partner.test/${id}`
    await kept.partners.put({ clientId: id, metadataUrl, acceptsUnsignedUserTokens: false })
    const assertion = key.assertion({ clientId: id, realm: kept.realmId, audience, at: now })
    const terms = { audiences: [audience], realms: [kept.realmId] }
    const own = another()
    return {
      kept,
      id,
      key,
      metadataUrl,
      read: () => own.refresh(kept, id, 'asked'),
      show: () => own.lookAgain(kept, assertion, terms),
    }
  }

  /** Two partners that have each other's certificate, and publish both by now, as their processes know. */
  async function crosswise(other: RealmStore) {
    const [one, two] = [await addPartner(realm, keys[0]), await addPartner(other, keys[1])]
    for (const [side, wrong] of [[one, keys[1]] as const, [two, keys[0]] as const]) {
      documents.set(side.metadataUrl, documentOf({ clientId: side.id, realm: side.kept.realmId }, [wrong]))
      await side.read()
    }
    for (const side of [one, two]) {
      documents.set(side.metadataUrl, documentOf({ clientId: side.id, realm: side.kept.realmId }, keys))
      expect(await side.read()).toMatchObject({ added: 0, contested: [side.key.x5t] })
    }
    return [one, two] as const
  }

  test.each([
    ['one realm', () => realm],
    ['two realms', () => open.newRealm()],
  ])('comes to each from the other at once, in %s', async (_, other) => {
    for (let round = 0; round < 10; round += 1) {
      const sides = await crosswise(await other())
      expect(await Promise.all(sides.map(({ show }) => show()))).toEqual([true, true])
      for (const { kept, id, key } of sides) {
        expect(await x5ts(kept, id)).toEqual([key.x5t])
        await kept.clients.remove(id)
      }
    }
  })

  test('is not lost when its holder is read while it moves', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [one, two] = await crosswise(realm)
      const [moved] = await Promise.all([one.show(), two.read()])
      expect(moved).toBe(true)
      expect(await x5ts(realm, one.id)).toContain(one.key.x5t)
      expect(await x5ts(realm, two.id)).not.toContain(one.key.x5t)
      for (const { id } of [one, two]) await realm.clients.remove(id)
    }
  })
})
