import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAttemptGate, createFactors, createMethods } from '@postern/mfa'
import { connect, createStore, migrate } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientPresets } from '../admin/client-presets.ts'
import { operations } from '../admin/operations.ts'
import { mailServerGrants } from '../admin/server-grants.ts'
import { type AdminStage, openAdminStage } from '../admin/testing/admin-stage.ts'
import { thumbprintOf } from '../protocol/signing-keys.ts'
import { type DemoFile, type EarlierDemoFile, findDemoFile, writeDemoFile } from './demo-file.ts'
import { ensureDemoRealm } from './demo-realm.ts'

const exchange = '00000002-0000-0ff1-ce00-000000000000'
const cloud = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'
let directory: string
let stage: AdminStage
let first: DemoFile

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-demo-'))
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})

afterAll(async () => {
  await stage.store.close()
  await rm(directory, { recursive: true })
})

async function run(mailPort: number, previous?: EarlierDemoFile): Promise<DemoFile> {
  const clock = () => stage.now
  const methods = createMethods({
    clock,
    random: randomBytes,
    digest: (...values) => new Uint8Array(createHash('sha256').update(values.join('\0')).digest()),
    messages: { send: async () => ({ outcome: 'undeliverable', because: 'no_sender' }) },
    relyingParty: { id: 'localhost', origins: ['http://localhost:8080'] },
  })
  const factors = createFactors({ clock, random: randomBytes, gate: createAttemptGate({ clock }), methods })
  const filesOf = (name: string) => ({ privateKey: join(directory, `${name}.key`), certificate: join(directory, `${name}.pem`) })
  const keyFiles = { exchange: filesOf('exchange'), cloud: filesOf('cloud') }
  const data = await ensureDemoRealm({
    ports: stage.ports,
    factors,
    previous,
    keep: async () => undefined,
    mailPort,
    cloudPort: mailPort + 100,
    keyFiles,
  })
  return { issuer: `http://localhost:8080/${data.realm.id}`, ...data, endpoints: {} }
}

test('a second run keeps every secret and follows the mail port; without its file it refuses and changes nothing', async () => {
  first = await run(8090)
  expect(first).toMatchObject({
    realm: { domain: 'contoso.com' },
    cloudDomain: 'contoso.onmicrosoft.test',
    accounts: [
      { upn: 'mary@contoso.com', totpSecret: expect.stringMatching(/^[A-Z2-7]{32}$/) },
      { upn: 'joe@contoso.com' },
      { upn: 'ann@contoso.com', totpSecret: expect.any(String) },
    ],
    admin: { upn: 'admin@contoso.com', totpSecret: expect.any(String) },
    resources: { mail: 'http://localhost:8090/', cloud: 'http://localhost:8190/' },
  })
  expect(first.accounts[1]).not.toHaveProperty('totpSecret')
  expect((await stat(first.clients.exchange.privateKeyFile)).mode & 0o777).toBe(0o600)

  const moved = await run(8091, first)
  expect(moved).toEqual({
    ...first,
    resources: { mail: 'http://localhost:8091/', cloud: 'http://localhost:8191/' },
    mailServer: 'http://localhost:8091',
    cloudServer: 'http://localhost:8191',
  })
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  expect((await stage.store.realms.list())[0]?.settings.trustedNetworks).toEqual(['127.0.0.0/8', '::1/128'])
  expect((await kept.resources.list()).map(({ names }) => names).toSorted()).toEqual([
    ['http://localhost:8091/', 'http://localhost:8091', `${exchange}/localhost`],
    ['http://localhost:8191/', 'http://localhost:8191', `${cloud}/localhost`],
  ])
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
  expect((await kept.resources.list()).map(({ audience }) => audience).toSorted()).toEqual([
    'http://localhost:8091/',
    'http://localhost:8191/',
  ])
})

test('each of the two servers has a certificate of its own, may ask for the other one, and acts for people there but for administrators', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  expect((await stage.store.realms.find(first.realm.id as never))?.domains).toEqual(['contoso.com', 'contoso.onmicrosoft.test'])
  const principals = await kept.partners.principals()
  expect(principals.map(({ client, certificates }) => [client.id, certificates.length]).toSorted()).toEqual([
    [exchange, 1],
    [cloud, 1],
  ])
  const resources = new Map((await kept.resources.list()).map(({ id, principalId }) => [id, principalId]))
  const acting = (await kept.delegations.list()).map(({ clientId, resourceId, scopes, exceptGroups }) => [
    clientId,
    resources.get(resourceId),
    scopes,
    exceptGroups,
  ])
  const scopes = ['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All']
  expect(acting.toSorted()).toEqual([
    [exchange, cloud, scopes, ['administrators']],
    [cloud, exchange, scopes, ['administrators']],
  ])
})

/** What `postern hybrid status` and the others give. */
async function perform(name: string, input: Readonly<Record<string, unknown>> = {}) {
  const realm = await stage.store.realms.find(first.realm.id as never)
  const operation = operations.find((one) => one.name === name)
  if (realm === undefined || operation === undefined) throw new TypeError(`no ${name} here`)
  return operation.execute(stage.ports, { realm, input, actor: 'cli:root', reference: 'reference' })
}

test('they are a hybrid like any other: its status says so, and after an undo the next run makes it again', async () => {
  const all = { inPlace: true, problems: [], onPremises: { client: exchange }, cloud: { client: cloud } }
  expect(await perform('hybrid.status')).toMatchObject(all)
  await perform('hybrid.undo')
  await expect(perform('hybrid.status')).rejects.toMatchObject({ code: 'missing' })
  const { clients } = first
  first = await run(8091, first)
  expect(first.clients).toEqual(clients)
  expect(await perform('hybrid.status')).toMatchObject({ ...all, onPremises: { client: exchange, url: first.resources.mail } })
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  for (const id of [exchange, cloud])
    expect((await kept.clients.find(id as never))?.grantTypes).toEqual(['client_credentials', ...mailServerGrants])
})

test('a right that somebody took away stays away, and a server that somebody disabled stays so, also when a port moves', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  const granted = await kept.delegations.list()
  await perform('delegation.revoke', { client: cloud, resource: first.resources.mail })
  await perform('client.disable', { client: exchange })
  for (const port of [8095, 8091]) {
    const now = await run(port, first)
    expect(await kept.resources.findByName(now.resources.mail)).toMatchObject({ principalId: exchange })
    expect(await kept.delegations.list()).toHaveLength(1)
    expect(await kept.clients.find(exchange as never)).toMatchObject({ status: 'disabled' })
  }
  await perform('client.enable', { client: exchange })
  expect(await run(8091, first)).toEqual(first)
  expect(await kept.delegations.list()).toHaveLength(1)
  expect(await perform('hybrid.status')).toMatchObject({ inPlace: false })
  // As if an earlier version had registered them, which kept no record of it.
  await kept.hybrids.remove('hybrid')
  await run(8091, first)
  expect(await kept.delegations.list()).toHaveLength(1)
  expect(await perform('hybrid.status')).toMatchObject({ parts: [], problems: [expect.stringContaining('may act for nobody')] })
  for (const one of granted) await kept.delegations.grant(one)
})

test('a server whose key file is lost gets another pair, and the old certificate counts no more', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  const x5ts = async () =>
    Object.fromEntries(
      (await kept.partners.principals()).map(({ client, certificates }) => [client.id, certificates.map(({ x5t }) => x5t)]),
    )
  const before = await x5ts()
  await rm(first.clients.cloud.privateKeyFile)
  await run(8091, first)
  const after = await x5ts()
  expect(after[exchange]).toEqual(before[exchange])
  expect(after[cloud]).toHaveLength(1)
  expect(after[cloud]).not.toEqual(before[cloud])
  expect(after[cloud]).toEqual([thumbprintOf(new X509Certificate(await readFile(first.clients.cloud.certificateFile)).raw)])
  expect(await perform('hybrid.status')).toMatchObject({ inPlace: true })
})

test('the demo of an earlier version, which knew no cloud, gets it and keeps everything else', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  // As it was: one server with one grant and no names for servers, no cloud, no colleague.
  await kept.clients.remove(cloud as never)
  const [cloudResource] = (await kept.resources.list()).filter(({ principalId }) => principalId === cloud)
  const [mailResource] = (await kept.resources.list()).filter(({ principalId }) => principalId === exchange)
  const server = await kept.clients.find(exchange as never)
  const ann = await kept.accounts.findByName('ann@contoso.com')
  if (cloudResource === undefined || mailResource === undefined || server === undefined || ann === undefined)
    throw new TypeError('the demo is there')
  await kept.resources.remove(cloudResource.id)
  await kept.resources.replace({ ...mailResource, names: ['http://localhost:8091/', 'http://localhost:8091'] })
  await kept.clients.replace({ ...server, grantTypes: ['client_credentials'], access: [] })
  await kept.accounts.remove(ann.id)
  const path = join(directory, 'earlier.json')
  const { cloudDomain: _domain, cloudServer: _server, clients, resources, accounts, ...others } = first
  const { cloud: _client, ...earlierClients } = clients
  const earlier = { ...others, accounts: accounts.slice(0, 2), clients: earlierClients, resources: { mail: resources.mail } }
  await writeFile(path, JSON.stringify(earlier))

  const now = await run(8091, await findDemoFile(path))
  expect(now.accounts.slice(0, 2)).toEqual(accounts.slice(0, 2))
  expect(now.clients.exchange).toEqual(clients.exchange)
  expect(now).toMatchObject({ clients: { cloud: { clientId: cloud } }, resources: { cloud: 'http://localhost:8191/' } })
  expect(await kept.delegations.list()).toHaveLength(2)
  first = now
})

test('its set-up page and its client pack have a profile for phones, which follows the port; what somebody made of that stays', async () => {
  const kept = stage.store.realm(first.realm.id as Parameters<typeof stage.store.realm>[0])
  const hosts = async () => (await stage.store.realms.find(first.realm.id as never))?.settings.mailHosts
  const apple = clientPresets['apple-mail'].id
  const at = (port: number) => ({
    activesync: `http://localhost:${port}/Microsoft-Server-ActiveSync`,
    ews: `http://localhost:${port}/EWS/Exchange.asmx`,
  })
  await run(8093, first)
  expect(await hosts()).toEqual(at(8093))
  await run(8091, first)
  expect(await hosts()).toEqual(at(8091))
  const folder = join(directory, 'pack')
  expect(await perform('client-pack.write', { folder })).toMatchObject({ files: expect.arrayContaining(['mail.mobileconfig']) })
  const profile = await readFile(join(folder, 'mail.mobileconfig'), 'utf8')
  expect(profile).toContain('<key>Host</key><string>localhost:8091</string><key>SSL</key><false/><key>OAuth</key><true/>')

  const own = {
    activesync: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
    ews: 'https://mail.contoso.com/EWS/Exchange.asmx',
  }
  await perform('realm.change', { realm: first.realm.id, mailHosts: [`activesync=${own.activesync}`, `ews=${own.ews}`] })
  await run(8094, first)
  expect(await hosts()).toEqual(own)
  await perform('realm.change', { realm: first.realm.id, mailHosts: [] })
  await perform('client.disable', { client: apple })
  await run(8091, first)
  expect(await hosts()).toBeUndefined()
  expect(await kept.clients.find(apple as never)).toMatchObject({ status: 'disabled' })

  // As in the demo of an earlier version.
  await kept.clients.remove(apple as never)
  await run(8091, first)
  expect(await hosts()).toEqual(at(8091))
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
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(demo)
  const { realm, accounts, admin } = demo
  expect(await findDemoFile(path)).toMatchObject({ realm, accounts, admin })
  expect(await findDemoFile(join(directory, 'none.json'))).toBeUndefined()
})
