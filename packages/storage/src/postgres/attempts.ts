import { StorageUnavailable } from '../errors.ts'
import type { AttemptState, AttemptStore } from '../ports/attempts.ts'
import { isText, list, present, type RealmPart, type Row } from './row.ts'

const day = 24 * 60 * 60 * 1000

/** As often as a deadlock or a serialisation failure is tried again: `decide` may be run again, so nobody need hear of it. */
const tries = 4

const toState = (row: Row<'attempt_counter'>): AttemptState =>
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

export function createAttemptStore({ database, realmId, clock }: RealmPart): AttemptStore {
  type Key = Parameters<AttemptStore['find']>[0]

  /** Puts an empty counter there unless there is one. `true`: it was put there, and nobody else can see it yet. */
  const begin = async ({ subject, method }: Key): Promise<boolean> => {
    const empty = { consecutive: 0, in_window: 0, window_started_at: clock(), disabled: false }
    const { numInsertedOrUpdatedRows } = await database.run((db) =>
      db
        .insertInto('attempt_counter')
        .values({ realm_id: realmId, subject, method, ...empty })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow(),
    )
    return numInsertedOrUpdatedRows === 1n
  }

  const read = ({ subject, method }: Key, lock: boolean) =>
    database.run((db) =>
      db
        .selectFrom('attempt_counter')
        .selectAll()
        .where('realm_id', '=', realmId)
        .where('subject', '=', subject)
        .where('method', '=', method)
        .$if(lock, (query) => query.forUpdate())
        .executeTakeFirst(),
    )

  const write = async ({ subject, method }: Key, state: AttemptState | undefined): Promise<void> => {
    if (state === undefined) {
      await database.run((db) =>
        db
          .deleteFrom('attempt_counter')
          .where('realm_id', '=', realmId)
          .where('subject', '=', subject)
          .where('method', '=', method)
          .execute(),
      )
      return
    }
    await database.run((db) =>
      db
        .updateTable('attempt_counter')
        .set({
          consecutive: state.consecutive,
          in_window: state.inWindow,
          window_started_at: state.windowStartedAt,
          blocked_until: state.blockedUntil ?? null,
          disabled: state.disabled,
          seen: state.seen ?? null,
          forget_at: forgetAt(subject, state),
        })
        .where('realm_id', '=', realmId)
        .where('subject', '=', subject)
        .where('method', '=', method)
        .execute(),
    )
  }

  /** The counter, held until the transaction ends. `undefined`: there is none yet, and an empty one is held in its place. */
  async function hold(key: Key): Promise<AttemptState | undefined> {
    for (;;) {
      if (await begin(key)) return undefined
      const row = await read(key, true)
      if (row !== undefined) return toState(row)
      // Removed between the two statements; begin again.
    }
  }

  return Object.freeze({
    async update(key, decide) {
      const once = () =>
        database.outside(() =>
          database.transaction(async () => {
            const { next, result } = decide(await hold(key))
            await write(key, next)
            return result
          }),
        )
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
