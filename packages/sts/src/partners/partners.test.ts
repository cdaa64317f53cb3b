import { randomUUID } from 'node:crypto'
import { DiscoveryError, type MetadataDocument } from '@postern/resource-server'
import type { AuditRow, Client, ClientCredential, ClientId, Partner, RealmStore, Store } from '@postern/storage'
import { type OpenBackend, pglite, sampleClient } from '@postern/storage/contract'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAudit } from '../audit/audit.ts'
import { createPartners, type Partners, type PartnersOptions } from './partners.ts'
import { readCertificate } from './public-key.ts'
import { documentOf, makeCertificate, type TestCertificate, type TestKey } from './testing/certificate.ts'

const start = new Date('2027-03-01T10:00:00Z')
const minute = 60_000
const url = 'https://partner.test/metadata/json/1'
const log = pino({ level: 'silent' })
const terms = { audiences: ['sts/host@realm'], realms: ['realm'] }

let now = start
const clock = () => now
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds)
}

let open: OpenBackend
let store: Store
let one: TestKey
let two: TestCertificate
let taken: TestKey

beforeAll(async () => {
  open = await pglite.open()
  store = open.store
  const validity = { notBefore: new Date(start.getTime() - minute), notAfter: new Date('2028-01-01T00:00:00Z') }
  one = await makeCertificate(validity)
  two = await makeCertificate(validity)
  taken = await makeCertificate(validity)
})

afterAll(() => open.close())

/** What the partner answers next; an error is thrown, a function is called. */
let answer: MetadataDocument | Error | (() => Promise<MetadataDocument>)
let asked: string[]
let realm: RealmStore
let clientId: ClientId
let self: { clientId: string; realm: string }
let partners: Partners

const make = (options: Partial<PartnersOptions> = {}) =>
  createPartners({
    store,
    clock,
    audit: createAudit({ clock, newId: randomUUID }),
    log,
    allowHosts: ['partner.test'],
    readDocument: async (address) => {
      asked.push(address)
      if (answer instanceof Error) throw answer
      return typeof answer === 'function' ? answer() : answer
    },
    reference: () => 'a-reference',
    ...options,
  })

let made: { kept: RealmStore; id: ClientId }[] = []

/** So that the next test may have the certificates, and the worker finds nobody else. */
afterEach(async () => {
  for (const { kept, id } of made) await kept.clients.remove(id)
  made = []
})

/** A realm, a client and its partner row, new for each test. */
beforeEach(async () => {
  now = start
  asked = []
  realm = await open.newRealm()
  clientId = await addPartner(realm)
  self = { clientId, realm: realm.realmId }
  answer = documentOf(self, [one])
  partners = make()
})

async function addClient(kept: RealmStore): Promise<Client> {
  const client = sampleClient()
  await kept.clients.add(client)
  made.push({ kept, id: client.id })
  return client
}

async function addPartner(kept: RealmStore, own: Partial<Partner> = {}): Promise<ClientId> {
  const { id } = await addClient(kept)
  await kept.partners.put({ clientId: id, metadataUrl: url, acceptsUnsignedUserTokens: false, ...own })
  return id
}

const thumbprints = async (id = clientId) =>
  (await realm.clients.credentials(id)).map((credential) => (credential.kind === 'key' ? credential.x5t : undefined))
const rows = async (event: string): Promise<readonly AuditRow[]> => realm.audit.list({ limit: 20, event })
const version = () => store.realms.version(realm.realmId)
const assertionOf = (id: string) => `e30.${Buffer.from(JSON.stringify({ iss: `${id}@realm` })).toString('base64url')}.c2ln`

async function change(own: Partial<Partner>): Promise<void> {
  const partner = await realm.partners.find(clientId)
  if (partner === undefined) throw new TypeError('no partner')
  await realm.partners.put({ ...partner, ...own })
}

function byHand(owner: ClientId, { certificate }: TestCertificate): ClientCredential {
  const { jwk, x5t, x5tS256, expiresAt } = readCertificate(certificate)
  return { id: randomUUID(), clientId: owner, kind: 'key', createdAt: now, jwk, x5t, x5tS256, expiresAt }
}

/** Registers the taken certificate for somebody else. */
async function giveTaken(kept: RealmStore): Promise<ClientId> {
  const owner = await addPartner(kept, { metadataUrl: 'https://partner.test/owner' })
  await kept.clients.addCredential(byHand(owner, taken))
  return owner
}

describe('a reading', () => {
  test('adds the certificates, pins, is written down, and a second one changes nothing', async () => {
    answer = documentOf(self, [one, two])
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'read', added: 2, removed: 0 })
    expect((await thumbprints()).sort()).toEqual([one.x5t, two.x5t].sort())
    expect(await realm.partners.find(clientId)).toMatchObject({
      pinned: { issuer: `${clientId}@${realm.realmId}`, realm: realm.realmId },
      metadataReadAt: now,
      metadataTriedAt: now,
    })
    expect(await rows('partner.metadata_read')).toMatchObject([{ clientId, detail: { added: 2, removed: 0 } }])

    const before = await version()
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'read', added: 0, removed: 0 })
    expect(await rows('partner.metadata_read')).toHaveLength(1)
    expect(await version(), 'nobody rebuilds anything for it').toBe(before)
  })

  test('follows a roll-over, withdraws what was issued, and counts as a change of the realm', async () => {
    await partners.refresh(realm, clientId, 'asked')
    const before = await version()
    pass(minute)
    answer = documentOf(self, [two])
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'read', added: 1, removed: 1 })
    expect(await thumbprints()).toEqual([two.x5t])
    expect((await realm.partners.find(clientId))?.tokensValidFrom).toEqual(now)
    expect(await version()).not.toBe(before)
  })

  test('leaves what was registered by hand', async () => {
    await realm.clients.addCredential(byHand(clientId, one))
    answer = documentOf(self, [two])
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'read', added: 1, removed: 0 })
    expect((await thumbprints()).sort()).toEqual([one.x5t, two.x5t].sort())
    expect((await realm.partners.find(clientId))?.tokensValidFrom).toBeUndefined()
  })

  test('of a certificate that is another client’s, of this realm or another, leaves that one out and says so once', async () => {
    for (const kept of [realm, await open.newRealm()]) {
      answer = documentOf(self, [two])
      await partners.refresh(realm, clientId, 'asked')
      const owner = await giveTaken(kept)
      const before = (await rows('partner.metadata_refused')).length
      answer = documentOf(self, [one, taken])
      expect(await partners.refresh(realm, clientId, 'asked')).toEqual({
        outcome: 'read',
        added: 1,
        removed: 1,
        contested: [taken.x5t],
      })
      expect(await partners.refresh(realm, clientId, 'asked')).toMatchObject({ added: 0, removed: 0, contested: [taken.x5t] })
      expect(await thumbprints(), 'the rest of the document is followed').toEqual([one.x5t])
      expect(await rows('partner.metadata_refused')).toHaveLength(before + 1)
      const partner = await realm.partners.find(clientId)
      expect(partner?.metadataProblem).toBe(`certificate_conflict: certificate ${taken.x5t} belongs to somebody else`)
      expect(partner?.metadataReadAt).toEqual(now)

      await kept.clients.remove(owner)
      pass(15 * minute)
      expect(await partners.run(), 'looked at again soon').toBe(1)
      expect((await thumbprints()).sort()).toEqual([one.x5t, taken.x5t].sort())
      expect((await realm.partners.find(clientId))?.metadataProblem).toBeUndefined()
    }
  })

  test('of certificates that are all another client’s is refused, and keeps the last good ones', async () => {
    await giveTaken(realm)
    answer = documentOf(self, [taken])
    expect(await partners.refresh(realm, clientId, 'asked')).toMatchObject({ outcome: 'refused', code: 'certificate_conflict' })
    const partner = await realm.partners.find(clientId)
    expect([partner?.pinned, partner?.metadataReadAt], 'a stranger is not pinned').toEqual([undefined, undefined])

    answer = documentOf(self, [one])
    await partners.refresh(realm, clientId, 'asked')
    answer = documentOf(self, [taken])
    expect(await partners.refresh(realm, clientId, 'asked')).toMatchObject({ outcome: 'refused', contested: [taken.x5t] })
    expect(await thumbprints()).toEqual([one.x5t])
  })

  test('of another pin is refused, keeps the last good certificates and tells the same only once', async () => {
    await partners.refresh(realm, clientId, 'asked')
    answer = documentOf(self, [two], { issuer: `somebody@${realm.realmId}`, serviceName: 'somebody' })
    for (let times = 0; times < 3; times += 1) {
      pass(8 * 3_600_000)
      await partners.run()
    }
    expect(asked).toHaveLength(4)
    expect(await thumbprints()).toEqual([one.x5t])
    expect(await rows('partner.metadata_refused')).toHaveLength(1)
    expect((await realm.partners.find(clientId))?.metadataProblem).toMatch(/^pin_mismatch: /)
    answer = documentOf(self, [one])
    pass(15 * minute)
    await partners.run()
    expect((await realm.partners.find(clientId))?.metadataProblem).toBeUndefined()
  })

  test('asks no host that is not listed', async () => {
    await change({ metadataUrl: 'https://partner.test.evil.test/metadata/json/1' })
    expect(await partners.refresh(realm, clientId, 'asked')).toMatchObject({ outcome: 'refused', code: 'host_not_allowed' })
    expect(asked).toEqual([])
    expect(await rows('partner.metadata_refused')).toMatchObject([{ clientId, outcome: 'refused' }])
  })

  test('of what is no client, a disabled one, or one without an address reads nothing', async () => {
    expect(await partners.refresh(realm, randomUUID() as string as ClientId, 'asked')).toEqual({ outcome: 'nothing_to_read' })
    const client = await realm.clients.find(clientId)
    if (client === undefined) throw new TypeError('no client')
    await realm.clients.replace({ ...client, status: 'disabled' })
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'nothing_to_read' })
    await realm.clients.replace(client)
    await realm.partners.put({ clientId, acceptsUnsignedUserTokens: false })
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'nothing_to_read' })
    expect(asked).toEqual([])
  })

  test('that comes back after the address has changed counts for nothing', async () => {
    answer = async () => {
      await change({ metadataUrl: 'https://partner.test/elsewhere' })
      return documentOf(self, [one])
    }
    expect(await partners.refresh(realm, clientId, 'asked')).toEqual({ outcome: 'not_due' })
    expect(await thumbprints()).toEqual([])
  })

  test('takes back no change that an administrator made while it waited', async () => {
    answer = async () => {
      await change({ acceptsUnsignedUserTokens: true })
      return documentOf(self, [one])
    }
    await partners.refresh(realm, clientId, 'asked')
    expect((await realm.partners.find(clientId))?.acceptsUnsignedUserTokens).toBe(true)
  })

  test('is a fault of ours, and not the partner’s, when something else throws', async () => {
    answer = new TypeError('a bug')
    await expect(partners.refresh(realm, clientId, 'asked')).rejects.toThrow('a bug')
    expect(await rows('partner.metadata_refused')).toEqual([])
  })
})

describe('the worker', () => {
  test('reads every 8 hours', async () => {
    expect([await partners.run(), asked.length]).toEqual([1, 1])
    pass(8 * 3_600_000 - 1)
    expect([await partners.run(), asked.length]).toEqual([0, 1])
    pass(1)
    expect([await partners.run(), asked.length]).toEqual([1, 2])
  })

  test('tries again after 15 minutes when the partner was away, and keeps what it knew', async () => {
    await partners.run()
    answer = new DiscoveryError('unreachable', { detail: url })
    pass(8 * 3_600_000)
    expect([await partners.run(), asked.length]).toEqual([0, 2])
    expect(await thumbprints()).toEqual([one.x5t])
    expect((await realm.partners.find(clientId))?.metadataProblem).toMatch(/^unavailable: unreachable/)
    pass(15 * minute - 1)
    await partners.run()
    expect(asked).toHaveLength(2)
    pass(1)
    answer = documentOf(self, [one, two])
    expect([await partners.run(), asked.length]).toEqual([1, 3])
  })

  test('goes on with the others when one partner is a fault', async () => {
    const other = await addPartner(realm, { metadataUrl: 'https://partner.test/other' })
    const broken = make({
      readDocument: async (address) => {
        if (address === url) throw new TypeError('a bug')
        return documentOf({ clientId: other, realm: realm.realmId }, [two])
      },
    })
    expect(await broken.run()).toBe(1)
    expect(await thumbprints(other)).toEqual([two.x5t])
  })

  test('leaves disabled realms alone, and two of them read each document once', async () => {
    await Promise.all([partners.run(), partners.run(), make().run(), make().run()])
    expect(asked).toHaveLength(1)
    await store.realms.change(realm.realmId, { status: 'disabled' })
    pass(9 * 3_600_000)
    await partners.run()
    expect(asked).toHaveLength(1)
  })
})

describe('an assertion with a certificate that nobody knows', () => {
  test('has the metadata read, and everybody who came meanwhile waits for it', async () => {
    const found = await Promise.all(Array.from({ length: 5 }, () => partners.lookAgain(realm, assertionOf(clientId), terms)))
    expect(found).toEqual([true, true, true, true, true])
    expect(asked).toHaveLength(1)
  })

  test('has it read once a minute, over all processes, however many come', async () => {
    const other = make()
    for (let times = 0; times < 1000; times += 1)
      await (times % 2 === 0 ? partners : other).lookAgain(realm, assertionOf(clientId), terms)
    expect(asked).toHaveLength(1)
    pass(minute - 1)
    expect(await partners.lookAgain(realm, assertionOf(clientId), terms)).toBe(false)
    expect(asked).toHaveLength(1)
    pass(1)
    answer = documentOf(self, [one, two])
    expect(await partners.lookAgain(realm, assertionOf(clientId), terms)).toBe(true)
    expect(asked).toHaveLength(2)
  })

  test('touches the partner that it names and no other', async () => {
    await addPartner(realm, { metadataUrl: 'https://partner.test/other' })
    expect(await partners.lookAgain(realm, assertionOf(clientId), terms)).toBe(true)
    expect(asked).toEqual([url])
    expect(await partners.lookAgain(realm, assertionOf(randomUUID()), terms)).toBe(false)
    expect(await partners.lookAgain(realm, 'no assertion', terms)).toBe(false)
    expect(asked).toEqual([url])
  })

  test('has it read once a minute also where it names the certificate that two publish, without its key', async () => {
    await giveTaken(realm)
    answer = documentOf(self, [one, taken])
    const forged = one.assertion({ clientId, realm: 'realm', audience: 'sts/host@realm', at: now }).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', x5t: taken.x5t })).toString('base64url')
    const assertion = [header, ...forged.slice(1)].join('.')
    expect(await partners.lookAgain(realm, assertion, terms), 'the other certificate came').toBe(true)
    for (let times = 1; times < 1000; times += 1) expect(await partners.lookAgain(realm, assertion, terms)).toBe(false)
    expect(asked).toHaveLength(1)
    expect(await rows('partner.metadata_refused')).toHaveLength(1)
  })

  test('moves nothing by a document after which another one was read, by whichever process', async () => {
    const owner = await addPartner(realm, { metadataUrl: 'https://partner.test/owner' })
    answer = documentOf({ clientId: owner, realm: realm.realmId }, [taken])
    await partners.refresh(realm, owner, 'asked')
    const assertion = taken.assertion({ clientId, realm: 'realm', audience: 'sts/host@realm', at: now })
    answer = documentOf(self, [one, taken])
    await partners.refresh(realm, clientId, 'asked')
    pass(1000)
    answer = documentOf(self, [one])
    await make().refresh(realm, clientId, 'asked')
    expect(await partners.lookAgain(realm, assertion, terms)).toBe(false)
    expect(await thumbprints(owner)).toEqual([taken.x5t])

    answer = documentOf(self, [one, taken])
    await partners.refresh(realm, clientId, 'asked')
    expect(await partners.lookAgain(realm, assertion, terms), 'but by the last one').toBe(true)
    expect(await thumbprints(owner)).toEqual([])
  })

  test('is worth no second look when nothing came', async () => {
    answer = new DiscoveryError('timed_out')
    expect(await partners.lookAgain(realm, assertionOf(clientId), terms)).toBe(false)
    expect(asked).toHaveLength(1)
  })
})
