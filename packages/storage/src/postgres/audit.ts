import { sql } from 'kysely'
import type { AuditRow, AuditStore } from '../ports/audit.ts'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import { isText, keepable, list, type NewAuditRow, present, type RealmPart, type Row } from './row.ts'

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

/** The rows of one statement, column by column. */
type Columns = { readonly [K in keyof NewAuditRow]: readonly NewAuditRow[K][] }

/** One text for every number of rows, so that a session prepares it once. */
const insertAll = prepare((db, rows: Columns) => ({
  compile: () =>
    sql`
      insert into audit_event
        (realm_id, id, at, event, outcome, reference, account_id, client_id, actor, source, detail)
      select realm_id::uuid, id, to_timestamp(at / 1000.0), event, outcome, reference, account_id, client_id, actor, source, detail::json
      from unnest(${rows.realm_id}::text[], ${rows.id}::text[], ${rows.at}::bigint[], ${rows.event}::text[],
        ${rows.outcome}::text[], ${rows.reference}::text[], ${rows.account_id}::text[], ${rows.client_id}::text[],
        ${rows.actor}::text[], ${rows.source}::text[], ${rows.detail}::text[])
        as fresh (realm_id, id, at, event, outcome, reference, account_id, client_id, actor, source, detail)`.compile(db),
}))

/** What {@link RealmPart} wants. */
export function createAuditAppender(database: Database): RealmPart['appendAuditRow'] {
  return database.grouped<NewAuditRow, void>(async (db, rows) => {
    const column = <K extends keyof NewAuditRow>(name: K): readonly NewAuditRow[K][] => rows.map((row) => row[name])
    await insertAll(db, {
      realm_id: column('realm_id'),
      id: column('id'),
      at: column('at'),
      event: column('event'),
      outcome: column('outcome'),
      reference: column('reference'),
      account_id: column('account_id'),
      client_id: column('client_id'),
      actor: column('actor'),
      source: column('source'),
      detail: column('detail'),
    })
    return rows.map(() => undefined)
  })
}

export const toNewRow = (realmId: string, row: AuditRow): NewAuditRow => ({
  realm_id: realmId,
  id: row.id,
  at: row.at.getTime(),
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

export function createAuditStore({ database, realmId, appendAuditRow }: RealmPart): AuditStore {
  return Object.freeze({
    append: (row) => appendAuditRow(toNewRow(realmId, row)),
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
