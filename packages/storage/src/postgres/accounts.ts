import { type Insertable, sql } from 'kysely'
import { AccountId } from '../identifiers.ts'
import type { Account, AccountStore } from '../ports/accounts.ts'
import type { EnforcementState } from '../ports/enforcement.ts'
import { prepare } from '../prepared.ts'
import type { AccountTable } from '../schema.ts'
import { folded, isText, isUuid, list, present, type RealmPart, type Row, Taken } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
export const accountColumns = [
  'account.id',
  'account.upn',
  'account.address',
  'account.further_addresses',
  'account.display_name',
  'account.phone',
  'account.groups',
  'account.status',
  'account.created_at',
  'account.updated_at',
  'account.signed_out_at',
  'account.enforcement',
  'account.enforcement_since',
  'account.campaign_id',
  'account.enrolment_postponed',
  'account.enrolment_postponed_until',
] as const

/** Before which nothing counts that anybody of the realm has shown: {@link RevocationStore.startAnew}. */
export const notBefore = sql<Date | null>`(select realm.not_before from realm where realm.id = account.realm_id)`.as('not_before')

export type AccountRow = Omit<Row<'account'>, 'realm_id' | 'upn_key'> & { readonly not_before?: Date | null }

const later = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other > one) ? other : one

export const toAccount = (row: AccountRow): Account =>
  Object.freeze({
    id: AccountId.of(row.id),
    upn: row.upn,
    address: row.address,
    furtherAddresses: list(row.further_addresses),
    displayName: row.display_name,
    ...present({ phone: row.phone }),
    groups: list(row.groups),
    status: row.status as Account['status'], // account_status_known
    ...present({ signedOutAt: later(row.signed_out_at, row.not_before ?? null) }),
    enforcement: Object.freeze({
      state: row.enforcement as EnforcementState, // account_enforcement_known
      ...present({ since: row.enforcement_since, campaignId: row.campaign_id }),
      postponed: row.enrolment_postponed,
      ...present({ postponedUntil: row.enrolment_postponed_until }),
    }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

const findById = prepare((db, at: { realmId: string; id: string }) =>
  db.selectFrom('account').select(accountColumns).select(notBefore).where('realm_id', '=', at.realmId).where('id', '=', at.id),
)

/** Planning this took the server longer than running it. */
const findByKey = prepare((db, at: { realmId: string; key: string }) =>
  db
    .selectFrom('account_address')
    .innerJoin('account', (join) =>
      join.onRef('account.realm_id', '=', 'account_address.realm_id').onRef('account.id', '=', 'account_address.account_id'),
    )
    .select(accountColumns)
    .select(notBefore)
    .where('account_address.realm_id', '=', at.realmId)
    .where('account_address.address_key', '=', at.key),
)

/** Everything but the key, the moment that only signOut sets, and what only enforcement sets. */
const toColumns = (account: Account): Omit<Insertable<AccountTable>, 'realm_id' | 'id'> => ({
  upn: account.upn,
  upn_key: folded(account.upn),
  address: account.address,
  further_addresses: account.furtherAddresses,
  display_name: account.displayName,
  phone: account.phone ?? null,
  groups: account.groups,
  status: account.status,
  created_at: account.createdAt,
  updated_at: account.updatedAt,
})

/** All names of an account once, in an order that is the same for everybody, so that two writers cannot wait in a circle. */
const namesOf = (account: Account): readonly string[] =>
  [...new Set([account.upn, account.address, ...account.furtherAddresses].map(folded))].sort()

export function createAccountStore({ database, realmId }: RealmPart): AccountStore {
  const claimNames = async (account: Account): Promise<void> => {
    const names = namesOf(account)
    await database.run((db) =>
      db
        .insertInto('account_address')
        .values(names.map((name) => ({ realm_id: realmId, address_key: name, account_id: account.id })))
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    const own = await database.run((db) =>
      db
        .selectFrom('account_address')
        .select('address_key')
        .where('realm_id', '=', realmId)
        .where('address_key', 'in', names)
        .where('account_id', '=', account.id)
        .execute(),
    )
    if (own.length !== names.length) throw new Taken()
  }

  return Object.freeze({
    async add(account) {
      try {
        await database.together(async () => {
          const { numInsertedOrUpdatedRows } = await database.run((db) =>
            db
              .insertInto('account')
              .values({ realm_id: realmId, id: account.id, ...toColumns(account) })
              .onConflict((conflict) => conflict.doNothing())
              .executeTakeFirstOrThrow(),
          )
          if (numInsertedOrUpdatedRows !== 1n) throw new Taken()
          await claimNames(account)
        })
        return 'added'
      } catch (error) {
        if (error instanceof Taken) return 'conflict'
        throw error
      }
    },
    async find(id) {
      if (!isUuid(id)) return undefined
      const { rows } = await database.run((db) => findById(db, { realmId, id }))
      const [row] = rows
      return row && toAccount(row)
    },
    async hold(id) {
      if (!isUuid(id)) return false
      // Not `for update`: rows that refer to the account may be added meanwhile.
      const row = await database.run((db) =>
        db
          .selectFrom('account')
          .select('id')
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .forNoKeyUpdate()
          .executeTakeFirst(),
      )
      return row !== undefined
    },
    async findByName(name) {
      if (!isText(name)) return undefined
      const { rows } = await database.run((db) => findByKey(db, { realmId, key: folded(name) }))
      const [row] = rows
      return row && toAccount(row)
    },
    async list({ after, limit, search }) {
      if (!isText(`${after ?? ''}${search ?? ''}`)) return list([])
      const pattern = search && `%${search.replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
      const rows = await database.run((db) =>
        db
          .selectFrom('account')
          .selectAll()
          .where('realm_id', '=', realmId)
          .$if(after !== undefined, (query) => query.where('upn_key', '>', folded(after ?? '')))
          .$if(Boolean(pattern), (query) =>
            query.where(sql<boolean>`(upn ilike ${pattern} or display_name ilike ${pattern} or address ilike ${pattern}
              or exists (select from unnest(further_addresses) as further where further ilike ${pattern}))`),
          )
          .orderBy('upn_key')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toAccount))
    },
    async signOut(id, at) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('account')
          .set({ signed_out_at: sql`greatest(signed_out_at, ${at}::timestamptz)` })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async replace(account) {
      try {
        return await database.together(async () => {
          const held = await database.run((db) =>
            db
              .selectFrom('account')
              .select('upn_key')
              .where('realm_id', '=', realmId)
              .where('id', '=', account.id)
              .forNoKeyUpdate()
              .executeTakeFirst(),
          )
          if (held === undefined) return 'missing'
          await database.run((db) =>
            db
              .deleteFrom('account_address')
              .where('realm_id', '=', realmId)
              .where('account_id', '=', account.id)
              .where('address_key', 'not in', namesOf(account))
              .execute(),
          )
          // The names come first: they are unique together with every UPN, so the update cannot meet a taken one.
          await claimNames(account)
          await database.run((db) =>
            db
              .updateTable('account')
              .set(toColumns(account))
              .where('realm_id', '=', realmId)
              .where('id', '=', account.id)
              .execute(),
          )
          return 'replaced'
        })
      } catch (error) {
        if (error instanceof Taken) return 'conflict'
        throw error
      }
    },
    async remove(id) {
      if (!isUuid(id)) return false
      return database.together(async () => {
        // All that belongs to an account goes with its row by foreign keys; these two tables have none.
        const { numDeletedRows } = await database.run((db) =>
          db.deleteFrom('account').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
        )
        await database.run((db) =>
          db.deleteFrom('oidc_artifact').where('realm_id', '=', realmId).where('account_id', '=', id).execute(),
        )
        await database.run((db) =>
          db.deleteFrom('attempt_counter').where('realm_id', '=', realmId).where('subject', '=', `account:${id}`).execute(),
        )
        return numDeletedRows === 1n
      })
    },
  } satisfies AccountStore)
}
