import { AccountId } from '../identifiers.ts'
import type { RememberedBrowser, RememberedBrowserStore } from '../ports/remembered-browsers.ts'
import { bytes, isText, isUuid, keepable, list, type RealmPart, type Row } from './row.ts'

const toBrowser = (row: Row<'remembered_browser'>): RememberedBrowser =>
  Object.freeze({
    id: row.id,
    accountId: AccountId.of(row.account_id),
    digest: bytes(row.digest),
    label: row.label,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  })

export function createRememberedBrowserStore({ database, realmId }: RealmPart): RememberedBrowserStore {
  return Object.freeze({
    async add(browser) {
      await database.run((db) =>
        db
          .insertInto('remembered_browser')
          .values({
            realm_id: realmId,
            id: browser.id,
            account_id: browser.accountId,
            digest: browser.digest,
            label: keepable(browser.label), // made from what a browser says of itself
            created_at: browser.createdAt,
            last_seen_at: browser.lastSeenAt,
            expires_at: browser.expiresAt,
          })
          .execute(),
      )
    },
    async find(accountId, digest, now) {
      if (!isUuid(accountId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('remembered_browser')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('digest', '=', digest)
          .where('expires_at', '>', now)
          .executeTakeFirst(),
      )
      return row && toBrowser(row)
    },
    async list(accountId, now) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('remembered_browser')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('expires_at', '>', now)
          .orderBy('last_seen_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toBrowser))
    },
    async seen(id, at) {
      if (!isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('remembered_browser')
          .set({ last_seen_at: at })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('expires_at', '>', at)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(accountId, id) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('remembered_browser')
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
          .deleteFrom('remembered_browser')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow(),
      )
      return Number(numDeletedRows)
    },
  } satisfies RememberedBrowserStore)
}
