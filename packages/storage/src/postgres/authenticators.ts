import { AccountId, AuthenticatorId } from '../identifiers.ts'
import type { Authenticator, AuthenticatorStore } from '../ports/authenticators.ts'
import { isText, isUuid, list, present, type RealmPart, type Row } from './row.ts'

export function createAuthenticatorStore({ database, realmId, sealer }: RealmPart): AuthenticatorStore {
  const sealedRow = (id: string) => ({ table: 'authenticator', realmId, id: id.toLowerCase() })
  const toAuthenticator = (row: Row<'authenticator'>): Authenticator =>
    Object.freeze({
      id: AuthenticatorId.of(row.id),
      accountId: AccountId.of(row.account_id),
      method: row.method,
      label: row.label,
      secret: sealer.open('authenticator', sealedRow(row.id), row.secret_sealed),
      state: row.state as Authenticator['state'], // authenticator_state_known
      ...present({ lastStep: row.last_step, begunBy: row.begun_by }),
      createdAt: row.created_at,
      ...present({ confirmedAt: row.confirmed_at, lastUsedAt: row.last_used_at }),
    })

  return Object.freeze({
    async add(authenticator) {
      await database.run((db) =>
        db
          .insertInto('authenticator')
          .values({
            realm_id: realmId,
            id: authenticator.id,
            account_id: authenticator.accountId,
            method: authenticator.method,
            label: authenticator.label,
            secret_sealed: sealer.seal('authenticator', sealedRow(authenticator.id), authenticator.secret),
            state: authenticator.state,
            last_step: authenticator.lastStep ?? null,
            begun_by: authenticator.begunBy ?? null,
            created_at: authenticator.createdAt,
            confirmed_at: authenticator.confirmedAt ?? null,
            last_used_at: authenticator.lastUsedAt ?? null,
          })
          .execute(),
      )
    },
    async find(id) {
      if (!isUuid(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('authenticator').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toAuthenticator(row)
    },
    async list(accountId) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('authenticator')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .orderBy('created_at')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toAuthenticator))
    },
    async confirm(id, { step, at }) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ state: 'active', last_step: step, begun_by: null, confirmed_at: at })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '=', 'pending')
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async acceptStep(id, { step, at }) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ last_step: step, last_used_at: at })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '=', 'active')
          .where((row) => row.or([row('last_step', 'is', null), row('last_step', '<', step)]))
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async removePending(accountId, method) {
      if (!isUuid(accountId) || !isText(method)) return 0
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('authenticator')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('method', '=', method)
          .where('state', '=', 'pending')
          .executeTakeFirstOrThrow(),
      )
      return Number(numDeletedRows)
    },
    async disable(id) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ state: 'disabled' })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '<>', 'disabled')
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(id) {
      if (!isUuid(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('authenticator').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies AuthenticatorStore)
}
