import type { AuditRow, AuditStore } from '../ports/audit.ts'
import { isText, keepable, list, present, type RealmPart, type Row } from './row.ts'

const toAuditRow = (row: Row<'audit_event'>): AuditRow =>
  Object.freeze({
    id: row.id,
    at: row.at,
    event: row.event,
    outcome: row.outcome as AuditRow['outcome'], // audit_event_outcome_known
    reference: row.reference,
    ...present({ accountId: row.account_id, clientId: row.client_id, actor: row.actor, source: row.source }),
    detail: row.detail as AuditRow['detail'], // append() takes objects alone
  })

const keepableOrNull = (value: string | undefined): string | null => (value === undefined ? null : keepable(value))

export function createAuditStore({ database, realmId }: RealmPart): AuditStore {
  return Object.freeze({
    async append(row) {
      await database.run((db) =>
        db
          .insertInto('audit_event')
          .values({
            realm_id: realmId,
            id: row.id,
            at: row.at,
            event: row.event,
            outcome: row.outcome,
            // These may quote what a stranger sent. A row that cannot be written would refuse the request (R133).
            reference: keepable(row.reference),
            account_id: keepableOrNull(row.accountId),
            client_id: keepableOrNull(row.clientId),
            actor: keepableOrNull(row.actor),
            source: keepableOrNull(row.source),
            detail: JSON.stringify(row.detail),
          })
          .execute(),
      )
    },
    async list({ before, limit, reference, accountId, event }) {
      if (!isText(`${reference ?? ''}${accountId ?? ''}${event ?? ''}`)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('audit_event')
          .selectAll()
          .where('realm_id', '=', realmId)
          .$if(before !== undefined, (query) => query.where('at', '<', before as Date)) // asked one line above
          .$if(reference !== undefined, (query) => query.where('reference', '=', reference as string))
          .$if(accountId !== undefined, (query) => query.where('account_id', '=', accountId as string))
          .$if(event !== undefined, (query) => query.where('event', '=', event as string))
          .orderBy('at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toAuditRow))
    },
  } satisfies AuditStore)
}
