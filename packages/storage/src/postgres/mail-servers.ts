import { sql } from 'kysely'
import { ClientId } from '../identifiers.ts'
import type { MailServer, MailServerStore } from '../ports/mail-servers.ts'
import { isText, keepable, keepableJson, list, type RealmPart, type Row } from './row.ts'

export function createMailServerStore({ database, realmId, sealer }: RealmPart): MailServerStore {
  const sealedRow = (clientId: string) => ({ table: 'mail_server', realmId, id: clientId })
  const seal = (clientId: string, key: string) => sealer.sealJson('mail-server', sealedRow(clientId), { key })
  const open = (row: Row<'mail_server'>): MailServer['doveadm'] => {
    // mail_server_doveadm_whole: both or neither.
    if (row.doveadm_url === null || row.doveadm_key_sealed === null) return undefined
    const opened = sealer.openJson('mail-server', sealedRow(row.client_id), row.doveadm_key_sealed)
    const { key } = opened as { key: string } // seal() writes it
    return Object.freeze({ url: row.doveadm_url, key })
  }
  const toMailServer = (row: Row<'mail_server'>): MailServer => {
    const doveadm = open(row)
    return Object.freeze({
      clientId: ClientId.of(row.client_id),
      protocols: list(row.protocols),
      upstreams: Object.freeze(row.upstreams as MailServer['upstreams']), // written from MailServer alone
      ...(doveadm && { doveadm }),
      createdAt: row.created_at,
    })
  }

  return Object.freeze({
    async put({ clientId, protocols, upstreams, doveadm, createdAt }) {
      if (protocols.length === 0) throw new TypeError('A mail server names the protocols that it may ask about')
      if (!isText(clientId)) return 'missing'
      const sealed = doveadm === undefined ? null : seal(clientId, doveadm.key)
      // The client is held, so that it does not go between looking and writing.
      const { numAffectedRows } = await database.run((db) =>
        sql`
          with held as (select realm_id, id from client where realm_id = ${realmId} and id = ${clientId} for key share)
          insert into mail_server (realm_id, client_id, protocols, upstreams, doveadm_url, doveadm_key_sealed, created_at)
          select realm_id, id, ${protocols.map(keepable)}::text[], ${keepableJson(upstreams)}::jsonb,
            ${doveadm === undefined ? null : keepable(doveadm.url)}::text, ${sealed}::bytea, ${createdAt}::timestamptz
          from held
          on conflict (realm_id, client_id) do update set
            protocols = excluded.protocols,
            upstreams = excluded.upstreams,
            doveadm_url = excluded.doveadm_url,
            doveadm_key_sealed = excluded.doveadm_key_sealed,
            created_at = excluded.created_at`.execute(db),
      )
      return numAffectedRows === 1n ? 'put' : 'missing'
    },
    async find(clientId) {
      if (!isText(clientId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('mail_server')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .executeTakeFirst(),
      )
      return row && toMailServer(row)
    },
    async list() {
      const rows = await database.run((db) =>
        db.selectFrom('mail_server').selectAll().where('realm_id', '=', realmId).orderBy('client_id').execute(),
      )
      return list(rows.map(toMailServer))
    },
    async remove(clientId) {
      if (!isText(clientId)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('mail_server').where('realm_id', '=', realmId).where('client_id', '=', clientId).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies MailServerStore)
}
