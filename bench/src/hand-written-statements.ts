/**
 * What a rotation and a redemption write, each as one statement by hand: the least that PostgreSQL must do for one. The rows go to
 * the service's own tables, with its indexes and foreign keys and as many bytes as its own rows have; nothing is decided, sealed or
 * signed. How many bytes those are was read off a running service (pg_column_size).
 */
import { createHash, randomBytes } from 'node:crypto'

const PAYLOAD = 606
const ANSWER = 2965
const GRANT = 370
const CODE = 675
const DETAIL = 215

export interface ByHand {
  /** For pgbench; `:n` counts the turns of a client from 0. */
  readonly script: string
  /** What must be there before: SQL for `clients` clients and as many `turns` of each. */
  prepare(run: string, clients: number, turns: number): string
  /** Rows of the audit trail that `run` left: one for each turn that found what it needed. */
  count(run: string): string
}

/** Bytes that nothing makes smaller, as sealed ones are. */
const sealed = (bytes: number): string => `'\\x${randomBytes(bytes).toString('hex')}'::bytea`
const digest = (text: string): string => `sha256(convert_to(${text}, 'UTF8'))`

const AUDIT = (from: string) => `
  insert into audit_event (realm_id, id, at, event, outcome, reference, account_id, client_id, source, detail)
  select realm_id, gen_random_uuid()::text, now(), 'token.issued', 'allowed', :run, account_id, client_id, '127.0.0.1',
    '{"text":"${'x'.repeat(DETAIL - 11)}"}'
  from ${from};`

/** `whose` is SQL that finds one row with the realm, the account and the client of all. */
export interface Whose {
  readonly realmId: string
  readonly accountId: string
  readonly clientId: string
}

const familyRow = ({ realmId, accountId, clientId }: Whose, id: string): string =>
  `'${realmId}'::uuid, ${id}, '${accountId}'::uuid, '${clientId}', 'session-of-the-bench', now(), now(), now() + interval '1 year'`
const FAMILY = 'realm_id, id, account_id, client_id, session_id, started_at, last_used_at, ends_at'

/** Every client has a family and turns its token, over and over: each turn uses up the token of the one before. */
export function rotationByHand(whose: Whose): ByHand {
  const handle = (turn: string) => digest(`:run || '/' || :client_id || '/' || ${turn}`)
  return {
    script: `
\\set n :n + 1
with used as (
  update refresh_token set used_at = now()
  where realm_id = '${whose.realmId}' and handle_hash = ${handle('(:n - 1)')} and used_at is null
  returning realm_id, family_id, handle_hash
), kept as (
  insert into refresh_answer (realm_id, handle_hash, sealed, request, until)
  select realm_id, handle_hash, ${sealed(ANSWER)}, '${createHash('sha256').update('request').digest('base64url')}', now() + interval '1 minute' from used
), added as (
  insert into refresh_token (realm_id, handle_hash, family_id, predecessor_hash, payload_sealed, issued_at, expires_at)
  select realm_id, ${handle(':n')}, family_id, handle_hash, ${sealed(PAYLOAD)}, now(), now() + interval '90 days' from used
), touched as (
  update refresh_family set last_used_at = now() from used
  where refresh_family.realm_id = used.realm_id and refresh_family.id = used.family_id
  returning refresh_family.realm_id, account_id, client_id
)${AUDIT('touched')}
`,
    prepare: (run, clients) => `
with family as (
  insert into refresh_family (${FAMILY})
  select ${familyRow(whose, `'${run}/' || client`)} from generate_series(0, ${clients - 1}) client
)
insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
select '${whose.realmId}', ${digest(`'${run}/' || client || '/0'`)}, '${run}/' || client, ${sealed(PAYLOAD)}, now(), now() + interval '90 days'
from generate_series(0, ${clients - 1}) client`,
    count,
  }
}

/** Every turn consumes another code, makes its grant last, begins a family with its first token and writes the trail. */
export function redemptionByHand(whose: Whose): ByHand {
  const place = (what: string) => digest(`:run || '/' || :client_id || '/' || :n || '${what}'`)
  const family = `:run || '/' || :client_id || '/' || :n`
  return {
    script: `
\\set n :n + 1
with consumed as (
  update oidc_artifact set consumed_at = now()
  where realm_id = '${whose.realmId}' and kind = 'AuthorizationCode' and id_hash = ${place('code')} and consumed_at is null
  returning realm_id
), kept as (
  update oidc_artifact set payload_sealed = ${sealed(GRANT)}, expires_at = now() + interval '1 year' from consumed
  where oidc_artifact.realm_id = consumed.realm_id and kind = 'Grant' and id_hash = ${place('grant')}
  returning oidc_artifact.realm_id
), family as (
  insert into refresh_family (${FAMILY}) select ${familyRow(whose, family)} from kept returning realm_id, id, account_id::text, client_id
), added as (
  insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
  select realm_id, ${place('token')}, id, ${sealed(PAYLOAD)}, now(), now() + interval '90 days' from family
)${AUDIT('family')}
`,
    prepare: (run, clients, turns) => {
      const place = (what: string) => digest(`'${run}/' || client || '/' || turn || '${what}'`)
      const row = (kind: string, what: string, bytes: number) =>
        `'${whose.realmId}'::uuid, '${kind}', ${place(what)}, ${sealed(bytes)}, '${run}/' || client || '/' || turn, '${whose.accountId}', '${whose.clientId}', now() + interval '1 hour'`
      const all = `from generate_series(0, ${clients - 1}) client, generate_series(1, ${turns}) turn`
      return `
insert into oidc_artifact (realm_id, kind, id_hash, payload_sealed, grant_id, account_id, client_id, expires_at)
select ${row('AuthorizationCode', 'code', CODE)} ${all} union all select ${row('Grant', 'grant', GRANT)} ${all}`
    },
    count,
  }
}

const count = (run: string): string => `select count(*) from audit_event where reference = '${run}'`
