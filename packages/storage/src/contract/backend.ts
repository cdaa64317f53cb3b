import { randomBytes, randomUUID } from 'node:crypto'
import { type Connection, connect } from '../connect.ts'
import { createStore } from '../create-store.ts'
import { RealmId } from '../identifiers.ts'
import { migrate } from '../migrate.ts'
import type { RealmStore, Store } from '../store.ts'
import { startPostgres } from './postgres-server.ts'
import { sampleRealm } from './samples.ts'

/** A migrated database with a store on it. */
export interface OpenBackend {
  readonly store: Store
  readonly connection: Connection
  readonly masterKey: Uint8Array
  /** Of the database, where others can connect to it as well. */
  readonly url: string | undefined
  /** What the store takes for now. Tests may set it. */
  readonly clock: { now: Date }
  /** A new realm, so that tests in one database do not meet. */
  newRealm(): Promise<RealmStore>
  close(): Promise<void>
}

/** One engine that every promise of a port is tested on. */
export interface Backend {
  readonly name: 'PGlite' | 'PostgreSQL'
  /** Whether two transactions can be open at the same time. */
  readonly concurrent: boolean
  open(): Promise<OpenBackend>
}

async function openOn(connection: Connection, url: string | undefined, end: () => Promise<void>): Promise<OpenBackend> {
  await migrate(connection)
  const clock = { now: new Date('2031-05-06T07:08:09.010Z') }
  const masterKey = new Uint8Array(randomBytes(32))
  const store = createStore({ connection, masterKey, clock: () => clock.now })
  return {
    store,
    connection,
    masterKey,
    url,
    clock,
    async newRealm() {
      const realm = sampleRealm({ id: RealmId.of(randomUUID()) })
      await store.realms.add(realm)
      return store.realm(realm.id)
    },
    async close() {
      await store.close()
      await end()
    },
  }
}

/** PGlite in memory, from the image of the run where there is one (image-setup.ts). */
export const pglite: Backend = {
  name: 'PGlite',
  concurrent: false,
  open: () => openOn(connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE }), undefined, async () => undefined),
}

/** A database of its own on the run's PostgreSQL (global-setup.ts), or on one that is started for it. */
export const postgres: Backend = {
  name: 'PostgreSQL',
  concurrent: true,
  async open() {
    const server = await startPostgres()
    const url = await server.createDatabase()
    return openOn(connect({ kind: 'postgres', url, poolSize: 20 }), url, () => server.stop())
  },
}

export const backends: readonly Backend[] = [pglite, postgres]
