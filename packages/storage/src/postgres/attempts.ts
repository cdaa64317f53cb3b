import { type Kysely, sql } from 'kysely'
import { StorageUnavailable } from '../errors.ts'
import type { AttemptState, AttemptStore } from '../ports/attempts.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import { isText, list, present, type RealmPart, type Row } from './row.ts'

const day = 24 * 60 * 60 * 1000

/** As often as a deadlock or a serialisation failure is tried again: `decide` may be run again, so nobody need hear of it. */
const tries = 4

/** By name, so that the server can keep the statement prepared (prepared.ts). */
const columns = ['consecutive', 'in_window', 'window_started_at', 'blocked_until', 'disabled', 'seen'] as const

const toState = (row: Pick<Row<'attempt_counter'>, (typeof columns)[number]>): AttemptState =>
  Object.freeze({
    consecutive: row.consecutive,
    inWindow: row.in_window,
    windowStartedAt: row.window_started_at,
    ...present({ blockedUntil: row.blocked_until }),
    disabled: row.disabled,
    ...(row.seen === null ? {} : { seen: list(row.seen) }),
  })

/**
 * From when on a counter tells nothing any more. Failures at a real account are kept until a success ends them, or a
 * patient guesser would start anew; a name that nobody has is forgotten, and so is an address, or inventing them would fill the table.
 */
function forgetAt(subject: string, state: AttemptState): Date | null {
  const invented = !subject.startsWith('account:')
  if (!invented && (state.disabled || state.consecutive > 0)) return null
  const quietFrom = Math.max(state.windowStartedAt.getTime(), state.blockedUntil?.getTime() ?? 0)
  return new Date(quietFrom + (invented ? 30 : 7) * day)
}

const toColumns = (subject: string, state: AttemptState) => ({
  consecutive: state.consecutive,
  in_window: state.inWindow,
  window_started_at: state.windowStartedAt,
  blocked_until: state.blockedUntil ?? null,
  disabled: state.disabled,
  seen: state.seen ?? null,
  forget_at: forgetAt(subject, state),
})

type Key = Parameters<AttemptStore['find']>[0]
type Known = NonNullable<Parameters<AttemptStore['update']>[2]>
type Decide<T> = (state: AttemptState | undefined) => { next: AttemptState | undefined; result: T }

interface Place {
  readonly realmId: string
  readonly subject: string
  readonly method: string
}

/** `version` is another one after each change, whoever makes it (`xmin`, the transaction that wrote the row). */
const selectAt = (db: Kysely<Schema>, at: Place) =>
  db
    .selectFrom('attempt_counter')
    .select(columns)
    .select(sql<string>`xmin::text`.as('version'))
    .where('realm_id', '=', at.realmId)
    .where('subject', '=', at.subject)
    .where('method', '=', at.method)
const select = prepare((db, at: Place) => selectAt(db, at))
const selectForUpdate = prepare((db, at: Place) => selectAt(db, at).forUpdate())

const insert = prepare((db, row: Place & ReturnType<typeof toColumns>) =>
  db
    .insertInto('attempt_counter')
    .values({
      realm_id: row.realmId,
      subject: row.subject,
      method: row.method,
      consecutive: row.consecutive,
      in_window: row.in_window,
      window_started_at: row.window_started_at,
      blocked_until: row.blocked_until,
      disabled: row.disabled,
      seen: row.seen,
      forget_at: row.forget_at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(sql<string>`xmin::text`.as('version')),
)

/** Only while the counter is the one that was read. */
const removeAsRead = prepare((db, at: Place & { version: string }) =>
  db
    .deleteFrom('attempt_counter')
    .where('realm_id', '=', at.realmId)
    .where('subject', '=', at.subject)
    .where('method', '=', at.method)
    .where(sql<boolean>`xmin = ${at.version}::xid`),
)

export function createAttemptStore({ database, realmId, clock }: RealmPart): AttemptStore {
  /** Puts a counter there unless there is one. Returns its version if it was put there. */
  const begin = async ({ subject, method }: Key, state: AttemptState): Promise<string | undefined> => {
    const { rows } = await database.run((db) => insert(db, { realmId, subject, method, ...toColumns(subject, state) }))
    return rows[0]?.version
  }

  const read = async ({ subject, method }: Key, lock: boolean) =>
    (await database.run((db) => (lock ? selectForUpdate : select)(db, { realmId, subject, method }))).rows[0]

  /** With `version`: only while the counter is the one that was read. `false`: it is not, and nothing was written. */
  const write = async ({ subject, method }: Key, state: AttemptState | undefined, version?: string): Promise<boolean> => {
    if (state === undefined && version !== undefined) {
      const removed = await database.run((db) => removeAsRead(db, { realmId, subject, method, version }))
      return removed.numAffectedRows === 1n
    }
    if (state === undefined) {
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('attempt_counter')
          .where('realm_id', '=', realmId)
          .where('subject', '=', subject)
          .where('method', '=', method)
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    }
    const isAsRead = version === undefined ? sql<boolean>`true` : sql<boolean>`xmin = ${version}::xid`
    const { numUpdatedRows } = await database.run((db) =>
      db
        .updateTable('attempt_counter')
        .set(toColumns(subject, state))
        .where('realm_id', '=', realmId)
        .where('subject', '=', subject)
        .where('method', '=', method)
        .where(isAsRead)
        .executeTakeFirstOrThrow(),
    )
    return numUpdatedRows === 1n
  }

  /** The counter, held until the transaction ends. `undefined`: there is none yet, and an empty one is held in its place. */
  async function hold(key: Key): Promise<AttemptState | undefined> {
    for (;;) {
      if ((await begin(key, { consecutive: 0, inWindow: 0, windowStartedAt: clock(), disabled: false })) !== undefined)
        return undefined
      const row = await read(key, true)
      if (row !== undefined) return toState(row)
      // Removed between the two statements; begin again.
    }
  }

  /**
   * Without a transaction and without a lock: most counters are touched by one request at a time. What is written is
   * written only if nobody has written since it was read, and `decide` knows nothing but what was read, so this is one
   * place in the row of all updates, as a lock would give. `undefined`: somebody came between, and nothing was written.
   */
  async function tryAtOnce<T>(
    key: Key,
    decide: Decide<T>,
    { since, written }: Known,
  ): Promise<{ readonly result: T } | undefined> {
    // Only what ends a counter: a write would have to tell of itself, and nobody needs that.
    const ending = since && decide(since.state)
    if (since && ending && ending.next === undefined && (await write(key, undefined, since.version))) return ending
    const first = decide(undefined)
    const version = first.next && (await begin(key, first.next))
    if (first.next !== undefined && version !== undefined) {
      written?.({ state: first.next, version })
      return first
    }
    const row = await read(key, false)
    if (row === undefined) return first.next === undefined ? first : undefined
    const { next, result } = decide(toState(row))
    return (await write(key, next, row.version)) ? { result } : undefined
  }

  const holding = <T>(key: Key, decide: Decide<T>): Promise<T> =>
    database.transaction(async () => {
      const { next, result } = decide(await hold(key))
      await write(key, next)
      return result
    })

  return Object.freeze({
    async update(key, decide, known = {}) {
      // Where it is noted, to be done again after a roll-back, nothing may depend on what was read before.
      const once = () =>
        database.outside(async () => {
          const done = database.isNoted() ? undefined : await tryAtOnce(key, decide, known)
          return done === undefined ? holding(key, decide) : done.result
        })
      for (let tried = 1; ; tried += 1) {
        try {
          return await once()
        } catch (error) {
          if (!(error instanceof StorageUnavailable) || error.reason !== 'contention' || tried === tries) throw error
        }
      }
    },
    async find(key) {
      if (!isText(`${key.subject}${key.method}`)) return undefined
      const row = await read(key, false)
      return row && toState(row)
    },
  } satisfies AttemptStore)
}
