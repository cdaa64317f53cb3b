import type { AsyncLocalStorage } from 'node:async_hooks'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { StorageUnavailable } from './errors.ts'
import { breaksConnection, toStorageFault } from './faults.ts'
import type { NamedQuery } from './prepared.ts'

/** One statement's answer, the same for every engine. */
export interface Answer {
  readonly rows: readonly unknown[]
  readonly affected: number
  /** The command tag where the engine tells it, e.g. `ROLLBACK`. */
  readonly command?: string
}

/** One session with the database. */
export interface Link {
  /** `name`: the session may keep the statement under it, and then always gets this text for it. */
  query(text: string, parameters: readonly unknown[], name?: string): Promise<Answer>
  /** Several statements in one text, without parameters and without the limits of time that hold for requests. */
  runScript(text: string): Promise<void>
  /** `broken`: the session must not be used again. */
  release(broken: boolean): void
}

/** Where sessions come from. */
export interface LinkSource {
  acquire(): Promise<Link>
  close(): Promise<void>
}

/** Statements that were run, to be run again when the transaction around them rolls back (transaction.ts). */
export type Recording = AsyncLocalStorage<CompiledQuery[]>

class LinkConnection implements DatabaseConnection {
  readonly #link: Link
  readonly #recording: Recording | undefined
  broken = false
  /** The first fault since the transaction began. */
  failure: unknown

  constructor(link: Link, recording: Recording | undefined) {
    this.#link = link
    this.#recording = recording
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.run(query.sql, query.parameters, (query as NamedQuery).preparedName)
    if (query.query.kind !== 'SelectQueryNode') this.#recording?.getStore()?.push(query)
    return { rows: rows as R[], numAffectedRows: BigInt(affected) } // kysely's types describe what the statement selects
  }

  async run(text: string, parameters: readonly unknown[] = [], name?: string): Promise<Answer> {
    if (this.broken) throw this.failure
    try {
      return await this.#link.query(text, parameters, name)
    } catch (error) {
      const fault = toStorageFault(error)
      this.broken ||= breaksConnection(fault)
      this.failure ??= fault
      throw fault
    }
  }

  // biome-ignore lint/correctness/useYield: kysely's interface asks for a generator; nothing of ours streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('Streaming is not supported')
  }

  release(): void {
    this.#link.release(this.broken)
  }
}

const own = (connection: DatabaseConnection): LinkConnection => connection as LinkConnection // made by acquireConnection alone

class LinkDriver implements Driver {
  readonly #source: LinkSource
  readonly #recording: Recording | undefined

  constructor(source: LinkSource, recording: Recording | undefined) {
    this.#source = source
    this.#recording = recording
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      return new LinkConnection(await this.#source.acquire(), this.#recording)
    } catch (error) {
      throw toStorageFault(error)
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    own(connection).failure = undefined
    await own(connection).run('begin isolation level read committed')
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { command } = await own(connection).run('commit')
    // PostgreSQL answers the commit of a transaction in which a statement failed with ROLLBACK, not with an error.
    if (command !== 'ROLLBACK') return
    const { failure } = own(connection)
    if (failure instanceof StorageUnavailable) throw failure
    throw new TypeError('A failed statement was ignored inside a transaction, so that it could not commit', { cause: failure })
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (own(connection).broken) return
    try {
      await own(connection).run('rollback')
    } catch {
      own(connection).broken = true // closing the session rolls back as well; the first error is the one worth telling
    }
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await own(connection).run(`savepoint ${name}`)
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await own(connection).run(`rollback to savepoint ${name}`)
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await own(connection).run(`release savepoint ${name}`)
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    own(connection).release()
  }

  async destroy(): Promise<void> {
    await this.#source.close()
  }
}

/**
 * Kysely's dialect over any source of sessions that speaks PostgreSQL's SQL. Written here instead of using Kysely's own
 * two dialects, because a session that has failed must not return to the pool, and faults must be told apart in one place.
 */
export const linkDialect = (source: LinkSource, recording?: Recording): Dialect => ({
  createDriver: () => new LinkDriver(source, recording),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (db) => new PostgresIntrospector(db),
})
