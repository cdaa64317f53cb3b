import type { Insertable } from 'kysely'
import { ResourceId } from '../identifiers.ts'
import type { Resource, ResourceStore } from '../ports/resources.ts'
import type { ResourceTable } from '../schema.ts'
import { isText, isUuid, list, present, type RealmPart, type Row, Taken } from './row.ts'

const toResource = (row: Row<'resource'>): Resource =>
  Object.freeze({
    id: ResourceId.of(row.id),
    displayName: row.display_name,
    audience: row.audience,
    names: list(row.names),
    ...present({ principalId: row.principal_id }),
    scopes: list(row.scopes),
    // These three are limited by the table's constraints.
    algorithm: row.algorithm as Resource['algorithm'],
    tokenType: row.token_type as Resource['tokenType'],
    status: row.status as Resource['status'],
    ...present({ accessTokenSeconds: row.access_token_seconds }),
    ...(row.open_to_registered ? { openToRegistered: true } : {}),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

/** Everything but the key. */
const toColumns = (resource: Resource): Omit<Insertable<ResourceTable>, 'realm_id' | 'id'> => ({
  display_name: resource.displayName,
  audience: resource.audience,
  names: resource.names,
  principal_id: resource.principalId ?? null,
  scopes: resource.scopes,
  algorithm: resource.algorithm,
  token_type: resource.tokenType,
  access_token_seconds: resource.accessTokenSeconds ?? null,
  open_to_registered: resource.openToRegistered ?? false,
  status: resource.status,
  created_at: resource.createdAt,
  updated_at: resource.updatedAt,
})

/** In an order that is the same for everybody, so that two writers cannot wait in a circle. */
const namesOf = (resource: Resource): readonly string[] => [...new Set(resource.names)].sort()

export function createResourceStore({ database, realmId }: RealmPart): ResourceStore {
  const claimNames = async (resource: Resource): Promise<void> => {
    const names = namesOf(resource)
    if (names.length === 0) return
    await database.run((db) =>
      db
        .insertInto('resource_name')
        .values(names.map((name) => ({ realm_id: realmId, name, resource_id: resource.id })))
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    const own = await database.run((db) =>
      db
        .selectFrom('resource_name')
        .select('name')
        .where('realm_id', '=', realmId)
        .where('name', 'in', names)
        .where('resource_id', '=', resource.id)
        .execute(),
    )
    if (own.length !== names.length) throw new Taken()
  }

  return Object.freeze({
    async add(resource) {
      try {
        await database.together(async () => {
          const { numInsertedOrUpdatedRows } = await database.run((db) =>
            db
              .insertInto('resource')
              .values({ realm_id: realmId, id: resource.id, ...toColumns(resource) })
              .onConflict((conflict) => conflict.doNothing())
              .executeTakeFirstOrThrow(),
          )
          if (numInsertedOrUpdatedRows !== 1n) throw new Taken()
          await claimNames(resource)
        })
        return 'added'
      } catch (error) {
        if (error instanceof Taken) return 'conflict'
        throw error
      }
    },
    async find(id) {
      if (!isUuid(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('resource').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toResource(row)
    },
    async findByName(name) {
      if (!isText(name)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('resource_name')
          .innerJoin('resource', (join) =>
            join.onRef('resource.realm_id', '=', 'resource_name.realm_id').onRef('resource.id', '=', 'resource_name.resource_id'),
          )
          .selectAll('resource')
          .where('resource_name.realm_id', '=', realmId)
          .where('resource_name.name', '=', name)
          .executeTakeFirst(),
      )
      return row && toResource(row)
    },
    async list() {
      const rows = await database.run((db) =>
        db.selectFrom('resource').selectAll().where('realm_id', '=', realmId).orderBy('created_at').orderBy('id').execute(),
      )
      return list(rows.map(toResource))
    },
    async replace(resource) {
      if (!isUuid(resource.id)) return 'missing'
      try {
        return await database.together(async () => {
          const { numUpdatedRows } = await database.run((db) =>
            db
              .updateTable('resource')
              .set(toColumns(resource))
              .where('realm_id', '=', realmId)
              .where('id', '=', resource.id)
              .executeTakeFirstOrThrow(),
          )
          if (numUpdatedRows !== 1n) return 'missing'
          const names = namesOf(resource)
          await database.run((db) =>
            db
              .deleteFrom('resource_name')
              .where('realm_id', '=', realmId)
              .where('resource_id', '=', resource.id)
              .$if(names.length > 0, (query) => query.where('name', 'not in', names))
              .execute(),
          )
          await claimNames(resource)
          return 'replaced'
        })
      } catch (error) {
        if (error instanceof Taken) return 'conflict'
        throw error
      }
    },
    async remove(id) {
      if (!isUuid(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('resource').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies ResourceStore)
}
