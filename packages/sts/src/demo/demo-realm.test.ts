import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAttemptGate, createFactors, createMethods } from '@postern/mfa'
import { connect, createStore, migrate } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminStage, openAdminStage } from '../admin/testing/admin-stage.ts'
import { type DemoFile, findDemoFile, writeDemoFile } from './demo-file.ts'
import { ensureDemoRealm } from './demo-realm.ts'

let directory: string
let stage: AdminStage
let first: DemoFile

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-demo-'))
  const connection = await connect({ kind: 'pglite' })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})

afterAll(async () => {
  await stage.store.close()
  await rm(directory, { recursive: true })
})

async function run(mailPort: number, previous?: DemoFile): Promise<DemoFile> {
  const clock = () => stage.now
  const methods = createMethods({
    clock,
    random: randomBytes,
    digest: (...values) => new Uint8Array(createHash('sha256').update(values.join('\0')).digest()),
    messages: { send: async () => ({ outcome: 'undeliverable', because: 'no_sender' }) },
    relyingParty: { id: 'localhost', origins: ['http://localhost:8080'] },
  })
  const factors = createFactors({ clock, random: randomBytes, gate: createAttemptGate({ clock }), methods })
  const keyFiles = { privateKey: join(directory, 'key.pem'), certificate: join(directory, 'certificate.pem') }
  const data = await ensureDemoRealm({ ports: stage.ports, factors, previous, keep: async () => undefined, mailPort, keyFiles })
  return { issuer: `http://localhost:8080/${data.realm.id}`, ...data, endpoints: {} }
}

test('a second run keeps every secret and follows the mail port; without its file it refuses and changes nothing', async () => {
  first = await run(8090)
  expect(first).toMatchObject({
    realm: { domain: 'contoso.com' },
    accounts: [{ upn: 'mary@contoso.com', totpSecret: expect.stringMatching(/^[A-Z2-7]{32}$/) }, { upn: 'joe@contoso.com' }],
    admin: { upn: 'admin@contoso.com', totpSecret: expect.any(String) },
    resources: { mail: 'http://localhost:8090/' },
  })
  expect(first.accounts[1]).not.toHaveProperty('totpSecret')
  expect((await stat(first.clients.exchange.privateKeyFile)).mode & 0o777).toBe(0o600)

  const moved = await run(8091, first)
  expect(moved).toEqual({ ...first, resources: { mail: 'http://localhost:8091/' }, mailServer: 'http://localhost:8091' })
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  expect((await stage.store.realms.list())[0]?.settings.trustedNetworks).toEqual(['127.0.0.0/8', '::1/128'])
  expect((await kept.resources.list()).map(({ names }) => names)).toEqual([['http://localhost:8091/', 'http://localhost:8091']])
  const web = (await kept.clients.list({ limit: 10 })).find(({ id }) => id === first.clients.confidential.clientId)
  expect(web?.redirectUris).toEqual(['http://localhost:8091/callback'])

  const rows = async () => ({
    password: await kept.passwords.find((await kept.accounts.findByName('mary@contoso.com'))?.id as never),
    audited: await kept.audit.list({ limit: 1000 }),
  })
  const before = await rows()
  const foreign = { code: 'conflict', message: expect.stringMatching(/contoso\.com.*Nothing was changed/) }
  await expect(run(8092)).rejects.toMatchObject(foreign)
  await expect(run(8092, { ...first, realm: { ...first.realm, id: randomUUID() } })).rejects.toMatchObject(foreign)
  await expect(run(8092, { ...first, accounts: [] })).rejects.toMatchObject({
    message: expect.stringContaining('mary@contoso.com'),
  })
  expect(await rows()).toEqual(before)
  expect((await kept.resources.list()).map(({ audience }) => audience)).toEqual(['http://localhost:8091/'])
})

test('a password and a factor that somebody changed since are left alone', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  const mary = await kept.accounts.findByName('mary@contoso.com')
  if (mary === undefined) throw new TypeError('Mary is there')
  const [factor] = await kept.authenticators.list(mary.id)
  if (factor === undefined) throw new TypeError('Mary has a factor')
  await kept.authenticators.remove(factor.id)
  const password = await kept.passwords.find(mary.id)
  await run(8090, first)
  expect(await kept.authenticators.list(mary.id)).toEqual([])
  expect(await kept.passwords.find(mary.id)).toEqual(password)
})

test('the file is for its owner only, and is read back as it was written', async () => {
  const path = join(directory, 'demo.json')
  const demo = await run(8090, first)
  await writeDemoFile(path, demo)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await findDemoFile(path)).toEqual(demo)
  expect(await findDemoFile(join(directory, 'none.json'))).toBeUndefined()
})
