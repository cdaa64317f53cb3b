import { sql } from 'kysely'
import { ClientId } from '../identifiers.ts'
import type { ClientInvitation, ClientRegistration, ClientRegistrationStore } from '../ports/client-registrations.ts'
import { addClient } from './clients.ts'
import { bytes, isText, keepable, list, present, type RealmPart, type Row } from './row.ts'

const toRegistration = (row: Row<'client_registration'>): ClientRegistration =>
  Object.freeze({
    clientId: ClientId.of(row.client_id),
    tokenDigest: bytes(row.token_digest),
    registeredAt: row.registered_at,
    ...present({ invitationId: row.invitation_id, usedAt: row.used_at }),
  })

const toInvitation = (row: Row<'client_invitation'>): ClientInvitation =>
  Object.freeze({
    id: row.id,
    digest: bytes(row.digest),
    label: row.label,
    clients: row.clients,
    clientsLeft: row.clients_left,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
  })

export function createClientRegistrationStore({ database, realmId }: RealmPart): ClientRegistrationStore {
  /** Whoever registers waits here for whoever else does, and for whoever changes the realm. Adding rows of it goes on. */
  const waitForTurn = () => database.run((db) => sql`select 1 from realm where id = ${realmId} for no key update`.execute(db))

  /** Counts no further than to `atMost`. */
  async function isFull(atMost: number): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql<{ count: string | number }>`select count(*) as count from (
        select 1 from client_registration
        where realm_id = ${realmId} and invitation_id is null and used_at is null limit ${atMost}
      ) unused`.execute(db),
    )
    return Number(rows[0]?.count) >= atMost
  }

  async function makeRoom(before: Date): Promise<boolean> {
    const { numAffectedRows } = await database.run((db) =>
      sql`delete from client where realm_id = ${realmId} and id = (
        select client_id from client_registration
        where realm_id = ${realmId} and invitation_id is null and used_at is null and registered_at < ${before}
        order by registered_at limit 1)`.execute(db),
    )
    return numAffectedRows === 1n
  }

  return Object.freeze({
    async add(client, { tokenDigest, invitationId, registeredAt }, { atMost, replaceableBefore }) {
      return database.together(async () => {
        await waitForTurn()
        if (invitationId === undefined && (await isFull(atMost)) && !(await makeRoom(replaceableBefore))) return 'full'
        if ((await addClient(database, realmId, client)) === 'conflict') throw new TypeError('A new client has a new id')
        await database.run((db) =>
          db
            .insertInto('client_registration')
            .values({
              realm_id: realmId,
              client_id: client.id,
              token_digest: tokenDigest,
              invitation_id: invitationId ?? null,
              registered_at: registeredAt,
              used_at: null,
              idle_since: registeredAt,
            })
            .execute(),
        )
        return 'added'
      })
    },
    async find(clientId) {
      if (!isText(clientId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('client_registration')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .executeTakeFirst(),
      )
      return row && toRegistration(row)
    },
    async list({ after, limit }) {
      if (!isText(after ?? '')) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('client_registration')
          .selectAll()
          .where('realm_id', '=', realmId)
          .$if(after !== undefined, (query) => query.where('client_id', '>', after ?? ''))
          .orderBy('client_id')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toRegistration))
    },
    async noteUse(clientId, at) {
      if (!isText(clientId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('client_registration')
          .set({ used_at: at, idle_since: at })
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async invite(invitation) {
      await database.run((db) =>
        db
          .insertInto('client_invitation')
          .values({
            realm_id: realmId,
            id: invitation.id,
            digest: invitation.digest,
            label: keepable(invitation.label),
            clients: invitation.clients,
            clients_left: invitation.clientsLeft,
            created_at: invitation.createdAt,
            created_by: keepable(invitation.createdBy),
            expires_at: invitation.expiresAt,
          })
          .execute(),
      )
    },
    async findInvitation(digest, at) {
      const row = await database.run((db) =>
        db
          .selectFrom('client_invitation')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('digest', '=', digest)
          .where('expires_at', '>', at)
          .where('clients_left', '>', 0)
          .executeTakeFirst(),
      )
      return row && toInvitation(row)
    },
    async spend(invitationId, at) {
      if (!isText(invitationId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('client_invitation')
          .set(({ eb }) => ({ clients_left: eb('clients_left', '-', 1) }))
          .where('realm_id', '=', realmId)
          .where('id', '=', invitationId)
          .where('expires_at', '>', at)
          .where('clients_left', '>', 0)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async invitations() {
      const rows = await database.run((db) =>
        db
          .selectFrom('client_invitation')
          .selectAll()
          .where('realm_id', '=', realmId)
          .orderBy('created_at')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toInvitation))
    },
    async removeInvitation(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('client_invitation').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies ClientRegistrationStore)
}
