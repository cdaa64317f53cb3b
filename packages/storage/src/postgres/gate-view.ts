import { sql } from 'kysely'
import { AccountId, type RealmId } from '../identifiers.ts'
import type { Account } from '../ports/accounts.ts'
import type { EnforcementState } from '../ports/enforcement.ts'
import type { GateApp, GateAppPassword, GateView, MailAppState } from '../ports/mail-apps.ts'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import { listedRows } from './listed-rows.ts'
import type { RealmPart } from './row.ts'

/** One question of the gate. Texts are such as the database can hold. */
export interface GateLook {
  readonly realmId: RealmId
  /** Folded. */
  readonly name: string
  /** Hexadecimal. */
  readonly identityDigest: string
  /** `undefined`: no app password is asked for, and none is found. */
  readonly lookup: string | undefined
}

/** What a decision hangs on, each under a name of its own, since the tables share some. */
const columns = [
  'account.id as account_id',
  'account.upn as upn',
  'account.address as address',
  'account.display_name as display_name',
  'account.groups as groups',
  'account.status as status',
  'account.enforcement as enforcement',
  'password.hash as password_hash',
  'password.changed_at as password_changed_at',
  'mail_app.id as app_id',
  'mail_app.label as app_label',
  'mail_app.state as app_state',
  'mail_app.decided_by as app_decided_by',
  'mail_app.last_source as app_last_source',
  'app_password.id as secret_id',
  'app_password.label as secret_label',
  'app_password.hash as secret_hash',
  'app_password.protocols as secret_protocols',
  'app_password.networks as secret_networks',
  'app_password.binds_to_first_app as secret_binds',
  'app_password.mail_app_id as secret_app_id',
  'app_password.created_at as secret_created_at',
  'app_password.expires_at as secret_expires_at',
  'app_password.last_used_at as secret_last_used_at',
  'assignment.policy_id as policy_id',
] as const

type NameOf<Column> = Column extends `${string} as ${infer Name}` ? Name : never
/** Each stands behind the word `as`. */
const namesOf = <Column extends string>(list: readonly Column[]) => list.map((one) => one.split(' as ')[1] as NameOf<Column>)

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
          .select(columns)
          .whereRef('account_address.realm_id', '=', 'asked.realm_id')
          .whereRef('account_address.address_key', '=', 'asked.name')
          .offset(sql.lit(0))
          .as('found'),
      (join) => join.onTrue(),
    )
    .select('asked.place')
    .select(namesOf(columns).map((name) => `found.${name}` as const)),
)

/** What {@link RealmPart} wants: mail servers ask about many apps at once, and whoever asks at the same time is read together. */
export function createGateReader(database: Database): RealmPart['lookAtGate'] {
  return database.grouped<GateLook, GateView | undefined>(
    async (db, looks) => {
      const { rows } = await select(db, {
        realmIds: looks.map(({ realmId }) => realmId),
        names: looks.map(({ name }) => name),
        identityDigests: looks.map(({ identityDigest }) => identityDigest),
        lookups: looks.map(({ lookup = '' }) => lookup),
      })
      // Counted from 1; a name that nobody has brings no row.
      const views = new Map(rows.map((row) => [Number(row.place), viewOf(row)]))
      return looks.map((_, at) => views.get(at + 1))
    },
    { reads: true },
  )
}

type Found = Awaited<ReturnType<typeof select>>['rows'][number]

function viewOf(row: Found): GateView {
  const [password, app, appPassword] = [passwordOf(row), appOf(row), appPasswordOf(row)]
  return Object.freeze({
    account: Object.freeze({
      id: AccountId.of(row.account_id),
      upn: row.upn,
      address: row.address,
      displayName: row.display_name,
      groups: Object.freeze(row.groups),
      status: row.status as Account['status'], // account_status_known
      enforcement: Object.freeze({ state: row.enforcement as EnforcementState }), // account_enforcement_known
    }),
    ...(password !== undefined && { password }),
    ...(app !== undefined && { app }),
    ...(appPassword !== undefined && { appPassword }),
    ...(row.policy_id !== null && { authenticationPolicyId: row.policy_id }),
  })
}

/** Of a row that an outer join did not find everything is null. */
function passwordOf({ password_hash: hash, password_changed_at: changedAt }: Found): GateView['password'] {
  return hash === null || changedAt === null ? undefined : Object.freeze({ hash, changedAt })
}

function appOf(row: Found): GateApp | undefined {
  if (row.app_id === null || row.app_label === null) return undefined
  return Object.freeze({
    id: row.app_id,
    label: row.app_label,
    state: row.app_state as MailAppState, // mail_app_state_known
    ...(row.app_decided_by !== null && { decidedBy: row.app_decided_by }),
    ...(row.app_last_source !== null && { lastSource: row.app_last_source }),
  })
}

function appPasswordOf(row: Found): GateAppPassword | undefined {
  const { secret_id: id, secret_label: label, secret_hash: hash, secret_created_at: createdAt } = row
  if (id === null || label === null || hash === null || createdAt === null) return undefined
  return Object.freeze({
    id,
    accountId: AccountId.of(row.account_id),
    label,
    hash,
    protocols: Object.freeze(row.secret_protocols ?? []),
    networks: Object.freeze(row.secret_networks ?? []),
    bindsToFirstApp: row.secret_binds === true,
    ...(row.secret_app_id !== null && { mailAppId: row.secret_app_id }),
    createdAt,
    ...(row.secret_expires_at !== null && { expiresAt: row.secret_expires_at }),
    ...(row.secret_last_used_at !== null && { lastUsedAt: row.secret_last_used_at }),
  })
}
