/**
 * refresh-rotation reads and writes what a refresh needs, for as many as come at the same moment: one statement for all that are
 * read, one for all that are rotated. Each stands for itself: what one of them finds or loses, the others do not notice.
 */
import { sql } from 'kysely'
import type { KeptAnswer } from '../ports/refresh-tokens.ts'
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
import type { NewAuditRow, RealmPart, Row } from './row.ts'

/** Where an unused token is, and the grant that its family has its id from. Texts are such as the database can hold. */
export interface UnusedPlace {
  readonly realmId: string
  readonly hash: Uint8Array
  readonly familyId: string
  readonly grantHash: Uint8Array
}

export type UnusedRow = AccountRow &
  Pick<Row<'refresh_token'>, 'handle_hash' | 'family_id' | 'payload_sealed' | 'issued_at' | 'expires_at'> &
  Pick<Row<'refresh_family'>, 'account_id' | 'client_id'> & { readonly grant_sealed: Uint8Array }

const found = {
  token: ['handle_hash', 'family_id', 'payload_sealed', 'issued_at', 'expires_at'],
  family: ['account_id', 'client_id'],
  account: [...accountColumns.map((column) => column.slice(column.indexOf('.') + 1)), 'not_before'],
} as const

interface UnusedPlaces {
  readonly count: number
  readonly realmIds: readonly string[]
  /** Hexadecimal. */
  readonly hashes: readonly string[]
  /** Hexadecimal. */
  readonly grantHashes: readonly string[]
}

/**
 * The token, its family, its grant and its account, each by its whole key. `offset 0` keeps each inner statement whole, as in
 * gate-view.ts: joined, PostgreSQL would at times read all tokens of the family, used ones too, for the one that is asked for.
 */
const selectUnused = prepare((db, asked: UnusedPlaces) =>
  db
    .selectFrom(
      sql<{ place: string; realm_id: string; hash: Uint8Array; grant_hash: Uint8Array }>`(
        select place, realm_id::uuid, decode(hash, 'hex') as hash, decode(grant_hash, 'hex') as grant_hash
        from unnest(${asked.realmIds}::text[], ${asked.hashes}::text[], ${asked.grantHashes}::text[])
          with ordinality as question (realm_id, hash, grant_hash, place)
        ${plannedForOne(asked.count)})`.as('asked'),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('refresh_token as token')
          .select(found.token.map((column) => `token.${column}` as const))
          .whereRef('token.realm_id', '=', 'asked.realm_id')
          .whereRef('token.handle_hash', '=', 'asked.hash')
          .where('token.used_at', 'is', null)
          .offset(sql.lit(0))
          .as('token'),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('refresh_family as family')
          .select(found.family.map((column) => `family.${column}` as const))
          .whereRef('family.realm_id', '=', 'asked.realm_id')
          .whereRef('family.id', '=', 'token.family_id')
          .where('family.revoked_at', 'is', null)
          .offset(sql.lit(0))
          .as('family'),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('oidc_artifact as granted')
          .select('granted.payload_sealed as grant_sealed')
          .whereRef('granted.realm_id', '=', 'asked.realm_id')
          .where('granted.kind', '=', 'Grant')
          .whereRef('granted.id_hash', '=', 'asked.grant_hash')
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
          .whereRef('account.id', '=', 'family.account_id')
          .offset(sql.lit(0))
          .as('account'),
      (join) => join.onTrue(),
    )
    .select(['asked.place', 'granted.grant_sealed'])
    .select(found.token.map((column) => `token.${column}` as const))
    .select(found.family.map((column) => `family.${column}` as const))
    .select(found.account.map((column) => sql.ref(`account.${column}`).as(column))),
)

/** What {@link RealmPart} wants. */
export function createUnusedReader(database: Database): RealmPart['readUnused'] {
  return database.grouped<UnusedPlace, UnusedRow | undefined>(
    async (db, places) => {
      const { rows } = await selectUnused(db, {
        count: places.length,
        realmIds: places.map(({ realmId }) => realmId),
        hashes: places.map(({ hash }) => hex(hash)),
        grantHashes: places.map(({ grantHash }) => hex(grantHash)),
      })
      // Counted from 1. Selected by name above.
      const byPlace = new Map(rows.map((row) => [Number(row.place), row as unknown as UnusedRow]))
      return places.map(({ familyId }, at) => {
        const row = byPlace.get(at + 1)
        return row?.family_id === familyId ? row : undefined
      })
    },
    { reads: true },
  )
}

/** One used token and what follows it. */
export interface Rotation {
  readonly realmId: string
  readonly hash: Uint8Array
  readonly usedAt: Date
  readonly successor: {
    readonly hash: Uint8Array
    readonly sealed: Uint8Array
    readonly issuedAt: Date
    readonly expiresAt: Date
  }
  readonly answer: KeptAnswer | undefined
  readonly trail: NewAuditRow
}

/** Column by column. Times are milliseconds since 1970: as text, the engines differ in which years they take. */
interface Rotations extends TrailColumns {
  readonly count: number
  readonly realmIds: readonly string[]
  /** Hexadecimal, like `successors`. */
  readonly hashes: readonly string[]
  readonly successors: readonly string[]
  readonly usedAt: readonly number[]
  readonly issuedAt: readonly number[]
  readonly expiresAt: readonly number[]
  readonly sealed: Uint8Array
  readonly payloadStarts: readonly (number | null)[]
  readonly payloadLengths: readonly number[]
  /** `null`, like what follows: no answer is kept. */
  readonly answerStarts: readonly (number | null)[]
  readonly answerLengths: readonly (number | null)[]
  readonly requests: readonly (string | null)[]
  readonly untils: readonly (number | null)[]
}

/**
 * Token and family are held while they are looked at, so no other use and no revocation slips in between. What somebody else
 * holds at this moment is passed over: many must not wait for one, and the answer is that it was not rotated.
 */
const rotateAll = prepare((db, all: Rotations) => ({
  compile: () =>
    sql<{ successor: string }>`
      with asked as (
        select realm_id::uuid, decode(hash, 'hex') as hash, decode(successor, 'hex') as successor,
          to_timestamp(used_at / 1000.0) as used_at, to_timestamp(issued_at / 1000.0) as issued_at,
          to_timestamp(expires_at / 1000.0) as expires_at, payload_start, payload_length, answer_start, answer_length,
          request, to_timestamp(until / 1000.0) as until, ${trailNames}
        from unnest(${all.realmIds}::text[], ${all.hashes}::text[], ${all.successors}::text[], ${all.usedAt}::bigint[],
          ${all.issuedAt}::bigint[], ${all.expiresAt}::bigint[], ${all.payloadStarts}::integer[], ${all.payloadLengths}::integer[],
          ${all.answerStarts}::integer[], ${all.answerLengths}::integer[], ${all.requests}::text[], ${all.untils}::bigint[],
          ${trailValues(all)})
          as one (realm_id, hash, successor, used_at, issued_at, expires_at, payload_start, payload_length, answer_start,
            answer_length, request, until, ${trailNames})
        ${plannedForOne(all.count)}
      ), held as (
        select asked.successor, token.family_id
        from asked cross join lateral (
          select family_id from refresh_token
          where refresh_token.realm_id = asked.realm_id and handle_hash = asked.hash and refresh_token.used_at is null
          for no key update skip locked
        ) token cross join lateral (
          select id from refresh_family
          where refresh_family.realm_id = asked.realm_id and id = token.family_id and revoked_at is null
          for no key update skip locked
        ) family
      ), added as (
        insert into refresh_token (realm_id, handle_hash, family_id, predecessor_hash, payload_sealed, issued_at, expires_at)
        select asked.realm_id, asked.successor, held.family_id, asked.hash,
          substring(${all.sealed}::bytea from payload_start for payload_length), asked.issued_at, asked.expires_at
        from held join asked on asked.successor = held.successor
        on conflict do nothing
        returning realm_id, handle_hash, family_id, predecessor_hash
      ), rotated as (
        select asked.realm_id, asked.hash, used_at, issued_at, answer_start, answer_length, request, until, added.family_id, ${trailNames}
        from added join asked on asked.successor = added.handle_hash
      ), used as (
        update refresh_token set used_at = rotated.used_at
        from rotated where refresh_token.realm_id = rotated.realm_id and refresh_token.handle_hash = rotated.hash
      ), touched as (
        update refresh_family set last_used_at = rotated.issued_at
        from rotated where refresh_family.realm_id = rotated.realm_id and refresh_family.id = rotated.family_id
      ), kept as (
        insert into refresh_answer (realm_id, handle_hash, sealed, request, until)
        select realm_id, hash, substring(${all.sealed}::bytea from answer_start for answer_length), request, until
        from rotated where request is not null
      ), told as (${tellOfEach('rotated')})
      select encode(handle_hash, 'hex') as successor from added`.compile(db),
}))

function toColumns(rotations: readonly Rotation[]): Rotations {
  const pile = createPile()
  const column = <T>(of: (one: Rotation) => T): readonly T[] => rotations.map(of)
  return {
    count: rotations.length,
    realmIds: column(({ realmId }) => realmId),
    hashes: column(({ hash }) => hex(hash)),
    successors: column(({ successor }) => hex(successor.hash)),
    usedAt: column(({ usedAt }) => usedAt.getTime()),
    issuedAt: column(({ successor }) => successor.issuedAt.getTime()),
    expiresAt: column(({ successor }) => successor.expiresAt.getTime()),
    payloadStarts: column(({ successor }) => pile.add(successor.sealed)),
    payloadLengths: column(({ successor }) => successor.sealed.length),
    answerStarts: column(({ answer }) => pile.add(answer?.sealed)),
    answerLengths: column(({ answer }) => answer?.sealed.length ?? null),
    sealed: pile.whole(),
    requests: column(({ answer }) => answer?.request ?? null),
    untils: column(({ answer }) => answer?.until.getTime() ?? null),
    ...toTrailColumns(rotations.map(({ trail }) => trail)),
  }
}

/** What {@link RealmPart} wants. Of several who use the same token in one statement, the first may. */
export function createRotator(database: Database): RealmPart['rotate'] {
  return database.grouped<Rotation, boolean>(async (db, rotations) => {
    const first = firstOfEach(rotations, ({ hash }) => hex(hash)) // holds the realm as well
    const { rows } = await rotateAll(db, toColumns([...first]))
    const added = new Set(rows.map(({ successor }) => successor))
    return rotations.map((one) => first.has(one) && added.has(hex(one.successor.hash)))
  })
}
