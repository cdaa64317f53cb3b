import { sql } from 'kysely'
import { AccountId } from '../identifiers.ts'
import type { Revocation, RevocationKind, RevocationStore } from '../ports/revocations.ts'
import { isText, list, present, type RealmPart, type Row } from './row.ts'

const toRevocation = (row: Row<'revocation'>): Revocation =>
  Object.freeze({
    number: row.number,
    at: row.at,
    kind: row.kind as RevocationKind, // revocation_kind_known
    ...(row.account_id === null ? {} : { accountId: AccountId.of(row.account_id) }),
    ...present({
      upn: row.upn,
      clientId: row.client_id,
      familyId: row.family_id,
      sessionId: row.session_id,
      mailAppId: row.mail_app_id,
    }),
  })

/** More events than any lost time can have had; numbers are 64 bits wide in the database and exact up to 2^53 here. */
const room = 1_000_000_000

/**
 * Nothing here gives out a number: a trigger does when the transaction commits (migration 0027, which says why nobody can wait
 * in a circle for it). So what is ended inside a transaction is not seen by {@link RevocationStore.since} before its commit.
 */
export function createRevocationStore({ database, realmId }: RealmPart): RevocationStore {
  return Object.freeze({
    async since(number, limit) {
      const rows = await database.run((db) =>
        db
          .selectFrom('revocation')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('number', '>', number)
          .orderBy('number')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toRevocation))
    },
    async bounds() {
      // One statement and so one picture: a number that is given meanwhile is in neither of the two.
      const { rows } = await database.run((db) =>
        sql<{ first: number | null; last: number }>`
          select last, (select number from revocation where realm_id = ${realmId} order by number limit 1) as first
          from revocation_counter where realm_id = ${realmId}`.execute(db),
      )
      const last = rows[0]?.last ?? 0
      return Object.freeze({ first: rows[0]?.first ?? last + 1, last })
    },
    async append({ at, kind, accountId, upn, clientId, familyId, sessionId, mailAppId }) {
      await database.run((db) =>
        sql`
          insert into revocation_unnumbered (realm_id, at, kind, account_id, upn, client_id, family_id, session_id, mail_app_id)
          values (${realmId}, ${at}, ${kind}, ${accountId ?? null},
            coalesce(${upn ?? null}::text, (select upn from account where realm_id = ${realmId} and id = ${accountId ?? null}::uuid)),
            ${clientId ?? null}, ${familyId ?? null}, ${sessionId ?? null}, ${mailAppId ?? null})`.execute(db),
      )
    },
    async startAnew(at) {
      await database.together(async () => {
        await database.run((db) =>
          db
            .updateTable('realm')
            .set({ not_before: sql`greatest(not_before, ${at}::timestamptz)` })
            .where('id', '=', realmId)
            .execute(),
        )
        await database.run((db) => db.deleteFrom('access_pass').where('realm_id', '=', realmId).execute())
        await database.run((db) => db.deleteFrom('remembered_browser').where('realm_id', '=', realmId).execute())
        await database.run((db) =>
          db
            .insertInto('revocation_counter')
            .values({ realm_id: realmId, last: room })
            .onConflict((known) => known.column('realm_id').doUpdateSet({ last: sql`revocation_counter.last + ${room}` }))
            .execute(),
        )
      })
    },
    async takeTurn(reader, { now, until }) {
      if (!isText(reader)) return undefined
      // Of two at once one waits for the other's row, and then looks at that: the turn is taken.
      const { rows } = await database.run((db) =>
        sql<{ read_until: number }>`
          insert into revocation_reader as reader (realm_id, reader, read_until, turn_until)
          select ${realmId}, ${reader}, coalesce((select last from revocation_counter where realm_id = ${realmId}), 0),
            ${until}::timestamptz
          on conflict (realm_id, reader) do update set turn_until = excluded.turn_until
            where reader.turn_until is null or reader.turn_until <= ${now}::timestamptz
          returning read_until`.execute(db),
      )
      return rows[0]?.read_until
    },
    async endTurn(reader, readUntil) {
      if (!isText(reader)) return
      await database.run((db) =>
        db
          .updateTable('revocation_reader')
          .set({ read_until: sql`greatest(read_until, ${readUntil})`, turn_until: null })
          .where('realm_id', '=', realmId)
          .where('reader', '=', reader)
          .execute(),
      )
    },
    async removeReader(reader) {
      if (!isText(reader)) return
      await database.run((db) =>
        db.deleteFrom('revocation_reader').where('realm_id', '=', realmId).where('reader', '=', reader).execute(),
      )
    },
  } satisfies RevocationStore)
}
