import type { RecoveryCodeStore } from '../ports/recovery-codes.ts'
import { prepare } from '../prepared.ts'
import { isUuid, type RealmPart } from './row.ts'

/** Asked whenever somebody is to show a second thing. */
const countOf = prepare((db, at: { realmId: string; accountId: string }) =>
  db
    .selectFrom('recovery_code')
    .select(({ fn }) => [
      fn.count<number>('digest').as('of'),
      fn.count<number>('digest').filterWhere('used_at', 'is', null).as('left'),
      fn.min('created_at').as('created_at'),
    ])
    .where('realm_id', '=', at.realmId)
    .where('account_id', '=', at.accountId),
)

export function createRecoveryCodeStore({ database, realmId }: RealmPart): RecoveryCodeStore {
  const removeAll = async (accountId: string): Promise<number> => {
    const { numDeletedRows } = await database.run((db) =>
      db
        .deleteFrom('recovery_code')
        .where('realm_id', '=', realmId)
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow(),
    )
    return Number(numDeletedRows)
  }

  return Object.freeze({
    async replace(accountId, { digests, at }) {
      await database.together(async () => {
        // The account is held, so that two sets made at the same time follow each other instead of mixing.
        await database.run((db) =>
          db
            .selectFrom('account')
            .select('id')
            .where('realm_id', '=', realmId)
            .where('id', '=', accountId)
            .forNoKeyUpdate()
            .execute(),
        )
        await removeAll(accountId)
        if (digests.length === 0) return
        await database.run((db) =>
          db
            .insertInto('recovery_code')
            .values(digests.map((digest) => ({ realm_id: realmId, account_id: accountId, digest, created_at: at })))
            .execute(),
        )
      })
    },
    async use(accountId, digest, at) {
      if (!isUuid(accountId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('recovery_code')
          .set({ used_at: at })
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('digest', '=', digest)
          .where('used_at', 'is', null)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async count(accountId) {
      if (!isUuid(accountId)) return undefined
      const [row] = (await database.run((db) => countOf(db, { realmId, accountId }))).rows
      // An aggregate of no rows is a row without a time.
      if (row === undefined || row.of === 0) return undefined
      return Object.freeze({ left: row.left, of: row.of, createdAt: row.created_at })
    },
    remove: async (accountId) => (isUuid(accountId) ? removeAll(accountId) : 0),
  } satisfies RecoveryCodeStore)
}
