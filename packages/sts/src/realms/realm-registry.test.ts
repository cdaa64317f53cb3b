import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, migrate, type Realm, type RealmDirectory, type SigningKey, type Store } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRealm } from './create-realm.ts'
import { createRealmRegistry, isDomainName, shareReads } from './realm-registry.ts'

const now = new Date('2027-03-01T10:00:00Z')
let store: Store

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  store = createStore({ connection, masterKey: randomBytes(32), clock: () => now })
})

afterAll(() => store.close())

let counter = 0

/** The realm only keeps it; nothing here signs. */
const newSigningKey = async (): Promise<SigningKey> => ({
  kid: randomBytes(20).toString('base64url'),
  algorithm: 'RS256',
  privateKey: new Uint8Array(randomBytes(32)),
  certificate: new Uint8Array(randomBytes(32)),
  announcedAt: now,
  signsFrom: now,
})

async function born(): Promise<Realm> {
  const made = await createRealm(
    { store, clock: () => now, newId: randomUUID, newSigningKey },
    { displayName: 'Contoso', domain: `R${++counter}.Contoso.com` },
  )
  if (made.outcome !== 'created') throw new TypeError('conflict')
  return made.realm
}

/** Counts what reaches the database. */
function counted(directory: RealmDirectory) {
  const reads: string[] = []
  const note = (name: string) => {
    reads.push(name)
    return directory
  }
  const counting: RealmDirectory = {
    ...directory,
    find: (id) => note('find').find(id),
    findByDomain: (name) => note('findByDomain').findByDomain(name),
    version: (id) => note('version').version(id),
  }
  return { reads, directory: counting }
}

test('a realm is found by GUID and by domain, whatever the case', async () => {
  const realm = await born()
  const registry = createRealmRegistry(store.realms)
  const names = [realm.id, realm.id.toUpperCase(), `r${counter}.contoso.com`, `R${counter}.CONTOSO.com`]
  for (const name of names) expect((await registry.find(name))?.id).toBe(realm.id)
})

test('a remembered realm costs one read of its version', async () => {
  const realm = await born()
  const { reads, directory } = counted(store.realms)
  const registry = createRealmRegistry(directory)
  await registry.find(realm.id)
  await registry.find(`r${counter}.contoso.com`)
  reads.length = 0
  expect(await registry.find(realm.id)).toBe(await registry.find(`r${counter}.contoso.com`))
  expect(reads).toEqual(['version', 'version'])
})

test('a change of the realm is seen at the next look-up', async () => {
  const realm = await born()
  const registry = createRealmRegistry(store.realms)
  const before = await registry.find(realm.id)
  await store.realms.change(realm.id, { displayName: 'Fabrikam' })
  expect(before?.displayName).toBe('Contoso')
  expect((await registry.find(realm.id))?.displayName).toBe('Fabrikam')
  await store.realms.addDomain(realm.id, `new${counter}.contoso.com`)
  expect((await registry.find(`new${counter}.contoso.com`))?.id).toBe(realm.id)
})

test('a new signing key makes a new version, so that providers are rebuilt', async () => {
  const realm = await born()
  const registry = createRealmRegistry(store.realms)
  const before = (await registry.find(realm.id))?.version ?? 0
  await store.realm(realm.id).signingKeys.add(await newSigningKey())
  expect((await registry.find(realm.id))?.version).toBeGreaterThan(before)
})

test('a disabled realm is not found, until it is enabled', async () => {
  const realm = await born()
  const registry = createRealmRegistry(store.realms)
  await registry.find(realm.id)
  await store.realms.change(realm.id, { status: 'disabled' })
  expect(await registry.find(realm.id)).toBeUndefined()
  expect(await registry.find(`r${counter}.contoso.com`)).toBeUndefined()
  await store.realms.change(realm.id, { status: 'active' })
  expect((await registry.find(realm.id))?.id).toBe(realm.id)
})

test('what cannot name a realm never reaches the database', async () => {
  const { reads, directory } = counted(store.realms)
  const registry = createRealmRegistry(directory)
  const hostile = [
    '',
    '..',
    'contoso',
    "a'; drop table realm;--",
    '%00',
    'a b.com',
    `${'a'.repeat(300)}.com`,
    '[::1]',
    'contoso.com.',
    'healthz',
  ]
  for (const name of hostile) expect(await registry.find(name)).toBeUndefined()
  expect(reads).toEqual([])
  expect(await registry.find('unknown.example')).toBeUndefined()
  expect(await registry.find(randomUUID())).toBeUndefined()
})

test('a refused creation leaves no key and no policy', async () => {
  await born()
  const made = await createRealm(
    { store, clock: () => now, newId: randomUUID, newSigningKey },
    { displayName: 'Again', domain: `r${counter}.contoso.com` },
  )
  expect(made).toEqual({ outcome: 'conflict' })
})

test('isDomainName takes ASCII names with a dot', () => {
  expect(['contoso.com', 'xn--mnchen-3ya.de', 'a.b.c'].map(isDomainName)).toEqual([true, true, true])
  expect(['contoso', 'Contoso.com', '-a.com', 'a-.com', 'a..com', 'münchen.de', '1.2.3.4/'].map(isDomainName)).toEqual(
    Array(7).fill(false),
  )
})

/** Reads that end when the test says so. */
function reads() {
  const begun: PromiseWithResolvers<number>[] = []
  const read = () => {
    const one = Promise.withResolvers<number>()
    begun.push(one)
    return one.promise
  }
  return { begun, ask: shareReads(read) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('whoever asks while a version is read shares one later read, and never the one that began before', async () => {
  const { begun, ask } = reads()
  const first = ask('realm')
  await turn()
  const others = [ask('realm'), ask('realm'), ask('realm')]
  await turn()
  expect(begun).toHaveLength(1)
  begun[0]?.resolve(1)
  expect(await first).toBe(1)
  await Promise.resolve()
  expect(begun).toHaveLength(2)
  const last = ask('realm')
  begun[1]?.resolve(2)
  expect(await Promise.all(others)).toStrictEqual([2, 2, 2])
  begun[2]?.resolve(3)
  expect(await last).toBe(3)
  expect(begun).toHaveLength(3)
  void ask('realm')
  await turn()
  expect(begun).toHaveLength(4)
})

test('all who ask in one turn share one read, and whoever asks when it has begun does not', async () => {
  const { begun, ask } = reads()
  const together = [ask('realm'), ask('realm'), ask('realm')]
  expect(begun).toHaveLength(0)
  await turn()
  const later = ask('realm')
  begun[0]?.resolve(1)
  expect(await Promise.all(together)).toStrictEqual([1, 1, 1])
  await turn()
  begun[1]?.resolve(2)
  expect(await later).toBe(2)
  expect(begun).toHaveLength(2)
})

test('a read that failed fails those who shared it, and no later one', async () => {
  const { begun, ask } = reads()
  const first = ask('realm')
  await turn()
  const second = ask('realm')
  begun[0]?.reject(new RangeError('away'))
  await expect(first).rejects.toThrow('away')
  begun[1]?.resolve(7)
  expect(await second).toBe(7)
})
