import { sql } from 'kysely'
import { AccountId } from '../identifiers.ts'
import type { OutboxStore, OutgoingMail } from '../ports/outbox.ts'
import { isText, list, type RealmPart, type Row } from './row.ts'

export function createOutboxStore({ database, realmId, sealer }: RealmPart): OutboxStore {
  const sealedRow = (id: string) => ({ table: 'outbox', realmId, id })
  const toMail = (row: Row<'outbox'>): OutgoingMail => {
    const opened = sealer.openJson('outgoing-mail', sealedRow(row.id), row.mail_sealed)
    const { to, subject, text } = opened as Pick<OutgoingMail, 'to' | 'subject' | 'text'> // add() seals these three
    return Object.freeze({
      id: row.id,
      ...(row.account_id === null ? {} : { accountId: AccountId.of(row.account_id) }),
      to,
      subject,
      text,
      createdAt: row.created_at,
      nextTryAt: row.next_try_at,
      tries: row.tries,
      expiresAt: row.expires_at,
    })
  }
  const byAge = (one: OutgoingMail, other: OutgoingMail): number =>
    one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1)

  return Object.freeze({
    async add(mail) {
      const { to, subject, text } = mail
      await database.run((db) =>
        db
          .insertInto('outbox')
          .values({
            realm_id: realmId,
            id: mail.id,
            account_id: mail.accountId ?? null,
            mail_sealed: sealer.sealJson('outgoing-mail', sealedRow(mail.id), { to, subject, text }),
            created_at: mail.createdAt,
            next_try_at: mail.nextTryAt,
            tries: mail.tries,
            expires_at: mail.expiresAt,
          })
          .execute(),
      )
    },
    async take({ now, until, limit }) {
      if (!Number.isInteger(limit) || limit < 1) throw new TypeError('limit must be a whole number of at least 1')
      // Rows that another worker is taking are passed over. Who waited for none sees the newest state of those it locks, so
      // what was taken a moment ago is not due any more. Joined by key: PostgreSQL might run a plain sub-select twice.
      const rows = await database.run((db) =>
        db
          .with('due', (query) =>
            query
              .selectFrom('outbox')
              .select('id')
              .where('realm_id', '=', realmId)
              .where('next_try_at', '<=', now)
              .where('expires_at', '>', now)
              .orderBy('created_at')
              .orderBy('id')
              .limit(limit)
              .forUpdate()
              .skipLocked(),
          )
          .updateTable('outbox')
          .from('due')
          .set({ next_try_at: until })
          .where('outbox.realm_id', '=', realmId)
          .whereRef('outbox.id', '=', 'due.id')
          .returningAll('outbox')
          .execute(),
      )
      return list(rows.map(toMail).sort(byAge))
    },
    async remove(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('outbox').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async postpone(id, nextTryAt) {
      if (!isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('outbox')
          .set({ next_try_at: nextTryAt, tries: sql`tries + 1` })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
  } satisfies OutboxStore)
}
