import { sql } from 'kysely'
import { ClientId, ResourceId } from '../identifiers.ts'
import type { Delegation, DelegationStore } from '../ports/delegations.ts'
import { isText, isUuid, list, type RealmPart, type Row } from './row.ts'

const toDelegation = (row: Row<'delegation'>): Delegation =>
  Object.freeze({
    clientId: ClientId.of(row.client_id),
    resourceId: ResourceId.of(row.resource_id),
    scopes: list(row.scopes),
    exceptGroups: list(row.except_groups),
    createdAt: row.created_at,
  })

const isPlace = (clientId: string, resourceId: string): boolean => isText(clientId) && isUuid(resourceId)

export function createDelegationStore({ database, realmId }: RealmPart): DelegationStore {
  return Object.freeze({
    async grant({ clientId, resourceId, scopes, exceptGroups, createdAt }) {
      if (scopes.length === 0) throw new TypeError('A delegation names the scopes that it is good for')
      if (!isPlace(clientId, resourceId)) return 'missing'
      // Client and resource are held, so that neither goes between looking and writing. A row that was never updated has no xmax.
      const { rows } = await database.run((db) =>
        sql<{ fresh: boolean }>`
          with held as (
            select client.realm_id, client.id as client_id, resource.id as resource_id
            from client join resource on resource.realm_id = client.realm_id
            where client.realm_id = ${realmId} and client.id = ${clientId} and resource.id = ${resourceId}
            for key share of client, resource
          )
          insert into delegation (realm_id, client_id, resource_id, scopes, except_groups, created_at)
          select realm_id, client_id, resource_id, ${scopes}::text[], ${exceptGroups}::text[], ${createdAt}::timestamptz from held
          on conflict (realm_id, client_id, resource_id) do update
            set scopes = excluded.scopes, except_groups = excluded.except_groups, created_at = excluded.created_at
          returning delegation.xmax = 0 as fresh`.execute(db),
      )
      const [row] = rows
      if (row === undefined) return 'missing'
      return row.fresh ? 'granted' : 'replaced'
    },
    async find(clientId, resourceId) {
      if (!isPlace(clientId, resourceId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('delegation')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .where('resource_id', '=', resourceId)
          .executeTakeFirst(),
      )
      return row && toDelegation(row)
    },
    async list() {
      const rows = await database.run((db) =>
        db
          .selectFrom('delegation')
          .selectAll()
          .where('realm_id', '=', realmId)
          .orderBy('client_id')
          .orderBy('resource_id')
          .execute(),
      )
      return list(rows.map(toDelegation))
    },
    async revoke(clientId, resourceId) {
      if (!isPlace(clientId, resourceId)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('delegation')
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .where('resource_id', '=', resourceId)
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies DelegationStore)
}
