/**
 * Fills the service's own tables with as many accounts and unexpired tokens as a large realm has, by SQL in the database: rows of
 * the size that its own have, identifiers as scattered as its own. Indexes and foreign keys are taken away before and come back
 * after, because that is faster by far; foreign keys then hold for new rows and are not held against those that came before.
 */
import { randomBytes } from 'node:crypto'
import type { Connection } from '@postern/storage'

export interface Filling {
  readonly realmId: string
  readonly clientId: string
  readonly accounts: number
  /** Rows of refresh_token. Of each family's, one was not used yet and the others are kept to recognise them. */
  readonly tokens: number
}

export const TOKENS_OF_FAMILY = 4
const TABLES = ['account', 'account_address', 'password', 'refresh_family', 'refresh_token']
const PAYLOAD = 606

/** What each filled account is called. */
export const filledName = (index: number): string => `filled-${index}@contoso.com`

type Query = (text: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** Statements that take away what slows loading down, and those that bring it back. */
async function readSchema(query: Query): Promise<{ drop: string; restore: string }> {
  const named = TABLES.map((name) => `'${name}'::regclass`).join(', ')
  // Foreign keys from other tables hold on to the primary keys here, so they go too.
  const constraints = await query(`
    select conrelid::regclass::text as table, conname as name, contype as kind, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype in ('p', 'f') and (conrelid in (${named}) or (contype = 'f' and confrelid in (${named})))
    order by contype`)
  const indexes = await query(`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid in (${named}) and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))`)
  const foreign = constraints.filter(({ kind }) => kind === 'f')
  const primary = constraints.filter(({ kind }) => kind === 'p')
  return {
    drop: [
      ...[...foreign, ...primary].map((one) => `alter table ${one.table} drop constraint ${one.name};`),
      ...indexes.map(({ name }) => `drop index ${name};`),
    ].join('\n'),
    restore: [
      ...primary.map((one) => `alter table ${one.table} add constraint ${one.name} ${one.definition};`),
      ...indexes.map(({ definition }) => `${definition};`),
      ...foreign.map((one) => `alter table ${one.table} add constraint ${one.name} ${one.definition} not valid;`),
    ].join('\n'),
  }
}

const insertions = ({ realmId, clientId, accounts, tokens }: Filling): readonly string[] => {
  const families = Math.ceil(tokens / TOKENS_OF_FAMILY)
  // The same account for the same number, without a look: a UUID of a digest.
  const account = (number: string) => `md5('account/' || ${number})::uuid`
  const family = (number: string) => `'filled-' || md5('family/' || ${number})`
  const handle = (of: string, turn: string) => `sha256(convert_to(${of} || '/' || ${turn}, 'UTF8'))`
  const some = `generate_series(0, ${accounts - 1}) n`
  return [
    `insert into account (realm_id, id, upn, upn_key, address, further_addresses, display_name, groups, status, created_at, updated_at)
     select '${realmId}', ${account('n')}, 'filled-' || n || '@contoso.com', 'filled-' || n || '@contoso.com',
       'filled-' || n || '@contoso.com', '{}', 'Filled Rivera ' || n, '{staff}', 'active', now(), now() from ${some}`,
    `insert into account_address (realm_id, address_key, account_id)
     select '${realmId}', 'filled-' || n || '@contoso.com', ${account('n')} from ${some}`,
    `insert into password (realm_id, account_id, hash, changed_at)
     select '${realmId}', ${account('n')}, '$argon2id$v=19$m=19456,t=2,p=1$' || left(md5(n::text), 22) || '$' || left(md5(n::text) || md5(n::text), 43), now()
     from ${some}`,
    `insert into refresh_family (realm_id, id, account_id, client_id, session_id, started_at, last_used_at, ends_at)
     select '${realmId}', ${family('n')}, ${account(`(n % ${accounts})`)}, '${clientId}', left(md5(n::text), 21),
       now() - random() * interval '90 days', now() - random() * interval '1 day', now() + (1 + random()) * interval '180 days'
     from generate_series(0, ${families - 1}) n`,
    `insert into refresh_token (realm_id, handle_hash, family_id, predecessor_hash, payload_sealed, issued_at, expires_at, used_at)
     select '${realmId}', ${handle('n', 'turn')}, ${family('n')}, case when turn > 0 then ${handle('n', '(turn - 1)')} end,
       '\\x${randomBytes(PAYLOAD).toString('hex')}'::bytea, now() - interval '1 day', now() + (1 + random()) * interval '45 days',
       case when turn < ${TOKENS_OF_FAMILY - 1} then now() - interval '1 hour' end
     from generate_series(0, ${families - 1}) n, generate_series(0, ${TOKENS_OF_FAMILY - 1}) turn limit ${tokens}`,
  ]
}

/** Returns the seconds that it took. The service may run meanwhile, but nobody should ask it anything. */
export async function fill(connection: Connection, filling: Filling): Promise<number> {
  const start = performance.now()
  const { drop, restore } = await connection.session(({ query }) => readSchema((text) => query(text)))
  await connection.runScript(`
    begin;
    set local session_replication_role = replica;
    set local maintenance_work_mem = '1GB';
    set local work_mem = '256MB';
    ${drop}
    ${insertions(filling).join(';\n')};
    ${restore}
    commit;`)
  for (const table of TABLES) await connection.runScript(`vacuum (analyze) ${table}`)
  await connection.runScript('checkpoint')
  return (performance.now() - start) / 1000
}
