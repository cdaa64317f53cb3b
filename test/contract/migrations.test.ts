import { readdirSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, connect, defaultMigrations, MigrationError, migrate, pendingMigrations } from '@postern/storage'
import { type PostgresServer, startPostgres } from '@postern/storage/contract'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

let server: PostgresServer
let directory: string
let url: string
const connections: Connection[] = []

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-migrations-'))
  await cp(defaultMigrations, directory, { recursive: true })
  url = await server.createDatabase()
})
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await rm(directory, { recursive: true })
})

const open = (): Connection => {
  const connection = connect({ kind: 'postgres', url, poolSize: 2 })
  connections.push(connection)
  return connection
}
const write = (name: string, body: string, beside = 'none') =>
  writeFile(join(directory, name), `-- ${name}\n--! runs-beside: ${beside}\n${body}`)
const tables = async (connection: Connection) =>
  (
    await connection.session((session) =>
      session.query("select table_name from information_schema.tables where table_schema = 'public'"),
    )
  ).map(({ table_name }) => table_name)
/** How many migrations there are, and so the number of the newest. */
const newest = readdirSync(defaultMigrations).filter((name) => name.endsWith('.sql')).length
/** The number of the migration that stands `further` behind the newest. */
const number = (further: number): string => String(newest + further).padStart(4, '0')

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(MigrationError)
  return (error as MigrationError).code // asserted one line above
}

describe('migrate', () => {
  test('applies what is missing, in order, and tells what it was', async () => {
    const connection = open()
    const pending = await pendingMigrations(connection, { directory })
    expect(pending[0]).toBe('0001_realm.sql')
    expect(await migrate(connection, { directory })).toEqual(pending)
    expect(await migrate(connection, { directory })).toEqual([])
    expect(await pendingMigrations(connection, { directory })).toEqual([])
    await write(`${number(1)}_extra.sql`, 'create table extra (id integer);')
    expect(await migrate(connection, { directory })).toEqual([`${number(1)}_extra.sql`])
    expect(await tables(connection)).toContain('extra')
  })

  test('applies each migration once, although several start at the same time', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(open(), { directory })))
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
    expect(applied.flat()).toHaveLength(newest)
  })

  test('keeps nothing of a run in which a migration fails', async () => {
    const connection = open()
    await write(`${number(1)}_bad.sql`, 'create table half (id integer); select no_such_function();')
    expect(await refusal(migrate(connection, { directory }))).toBe('failed')
    expect(await tables(connection)).toEqual([])
    await rm(join(directory, `${number(1)}_bad.sql`))
    expect(await migrate(connection, { directory })).toHaveLength(newest)
  })

  test('refuses a missing number and one given twice', async () => {
    const connection = open()
    await write(`${number(2)}_gap.sql`, '')
    expect(await refusal(migrate(connection, { directory }))).toBe('gap')
    await rm(join(directory, `${number(2)}_gap.sql`))
    await write(`${number(0)}_twice.sql`, '')
    expect(await refusal(migrate(connection, { directory }))).toBe('gap')
    expect(await tables(connection)).toEqual([])
  })

  test('refuses history that was edited, and changes nothing', async () => {
    const connection = open()
    await migrate(connection, { directory })
    const name = join(directory, '0003_client.sql')
    await writeFile(name, `${await readFile(name, 'utf8')}\n-- edited\n`)
    await write(`${number(1)}_next.sql`, 'create table next (id integer);')
    expect(await refusal(migrate(connection, { directory }))).toBe('edited')
    expect(await tables(connection)).not.toContain('next')
  })

  test.each([
    ['Realm.sql', '-- Realm.sql\n--! runs-beside: none\n'],
    [`${number(1)}_Name.sql`, `-- ${number(1)}_Name.sql\n--! runs-beside: none\n`],
    [`${number(1)}_wrong_first_line.sql`, `-- ${number(1)}_other.sql\n--! runs-beside: none\n`],
    [`${number(1)}_no_risk_told.sql`, `-- ${number(1)}_no_risk_told.sql\ncreate table x (id integer);\n`],
    [`${number(1)}_unclear_risk.sql`, `-- ${number(1)}_unclear_risk.sql\n--! runs-beside: 12\n`],
  ])('refuses the malformed %s', async (name, text) => {
    await writeFile(join(directory, name), text)
    expect(await refusal(migrate(open(), { directory }))).toBe('malformed')
  })

  test('runs on a newer database only when that says it may', async () => {
    const connection = open()
    await write(`${number(1)}_compatible.sql`, '', number(0))
    await migrate(connection, { directory })
    expect(await migrate(connection)).toEqual([])
    await write(`${number(2)}_breaking.sql`, '', number(1))
    await migrate(connection, { directory })
    expect(await refusal(migrate(connection))).toBe('ahead')
    expect(await refusal(pendingMigrations(connection))).toBe('ahead')
  })
})
