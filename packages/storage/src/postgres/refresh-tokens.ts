import { type Kysely, sql } from 'kysely'
import { StorageUnavailable } from '../errors.ts'
import { AccountId, ClientId, FamilyId } from '../identifiers.ts'
import type { RefreshFamily, RefreshToken, RefreshTokenStore } from '../ports/refresh-tokens.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import type { Sealer } from '../sealing.ts'
import { toAccount } from './accounts.ts'
import { grantHash, openGrant } from './artifacts.ts'
import { toNewRow } from './audit.ts'
import { hex } from './many-at-once.ts'
import { bytes, isText, isUuid, list, present, type RealmPart, type Row } from './row.ts'

const toFamily = (row: Row<'refresh_family'>): RefreshFamily =>
  Object.freeze({
    id: FamilyId.of(row.id),
    ...(row.account_id === null ? {} : { accountId: AccountId.of(row.account_id) }),
    clientId: ClientId.of(row.client_id),
    ...(row.session_id === null ? {} : { sessionId: row.session_id }),
    startedAt: row.started_at,
    lastUsedAt: row.last_used_at,
    endsAt: row.ends_at,
    ...present({ revokedAt: row.revoked_at, revokedBecause: row.revoked_because }),
  })

interface Place {
  readonly realmId: string
  readonly hash: Uint8Array
}

/** One read of a token, its family and its successor. */
const selectAt = (db: Kysely<Schema>, at: Place) =>
  db
    .selectFrom('refresh_token as token')
    .innerJoin('refresh_family as family', (join) =>
      join.onRef('family.realm_id', '=', 'token.realm_id').onRef('family.id', '=', 'token.family_id'),
    )
    .leftJoin('refresh_token as successor', (join) =>
      join.onRef('successor.realm_id', '=', 'token.realm_id').onRef('successor.predecessor_hash', '=', 'token.handle_hash'),
    )
    .leftJoin('refresh_answer as answer', (join) =>
      join.onRef('answer.realm_id', '=', 'token.realm_id').onRef('answer.handle_hash', '=', 'token.handle_hash'),
    )
    .select([
      'token.handle_hash',
      'token.family_id',
      'token.payload_sealed',
      'token.issued_at',
      'token.expires_at',
      'token.used_at',
      'family.account_id',
      'family.client_id',
      'successor.used_at as successor_used_at',
    ])
    // Until no server runs that is older than 0033_refresh_answer.sql: those keep answers with their token.
    .select(({ fn }) => [
      fn.coalesce('answer.sealed', 'token.answer_sealed').as('answer_sealed'),
      fn.coalesce('answer.request', 'token.answer_request').as('answer_request'),
      fn.coalesce('answer.until', 'token.answer_until').as('answer_until'),
    ])
    .where('token.realm_id', '=', at.realmId)
    .where('token.handle_hash', '=', at.hash)
    .where('family.revoked_at', 'is', null)
const select = prepare((db, at: Place) => selectAt(db, at))
/**
 * Holds token and family, in this order, like everybody else. PostgreSQL then answers with the newest state of these two, but
 * with the successor as it was when it began.
 */
const selectForUpdate = prepare((db, at: Place) => selectAt(db, at).forNoKeyUpdate(['token', 'family']))

interface Start extends Place {
  readonly familyId: string
  readonly accountId: string | null
  readonly clientId: string
  readonly sessionId: string | null
  readonly payloadSealed: Uint8Array
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly familyEndsAt: Date
}

/** The client is held while it is looked at: who disables it at this moment waits and then ends this family, or is done and nothing starts. */
const startOne = prepare((db, one: Start) => ({
  compile: () =>
    sql<{ started: number }>`
      with held as (
        select realm_id, id from client
        where realm_id = ${one.realmId}::uuid and id = ${one.clientId}::text and status = 'active' for share
      ), family as (
        insert into refresh_family (realm_id, id, account_id, client_id, session_id, started_at, last_used_at, ends_at)
        select realm_id, ${one.familyId}::text, ${one.accountId}::uuid, id, ${one.sessionId}::text, ${one.issuedAt}::timestamptz,
          ${one.issuedAt}::timestamptz, ${one.familyEndsAt}::timestamptz from held
        returning realm_id, id
      ), added as (
        insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
        select realm_id, ${one.hash}::bytea, id, ${one.payloadSealed}::bytea, ${one.issuedAt}::timestamptz, ${one.expiresAt}::timestamptz
        from family
        returning family_id
      )
      select count(family_id)::integer as started from added`.compile(db),
}))

export const refreshHash = (sealer: Sealer, realmId: string, handle: string): Uint8Array =>
  sealer.lookup('refresh-handle', realmId, handle)

const sealedAt = (realmId: string, hash: Uint8Array) => ({ table: 'refresh_token', realmId, id: hex(hash) })

export const sealRefreshToken = (
  sealer: Sealer,
  realmId: string,
  hash: Uint8Array,
  payload: Readonly<Record<string, unknown>>,
): Uint8Array => sealer.sealJson('refresh-token', sealedAt(realmId, hash), payload)

export function createRefreshTokenStore({ database, realmId, sealer, clock, readUnused, rotate }: RealmPart): RefreshTokenStore {
  const hashOf = (handle: string) => refreshHash(sealer, realmId, handle)
  const seal = (hash: Uint8Array, payload: Readonly<Record<string, unknown>>) => sealRefreshToken(sealer, realmId, hash, payload)

  /** Locking, see {@link selectForUpdate}. */
  const read = async (hash: Uint8Array, lock: boolean) => {
    const { rows } = await database.run((db) => (lock ? selectForUpdate : select)(db, { realmId, hash }))
    return rows[0]
  }

  type Found = NonNullable<Awaited<ReturnType<typeof read>>>
  const toToken = (row: Found): RefreshToken =>
    Object.freeze({
      familyId: FamilyId.of(row.family_id),
      ...(row.account_id === null ? {} : { accountId: AccountId.of(row.account_id) }),
      clientId: ClientId.of(row.client_id),
      payload: sealer.openJson('refresh-token', sealedAt(realmId, row.handle_hash), row.payload_sealed),
      issuedAt: row.issued_at,
      expiresAt: row.expires_at,
      ...present({ usedAt: row.used_at, successorUsedAt: row.successor_used_at }),
      // The three are there together.
      ...(row.answer_sealed === null || row.answer_request === null || row.answer_until === null
        ? {}
        : { answer: Object.freeze({ sealed: bytes(row.answer_sealed), request: row.answer_request, until: row.answer_until }) }),
    })

  const end = (by: 'account_id' | 'client_id' | 'id', value: string, { at, because }: { at: Date; because: string }) =>
    database.run(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('refresh_family')
        .set({ revoked_at: at, revoked_because: because })
        .where('realm_id', '=', realmId)
        // In one order for everybody, so that two who end many families do not wait for each other in a circle.
        .where('id', 'in', (families) =>
          families
            .selectFrom('refresh_family')
            .select('id')
            .where('realm_id', '=', realmId)
            .where(by, '=', value)
            .where('revoked_at', 'is', null)
            .orderBy('id')
            .forNoKeyUpdate(),
        )
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      return Number(numUpdatedRows)
    })

  return Object.freeze({
    async start({ handle, familyId, accountId, clientId, sessionId, payload, issuedAt, expiresAt, familyEndsAt }) {
      const hash = hashOf(handle)
      const payloadSealed = seal(hash, payload)
      const family = { realmId, familyId, accountId: accountId ?? null, clientId, sessionId: sessionId ?? null, familyEndsAt }
      const { rows } = await database.run((db) => startOne(db, { ...family, hash, payloadSealed, issuedAt, expiresAt }))
      // It was active when the request began: whoever begins again finds it as it is now, and refuses.
      if (rows[0]?.started !== 1) throw new StorageUnavailable('contention')
    },
    async succeed({ handle, predecessor, payload, issuedAt, expiresAt }) {
      const hash = hashOf(handle)
      const sealed = seal(hash, payload)
      // One statement: the family is held while it is looked at, so no revocation can slip in between.
      const { rows } = await database.run((db) =>
        sql<{ added: number }>`
          with family as (
            select family.realm_id, family.id, token.handle_hash
            from refresh_token token join refresh_family family on family.realm_id = token.realm_id and family.id = token.family_id
            where token.realm_id = ${realmId} and token.handle_hash = ${hashOf(predecessor)} and family.revoked_at is null
            for no key update
          ), added as (
            insert into refresh_token (realm_id, handle_hash, family_id, predecessor_hash, payload_sealed, issued_at, expires_at)
            select realm_id, ${hash}::bytea, id, handle_hash, ${sealed}::bytea, ${issuedAt}::timestamptz, ${expiresAt}::timestamptz from family
            on conflict do nothing
            returning realm_id, family_id
          ), touched as (
            update refresh_family set last_used_at = ${issuedAt}::timestamptz
            from added where refresh_family.realm_id = added.realm_id and refresh_family.id = added.family_id
          )
          select count(*)::integer as added from added`.execute(db),
      )
      return rows[0]?.added === 1
    },
    async find(handle, options = {}) {
      const hash = hashOf(handle)
      const lock = options.lock === true
      const row = await read(hash, lock)
      // Only a used token has a successor, and it may have come while we waited for the lock.
      const newest = lock && row !== undefined && row.used_at !== null ? await read(hash, false) : row
      return newest && toToken(newest)
    },
    async findUnused(handle, familyId) {
      if (!isText(familyId)) return undefined
      const at = grantHash(sealer, realmId, familyId)
      const row = await readUnused({ realmId, hash: hashOf(handle), familyId, grantHash: at })
      if (row === undefined) return undefined
      const unused = { used_at: null, successor_used_at: null, answer_sealed: null, answer_request: null, answer_until: null }
      return Object.freeze({
        token: toToken({ ...row, ...unused }),
        grant: openGrant(sealer, realmId, at, row.grant_sealed),
        account: toAccount(row),
      })
    },
    async use(handle, at) {
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('refresh_token')
          .set({ used_at: at })
          .where('realm_id', '=', realmId)
          .where('handle_hash', '=', hashOf(handle))
          .where('used_at', 'is', null)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async keepAnswer(handle, { sealed, request, until }) {
      await database.run((db) =>
        db
          .insertInto('refresh_answer')
          .values({ realm_id: realmId, handle_hash: hashOf(handle), sealed, request, until })
          .onConflict((conflict) => conflict.columns(['realm_id', 'handle_hash']).doUpdateSet({ sealed, request, until }))
          .execute(),
      )
    },
    async rotate({ handle, at, successor, answer, trail }) {
      const hash = hashOf(successor.handle)
      return rotate({
        realmId,
        hash: hashOf(handle),
        usedAt: at,
        successor: {
          hash,
          sealed: seal(hash, successor.payload),
          issuedAt: successor.issuedAt,
          expiresAt: successor.expiresAt,
        },
        answer,
        trail: toNewRow(realmId, trail),
      })
    },
    async family(id) {
      if (!isText(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('refresh_family').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toFamily(row)
    },
    async families(accountId) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('refresh_family')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('revoked_at', 'is', null)
          .where('ends_at', '>', clock())
          .orderBy('last_used_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toFamily))
    },
    revoke: async (id, revocation) => isText(id) && (await end('id', id, revocation)) === 1,
    revokeByAccount: async (accountId, revocation) => (isUuid(accountId) ? end('account_id', accountId, revocation) : 0),
    revokeByClient: async (clientId, revocation) => (isText(clientId) ? end('client_id', clientId, revocation) : 0),
  } satisfies RefreshTokenStore)
}
