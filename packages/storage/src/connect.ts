/**
 * connect opens the database. It is the only file that can tell PostgreSQL from PGlite.
 *
 * It owns sessions, their limits of time, and the listeners that keep a lost database from ending the process.
 * It does not know tables (schema.ts), transactions (transaction.ts) or migrations (migrate.ts).
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { openAsBlob } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { PGlite } from '@electric-sql/pglite'
import { type CompiledQuery, Kysely } from 'kysely'
import pg from 'pg'
import { lockDirectory } from './directory-lock.ts'
import { type Answer, type Link, type LinkSource, linkDialect, type Recording } from './driver.ts'
import { StorageUnavailable } from './errors.ts'
import { toStorageFault } from './faults.ts'
import type { Schema } from './schema.ts'
import { atMost, waitFor } from './waiting.ts'

export type ConnectOptions =
  | {
      readonly kind: 'postgres'
      /** `postgres://user:password@host:port/database?sslmode=…` */
      readonly url: string
      /** Sessions for ordinary work. A quarter as many, at least two, are opened besides for work outside transactions. */
      readonly poolSize?: number
      /** How long to wait for a session, in milliseconds. */
      readonly acquireMilliseconds?: number
      /** How long one statement may take, in milliseconds. */
      readonly statementMilliseconds?: number
      readonly applicationName?: string
    }
  | {
      readonly kind: 'pglite'
      /** Is made when it is not there. Without it everything is in memory. */
      readonly directory?: string
      /** For a database in memory: the file that it begins as a copy of, as PGlite's `dumpDataDir` wrote it. */
      readonly image?: string | undefined
    }

/** One session, for work that must not change sessions in between, such as migrations. */
export interface Session {
  query(text: string, parameters?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  runScript(text: string): Promise<void>
}

export interface Connection {
  readonly kind: ConnectOptions['kind']
  readonly db: Kysely<Schema>
  /** How many sessions `db` has at most. */
  readonly sessions: number
  /**
   * A second, smaller pool for work outside the caller's transaction. Were there one pool, as many transactions as it has
   * sessions could each wait for one more, for ever. `undefined`: the engine has a single session (PGlite).
   */
  readonly outside: Kysely<Schema> | undefined
  /** Where an engine with a single session notes the statements that must outlive a roll-back (transaction.ts). */
  readonly recording: Recording
  session<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** Several statements in one text. Not for requests: it has no limit of time. */
  runScript(text: string): Promise<void>
  close(): Promise<void>
}

const int8 = 20

/** pg gives bigint as a string; every bigint of ours is a count or a time step and fits a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === int8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
}

/** A migration may rewrite a large table; this only keeps a lost server from holding us for ever. */
const scriptMilliseconds = 30 * 60_000

/** pg reads `query_timeout` of a single query; its types leave it out. */
type TimedQuery = pg.QueryConfig & { query_timeout: number }

function postgresLink(client: pg.PoolClient, limit: number): Link {
  return {
    async query(text, parameters, name): Promise<Answer> {
      const values = [...parameters]
      try {
        const { rows, rowCount, command } = await waitFor((left) => {
          const query: TimedQuery = {
            text,
            values,
            query_timeout: Math.min(left, limit),
            ...(name === undefined ? {} : { name }),
          }
          return client.query<Record<string, unknown>>(query)
        })
        return { rows, affected: rowCount ?? 0, command }
      } catch (error) {
        throw isOutdated(error) ? new StorageUnavailable('unreachable', { cause: new OutdatedSession(error) }) : error
      }
    },
    async runScript(text) {
      await client.query('set statement_timeout = 0')
      const script: TimedQuery = { text, query_timeout: scriptMilliseconds }
      await client.query(script)
      await client.query('reset statement_timeout')
    },
    release: (broken) => client.release(broken),
  }
}

/** A column has another type than when this session prepared the statement; a new session prepares it anew. */
class OutdatedSession extends Error {
  override readonly name = 'OutdatedSession'
  constructor(cause: unknown) {
    super('The database was changed under a session that had prepared a statement', { cause })
  }
}

/** PostgreSQL tells it by `feature_not_supported`, which is much else as well; the routine is in no language. */
const isOutdated = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'routine' in error && error.routine === 'RevalidateCachedQuery'

function postgresSource(options: Extract<ConnectOptions, { kind: 'postgres' }>, size: number): LinkSource {
  const statementMilliseconds = options.statementMilliseconds ?? 4_000
  const ownMilliseconds = statementMilliseconds + 1_000
  const pool = new pg.Pool({
    connectionString: options.url,
    max: size,
    connectionTimeoutMillis: options.acquireMilliseconds ?? 4_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMilliseconds,
    // Of our own clock: the server's does not help when the network has swallowed it.
    query_timeout: ownMilliseconds,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
    application_name: options.applicationName ?? 'postern',
    types,
  })
  pool.on('error', () => undefined) // an idle session went away; the next request opens another
  // A checked-out client without a listener of its own ends the process when the server goes away.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const acquire = () => waitFor((left) => atMost(pool.connect(), left, (late) => late.release()))
  return { acquire: async () => postgresLink(await acquire(), ownMilliseconds), close: () => pool.end() }
}

const waitMilliseconds = 10_000

/** PGlite has one session: whoever acquires it has it alone until it is released. */
function pgliteSource(options: Extract<ConnectOptions, { kind: 'pglite' }>): LinkSource {
  let opened: Promise<{ database: PGlite; unlock: () => void }> | undefined
  let closed = false
  let busy = false
  const waiting: (() => void)[] = []

  const open = async () => {
    // Megabytes of a database that nobody needs who has a PostgreSQL.
    const { PGlite } = await import('@electric-sql/pglite')
    if (options.directory === undefined) {
      const begin = options.image === undefined ? {} : { loadDataDir: await openAsBlob(options.image) }
      return { database: await PGlite.create(begin), unlock: () => undefined }
    }
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const unlock = lockDirectory(options.directory)
    try {
      return { database: await PGlite.create(options.directory), unlock }
    } catch (error) {
      unlock()
      throw error
    }
  }
  const turn = () =>
    new Promise<void>((resolve, reject) => {
      if (!busy) {
        busy = true
        resolve()
        return
      }
      const mine = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(mine), 1)
        reject(new StorageUnavailable('exhausted'))
      }, waitMilliseconds)
      waiting.push(mine)
    })
  const free = () => {
    const next = waiting.shift()
    if (next === undefined) busy = false
    else next()
  }

  return {
    async acquire() {
      if (closed) throw new StorageUnavailable('unreachable')
      opened ??= open()
      const { database } = await opened.catch((error: unknown) => {
        opened = undefined // a later attempt may find the directory free
        throw error
      })
      await turn()
      return {
        async query(text, parameters) {
          const { rows, affectedRows, command } = await database.query<Record<string, unknown>>(text, [...parameters])
          return { rows, affected: affectedRows ?? 0, ...(command === undefined ? {} : { command }) }
        },
        async runScript(text) {
          await database.exec(text)
        },
        release(broken) {
          if (broken) void database.exec('rollback').then(free, free)
          else free()
        },
      }
    },
    async close() {
      closed = true
      const { database, unlock } = (await opened?.catch(() => undefined)) ?? {}
      if (database !== undefined && !database.closed) await database.close()
      unlock?.()
    },
  }
}

async function inSession<T>(source: LinkSource, work: (session: Session) => Promise<T>): Promise<T> {
  let link: Link | undefined
  let broken = true
  try {
    link = await source.acquire()
    const mine = link
    const result = await work({
      query: async (text, parameters = []) => (await mine.query(text, parameters)).rows as Readonly<Record<string, unknown>>[], // both engines give objects
      runScript: (text) => mine.runScript(text),
    })
    broken = false
    return result
  } catch (error) {
    throw toStorageFault(error)
  } finally {
    link?.release(broken) // after a fault nobody knows what state the session is in
  }
}

/**
 * Opens a database. Does not wait for it: a server that is away shows at the first use, as {@link StorageUnavailable}.
 * @throws {DirectoryInUse} at the first use, when another process has this PGlite directory open.
 */
export function connect(options: ConnectOptions): Connection {
  const recording: Recording = new AsyncLocalStorage<CompiledQuery[]>()
  const size = options.kind === 'postgres' ? (options.poolSize ?? 10) : 1
  if (!Number.isInteger(size) || size < 1) throw new TypeError('poolSize must be a whole number of at least 1')
  if (options.kind === 'postgres' && !/^postgres(?:ql)?:\/\//.test(options.url)) {
    throw new TypeError('The URL of the database must begin with postgres://') // not shown: it may hold a password
  }
  const source = options.kind === 'postgres' ? postgresSource(options, size) : pgliteSource(options)
  const outsideSource = options.kind === 'postgres' ? postgresSource(options, Math.max(2, Math.ceil(size / 4))) : undefined
  const db = new Kysely<Schema>({ dialect: linkDialect(source, options.kind === 'pglite' ? recording : undefined) })
  const outside = outsideSource === undefined ? undefined : new Kysely<Schema>({ dialect: linkDialect(outsideSource) })
  return Object.freeze({
    kind: options.kind,
    db,
    sessions: size,
    outside,
    recording,
    session: (work) => inSession(source, work),
    runScript: (text) => inSession(source, (session) => session.runScript(text)),
    async close() {
      // Kysely closes a source only after it was used, so they are closed here.
      await Promise.all([source.close(), outsideSource?.close()])
    },
  } satisfies Connection)
}
