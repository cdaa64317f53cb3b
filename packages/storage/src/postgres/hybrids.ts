import type { Hybrid, HybridStore } from '../ports/hybrids.ts'
import { isText, keepableJson, list, type RealmPart, type Row } from './row.ts'

const toHybrid = (row: Row<'hybrid'>): Hybrid =>
  Object.freeze({
    name: row.name,
    made: list(row.made as Hybrid['made']), // written from Hybrid alone
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

export function createHybridStore({ database, realmId }: RealmPart): HybridStore {
  return Object.freeze({
    async find(name) {
      if (!isText(name)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('hybrid').selectAll().where('realm_id', '=', realmId).where('name', '=', name).executeTakeFirst(),
      )
      return row && toHybrid(row)
    },
    async list() {
      const rows = await database.run((db) =>
        db.selectFrom('hybrid').selectAll().where('realm_id', '=', realmId).orderBy('name').execute(),
      )
      return list(rows.map(toHybrid))
    },
    async put(hybrid) {
      const own = { made: keepableJson(hybrid.made), created_at: hybrid.createdAt, updated_at: hybrid.updatedAt }
      await database.run((db) =>
        db
          .insertInto('hybrid')
          .values({ realm_id: realmId, name: hybrid.name, ...own })
          .onConflict((conflict) => conflict.columns(['realm_id', 'name']).doUpdateSet(own))
          .execute(),
      )
    },
    async remove(name) {
      if (!isText(name)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('hybrid').where('realm_id', '=', realmId).where('name', '=', name).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies HybridStore)
}
