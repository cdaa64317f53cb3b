import { sql } from 'kysely'
import type { RealmId } from '../identifiers.ts'
import type { GateView } from '../ports/mail-apps.ts'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import { type AccountRow, accountColumns, toAccount } from './accounts.ts'
import { type AppPasswordRow, appPasswordColumns, toAppPassword } from './app-passwords.ts'
import { listedRows } from './listed-rows.ts'
import { type MailAppRow, mailAppColumns, toMailApp } from './mail-app-rows.ts'
import { present, type RealmPart, type Row } from './row.ts'

/** One question of the gate. Texts are such as the database can hold. */
export interface GateLook {
  readonly realmId: RealmId
  /** Folded. */
  readonly name: string
  readonly identityDigest: Uint8Array
  /** `undefined`: no app password is asked for, and none is found. */
  readonly lookup: string | undefined
}

const passwordColumns = ['password.hash', 'password.changed_at'] as const

/** Each column under its full name, since the tables share some; and where each goes in the row of its table. */
const named = (columns: readonly string[]) => ({
  selected: columns.map((column) => sql.ref(column).as(column)),
  places: columns.map((column) => [column, column.slice(column.indexOf('.') + 1)] as const),
})
const tables = {
  account: named(accountColumns),
  password: named(passwordColumns),
  app: named(mailAppColumns),
  appPassword: named(appPasswordColumns),
}

/** What the inner statement calls them. */
const foundColumns = [...Object.values(tables).flatMap(({ places }) => places.map(([column]) => column)), 'policy_id']

type Found = Readonly<Record<string, unknown>> & { readonly policy_id: string | null }
const rowOf = (found: Found, { places }: ReturnType<typeof named>) =>
  Object.fromEntries(places.map(([column, name]) => [name, found[column]]))

interface Questions {
  readonly realmIds: readonly string[]
  readonly names: readonly string[]
  /** Hexadecimal. */
  readonly identityDigests: readonly string[]
  /** Empty: none. */
  readonly lookups: readonly string[]
}

/**
 * For each question one row each of six tables, by whole keys. `offset 0` keeps the inner statement whole: it runs once for
 * each question, by its indexes, however many rows PostgreSQL expects.
 */
const select = prepare((db, asked: Questions) =>
  db
    .selectFrom(
      sql<{ place: string; realm_id: string; name: string; identity_digest: Uint8Array; lookup: string | null }>`(
        select place, realm_id::uuid, name, decode(identity_digest, 'hex') as identity_digest, nullif(lookup, '') as lookup
        from ${listedRows(
          'question',
          {
            realm_id: sql`${asked.realmIds}::text[]`,
            name: sql`${asked.names}::text[]`,
            identity_digest: sql`${asked.identityDigests}::text[]`,
            lookup: sql`${asked.lookups}::text[]`,
          },
          'place',
        )})`.as('asked'),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('account_address')
          .innerJoin('account', (join) =>
            join
              .onRef('account.realm_id', '=', 'account_address.realm_id')
              .onRef('account.id', '=', 'account_address.account_id'),
          )
          .leftJoin('password', (join) =>
            join.onRef('password.realm_id', '=', 'account.realm_id').onRef('password.account_id', '=', 'account.id'),
          )
          .leftJoin('mail_app', (join) =>
            join
              .onRef('mail_app.realm_id', '=', 'account.realm_id')
              .onRef('mail_app.account_id', '=', 'account.id')
              .onRef('mail_app.identity_digest', '=', 'asked.identity_digest'),
          )
          .leftJoin('app_password', (join) =>
            join
              .onRef('app_password.realm_id', '=', 'account.realm_id')
              .onRef('app_password.account_id', '=', 'account.id')
              .onRef('app_password.lookup', '=', 'asked.lookup'),
          )
          .leftJoin('authentication_policy_assignment as assignment', (join) =>
            join.onRef('assignment.realm_id', '=', 'account.realm_id').onRef('assignment.account_id', '=', 'account.id'),
          )
          .select([
            ...tables.account.selected,
            ...tables.password.selected,
            ...tables.app.selected,
            ...tables.appPassword.selected,
          ])
          .select('assignment.policy_id')
          .whereRef('account_address.realm_id', '=', 'asked.realm_id')
          .whereRef('account_address.address_key', '=', 'asked.name')
          .offset(sql.lit(0))
          .as('found'),
      (join) => join.onTrue(),
    )
    .select('asked.place')
    .select(foundColumns.map((column) => sql`found.${sql.id(column)}`.as(column))),
)

/** What {@link RealmPart} wants: mail servers ask about many apps at once, and whoever asks at the same time is read together. */
export function createGateReader(database: Database): RealmPart['lookAtGate'] {
  return database.grouped<GateLook, GateView | undefined>(
    async (db, looks) => {
      const { rows } = await select(db, {
        realmIds: looks.map(({ realmId }) => realmId),
        names: looks.map(({ name }) => name),
        identityDigests: looks.map(({ identityDigest }) => Buffer.from(identityDigest).toString('hex')),
        lookups: looks.map(({ lookup = '' }) => lookup),
      })
      // Counted from 1; a name that nobody has brings no row.
      const views = new Map(rows.map((row) => [Number(row.place), viewOf(row as unknown as Found)])) // selected by name above
      return looks.map((_, at) => views.get(at + 1))
    },
    { reads: true },
  )
}

/** A row that an outer join did not find has no id. */
function viewOf(found: Found): GateView {
  // Each is a row of its table, or nothing but null.
  const password = rowOf(found, tables.password) as Row<'password'>
  const app = rowOf(found, tables.app) as MailAppRow | { id: null }
  const appPassword = rowOf(found, tables.appPassword) as AppPasswordRow | { id: null }
  return Object.freeze({
    account: toAccount(rowOf(found, tables.account) as AccountRow),
    ...(password.hash !== null && { password: Object.freeze({ hash: password.hash, changedAt: password.changed_at }) }),
    ...(app.id !== null && { app: toMailApp(app) }),
    ...(appPassword.id !== null && { appPassword: toAppPassword(appPassword) }),
    ...present({ authenticationPolicyId: found.policy_id }),
  })
}
