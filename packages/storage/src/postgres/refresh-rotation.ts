/**
 * refresh-rotation reads and writes what a refresh needs, for as many as come at the same moment: one statement for all that are
 * read, one for all that are rotated. Each stands for itself: what one of them finds or loses, the others do not notice.
 */
import { sql } from 'kysely'
import type { KeptAnswer } from '../ports/refresh-tokens.ts'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import { type AccountRow, accountColumns, notBefore } from './accounts.ts'
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

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const found = {
  token: ['handle_hash', 'family_id', 'payload_sealed', 'issued_at', 'expires_at'],
  family: ['account_id', 'client_id'],
  others: [...accountColumns.map((column) => column.slice(column.indexOf('.') + 1)), 'grant_sealed', 'not_before'],
} as const

interface UnusedPlaces {
  readonly realmIds: readonly string[]
  /** Hexadecimal. */
  readonly hashes: readonly string[]
  /** Hexadecimal. */
  readonly grantHashes: readonly string[]
}

/** The token, its grant and its account, each by its whole key. `offset 0` keeps the inner statement whole, as in gate-view.ts. */
const selectUnused = prepare((db, asked: UnusedPlaces) =>
  db
    .selectFrom(
      sql<{ place: string; realm_id: string; hash: Uint8Array; grant_hash: Uint8Array }>`(
        select place, realm_id::uuid, decode(hash, 'hex') as hash, decode(grant_hash, 'hex') as grant_hash
        from unnest(${asked.realmIds}::text[], ${asked.hashes}::text[], ${asked.grantHashes}::text[])
          with ordinality as question (realm_id, hash, grant_hash, place))`.as('asked'),
    )
    .innerJoinLateral(
      (outer) =>
        outer
          .selectFrom('refresh_token as token')
          .innerJoin('refresh_family as family', (join) =>
            join.onRef('family.realm_id', '=', 'token.realm_id').onRef('family.id', '=', 'token.family_id'),
          )
          .innerJoin('oidc_artifact as granted', (join) =>
            join
              .onRef('granted.realm_id', '=', 'token.realm_id')
              .on('granted.kind', '=', 'Grant')
              .onRef('granted.id_hash', '=', 'asked.grant_hash'),
          )
          .innerJoin('account', (join) =>
            join.onRef('account.realm_id', '=', 'token.realm_id').onRef('account.id', '=', 'family.account_id'),
          )
          .select(found.token.map((column) => `token.${column}` as const))
          .select(found.family.map((column) => `family.${column}` as const))
          .select('granted.payload_sealed as grant_sealed')
          .select(accountColumns)
          .select(notBefore)
          .whereRef('token.realm_id', '=', 'asked.realm_id')
          .whereRef('token.handle_hash', '=', 'asked.hash')
          .where('token.used_at', 'is', null)
          .where('family.revoked_at', 'is', null)
          .offset(sql.lit(0))
          .as('found'),
      (join) => join.onTrue(),
    )
    .select('asked.place')
    .select(Object.values(found).flatMap((columns) => columns.map((column) => sql.ref(`found.${column}`).as(column)))),
)

/** What {@link RealmPart} wants. */
export function createUnusedReader(database: Database): RealmPart['readUnused'] {
  return database.grouped<UnusedPlace, UnusedRow | undefined>(
    async (db, places) => {
      const { rows } = await selectUnused(db, {
        realmIds: places.map(({ realmId }) => realmId),
        hashes: places.map(({ hash }) => hex(hash)),
        grantHashes: places.map(({ grantHash }) => hex(grantHash)),
      })
      // Counted from 1. Selected by name above.
      const byPlace = new Map(rows.map((row) => [Number(row.place), row as unknown as UnusedRow]))
      return places.map(({ familyId }, at) => {
        const row = byPlace.get(at + 1)
        // Asked here: PostgreSQL would rather read all tokens of the family, used ones too, than the one that is asked for.
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
interface Rotations {
  readonly realmIds: readonly string[]
  /** Hexadecimal, like `successors`. */
  readonly hashes: readonly string[]
  readonly successors: readonly string[]
  readonly usedAt: readonly number[]
  readonly issuedAt: readonly number[]
  readonly expiresAt: readonly number[]
  /** All sealed bytes, one after the other: an array of bytes would travel as text of twice the length. */
  readonly sealed: Uint8Array
  readonly payloadEnds: readonly number[]
  readonly answerEnds: readonly number[]
  /** `null`: no answer is kept. */
  readonly requests: readonly (string | null)[]
  readonly untils: readonly (number | null)[]
  readonly trail: { readonly [K in keyof NewAuditRow]: readonly NewAuditRow[K][] }
}
type FlatRotations = Omit<Rotations, 'trail'> & {
  readonly [K in keyof NewAuditRow as `trail_${K}`]: Rotations['trail'][K]
}

/**
 * Token and family are held while they are looked at, so no other use and no revocation slips in between. What somebody else
 * holds at this moment is passed over: many must not wait for one, and the answer is that it was not rotated.
 */
const rotateAll = prepare((db, all: FlatRotations) => ({
  compile: () =>
    sql<{ successor: string }>`
      with asked as (
        select realm_id::uuid, decode(hash, 'hex') as hash, decode(successor, 'hex') as successor,
          to_timestamp(used_at / 1000.0) as used_at, to_timestamp(issued_at / 1000.0) as issued_at,
          to_timestamp(expires_at / 1000.0) as expires_at,
          coalesce(lag(answer_end) over (order by place), 0) as payload_start, payload_end, answer_end,
          request, to_timestamp(until / 1000.0) as until,
          trail_id, to_timestamp(trail_at / 1000.0) as trail_at, trail_event, trail_outcome, trail_reference, trail_account_id,
          trail_client_id, trail_actor, trail_source, trail_detail::json
        from unnest(${all.realmIds}::text[], ${all.hashes}::text[], ${all.successors}::text[], ${all.usedAt}::bigint[],
          ${all.issuedAt}::bigint[], ${all.expiresAt}::bigint[], ${all.payloadEnds}::integer[], ${all.answerEnds}::integer[],
          ${all.requests}::text[], ${all.untils}::bigint[], ${all.trail_id}::text[], ${all.trail_at}::bigint[],
          ${all.trail_event}::text[], ${all.trail_outcome}::text[], ${all.trail_reference}::text[],
          ${all.trail_account_id}::text[], ${all.trail_client_id}::text[], ${all.trail_actor}::text[], ${all.trail_source}::text[],
          ${all.trail_detail}::text[]) with ordinality as one (realm_id, hash, successor, used_at, issued_at, expires_at,
            payload_end, answer_end, request, until, trail_id, trail_at, trail_event, trail_outcome, trail_reference,
            trail_account_id, trail_client_id, trail_actor, trail_source, trail_detail, place)
      ), held as (
        select asked.successor, token.family_id
        from asked cross join lateral (
          select family.id as family_id
          from refresh_token token join refresh_family family on family.realm_id = token.realm_id and family.id = token.family_id
          where token.realm_id = asked.realm_id and token.handle_hash = asked.hash
            and token.used_at is null and family.revoked_at is null
          for no key update skip locked
        ) token
      ), added as (
        insert into refresh_token (realm_id, handle_hash, family_id, predecessor_hash, payload_sealed, issued_at, expires_at)
        select asked.realm_id, asked.successor, held.family_id, asked.hash,
          substring(${all.sealed}::bytea from payload_start + 1 for payload_end - payload_start), asked.issued_at, asked.expires_at
        from held join asked on asked.successor = held.successor
        on conflict do nothing
        returning realm_id, handle_hash, family_id, predecessor_hash
      ), rotated as (
        select asked.realm_id, asked.hash, used_at, issued_at, payload_end, answer_end, request, until, trail_id, trail_at, trail_event,
          trail_outcome, trail_reference, trail_account_id, trail_client_id, trail_actor, trail_source, trail_detail, added.family_id
        from added join asked on asked.successor = added.handle_hash
      ), used as (
        update refresh_token set used_at = rotated.used_at
        from rotated where refresh_token.realm_id = rotated.realm_id and refresh_token.handle_hash = rotated.hash
      ), touched as (
        update refresh_family set last_used_at = rotated.issued_at
        from rotated where refresh_family.realm_id = rotated.realm_id and refresh_family.id = rotated.family_id
      ), kept as (
        insert into refresh_answer (realm_id, handle_hash, sealed, request, until)
        select realm_id, hash, substring(${all.sealed}::bytea from payload_end + 1 for answer_end - payload_end), request, until
        from rotated where request is not null
      ), told as (
        insert into audit_event (realm_id, id, at, event, outcome, reference, account_id, client_id, actor, source, detail)
        select realm_id, trail_id, trail_at, trail_event, trail_outcome, trail_reference, trail_account_id, trail_client_id,
          trail_actor, trail_source, trail_detail
        from rotated
      )
      select encode(handle_hash, 'hex') as successor from added`.compile(db),
}))

function toColumns(rotations: readonly Rotation[]): FlatRotations {
  const sealed: Uint8Array[] = []
  const payloadEnds: number[] = []
  const answerEnds: number[] = []
  let end = 0
  const append = (bytes: Uint8Array | undefined): number => {
    if (bytes !== undefined) sealed.push(bytes)
    end += bytes?.length ?? 0
    return end
  }
  for (const { successor, answer } of rotations) {
    payloadEnds.push(append(successor.sealed))
    answerEnds.push(append(answer?.sealed))
  }
  const trail = <K extends keyof NewAuditRow>(name: K): readonly NewAuditRow[K][] => rotations.map((one) => one.trail[name])
  return {
    realmIds: rotations.map(({ realmId }) => realmId),
    hashes: rotations.map(({ hash }) => hex(hash)),
    successors: rotations.map(({ successor }) => hex(successor.hash)),
    usedAt: rotations.map(({ usedAt }) => usedAt.getTime()),
    issuedAt: rotations.map(({ successor }) => successor.issuedAt.getTime()),
    expiresAt: rotations.map(({ successor }) => successor.expiresAt.getTime()),
    sealed: Buffer.concat(sealed),
    payloadEnds,
    answerEnds,
    requests: rotations.map(({ answer }) => answer?.request ?? null),
    untils: rotations.map(({ answer }) => answer?.until.getTime() ?? null),
    trail_realm_id: trail('realm_id'),
    trail_id: trail('id'),
    trail_at: trail('at'),
    trail_event: trail('event'),
    trail_outcome: trail('outcome'),
    trail_reference: trail('reference'),
    trail_account_id: trail('account_id'),
    trail_client_id: trail('client_id'),
    trail_actor: trail('actor'),
    trail_source: trail('source'),
    trail_detail: trail('detail'),
  }
}

/** What {@link RealmPart} wants. Of several who use the same token in one statement, the first may. */
export function createRotator(database: Database): RealmPart['rotate'] {
  return database.grouped<Rotation, boolean>(async (db, rotations) => {
    const first = new Map<string, Rotation>()
    for (const rotation of rotations) {
      const token = hex(rotation.hash) // holds the realm as well
      if (!first.has(token)) first.set(token, rotation)
    }
    const { rows } = await rotateAll(db, toColumns([...first.values()]))
    const added = new Set(rows.map(({ successor }) => successor))
    return rotations.map((one) => first.get(hex(one.hash)) === one && added.has(hex(one.successor.hash)))
  })
}
