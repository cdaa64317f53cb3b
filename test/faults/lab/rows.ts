/**
 * rows reads what the checker looks at, in one snapshot: the few columns that invariants are about, as they stand, and every
 * table whole as text, in which nothing secret may stand.
 * @module
 */
import { type Sql, withDatabase } from './sql.ts'

export interface TokenRow {
  readonly hash: string
  readonly family: string
  readonly predecessor: string | undefined
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly usedAt: Date | undefined
}

export interface FamilyRow {
  readonly id: string
  readonly accountId: string | undefined
  readonly clientId: string
  readonly startedAt: Date
  readonly endsAt: Date
  readonly revokedAt: Date | undefined
}

export interface AuditedRow {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly outcome: string
  readonly accountId: string | undefined
  readonly clientId: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

export interface ArtifactRow {
  readonly kind: string
  readonly hash: string
  readonly grantId: string | undefined
  readonly accountId: string | undefined
  readonly clientId: string | undefined
  readonly consumedAt: Date | undefined
  readonly expiresAt: Date
}

export interface KeyRow {
  readonly kid: string
  /** DER, base64. */
  readonly certificate: string
  readonly announcedAt: Date
  readonly signsFrom: Date
  readonly retiresAt: Date | undefined
  readonly removedAt: Date | undefined
}

export interface CounterRow {
  readonly subject: string
  readonly method: string
  readonly inWindow: number
  readonly consecutive: number
}

export interface Rows {
  readonly now: Date
  /** Whatever was proved until then counts no more: a backup was put back. */
  readonly notBefore?: Date
  readonly tokens: readonly TokenRow[]
  readonly families: readonly FamilyRow[]
  readonly audit: readonly AuditedRow[]
  readonly artifacts: readonly ArtifactRow[]
  readonly keys: readonly KeyRow[]
  readonly counters: readonly CounterRow[]
  readonly accounts: readonly { readonly id: string; readonly upn: string; readonly status: string }[]
  readonly clients: readonly { readonly id: string; readonly status: string }[]
  readonly authenticators: readonly {
    readonly id: string
    readonly accountId: string
    readonly method: string
    readonly state: string
    readonly credentialId: string | undefined
  }[]
  readonly addresses: readonly { readonly key: string; readonly accountId: string }[]
  readonly outbox: readonly { readonly accountId: string | undefined; readonly createdAt: Date; readonly tries: number }[]
  readonly mailApps: readonly { readonly id: string; readonly toldBy: string | undefined; readonly firstTriedAt: Date }[]
  readonly revocations: readonly {
    readonly number: number
    readonly kind: string
    readonly at: Date
    readonly accountId: string | undefined
    readonly familyId: string | undefined
  }[]
  /** Every row of every table as PostgreSQL writes it, bytes as hexadecimal digits. */
  readonly dump: readonly { readonly table: string; readonly text: string }[]
}

type Row = Readonly<Record<string, unknown>>
const text = (row: Row, name: string): string => String(row[name])
const maybe = (row: Row, name: string): string | undefined => (row[name] === null ? undefined : String(row[name]))
const date = (row: Row, name: string): Date => row[name] as Date // pg reads timestamptz as Date
const maybeDate = (row: Row, name: string): Date | undefined => (row[name] === null ? undefined : (row[name] as Date))

export function readRows(databaseUrl: string): Promise<Rows> {
  return withDatabase(databaseUrl, async (sql) => {
    await sql('begin isolation level repeatable read read only')
    const rows = await read(sql)
    await sql('commit')
    return rows
  })
}

async function read(sql: Sql): Promise<Rows> {
  const list = async <T>(query: string, make: (row: Row) => T): Promise<readonly T[]> => (await sql(query)).map(make)
  const [clock] = await sql('select now() as now')
  const [epoch] = await sql('select max(not_before) as not_before from realm')
  return {
    now: clock?.now as Date,
    ...(epoch?.not_before ? { notBefore: epoch.not_before as Date } : {}),
    tokens: await list(
      `select encode(handle_hash, 'hex') as hash, family_id, encode(predecessor_hash, 'hex') as predecessor, issued_at, expires_at, used_at from refresh_token`,
      (row) => ({
        hash: text(row, 'hash'),
        family: text(row, 'family_id'),
        predecessor: maybe(row, 'predecessor'),
        issuedAt: date(row, 'issued_at'),
        expiresAt: date(row, 'expires_at'),
        usedAt: maybeDate(row, 'used_at'),
      }),
    ),
    families: await list('select * from refresh_family', (row) => ({
      id: text(row, 'id'),
      accountId: maybe(row, 'account_id'),
      clientId: text(row, 'client_id'),
      startedAt: date(row, 'started_at'),
      endsAt: date(row, 'ends_at'),
      revokedAt: maybeDate(row, 'revoked_at'),
    })),
    audit: await list('select * from audit_event order by at, id', (row) => ({
      id: text(row, 'id'),
      at: date(row, 'at'),
      event: text(row, 'event'),
      outcome: text(row, 'outcome'),
      accountId: maybe(row, 'account_id'),
      clientId: maybe(row, 'client_id'),
      detail: row.detail as Record<string, unknown>, // a JSON object
    })),
    artifacts: await list(
      `select kind, encode(id_hash, 'hex') as hash, grant_id, account_id, client_id, consumed_at, expires_at from oidc_artifact`,
      (row) => ({
        kind: text(row, 'kind'),
        hash: text(row, 'hash'),
        grantId: maybe(row, 'grant_id'),
        accountId: maybe(row, 'account_id'),
        clientId: maybe(row, 'client_id'),
        consumedAt: maybeDate(row, 'consumed_at'),
        expiresAt: date(row, 'expires_at'),
      }),
    ),
    keys: await list(
      "select kid, encode(certificate, 'base64') as certificate, announced_at, signs_from, retires_at, removed_at from signing_key",
      (row) => ({
        kid: text(row, 'kid'),
        certificate: text(row, 'certificate'),
        announcedAt: date(row, 'announced_at'),
        signsFrom: date(row, 'signs_from'),
        retiresAt: maybeDate(row, 'retires_at'),
        removedAt: maybeDate(row, 'removed_at'),
      }),
    ),
    counters: await list('select * from attempt_counter', (row) => ({
      subject: text(row, 'subject'),
      method: text(row, 'method'),
      inWindow: Number(row.in_window),
      consecutive: Number(row.consecutive),
    })),
    accounts: await list('select id, upn_key, status from account', (row) => ({
      id: text(row, 'id'),
      upn: text(row, 'upn_key'),
      status: text(row, 'status'),
    })),
    clients: await list('select id, status from client', (row) => ({ id: text(row, 'id'), status: text(row, 'status') })),
    authenticators: await list('select * from authenticator', (row) => ({
      id: text(row, 'id'),
      accountId: text(row, 'account_id'),
      method: text(row, 'method'),
      state: text(row, 'state'),
      credentialId: maybe(row, 'credential_id'),
    })),
    addresses: await list('select address_key, account_id from account_address', (row) => ({
      key: text(row, 'address_key'),
      accountId: text(row, 'account_id'),
    })),
    outbox: await list('select account_id, created_at, tries from outbox', (row) => ({
      accountId: maybe(row, 'account_id'),
      createdAt: date(row, 'created_at'),
      tries: Number(row.tries),
    })),
    mailApps: await list('select id, told_by, first_tried_at from mail_app', (row) => ({
      id: text(row, 'id'),
      toldBy: maybe(row, 'told_by'),
      firstTriedAt: date(row, 'first_tried_at'),
    })),
    revocations: await list('select number, kind, at, account_id, family_id from revocation order by number', (row) => ({
      number: Number(row.number),
      kind: text(row, 'kind'),
      at: date(row, 'at'),
      accountId: maybe(row, 'account_id'),
      familyId: maybe(row, 'family_id'),
    })),
    dump: await dump(sql),
  }
}

async function dump(sql: Sql): Promise<Rows['dump']> {
  const tables = await sql(
    `select quote_ident(relname) as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )
  const all: { table: string; text: string }[] = []
  for (const { name } of tables) {
    const table = String(name)
    // Names of tables come from the database itself, quoted by it.
    for (const row of await sql(`select one::text as line from ${table} one`)) all.push({ table, text: String(row.line) })
  }
  return all
}
