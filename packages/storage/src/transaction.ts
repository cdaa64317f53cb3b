/**
 * transaction carries the caller's transaction to every port through AsyncLocalStorage.
 *
 * It owns when a transaction begins, ends and is joined, and that the statements of one run one after the other.
 * It does not know what is stored. Every statement of storage goes through {@link Database}.
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Connection } from './connect.ts'
import { createGroup } from './group-commit.ts'
import { createPlaces } from './places.ts'
import type { Schema } from './schema.ts'
import type { TransactionOptions } from './store.ts'
import { Turns } from './turns.ts'
import { atMost, waitFor, withoutLimit } from './waiting.ts'

type Executor = Kysely<Schema>

export interface Database {
  /** Runs one statement, in the caller's transaction where there is one. */
  run<T>(statement: (db: Executor) => Promise<T>): Promise<T>
  /**
   * Runs several statements that are kept together or not at all: in a transaction of their own, or in a part of the
   * caller's that can fail without spoiling the rest. No other statement of that transaction comes in between.
   */
  together<T>(work: () => Promise<T>): Promise<T>
  transaction<T>(work: () => Promise<T>, options?: TransactionOptions): Promise<T>
  outside<T>(work: () => Promise<T>): Promise<T>
  /**
   * For one statement that many write with, or read (group-commit.ts): outside of every transaction, callers who come at the
   * same time share it; inside, the item goes alone, in its turn. `send` is to write all or none, and answers in their order.
   * `reads`: no commit is waited for, so one at a time is enough, and more share it (decision 0035). `single`: one at a time as well, for
   * a statement that costs more to send and to begin than a second commit under way saves.
   */
  grouped<Item, Answer>(
    send: (db: Executor, items: readonly Item[]) => Promise<readonly Answer[]>,
    options?: { readonly reads?: true; readonly single?: true },
  ): (item: Item) => Promise<Answer>
  /** Whether what is done now is done again if the transaction around it rolls back: `outside`, where there is one session. */
  isNoted(): boolean
}

/** Inside a transaction, or inside a part of it. `turns` puts its statements in a row. */
interface InTransaction {
  /** `noted`: means to be outside, but the engine has a single session. What it does is noted and done again after a roll-back. */
  readonly kind: 'transaction' | 'noted'
  readonly db: Executor
  readonly turns: Turns
  readonly notes: CompiledQuery[]
}

/** Outside of the surrounding transaction, on sessions of its own. */
interface Outside {
  readonly kind: 'outside'
  readonly db: Executor
}

export function createDatabase(connection: Connection): Database {
  const scopes = new AsyncLocalStorage<InTransaction | Outside>()
  // A single session has its queue already.
  const inCrowd =
    connection.outside === undefined ? <T>(work: () => Promise<T>) => work() : createPlaces(Math.ceil(connection.sessions / 2))
  let savepoints = 0

  /** Runs `work` as a scope of `db`, and waits for the statements that it left running. */
  async function inScope<T>(scope: Omit<InTransaction, 'turns'>, work: () => Promise<T>): Promise<T> {
    const turns = new Turns()
    try {
      return await scopes.run({ ...scope, turns }, work)
    } finally {
      await turns.close()
    }
  }

  async function repeat(db: Executor, notes: readonly CompiledQuery[]): Promise<void> {
    for (const query of notes) await db.executeQuery(query)
  }

  /** A transaction of its own. Where there is one session only, it is kept until what was noted is done again. */
  function open<T>(db: Executor, work: () => Promise<T>): Promise<T> {
    const notes: CompiledQuery[] = []
    const inTransaction = (own: Executor) => inScope({ kind: 'transaction', db: own, notes }, work)
    if (connection.outside !== undefined) return db.transaction().execute(inTransaction)
    return db.connection().execute(async (session) => {
      try {
        return await session.transaction().execute(inTransaction)
      } catch (error) {
        if (notes.length > 0) await session.transaction().execute((own) => repeat(own, notes))
        throw error
      }
    })
  }

  /** A part of a transaction that can roll back alone. */
  function part<T>(scope: InTransaction, kind: InTransaction['kind'], work: () => Promise<T>): Promise<T> {
    savepoints += 1
    const name = sql.id(`part_${savepoints}`)
    return scope.turns.take(async () => {
      const notes: CompiledQuery[] = []
      await sql`savepoint ${name}`.execute(scope.db)
      try {
        const result = await inScope({ kind, db: scope.db, notes }, work)
        await sql`release savepoint ${name}`.execute(scope.db)
        scope.notes.push(...notes)
        return result
      } catch (error) {
        try {
          await sql`rollback to savepoint ${name}`.execute(scope.db)
          // A failed part that meant to be outside did nothing; in one that did not, others may have been outside.
          if (kind === 'transaction') {
            await repeat(scope.db, notes)
            scope.notes.push(...notes)
          }
        } catch {
          // The whole transaction is lost, and its commit will say so. The first error is the one worth telling.
        }
        throw error
      }
    })
  }

  const inTurn = <T>(scope: InTransaction, statement: (db: Executor) => Promise<T>): Promise<T> =>
    scope.turns.take(() =>
      scope.kind === 'transaction' ? statement(scope.db) : connection.recording.run(scope.notes, () => statement(scope.db)),
    )

  return Object.freeze({
    run(statement) {
      const scope = scopes.getStore()
      if (scope === undefined) return statement(connection.db)
      return scope.kind === 'outside' ? statement(scope.db) : inTurn(scope, statement)
    },
    grouped<Item, Answer>(
      send: (db: Executor, items: readonly Item[]) => Promise<readonly Answer[]>,
      options?: { readonly reads?: true; readonly single?: true },
    ) {
      const group = (db: Executor, statements: number) =>
        createGroup<Item, Answer>({
          send: (items) => withoutLimit(() => send(db, items)),
          statements,
          gathers: options?.reads === true,
        })
      // Two under way keep the database busy while the next ones gather. A single session has nothing to gain by a second.
      const usual = group(connection.db, connection.outside === undefined || options !== undefined ? 1 : 2)
      // Never the other group: its sessions may all be held by transactions that wait for just this.
      const outside = group(connection.outside ?? connection.db, 2)
      return async (item: Item): Promise<Answer> => {
        const scope = scopes.getStore()
        if (scope === undefined) return waitFor((left) => atMost(usual(item), left))
        if (scope.kind === 'outside') return waitFor((left) => atMost(outside(item), left))
        const [answer] = await inTurn(scope, (db) => send(db, [item]))
        return answer as Answer // one for each item
      }
    },
    together(work) {
      const scope = scopes.getStore()
      if (scope === undefined) return open(connection.db, work)
      return scope.kind === 'outside' ? open(scope.db, work) : part(scope, scope.kind, work)
    },
    transaction(work, options) {
      const scope = scopes.getStore()
      if (scope === undefined && options?.crowd) return inCrowd(() => open(connection.db, work))
      if (scope === undefined) return open(connection.db, work)
      if (scope.kind === 'outside') return open(scope.db, work)
      return scope.kind === 'noted' ? part(scope, 'noted', work) : work()
    },
    outside(work) {
      const scope = scopes.getStore()
      if (scope === undefined || scope.kind !== 'transaction') return work()
      if (connection.outside === undefined) return part(scope, 'noted', work)
      return scopes.run({ kind: 'outside', db: connection.outside }, work)
    },
    isNoted: () => scopes.getStore()?.kind === 'noted',
  } satisfies Database)
}
