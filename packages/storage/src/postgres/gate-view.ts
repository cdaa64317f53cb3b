import { type Kysely, sql } from 'kysely'
import type { GateView } from '../ports/mail-apps.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import { type AccountRow, accountColumns, toAccount } from './accounts.ts'
import { type AppPasswordRow, appPasswordColumns, toAppPassword } from './app-passwords.ts'
import { type MailAppRow, mailAppColumns, toMailApp } from './mail-app-rows.ts'
import { present, type Row } from './row.ts'

interface Asked {
  readonly realmId: string
  /** Folded. */
  readonly name: string
  readonly identityDigest: Uint8Array
  /** `null`: no app password is asked for, and none is found. */
  readonly lookup: string | null
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

type Found = Readonly<Record<string, unknown>> & { readonly policy_id: string | null }
const rowOf = (found: Found, { places }: ReturnType<typeof named>) =>
  Object.fromEntries(places.map(([column, name]) => [name, found[column]]))

/** One row each of six tables, by whole keys. */
const select = prepare((db, asked: Asked) =>
  db
    .selectFrom('account_address')
    .innerJoin('account', (join) =>
      join.onRef('account.realm_id', '=', 'account_address.realm_id').onRef('account.id', '=', 'account_address.account_id'),
    )
    .leftJoin('password', (join) =>
      join.onRef('password.realm_id', '=', 'account.realm_id').onRef('password.account_id', '=', 'account.id'),
    )
    .leftJoin('mail_app', (join) =>
      join
        .onRef('mail_app.realm_id', '=', 'account.realm_id')
        .onRef('mail_app.account_id', '=', 'account.id')
        .on('mail_app.identity_digest', '=', asked.identityDigest),
    )
    .leftJoin('app_password', (join) =>
      join
        .onRef('app_password.realm_id', '=', 'account.realm_id')
        .onRef('app_password.account_id', '=', 'account.id')
        .on('app_password.lookup', '=', asked.lookup),
    )
    .leftJoin('authentication_policy_assignment as assignment', (join) =>
      join.onRef('assignment.realm_id', '=', 'account.realm_id').onRef('assignment.account_id', '=', 'account.id'),
    )
    .select([...tables.account.selected, ...tables.password.selected, ...tables.app.selected, ...tables.appPassword.selected])
    .select('assignment.policy_id')
    .where('account_address.realm_id', '=', asked.realmId)
    .where('account_address.address_key', '=', asked.name),
)

/** {@link MailAppStore.look}. A row that an outer join did not find has no id. */
export async function look(db: Kysely<Schema>, asked: Asked): Promise<GateView | undefined> {
  const { rows } = await select(db, asked)
  const found = rows[0] as Found | undefined // selected by name above
  if (found === undefined) return undefined
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
