import { randomBytes } from 'node:crypto'
import { type Connection, connect, createStore, migrate, type RealmStore, type Store } from '@postern/storage'
import { type PostgresServer, sampleAccount, sampleRealm, sampleTime, startPostgres } from '@postern/storage/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let server: PostgresServer
let other: Connection
let store: Store
let realm: RealmStore
const account = sampleAccount()

beforeAll(async () => {
  server = await startPostgres()
  const url = await server.createDatabase()
  other = connect({ kind: 'postgres', url, poolSize: 1, applicationName: 'other' })
  await migrate(other)
  // One session, so that each statement meets what the one before it left there.
  store = createStore({
    connection: connect({ kind: 'postgres', url, poolSize: 1 }),
    masterKey: randomBytes(32),
    clock: () => sampleTime,
  })
  const { id } = sampleRealm()
  await store.realms.add(sampleRealm({ id }))
  realm = store.realm(id)
  await realm.accounts.add(account)
})
afterAll(async () => {
  await store?.close()
  await other?.close()
  await server?.stop()
})

/** More often than PostgreSQL plans for the values in hand; from then on one plan is good for all. */
async function findOften(): Promise<void> {
  for (let time = 0; time < 8; time += 1) expect((await realm.accounts.find(account.id))?.upn).toBe(account.upn)
}

const sessions = async (): Promise<readonly unknown[]> =>
  (
    await other.session((session) =>
      session.query(
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'postern' order by pid",
      ),
    )
  ).map(({ pid }) => pid)

describe('a session that has prepared its statements', () => {
  test('goes on when a migration beside it adds a column and an index', async () => {
    await findOften()
    const before = await sessions()
    await other.runScript('alter table account add column nickname text; create index account_nickname_ix on account (nickname);')
    await findOften()
    expect(await sessions()).toEqual(before)
  })

  test('gives way to a new one when a column has changed its type, and one request is told to come again', async () => {
    await findOften()
    const before = await sessions()
    await other.runScript('alter table account alter column display_name type varchar(500)')
    await expect(realm.accounts.find(account.id)).rejects.toMatchObject({ name: 'StorageUnavailable', reason: 'unreachable' })
    await findOften()
    expect(await sessions()).not.toEqual(before)
  })
})
