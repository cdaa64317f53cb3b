/**
 * redemptions reads and writes what the redemption of a code needs: one statement each, outside of a transaction.
 *
 * Whoever writes takes the rows in the order of everybody else: the code, its client, its grant.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { RedemptionStore } from '../ports/redemptions.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import { accountColumns, notBefore, toAccount } from './accounts.ts'
import { artifactHash, grantHash, openArtifact, openGrant, sealGrant } from './artifacts.ts'
import { toNewRow } from './audit.ts'
import { isText, isUuid, type NewAuditRow, type RealmPart } from './row.ts'

const CODE = 'AuthorizationCode'

interface Place {
  readonly realmId: string
  readonly hash: Uint8Array
}

/** The grant is found by the id that it and its code are kept under. Who is no account of ours has none: ids of theirs are UUIDs. */
const selectUnused = prepare((db, at: Place) =>
  db
    .selectFrom('oidc_artifact as code')
    .innerJoin('oidc_artifact as granted', (join) =>
      join
        .onRef('granted.realm_id', '=', 'code.realm_id')
        .onRef('granted.grant_id', '=', 'code.grant_id')
        .on('granted.kind', '=', 'Grant'),
    )
    .innerJoin('account', (join) =>
      join
        .onRef('account.realm_id', '=', 'code.realm_id')
        .on('account.id', '=', sql<string>`case when code.account_id ~ '^[0-9a-f-]{36}$' then code.account_id::uuid end`),
    )
    .select(['code.payload_sealed as code_sealed', 'granted.id_hash as grant_hash', 'granted.payload_sealed as grant_sealed'])
    .select(accountColumns)
    .select(notBefore)
    .where('code.realm_id', '=', at.realmId)
    .where('code.kind', '=', CODE)
    .where('code.id_hash', '=', at.hash)
    .where('code.consumed_at', 'is', null),
)

type Trail = { readonly [K in keyof Omit<NewAuditRow, 'realm_id'> as `trail_${K}`]: NewAuditRow[K] }

interface Use extends Place, Trail {
  readonly usedAt: Date
  readonly accountId: string
  readonly grantHash: Uint8Array
}

interface UseAndStart extends Use {
  readonly grantSealed: Uint8Array
  readonly familyId: string
  readonly sessionId: string | null
  readonly tokenHash: Uint8Array
  readonly tokenSealed: Uint8Array
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly familyEndsAt: Date
}

/**
 * The code and its client are held while they are looked at: whoever redeems or removes the code, or disables the client, waits
 * for us or has been waited for. The account is looked at again and not held, like everywhere.
 */
const heldBy = (one: Use): RawBuilder<unknown> => sql`
      code as (
        select realm_id, client_id from oidc_artifact
        where realm_id = ${one.realmId}::uuid and kind = 'AuthorizationCode' and id_hash = ${one.hash}::bytea and consumed_at is null
        for update
      ), held as (
        select client.realm_id, client.id as client_id
        from code join client on client.realm_id = code.realm_id and client.id = code.client_id
        where client.status = 'active' and exists (
          select 1 from account where account.realm_id = code.realm_id and account.id = ${one.accountId}::uuid and account.status = 'active')
        for share of client
      )`

/** The code is marked and the trail told for what is in `source`, which has none or one row. */
const usedAndTold = (one: Use, source: 'kept' | 'added'): RawBuilder<unknown> => sql`
      used as (
        update oidc_artifact set consumed_at = ${one.usedAt}::timestamptz
        from ${sql.id(source)} as source
        where oidc_artifact.realm_id = source.realm_id and oidc_artifact.kind = 'AuthorizationCode'
          and oidc_artifact.id_hash = ${one.hash}::bytea
      ), told as (
        insert into audit_event (realm_id, id, at, event, outcome, reference, account_id, client_id, actor, source, detail)
        select realm_id, ${one.trail_id}::text, to_timestamp(${one.trail_at}::bigint / 1000.0), ${one.trail_event}::text,
          ${one.trail_outcome}::text, ${one.trail_reference}::text, ${one.trail_account_id}::text, ${one.trail_client_id}::text,
          ${one.trail_actor}::text, ${one.trail_source}::text, ${one.trail_detail}::json
        from ${sql.id(source)}
      )
      select count(realm_id)::integer as redeemed from ${sql.id(source)}`

interface Redeemed {
  readonly redeemed: number
}

const use = prepare((db: Kysely<Schema>, one: Use) => ({
  compile: () =>
    sql<Redeemed>`
      with ${heldBy(one)}, kept as (
        select held.realm_id from held join oidc_artifact as granted on granted.realm_id = held.realm_id
        where granted.kind = 'Grant' and granted.id_hash = ${one.grantHash}::bytea
      ), ${usedAndTold(one, 'kept')}`.compile(db),
}))

const useAndStart = prepare((db: Kysely<Schema>, one: UseAndStart) => ({
  compile: () =>
    sql<Redeemed>`
      with ${heldBy(one)}, kept as (
        update oidc_artifact set payload_sealed = ${one.grantSealed}::bytea, expires_at = ${one.familyEndsAt}::timestamptz
        from held
        where oidc_artifact.realm_id = held.realm_id and oidc_artifact.kind = 'Grant'
          and oidc_artifact.id_hash = ${one.grantHash}::bytea
        returning held.realm_id, held.client_id
      ), family as (
        insert into refresh_family (realm_id, id, account_id, client_id, session_id, started_at, last_used_at, ends_at)
        select realm_id, ${one.familyId}::text, ${one.accountId}::uuid, client_id, ${one.sessionId}::text,
          ${one.issuedAt}::timestamptz, ${one.issuedAt}::timestamptz, ${one.familyEndsAt}::timestamptz from kept
        returning realm_id, id
      ), added as (
        insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
        select realm_id, ${one.tokenHash}::bytea, id, ${one.tokenSealed}::bytea, ${one.issuedAt}::timestamptz,
          ${one.expiresAt}::timestamptz from family
        returning realm_id
      ), ${usedAndTold(one, 'added')}`.compile(db),
}))

export function createRedemptionStore({ database, realmId, sealer }: RealmPart): RedemptionStore {
  const hashOf = (code: string) => artifactHash(sealer, realmId, CODE, code)
  const refreshHash = (handle: string) => sealer.lookup('refresh-handle', realmId, handle)
  const refreshRow = (hash: Uint8Array) => ({ table: 'refresh_token', realmId, id: Buffer.from(hash).toString('hex') })

  return Object.freeze({
    async findUnused(code) {
      const hash = hashOf(code)
      const { rows } = await database.run((db) => selectUnused(db, { realmId, hash }))
      const [row] = rows
      if (row === undefined) return undefined
      return Object.freeze({
        code: openArtifact(sealer, realmId, { kind: CODE, hash }, row.code_sealed),
        grant: openGrant(sealer, realmId, row.grant_hash, row.grant_sealed),
        account: toAccount(row),
      })
    },
    async redeem({ code, grantId, accountId, at, family, trail }) {
      if (!isText(grantId) || !isUuid(accountId)) return false
      const { realm_id: _realm, ...row } = toNewRow(realmId, trail)
      const told = Object.fromEntries(Object.entries(row).map(([name, value]) => [`trail_${name}`, value])) as Trail // longer names
      const grant = grantHash(sealer, realmId, grantId)
      const used = { realmId, hash: hashOf(code), grantHash: grant, accountId, usedAt: at, ...told }
      const { rows } = await database.run((db) =>
        family === undefined ? use(db, used) : useAndStart(db, { ...used, ...toStart(family, { grantId, grant }) }),
      )
      return rows[0]?.redeemed === 1
    },
  } satisfies RedemptionStore)

  function toStart(
    { sessionId, grant, familyEndsAt, token }: NonNullable<Parameters<RedemptionStore['redeem']>[0]['family']>,
    of: { readonly grantId: string; readonly grant: Uint8Array },
  ) {
    const tokenHash = refreshHash(token.handle)
    return {
      grantSealed: sealGrant(sealer, realmId, of.grant, grant),
      familyId: of.grantId,
      sessionId: sessionId ?? null,
      tokenHash,
      tokenSealed: sealer.sealJson('refresh-token', refreshRow(tokenHash), token.payload),
      issuedAt: token.issuedAt,
      expiresAt: token.expiresAt,
      familyEndsAt,
    }
  }
}
