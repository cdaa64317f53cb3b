import type { PolicyStore, StoredPolicy } from '../ports/policies.ts'
import { isText, list, type RealmPart, type Row } from './row.ts'

const toPolicy = (row: Row<'policy'>): StoredPolicy =>
  Object.freeze({
    id: row.id,
    name: row.name,
    mode: row.mode as StoredPolicy['mode'], // policy_mode_known
    definition: row.definition as StoredPolicy['definition'], // put() takes objects alone
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

export function createPolicyStore({ database, realmId }: RealmPart): PolicyStore {
  return Object.freeze({
    async list() {
      const rows = await database.run((db) =>
        db.selectFrom('policy').selectAll().where('realm_id', '=', realmId).orderBy('created_at').orderBy('id').execute(),
      )
      return list(rows.map(toPolicy))
    },
    async put(policy) {
      const columns = {
        name: policy.name,
        mode: policy.mode,
        definition: JSON.stringify(policy.definition),
        created_at: policy.createdAt,
        updated_at: policy.updatedAt,
      }
      await database.run((db) =>
        db
          .insertInto('policy')
          .values({ realm_id: realmId, id: policy.id, ...columns })
          .onConflict((conflict) => conflict.columns(['realm_id', 'id']).doUpdateSet(columns))
          .execute(),
      )
    },
    async remove(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('policy').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies PolicyStore)
}
