import { AccountId } from '../identifiers.ts'
import type { AccessPass, AccessPassStore } from '../ports/access-passes.ts'
import { prepare } from '../prepared.ts'
import { bytes, isText, isUuid, keepable, present, type RealmPart, type Row } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
const columns = ['id', 'account_id', 'digest', 'uses', 'starts_at', 'expires_at', 'created_at', 'created_by', 'used_at'] as const

/** Asked whenever somebody is to show a second thing. */
const findOf = prepare((db, at: { realmId: string; accountId: string }) =>
  db.selectFrom('access_pass').select(columns).where('realm_id', '=', at.realmId).where('account_id', '=', at.accountId),
)

const toPass = (row: Pick<Row<'access_pass'>, (typeof columns)[number]>): AccessPass =>
  Object.freeze({
    id: row.id,
    accountId: AccountId.of(row.account_id),
    digest: bytes(row.digest),
    uses: row.uses as AccessPass['uses'], // access_pass_uses_known
    startsAt: row.starts_at,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...present({ usedAt: row.used_at }),
  })

export function createAccessPassStore({ database, realmId }: RealmPart): AccessPassStore {
  return Object.freeze({
    async put(pass) {
      const values = {
        id: pass.id,
        digest: pass.digest,
        uses: pass.uses,
        starts_at: pass.startsAt,
        expires_at: pass.expiresAt,
        created_at: pass.createdAt,
        created_by: keepable(pass.createdBy),
        used_at: pass.usedAt ?? null,
      }
      await database.run((db) =>
        db
          .insertInto('access_pass')
          .values({ realm_id: realmId, account_id: pass.accountId, ...values })
          .onConflict((conflict) => conflict.columns(['realm_id', 'account_id']).doUpdateSet(values))
          .execute(),
      )
    },
    async find(accountId) {
      if (!isUuid(accountId)) return undefined
      const [row] = (await database.run((db) => findOf(db, { realmId, accountId }))).rows
      return row && toPass(row)
    },
    async use(accountId, id, at) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('access_pass')
          .set({ used_at: at })
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('id', '=', id)
          .where('starts_at', '<=', at)
          .where('expires_at', '>', at)
          .where((row) => row.or([row('uses', '=', 'many'), row('used_at', 'is', null)]))
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(accountId) {
      if (!isUuid(accountId)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('access_pass')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies AccessPassStore)
}
