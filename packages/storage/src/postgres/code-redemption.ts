/**
 * code-redemption reads and writes what the redemption of a code needs, for as many as come at the same moment: one statement for all
 * that are read, one for all that are redeemed. Each stands for itself: what one of them finds or loses, the others do not notice.
 */
import { sql } from 'kysely'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import { type AccountRow, accountColumns, notBefore } from './accounts.ts'
import {
  createPile,
  firstOfEach,
  hex,
  plannedForOne,
  type TrailColumns,
  tellOfEach,
  toTrailColumns,
  trailNames,
  trailValues,
} from './many-at-once.ts'
import type { NewAuditRow, RealmPart } from './row.ts'

export const CODE = 'AuthorizationCode'

export interface CodePlace {
  readonly realmId: string
  readonly hash: Uint8Array
}

export interface CodeRow extends AccountRow {
  readonly code_sealed: Uint8Array
  readonly grant_hash: Uint8Array
  readonly grant_sealed: Uint8Array
}

const account = [...accountColumns.map((column) => column.slice(column.indexOf('.') + 1)), 'not_before']

interface CodePlaces {
  readonly realmIds: readonly string[]
  /** Hexadecimal. */
  readonly hashes: readonly string[]
  readonly count: number
}

/**
 * The code by its whole key, its grant by the id that both are kept under, and the account that the code names. Who is no account of
 * ours has none: ids of theirs are UUIDs. `offset 0` keeps each inner statement whole, as in gate-view.ts.
 */
const selectUnused = prepare((db, asked: CodePlaces) =>
  db
    .selectFrom(
      sql<{ place: string; realm_id: string; hash: Uint8Array }>`(
        select place, realm_id::uuid, decode(hash, 'hex') as hash
        from unnest(${asked.realmIds}::text[], ${asked.hashes}::text[]) with ordinality as question (realm_id, hash, place)
        ${plannedForOne(asked.count)})`.as('asked'),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('oidc_artifact as code')
          .select(['code.payload_sealed', 'code.grant_id'])
          .select(sql<string>`case when code.account_id ~ '^[0-9a-f-]{36}$' then code.account_id::uuid end`.as('account_id'))
          .whereRef('code.realm_id', '=', 'asked.realm_id')
          .where('code.kind', '=', CODE)
          .whereRef('code.id_hash', '=', 'asked.hash')
          .where('code.consumed_at', 'is', null)
          .offset(sql.lit(0))
          .as('code'),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('oidc_artifact as granted')
          .select(['granted.id_hash', 'granted.payload_sealed'])
          .whereRef('granted.realm_id', '=', 'asked.realm_id')
          .whereRef('granted.grant_id', '=', 'code.grant_id')
          .where('granted.kind', '=', 'Grant')
          .offset(sql.lit(0))
          .as('granted'),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('account')
          .select(accountColumns)
          .select(notBefore)
          .whereRef('account.realm_id', '=', 'asked.realm_id')
          .whereRef('account.id', '=', 'code.account_id')
          .offset(sql.lit(0))
          .as('account'),
      (join) => join.onTrue(),
    )
    .select(['asked.place', 'code.payload_sealed as code_sealed'])
    .select(['granted.id_hash as grant_hash', 'granted.payload_sealed as grant_sealed'])
    .select(account.map((column) => sql.ref(`account.${column}`).as(column))),
)

/** What {@link RealmPart} wants. */
export function createCodeReader(database: Database): RealmPart['readCode'] {
  return database.grouped<CodePlace, CodeRow | undefined>(
    async (db, places) => {
      const { rows } = await selectUnused(db, {
        realmIds: places.map(({ realmId }) => realmId),
        hashes: places.map(({ hash }) => hex(hash)),
        count: places.length,
      })
      // Counted from 1. Selected by name above.
      const byPlace = new Map(rows.map((row) => [Number(row.place), row as unknown as CodeRow]))
      return places.map((_, at) => byPlace.get(at + 1))
    },
    { reads: true },
  )
}

/** One code that is used, and what begins with it. */
export interface Redemption extends CodePlace {
  readonly accountId: string
  readonly grantHash: Uint8Array
  readonly usedAt: Date
  readonly family:
    | {
        readonly id: string
        readonly sessionId: string | null
        readonly endsAt: Date
        readonly grantSealed: Uint8Array
        readonly tokenHash: Uint8Array
        readonly tokenSealed: Uint8Array
        readonly issuedAt: Date
        readonly expiresAt: Date
      }
    | undefined
  readonly trail: NewAuditRow
}

type Maybe<T> = readonly (T | null)[]

/** Column by column; `null` where no family begins. Hashes are hexadecimal, times are milliseconds since 1970. */
interface Redemptions extends TrailColumns {
  readonly count: number
  readonly realmIds: readonly string[]
  readonly hashes: readonly string[]
  readonly accountIds: readonly string[]
  readonly grantHashes: readonly string[]
  readonly usedAt: readonly number[]
  readonly familyIds: Maybe<string>
  readonly sessionIds: Maybe<string>
  readonly endsAt: Maybe<number>
  readonly tokenHashes: Maybe<string>
  readonly issuedAt: Maybe<number>
  readonly expiresAt: Maybe<number>
  readonly sealed: Uint8Array
  readonly grantStarts: Maybe<number>
  readonly grantLengths: Maybe<number>
  readonly tokenStarts: Maybe<number>
  readonly tokenLengths: Maybe<number>
}

/**
 * Code, grant, client and account are held while they are looked at: whoever redeems or removes the code, or disables the client, waits
 * for us. What somebody else holds at this moment is passed over: many must not wait for one, and the answer is that it was not
 * redeemed. The account is held as the foreign key of its family holds it anyway. Kinds are handed on from what was found: told what
 * they are, PostgreSQL would rather read all of a kind while there are few.
 */
const redeemAll = prepare((db, all: Redemptions) => ({
  compile: () =>
    sql<{ hash: string }>`
      with asked as (
        select realm_id::uuid, decode(hash, 'hex') as hash, account_id::uuid, decode(grant_hash, 'hex') as grant_hash,
          to_timestamp(used_at / 1000.0) as used_at, family_id, session_id, to_timestamp(ends_at / 1000.0) as ends_at,
          decode(token_hash, 'hex') as token_hash, to_timestamp(issued_at / 1000.0) as issued_at,
          to_timestamp(expires_at / 1000.0) as expires_at, grant_start, grant_length, token_start, token_length, ${trailNames}
        from unnest(${all.realmIds}::text[], ${all.hashes}::text[], ${all.accountIds}::text[], ${all.grantHashes}::text[],
          ${all.usedAt}::bigint[], ${all.familyIds}::text[], ${all.sessionIds}::text[], ${all.endsAt}::bigint[],
          ${all.tokenHashes}::text[], ${all.issuedAt}::bigint[], ${all.expiresAt}::bigint[], ${all.grantStarts}::integer[],
          ${all.grantLengths}::integer[], ${all.tokenStarts}::integer[], ${all.tokenLengths}::integer[], ${trailValues(all)})
          as one (realm_id, hash, account_id, grant_hash, used_at, family_id, session_id, ends_at, token_hash, issued_at, expires_at,
            grant_start, grant_length, token_start, token_length, ${trailNames})
        ${plannedForOne(all.count)}
      ), held as (
        select asked.realm_id, hash, account_id, grant_hash, used_at, family_id, session_id, ends_at, token_hash, issued_at, expires_at,
          grant_start, grant_length, token_start, token_length, code.client_id, code.kind as code_kind,
          granted.kind as grant_kind, ${trailNames}
        from asked cross join lateral (
          select kind, client_id from oidc_artifact
          where oidc_artifact.realm_id = asked.realm_id and kind = 'AuthorizationCode' and id_hash = asked.hash and consumed_at is null
          for update skip locked
        ) code cross join lateral (
          select id from client
          where client.realm_id = asked.realm_id and id = code.client_id and status = 'active'
          for share skip locked
        ) client cross join lateral (
          select id from account
          where account.realm_id = asked.realm_id and id = asked.account_id and status = 'active'
          for key share skip locked
        ) account cross join lateral (
          select kind from oidc_artifact
          where oidc_artifact.realm_id = asked.realm_id and kind = 'Grant' and id_hash = asked.grant_hash
          for update skip locked
        ) granted
      ), used as (
        update oidc_artifact set consumed_at = held.used_at
        from held
        where oidc_artifact.realm_id = held.realm_id and oidc_artifact.kind = held.code_kind and oidc_artifact.id_hash = held.hash
      ), kept as (
        update oidc_artifact set expires_at = held.ends_at,
          payload_sealed = substring(${all.sealed}::bytea from held.grant_start for held.grant_length)
        from held
        where oidc_artifact.realm_id = held.realm_id and oidc_artifact.kind = held.grant_kind and oidc_artifact.id_hash = held.grant_hash
          and held.family_id is not null
      ), family as (
        insert into refresh_family (realm_id, id, account_id, client_id, session_id, started_at, last_used_at, ends_at)
        select realm_id, family_id, account_id, client_id, session_id, issued_at, issued_at, ends_at
        from held where family_id is not null
      ), added as (
        insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
        select realm_id, token_hash, family_id, substring(${all.sealed}::bytea from token_start for token_length), issued_at, expires_at
        from held where family_id is not null
      ), told as (${tellOfEach('held')})
      select encode(hash, 'hex') as hash from held`.compile(db),
}))

function toColumns(redemptions: readonly Redemption[]): Redemptions {
  const pile = createPile()
  const column = <T>(of: (one: Redemption) => T): readonly T[] => redemptions.map(of)
  const ofFamily = <T>(of: (family: NonNullable<Redemption['family']>) => T): Maybe<T> =>
    redemptions.map(({ family }) => (family === undefined ? null : of(family)))
  return {
    count: redemptions.length,
    realmIds: column(({ realmId }) => realmId),
    hashes: column(({ hash }) => hex(hash)),
    accountIds: column(({ accountId }) => accountId),
    grantHashes: column(({ grantHash }) => hex(grantHash)),
    usedAt: column(({ usedAt }) => usedAt.getTime()),
    familyIds: ofFamily(({ id }) => id),
    sessionIds: ofFamily(({ sessionId }) => sessionId),
    endsAt: ofFamily(({ endsAt }) => endsAt.getTime()),
    tokenHashes: ofFamily(({ tokenHash }) => hex(tokenHash)),
    issuedAt: ofFamily(({ issuedAt }) => issuedAt.getTime()),
    expiresAt: ofFamily(({ expiresAt }) => expiresAt.getTime()),
    grantStarts: column(({ family }) => pile.add(family?.grantSealed)),
    grantLengths: ofFamily(({ grantSealed }) => grantSealed.length),
    tokenStarts: column(({ family }) => pile.add(family?.tokenSealed)),
    tokenLengths: ofFamily(({ tokenSealed }) => tokenSealed.length),
    sealed: pile.whole(),
    ...toTrailColumns(redemptions.map(({ trail }) => trail)),
  }
}

/** What {@link RealmPart} wants. Of several for the same code in one statement, the first may. */
export function createRedeemer(database: Database): RealmPart['redeem'] {
  return database.grouped<Redemption, boolean>(
    async (db, redemptions) => {
      const first = firstOfEach(redemptions, ({ hash }) => hex(hash)) // holds the realm as well
      const { rows } = await redeemAll(db, toColumns([...first]))
      const redeemed = new Set(rows.map(({ hash }) => hash))
      return redemptions.map((one) => first.has(one) && redeemed.has(hex(one.hash)))
    },
    { single: true },
  )
}
