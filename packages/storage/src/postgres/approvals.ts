import { AccountId } from '../identifiers.ts'
import type { Approval, ApprovalStore } from '../ports/approvals.ts'
import { isText, isUuid, keepableJson, list, present, type RealmPart, type Row } from './row.ts'

const toApproval = (row: Row<'approval'>): Approval =>
  Object.freeze({
    id: row.id,
    accountId: AccountId.of(row.account_id),
    attemptDigest: row.attempt_digest,
    number: row.number,
    state: row.state as Approval['state'], // approval_state_known
    about: Object.freeze(row.about as Approval['about']), // put() takes nothing else
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...present({ decidedAt: row.decided_at }),
  })

export function createApprovalStore({ database, realmId }: RealmPart): ApprovalStore {
  return Object.freeze({
    async put(approval) {
      const columns = {
        id: approval.id,
        number: approval.number,
        state: approval.state,
        about: keepableJson(approval.about),
        created_at: approval.createdAt,
        expires_at: approval.expiresAt,
        decided_at: approval.decidedAt ?? null,
      }
      const attempt = { account_id: approval.accountId, attempt_digest: approval.attemptDigest }
      await database.run((db) =>
        db
          .insertInto('approval')
          .values({ realm_id: realmId, ...attempt, ...columns })
          .onConflict((conflict) => conflict.columns(['realm_id', 'account_id', 'attempt_digest']).doUpdateSet(columns))
          .execute(),
      )
    },
    async findByAttempt(accountId, attemptDigest) {
      if (!isUuid(accountId) || !isText(attemptDigest)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('approval')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('attempt_digest', '=', attemptDigest)
          .executeTakeFirst(),
      )
      return row && toApproval(row)
    },
    async find(accountId, id) {
      if (!isUuid(accountId) || !isText(id)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('approval')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .executeTakeFirst(),
      )
      return row && toApproval(row)
    },
    async listWaiting(accountId, now) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('approval')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('state', '=', 'waiting')
          .where('expires_at', '>', now)
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toApproval))
    },
    async decide(accountId, id, { state, at }) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('approval')
          .set({ state, decided_at: at })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .where('state', '=', 'waiting')
          .where('expires_at', '>', at)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async use(accountId, id, at) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('approval')
          .set({ state: 'used' })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .where('state', '=', 'approved')
          .where('expires_at', '>', at)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
  } satisfies ApprovalStore)
}
