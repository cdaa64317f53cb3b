import { readdirSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Connection,
  connect,
  defaultMigrations,
  MigrationError,
  migrate,
  pendingMigrations,
  UnfitData,
} from '@postern/storage'
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
const openEmbedded = (): Connection => {
  const connection = connect({ kind: 'pglite' })
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

describe('a certificate that two clients have', () => {
  const realms = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const
  const addRealm = (id: string) => `insert into realm values ('${id}', 'x', 'active', '{}', 1, now())`
  const addClient = (id: string, realm: string) =>
    `insert into client values ('${realm}', '${id}', 'x', 'active', 'private_key_jwt', 'web', '{}', '{}', null, '{}', 'required',
      'implicit', false, false, '[]', now(), now())`
  const addCertificate = (of: { client: string; realm: string; x5t?: string; s256?: string }) =>
    `insert into client_credential values ('${of.realm}', 'key-of-${of.client}', '${of.client}', 'key', null, '{}',
      ${of.x5t === undefined ? 'null' : `'${of.x5t}'`}, ${of.s256 === undefined ? 'null' : `'${of.s256}'`}, now(), null)`

  /** A database of the release before, in which `cloud` and `onprem` of two realms have a certificate. */
  const fill = async (connection: Connection, thumbprints: readonly Readonly<{ x5t?: string; s256?: string }>[]) => {
    const before = await mkdtemp(join(tmpdir(), 'postern-migrations-'))
    await cp(defaultMigrations, before, { recursive: true, filter: (name) => !/\/(?:002[3-9]|00[3-9])/.test(name) })
    await migrate(connection, { directory: before })
    await rm(before, { recursive: true })
    for (const [index, client] of ['cloud', 'onprem'].entries()) {
      const realm = realms[index] ?? ''
      const add = [addRealm(realm), addClient(client, realm), addCertificate({ client, realm, ...thumbprints[index] })]
      await connection.runScript(add.join(';'))
    }
  }
  const told = async (connection: Connection): Promise<string> => {
    const error = await migrate(connection).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(UnfitData)
    return (error as UnfitData).message // asserted one line above
  }

  test.each([
    ['PostgreSQL', 'x5t', open],
    ['PostgreSQL', 's256', open],
    ['PGlite', 'x5t', () => openEmbedded()],
  ] as const)('stops the start on %s with a text to act upon (%s), and nothing is changed', async (_, kind, openOne) => {
    const connection = openOne()
    await fill(connection, [{ [kind]: 'Thumb_print-1' }, { [kind]: 'Thumb_print-1' }])
    const pending = await pendingMigrations(connection)
    expect(pending[0]).toBe('0023_server_to_server.sql')
    const text = await told(connection)
    for (const word of ['Thumb_print-1', 'client cloud', 'client onprem', ...realms, 'key-of-cloud', 'remove-credential']) {
      expect(text).toContain(word)
    }
    expect(await pendingMigrations(connection)).toEqual(pending)
    expect(await tables(connection)).not.toContain('partner')
    await connection.runScript("delete from client_credential where id = 'key-of-cloud'")
    expect(await migrate(connection)).toEqual(pending)
    const again = addCertificate({ client: 'cloud', realm: realms[0], [kind]: 'Thumb_print-1' })
    await expect(connection.runScript(again)).rejects.toMatchObject({ code: '23505' })
  })

  test('is no problem where the certificates differ', async () => {
    const connection = open()
    await fill(connection, [
      { x5t: 'a', s256: 'b' },
      { x5t: 'b', s256: 'a' },
    ])
    expect(await migrate(connection)).toContain('0023_server_to_server.sql')
  })
})
