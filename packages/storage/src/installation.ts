/**
 * installation ties a database to its one master key, so that a second machine with another key is told at once.
 *
 * It owns the one row of `installation` and when it is written. It does not know where the key comes from, nor does it
 * open sealed values for anybody.
 * @module
 */
import type { Connection, Session } from './connect.ts'
import { SealingError } from './errors.ts'
import { migrate } from './migrate.ts'
import { createSealer, fingerprintOf } from './sealing.ts'

/**
 * Brings the database to the schema of this release and makes sure that `masterKey` (32 bytes) is the one it is used with.
 *
 * The first key to come is the one; of several that come at once one wins. A database from before this was kept takes the
 * key that opens a signing key of it. Under a foreign key nothing is changed, migrations included.
 * @throws {SealingError} `unknown_key`; {@link MigrationError}
 */
export async function openInstallation(connection: Connection, masterKey: Uint8Array): Promise<void> {
  await connection.session((session) => compare(session, masterKey))
  await migrate(connection)
  await connection.session(async (session) => {
    if ((await compare(session, masterKey)) === 'claimed') return
    await session.query('insert into installation (key_fingerprint) values ($1) on conflict do nothing', [
      fingerprintOf(masterKey),
    ])
    await compare(session, masterKey)
  })
}

/** Whether a master key belongs to this database already. Changes nothing, and needs no migrated schema. */
export async function hasInstallation(connection: Connection): Promise<boolean> {
  return connection.session(async (session) => {
    for (const table of ['installation', 'realm'] as const) {
      if ((await isThere(session, table)) && (await session.query(`select 1 from ${table} limit 1`)).length > 0) return true
    }
    return false
  })
}

async function compare(session: Session, masterKey: Uint8Array): Promise<'claimed' | 'unclaimed'> {
  if (await isThere(session, 'installation')) {
    const [row] = await session.query('select key_fingerprint from installation')
    if (row !== undefined) {
      // bytea is a Uint8Array with either engine.
      if (!Buffer.from(row.key_fingerprint as Uint8Array).equals(fingerprintOf(masterKey)))
        throw new SealingError('unknown_key', 'this database')
      return 'claimed'
    }
  }
  if (await isThere(session, 'signing_key')) {
    const [row] = await session.query('select realm_id, kid, private_key_sealed from signing_key limit 1')
    if (row !== undefined) {
      const place = { table: 'signing_key', realmId: String(row.realm_id), id: String(row.kid) }
      createSealer(masterKey).open('signing-key', place, row.private_key_sealed as Uint8Array) // bytea, as above
    }
  }
  return 'unclaimed'
}

async function isThere(session: Session, table: 'installation' | 'realm' | 'signing_key'): Promise<boolean> {
  const [row] = await session.query('select to_regclass($1) is not null as there', [table])
  return row?.there === true
}
