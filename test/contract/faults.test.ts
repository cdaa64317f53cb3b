import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, migrate, RealmId, type RealmStore, StorageUnavailable, type Store } from '@postern/storage'
import {
  type FaultProxy,
  type PostgresServer,
  sampleAuditRow,
  sampleRealm,
  sampleTime,
  startFaultProxy,
  startPostgres,
} from '@postern/storage/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A deferred promise, to hold a transaction open until the test says so. */
const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>()

describe('a database that goes away', () => {
  let server: PostgresServer
  let proxy: FaultProxy
  let store: Store
  let realm: RealmStore
  const stray: unknown[] = []
  const onStray = (error: unknown) => stray.push(error)

  beforeAll(async () => {
    process.on('uncaughtException', onStray)
    process.on('unhandledRejection', onStray)
    server = await startPostgres({ own: true })
    proxy = await startFaultProxy(await server.createDatabase())
    const connection = connect({
      kind: 'postgres',
      url: proxy.url,
      poolSize: 3,
      acquireMilliseconds: 1_000,
      statementMilliseconds: 1_000,
    })
    await migrate(connection)
    store = createStore({ connection, masterKey: randomBytes(32), clock: () => sampleTime })
    const id = RealmId.of(randomUUID())
    await store.realms.add(sampleRealm({ id }))
    realm = store.realm(id)
  })
  afterAll(async () => {
    await store.close()
    await proxy.close()
    await server.stop()
    process.off('uncaughtException', onStray)
    process.off('unhandledRejection', onStray)
    expect(stray).toEqual([])
  })

  /** Fails with StorageUnavailable and leaves nothing behind. */
  const expectUnavailable = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(StorageUnavailable)
    return error as StorageUnavailable // asserted one line above
  }
  const expectBack = async () => {
    await store.ping()
    await Promise.all(Array.from({ length: 10 }, () => store.transaction(() => realm.policies.list())))
    expect(await realm.audit.list({ limit: 10 })).toEqual([])
  }

  test('that crashes inside transactions is told as unavailable, and its return is noticed', async () => {
    const crashed = gate()
    const working = Array.from({ length: 3 }, () =>
      store.transaction(async () => {
        await realm.audit.append(sampleAuditRow())
        await crashed.promise
        await realm.audit.append(sampleAuditRow())
      }),
    )
    const outcomes = working.map(expectUnavailable)
    await realm.policies.list().catch(() => undefined)
    await server.crash()
    crashed.resolve()
    await Promise.all(outcomes)
    expect((await expectUnavailable(store.ping())).cause).toBeDefined()
    await expectUnavailable(realm.policies.list())
    await expectUnavailable(store.removeExpired(sampleTime, 1))
    await server.restart()
    await expectBack()
  })

  test('that refuses connections is told as unavailable, and its return is noticed', async () => {
    proxy.cut()
    await expectUnavailable(store.ping())
    await expectUnavailable(store.transaction(() => realm.policies.list()))
    const many = Array.from({ length: 300 }, () => realm.audit.append(sampleAuditRow()))
    await Promise.all(many.map(expectUnavailable))
    proxy.restore()
    await expectBack()
  })

  test('that is swallowed by the network is told as unavailable in bounded time, also in the midst of a transaction', async () => {
    const swallowed = gate()
    const working = store.transaction(async () => {
      await realm.audit.append(sampleAuditRow())
      await swallowed.promise
      await Promise.all([realm.policies.list(), realm.policies.list(), realm.audit.append(sampleAuditRow())])
    })
    const outcome = expectUnavailable(working)
    await store.ping() // another session is idle now, and will be swallowed as well
    proxy.swallow()
    swallowed.resolve()
    await Promise.all([outcome, expectUnavailable(store.ping()), expectUnavailable(realm.policies.list())])
    proxy.restore()
    await expectBack()
  })

  test('that is slow is told as unavailable', async () => {
    const connection = connect({ kind: 'postgres', url: proxy.url, poolSize: 1, statementMilliseconds: 200 })
    const slow = connection.session((session) => session.query('select pg_sleep(60)'))
    expect((await expectUnavailable(slow)).reason).toBe('timeout')
    await connection.session((session) => session.query('select 1'))
    await connection.close()
  })

  test('that has no session free is told as unavailable, while work outside of transactions goes on', async () => {
    const done = gate()
    const held = Array.from({ length: 3 }, gate)
    const holding = held.map((mine) =>
      store.transaction(async () => {
        await realm.policies.list()
        mine.resolve()
        await done.promise
        await store.outsideTransaction(() => realm.policies.list())
      }),
    )
    await Promise.all(held.map(({ promise }) => promise))
    const error = await expectUnavailable(store.ping())
    done.resolve()
    await Promise.all(holding)
    expect(error.reason).toBe('exhausted')
    await expectBack()
  })

  test.each([
    ['a port where nobody listens', 'postgres://postgres:x@127.0.0.1:1/postgres'],
    ['a name that does not resolve', 'postgres://postgres:x@postern.invalid/postgres'],
  ])('at %s is unavailable', async (_, url) => {
    const connection = connect({ kind: 'postgres', url, acquireMilliseconds: 1_000 })
    const away = createStore({ connection, masterKey: randomBytes(32), clock: () => sampleTime })
    await expectUnavailable(away.ping())
    await expectUnavailable(migrate(connection))
    await away.close()
  })

  test('that does not know the password or the database is unavailable', async () => {
    for (const change of [(url: URL) => (url.password = 'wrong'), (url: URL) => (url.pathname = '/none')]) {
      const url = new URL(server.url)
      change(url)
      const connection = connect({ kind: 'postgres', url: url.href })
      const away = createStore({ connection, masterKey: randomBytes(32), clock: () => sampleTime })
      await expectUnavailable(away.ping())
      await away.close()
    }
  })
})
