import { randomUUID } from 'node:crypto'
import type { ClientId, RealmStore } from '@postern/storage'
import { type OpenBackend, postgres, sampleClient } from '@postern/storage/contract'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createAudit } from '../audit/audit.ts'
import { createPartners } from './partners.ts'
import { documentOf, makeCertificate, type TestCertificate } from './testing/certificate.ts'

const url = 'https://partner.test/metadata/json/1'
const now = new Date('2027-03-01T10:00:00Z')
const clock = () => now
const terms = { audiences: ['sts/host@realm'], realms: ['realm'] }

let open: OpenBackend
let keys: readonly TestCertificate[]
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

/** One process of the service. Documents name one key or the other in turn, so that each reading changes something. */
const newProcess = () =>
  createPartners({
    store: open.store,
    clock,
    audit: createAudit({ clock, newId: randomUUID }),
    log: pino({ level: 'silent' }),
    allowHosts: ['partner.test'],
    readDocument: async () => {
      readings += 1
      return documentOf({ clientId, realm: realm.realmId }, keys.slice(readings % 2, (readings % 2) + 1))
    },
    reference: () => 'a-reference',
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
