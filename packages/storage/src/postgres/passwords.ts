import type { PasswordStore } from '../ports/passwords.ts'
import { prepare } from '../prepared.ts'
import { isUuid, type RealmPart } from './row.ts'

const findOf = prepare((db, at: { realmId: string; accountId: string }) =>
  db
    .selectFrom('password')
    .select(['hash', 'changed_at'])
    .where('realm_id', '=', at.realmId)
    .where('account_id', '=', at.accountId),
)

export function createPasswordStore({ database, realmId }: RealmPart): PasswordStore {
  return Object.freeze({
    async find(accountId) {
      if (!isUuid(accountId)) return undefined
      const { rows } = await database.run((db) => findOf(db, { realmId, accountId }))
      const [row] = rows
      return row && Object.freeze({ hash: row.hash, changedAt: row.changed_at })
    },
    async set(accountId, password) {
      const columns = { hash: password.hash, changed_at: password.changedAt }
      await database.run((db) =>
        db
          .insertInto('password')
          .values({ realm_id: realmId, account_id: accountId, ...columns })
          .onConflict((conflict) => conflict.columns(['realm_id', 'account_id']).doUpdateSet(columns))
          .execute(),
      )
    },
    async rehash(accountId, from, to) {
      if (!isUuid(accountId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('password')
          .set({ hash: to })
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('hash', '=', from)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
  } satisfies PasswordStore)
}
