import { sql } from 'kysely'
import { AccountId } from '../identifiers.ts'
import type { AppPassword, AppPasswordStore } from '../ports/app-passwords.ts'
import { prepare } from '../prepared.ts'
import { isText, isUuid, keepable, list, present, type RealmPart, type Row } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
export const appPasswordColumns = [
  'app_password.id',
  'app_password.account_id',
  'app_password.label',
  'app_password.lookup',
  'app_password.hash',
  'app_password.protocols',
  'app_password.networks',
  'app_password.binds_to_first_app',
  'app_password.mail_app_id',
  'app_password.created_at',
  'app_password.created_by',
  'app_password.expires_at',
  'app_password.last_used_at',
  'app_password.last_source',
  'app_password.last_protocol',
] as const

export type AppPasswordRow = Omit<Row<'app_password'>, 'realm_id'>

export const toAppPassword = (row: AppPasswordRow): AppPassword =>
  Object.freeze({
    id: row.id,
    accountId: AccountId.of(row.account_id),
    label: row.label,
    lookup: row.lookup,
    hash: row.hash,
    protocols: list(row.protocols),
    networks: list(row.networks),
    bindsToFirstApp: row.binds_to_first_app,
    ...present({ mailAppId: row.mail_app_id }),
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...present({
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
      lastSource: row.last_source,
      lastProtocol: row.last_protocol,
    }),
  })

/** As often as every five minutes for each of them. */
const noteUse = prepare((db, use: { realmId: string; id: string; at: Date; protocol: string; source: string | null }) =>
  db
    .updateTable('app_password')
    .set({ last_used_at: use.at, last_protocol: use.protocol, last_source: use.source })
    .where('realm_id', '=', use.realmId)
    .where('id', '=', use.id),
)

export function createAppPasswordStore({ database, realmId }: RealmPart): AppPasswordStore {
  const countAlive = async (accountId: AccountId, at: Date): Promise<number> => {
    const row = await database.run((db) =>
      db
        .selectFrom('app_password')
        .select(({ fn }) => fn.countAll<number>().as('passwords'))
        .where('realm_id', '=', realmId)
        .where('account_id', '=', accountId)
        .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', at)]))
        .executeTakeFirstOrThrow(),
    )
    return row.passwords
  }

  return Object.freeze({
    async add(password, { most }) {
      if (password.protocols.length === 0) throw new TypeError('An app password opens at least one protocol')
      return database.together(async () => {
        // The account is held, so that of two who add at once the second one counts the first one's.
        await database.run((db) =>
          db
            .selectFrom('account')
            .select('id')
            .where('realm_id', '=', realmId)
            .where('id', '=', password.accountId)
            .forNoKeyUpdate()
            .executeTakeFirst(),
        )
        if ((await countAlive(password.accountId, password.createdAt)) >= most) return 'full'
        const { numInsertedOrUpdatedRows } = await database.run((db) =>
          db
            .insertInto('app_password')
            .values({
              realm_id: realmId,
              id: password.id,
              account_id: password.accountId,
              label: keepable(password.label),
              lookup: password.lookup,
              hash: password.hash,
              protocols: password.protocols,
              networks: password.networks,
              binds_to_first_app: password.bindsToFirstApp,
              mail_app_id: password.mailAppId ?? null,
              created_at: password.createdAt,
              created_by: keepable(password.createdBy),
              expires_at: password.expiresAt ?? null,
              last_used_at: password.lastUsedAt ?? null,
              last_source: password.lastSource ?? null,
              last_protocol: password.lastProtocol ?? null,
            })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirstOrThrow(),
        )
        return numInsertedOrUpdatedRows === 1n ? 'added' : 'conflict'
      })
    },
    async list(accountId) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('app_password')
          .select(appPasswordColumns)
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toAppPassword))
    },
    async bind(id, mailAppId) {
      if (!isText(`${id}${mailAppId}`)) return false
      // The app is held, so that it does not go between looking and writing. An app of somebody else is none.
      const { numAffectedRows } = await database.run((db) =>
        sql`
          with held as (
            select realm_id, id, account_id from mail_app where realm_id = ${realmId} and id = ${mailAppId} for key share
          )
          update app_password set mail_app_id = held.id from held
          where app_password.realm_id = held.realm_id and app_password.account_id = held.account_id
            and app_password.id = ${id} and (app_password.mail_app_id is null or app_password.mail_app_id = held.id)`.execute(db),
      )
      return numAffectedRows === 1n
    },
    async used(id, { at, protocol, source }) {
      if (!isText(id)) return false
      const { numAffectedRows } = await database.run((db) =>
        noteUse(db, { realmId, id, at, protocol: keepable(protocol), source: source === undefined ? null : keepable(source) }),
      )
      return numAffectedRows === 1n
    },
    async remove(accountId, id) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('app_password')
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async removeAll(accountId) {
      if (!isUuid(accountId)) return 0
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('app_password')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow(),
      )
      return Number(numDeletedRows)
    },
  } satisfies AppPasswordStore)
}
