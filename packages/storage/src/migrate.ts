import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Connection, Session } from './connect.ts'
import { MigrationError, StorageUnavailable, UnfitData } from './errors.ts'
import { toStorageFault } from './faults.ts'

export interface Migration {
  readonly name: string
  readonly number: number
  readonly sha256: string
  /** Number of the oldest schema whose servers may run beside this one; `undefined`: none may. */
  readonly runsBeside: number | undefined
  readonly script: string
}

/** The migrations that this release was built with. */
export const defaultMigrations: string = fileURLToPath(new URL('../../../migrations', import.meta.url))

/** Any number would do that nothing else in this database takes. */
const lock = 7_167_837

function parseMigration(name: string, script: string): Migration {
  const number = /^(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/.exec(name)?.[1]
  if (number === undefined) throw new MigrationError('malformed', `${name}: a migration is called like 0001_realm.sql`)
  const [first = '', second = ''] = script.split(/\r?\n/, 2)
  if (first !== `-- ${name}`) throw new MigrationError('malformed', `${name}: the first line must be "-- ${name}"`)
  const beside = /^--! runs-beside: (none|\d{4})(?:\s|$)/.exec(second)?.[1]
  if (beside === undefined)
    throw new MigrationError('malformed', `${name}: the second line must be "--! runs-beside: none" or a number`)
  return Object.freeze({
    name,
    number: Number(number),
    sha256: createHash('sha256').update(script).digest('hex'),
    runsBeside: beside === 'none' ? undefined : Number(beside),
    script,
  })
}

/**
 * Reads the migrations of a directory, in order. Other files are left alone unless they end in `.sql`.
 * @throws {MigrationError} `gap`, `malformed`
 */
export async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  const migrations = await Promise.all(
    names.map(async (name) => parseMigration(name, await readFile(`${directory}/${name}`, 'utf8'))),
  )
  for (const [index, migration] of migrations.entries()) {
    if (migration.number === index + 1) continue
    const due = String(index + 1).padStart(4, '0')
    throw new MigrationError('gap', `${migration.name}: number ${due} was due here; numbers run from 0001 without gaps`)
  }
  return migrations
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly sha256: string
  readonly runs_beside: number | null
}

/** Compares what was applied with what this release knows. Returns what is missing. */
function decidePending(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  for (const [index, row] of applied.entries()) {
    const migration = known[index]
    if (row.number !== index + 1) throw new MigrationError('gap', `The database lacks migration ${index + 1} but has ${row.name}`)
    if (migration === undefined) {
      if (row.runs_beside !== null && row.runs_beside <= known.length) continue
      throw new MigrationError('ahead', `The database has ${row.name}, beside which this release cannot run; use a newer release`)
    }
    if (migration.name !== row.name || migration.sha256 !== row.sha256) {
      throw new MigrationError('edited', `${row.name} was applied with another content; put it back and write a new migration`)
    }
  }
  return known.slice(applied.length)
}

const readApplied = async (session: Session): Promise<readonly Applied[]> =>
  (await session.query(
    'select number, name, sha256, runs_beside from migration order by number',
  )) as unknown as readonly Applied[] // its own columns

/** What a migration itself said when it stopped by `raise exception` (SQLSTATE P0001), which is written for operators. */
function wordsOfRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'P0001') return undefined
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : ''
  return `${error.message}.${hint}`
}

async function apply(session: Session, known: readonly Migration[]): Promise<readonly string[]> {
  await session.runScript(
    'set local lock_timeout = 0; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0',
  )
  await session.runScript(`select pg_advisory_xact_lock(${lock})`)
  await session.runScript(`create table if not exists migration (
    number      integer     not null,
    name        text        not null,
    sha256      text        not null,
    runs_beside integer,
    applied_at  timestamptz not null default now(),
    constraint migration_pk primary key (number)
  )`)
  const pending = decidePending(known, await readApplied(session))
  for (const migration of pending) {
    try {
      await session.runScript(migration.script)
    } catch (error) {
      const fault = toStorageFault(error)
      if (fault instanceof StorageUnavailable) throw fault
      const words = wordsOfRefusal(error)
      if (words !== undefined) throw new UnfitData(`${migration.name}: ${words}`, { cause: error })
      throw new MigrationError('failed', `${migration.name} failed; nothing of this run was kept`, { cause: error })
    }
    await session.query('insert into migration (number, name, sha256, runs_beside) values ($1, $2, $3, $4)', [
      migration.number,
      migration.name,
      migration.sha256,
      migration.runsBeside ?? null,
    ])
  }
  return pending.map(({ name }) => name)
}

/**
 * Brings the database to the schema of this release: every missing migration, in order, in one transaction.
 *
 * Processes that start together wait for each other (an advisory lock of the transaction), so each migration is applied
 * once. Returns the names of what was applied; an empty list means that the database was up to date.
 * @throws {MigrationError}, {@link UnfitData} and nothing was changed; {@link StorageUnavailable} when the database is away.
 */
export async function migrate(
  connection: Pick<Connection, 'session'>,
  options: { directory?: string } = {},
): Promise<readonly string[]> {
  const known = await readMigrations(options.directory ?? defaultMigrations)
  return connection.session(async (session) => {
    await session.runScript('begin')
    const applied = await apply(session, known)
    await session.runScript('commit')
    return Object.freeze([...applied])
  })
}

/**
 * What {@link migrate} would apply. Changes nothing.
 * @throws {MigrationError} as {@link migrate} would.
 */
export async function pendingMigrations(
  connection: Connection,
  options: { directory?: string } = {},
): Promise<readonly string[]> {
  const known = await readMigrations(options.directory ?? defaultMigrations)
  return connection.session(async (session) => {
    const [row] = await session.query("select to_regclass('migration') is not null as there")
    return decidePending(known, row?.there === true ? await readApplied(session) : []).map(({ name }) => name)
  })
}
