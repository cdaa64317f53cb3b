import { randomBytes, randomUUID } from 'node:crypto'
import type { ClientId, Revocation } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { createKeptLog } from '@postern/sts/testing/delivery'
import { createAudit, createDovecotConnections } from '@postern/sts/testing/mailgate'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type DoveadmHost, startDoveadmHost } from '../../support/doveadm-host.ts'
import { minute, openStage, type Scene, type Stage, setScene } from './workers-stage.ts'

const second = 1_000
const names = ['mary@contoso.com', 'mary.rivera@contoso.com', 'm.rivera@contoso.com']

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

async function dovecot(): Promise<DoveadmHost> {
  const host = await startDoveadmHost()
  onTestFinished(() => host.close())
  return host
}

/** A process: its worker and its log. */
function startWorker(of: Stage = stage) {
  const { store, clock } = of
  const { log, lines } = createKeptLog()
  const connections = createDovecotConnections({
    store,
    fetch,
    clock,
    log,
    audit: createAudit({ clock, newId: randomUUID }),
    reference: randomUUID,
  })
  return { ...connections, lines }
}

async function addServer({ realm }: Scene, host: Pick<DoveadmHost, 'url' | 'key'>): Promise<ClientId> {
  const clientId = randomUUID() as string as ClientId // a brand has no runtime part
  const now = stage.clock()
  await realm.clients.add({
    id: clientId,
    displayName: 'Mail',
    status: 'active',
    authenticationMethod: 'client_secret_basic',
    applicationType: 'web',
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes: ['client_credentials'],
    pkce: 'required',
    consent: 'implicit',
    dpopBoundAccessTokens: false,
    pushedAuthorizationRequired: false,
    access: [],
    createdAt: now,
    updatedAt: now,
  })
  await realm.mailServers.put({
    clientId,
    protocols: ['imap'],
    upstreams: {},
    doveadm: { url: host.url, key: host.key },
    createdAt: now,
  })
  return clientId
}

/** Writes down that something ended, as the triggers do. */
const end = (scene: Scene, change: Partial<Revocation> & Pick<Revocation, 'kind'>, at = stage.clock()) =>
  scene.realm.revocations.append({ at, accountId: scene.account.id, upn: scene.account.upn, ...change })

/** A Dovecot that was there before anything ended. */
async function watched() {
  const [scene, host] = [await setScene(stage), await dovecot()]
  const clientId = await addServer(scene, host)
  const worker = startWorker()
  await worker.run()
  return { scene, host, clientId, worker }
}

describe('whoever has no access any more', () => {
  test('loses the open connections, under every name that he may have come with, and the trail says how many', async () => {
    const { scene, host, clientId, worker } = await watched()
    host.connect('mary@contoso.com', 3)
    host.connect('m.rivera@contoso.com', 1)
    host.connect('joe@contoso.com', 2)
    await end(scene, { kind: 'password-changed' })
    expect(await worker.run()).toBe(2)
    expect(host.asked()).toEqual(names)
    expect(host.connected()).toEqual(['joe@contoso.com'])
    expect(await scene.audited('connections.ended')).toEqual([{ server: clientId, because: 'password-changed', count: 2 }])
    expect(await worker.run()).toBe(0)
    expect(host.asked()).toEqual(names)
  })

  test.each(['mail-app', 'app-password', 'refresh-family', 'session', 'signed-out', 'account-disabled'] as const)(
    'is put out after %s',
    async (kind) => {
      const { scene, host, worker } = await watched()
      host.connect('mary@contoso.com', 1)
      await end(scene, { kind })
      await worker.run()
      expect(host.connected()).toEqual([])
    },
  )

  test('is put out once for all that ended at one time, by triggers as well, and also when the account is gone', async () => {
    const { scene, host, worker } = await watched()
    const { accounts } = scene.realm
    host.connect('mary@contoso.com', 1)
    await accounts.signOut(scene.account.id, stage.clock())
    await accounts.replace({ ...scene.account, status: 'disabled', updatedAt: stage.clock() })
    await accounts.remove(scene.account.id)
    expect(await worker.run()).toBe(1)
    expect([host.asked(), host.connected()]).toEqual([['mary@contoso.com'], []])
  })

  test('is put out under a name that is not theirs any more, be it one of several that end at one time', async () => {
    const { scene, host, worker } = await watched()
    for (const name of [...names, 'new@contoso.com']) host.connect(name, 1)
    const { accounts } = scene.realm
    await accounts.replace({ ...scene.account, upn: 'new@contoso.com', address: 'new@contoso.com', furtherAddresses: [] })
    await accounts.replace({ ...scene.account, upn: 'new@contoso.com', status: 'disabled', address: 'newer@contoso.com' })
    expect(await worker.run()).toBe(4)
    expect([host.connected(), host.asked().toSorted()]).toEqual([
      [],
      [...names, 'new@contoso.com', 'newer@contoso.com'].toSorted(),
    ])
  })

  test('cannot have others put out by a name with a star in it', async () => {
    const { scene, host, worker } = await watched()
    await scene.realm.accounts.replace({
      ...scene.account,
      upn: 'm*@contoso.com',
      address: 'm*@contoso.com',
      furtherAddresses: [],
    })
    await worker.run()
    const before = host.asked().length
    host.connect('mary@contoso.com', 1)
    await end(scene, { kind: 'session', upn: 'm*@contoso.com' })
    await end(scene, { kind: 'session', accountId: randomUUID() as never, upn: '10.0.0.0/8' }) // a brand has no runtime part
    await worker.run()
    expect([host.asked().slice(before), host.connected()]).toEqual([['m?@contoso.com'], ['mary@contoso.com']])
  })
})

describe('while a Dovecot is away', () => {
  test('nothing is lost: it is told once it is back, and the log says so once', async () => {
    const { scene, host, worker } = await watched()
    host.connect('mary@contoso.com', 1)
    await host.goDown()
    await end(scene, { kind: 'signed-out' })
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await worker.run()).toBe(0)
      stage.later(20 * second)
    }
    await host.comeBack()
    expect([await worker.run(), host.connected()]).toEqual([1, []])
    expect(worker.lines().match(/cannot be told to end connections/g)).toHaveLength(1)
    expect(worker.lines()).toContain('ends connections again')
    expect(worker.lines()).not.toContain(host.key)
  })

  test('it is tried again after 1, 2, 4, 8 and then 15 seconds, and not in between', async () => {
    const { scene, host, worker } = await watched()
    host.behave('busy')
    await end(scene, { kind: 'signed-out' })
    const tries: number[] = []
    for (let now = 0; now < 50; now += 1) {
      const before = host.asked().length
      await worker.run()
      if (host.asked().length > before) tries.push(now)
      stage.later(second)
    }
    expect(tries).toEqual([0, 1, 3, 7, 15, 30, 45])
  })

  test('another process goes on where this one stopped', async () => {
    const { scene, host, worker } = await watched()
    await end(scene, { kind: 'signed-out' })
    await worker.run()
    host.behave('busy')
    host.connect('mary@contoso.com', 1)
    stage.later(second)
    await end(scene, { kind: 'session' })
    await worker.run()
    host.behave('answer')
    expect([await startWorker().run(), host.connected(), host.asked().length]).toEqual([1, [], 7])
  })

  test('what ended more than a day ago is passed over', async () => {
    const { scene, host, worker } = await watched()
    await end(scene, { kind: 'signed-out' }, new Date(stage.clock().getTime() - 24 * 60 * minute - second))
    await worker.run()
    expect(host.asked()).toEqual([])
  })
})

describe('a mail server', () => {
  test('with a wrong key is tried again, one that knows no such name is not, and neither holds up the other', async () => {
    const scene = await setScene(stage)
    const [right, wrong] = [await dovecot(), await dovecot()]
    await addServer(scene, right)
    await addServer(scene, { url: wrong.url, key: 'not it' })
    const worker = startWorker()
    await worker.run()
    right.behave('usage')
    await end(scene, { kind: 'signed-out' })
    await worker.run()
    right.behave('answer')
    stage.later(minute)
    await worker.run()
    expect([right.asked(), wrong.asked(), wrong.refused()]).toEqual([names, [], 2])
    expect(worker.lines()).toContain('HTTP 401')
  })

  test('that is set up later begins with what ends from then on, and one that is taken away hears no more', async () => {
    const scene = await setScene(stage)
    const worker = startWorker()
    await worker.run()
    await end(scene, { kind: 'signed-out' })
    const host = await dovecot()
    const clientId = await addServer(scene, host)
    stage.later(10 * second)
    await worker.run()
    expect(host.asked()).toEqual([])
    await end(scene, { kind: 'session' })
    await worker.run()
    expect(host.asked()).toEqual(names)
    await scene.realm.mailServers.remove(clientId)
    await end(scene, { kind: 'session' })
    await worker.run()
    stage.later(10 * second)
    await end(scene, { kind: 'session' })
    expect([await worker.run(), host.asked()]).toEqual([0, names])
  })
})

test('a hundred and fifty people at once are put out once each by two processes', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const databaseUrl = await server.createDatabase()
  const one = await openStage({ databaseUrl })
  onTestFinished(() => one.close())
  const two = await openStage({ databaseUrl, masterKey: one.masterKey })
  onTestFinished(() => two.close())
  const [scene, host] = [await setScene(one), await dovecot()]
  await addServer(scene, host)
  const workers = [startWorker(one), startWorker(two)]
  for (const worker of workers) await worker.run()
  const people = Array.from({ length: 150 }, () => `${randomBytes(4).toString('hex')}@contoso.com`)
  await one.store.transaction(async () => {
    for (const upn of people) await end(scene, { kind: 'account-removed', accountId: randomUUID() as never, upn }) // a brand
  })
  await Promise.all(workers.map((worker) => worker.run()))
  expect(host.asked()).toEqual(people)
})
