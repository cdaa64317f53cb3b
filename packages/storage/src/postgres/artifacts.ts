import { type Kysely, sql } from 'kysely'
import type { Artifact, ArtifactStore, NewArtifact } from '../ports/artifacts.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import type { Sealer } from '../sealing.ts'
import { isText, list, present, type RealmPart, type Row } from './row.ts'

interface ArtifactRow {
  readonly kind: string
  readonly id_hash: Uint8Array
  readonly payload_sealed: Uint8Array
  readonly consumed_at: Date | null
  readonly expires_at: Date
}

const columns = ['kind', 'id_hash', 'payload_sealed', 'consumed_at', 'expires_at'] as const

interface Place {
  readonly realmId: string
  readonly kind: string
  readonly idHash: Uint8Array
}

const selectAt = (db: Kysely<Schema>, at: Place) =>
  db
    .selectFrom('oidc_artifact')
    .select(columns)
    .where('realm_id', '=', at.realmId)
    .where('kind', '=', at.kind)
    .where('id_hash', '=', at.idHash)
const select = prepare((db, at: Place) => selectAt(db, at))
const selectForUpdate = prepare((db, at: Place) => selectAt(db, at).forUpdate())

interface PlaceByUid {
  readonly realmId: string
  readonly kind: string
  readonly uidHash: Uint8Array
}

const selectAtUid = (db: Kysely<Schema>, at: PlaceByUid) =>
  db
    .selectFrom('oidc_artifact')
    .select(columns)
    .where('realm_id', '=', at.realmId)
    .where('kind', '=', at.kind)
    .where('uid_hash', '=', at.uidHash)
    .orderBy('expires_at', 'desc') // while a session changes its id there are two for a moment
    .limit(1)
const selectByUid = prepare((db, at: PlaceByUid) => selectAtUid(db, at))
const selectByUidUnless = prepare((db, at: PlaceByUid & { readonly mark: string; readonly markHash: Uint8Array }) =>
  selectAtUid(db, at).where(({ exists, not, selectFrom }) =>
    not(
      exists(
        selectFrom('oidc_artifact as mark')
          .select('mark.kind')
          .where('mark.realm_id', '=', at.realmId)
          .where('mark.kind', '=', at.mark)
          .where('mark.id_hash', '=', at.markHash),
      ),
    ),
  ),
)

type ArtifactColumns = Omit<Row<'oidc_artifact'>, 'consumed_at'>

const valuesOf = (row: ArtifactColumns) => ({
  payload_sealed: row.payload_sealed,
  grant_id: row.grant_id,
  uid_hash: row.uid_hash,
  user_code_hash: row.user_code_hash,
  account_id: row.account_id,
  client_id: row.client_id,
  expires_at: row.expires_at,
})

const save = prepare((db, row: ArtifactColumns) => {
  const values = valuesOf(row)
  return (
    db
      .insertInto('oidc_artifact')
      .values({ realm_id: row.realm_id, kind: row.kind, id_hash: row.id_hash, ...values })
      // consumed_at stays: what was used once is not made unused by saving it again.
      .onConflict((conflict) => conflict.columns(['realm_id', 'kind', 'id_hash']).doUpdateSet(values))
  )
})

const valueColumns = [
  'payload_sealed',
  'grant_id',
  'uid_hash',
  'user_code_hash',
  'account_id',
  'client_id',
  'expires_at',
] as const satisfies readonly (keyof ArtifactColumns)[]
/** What a row that could not be inserted brought along. */
const excluded = Object.fromEntries(valueColumns.map((name) => [name, sql`excluded.${sql.ref(name)}`]))

/** The members of a second row in one statement have names of their own. */
type Second<Columns> = { readonly [Name in keyof Columns & string as `second_${Name}`]: Columns[Name] }
const second = (row: ArtifactColumns) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [`second_${name}`, value])) as Second<ArtifactColumns> // by the line above

const saveBoth = prepare((db, row: ArtifactColumns & Second<ArtifactColumns>) =>
  db
    .insertInto('oidc_artifact')
    .values([
      { realm_id: row.realm_id, kind: row.kind, id_hash: row.id_hash, ...valuesOf(row) },
      {
        realm_id: row.second_realm_id,
        kind: row.second_kind,
        id_hash: row.second_id_hash,
        payload_sealed: row.second_payload_sealed,
        grant_id: row.second_grant_id,
        uid_hash: row.second_uid_hash,
        user_code_hash: row.second_user_code_hash,
        account_id: row.second_account_id,
        client_id: row.second_client_id,
        expires_at: row.second_expires_at,
      },
    ])
    .onConflict((conflict) => conflict.columns(['realm_id', 'kind', 'id_hash']).doUpdateSet(excluded)),
)

const replaceAt = prepare((db, row: ArtifactColumns) =>
  db
    .updateTable('oidc_artifact')
    .set(valuesOf(row))
    .where('realm_id', '=', row.realm_id)
    .where('kind', '=', row.kind)
    .where('id_hash', '=', row.id_hash),
)

/** A row that is selected takes its types from nobody, so they are said. */
const saveUnless = prepare(
  (db, row: ArtifactColumns & { readonly mark: string; readonly mark_hash: Uint8Array; readonly left_hash: Uint8Array | null }) =>
    db
      .with('left_behind', (left) =>
        left
          .deleteFrom('oidc_artifact')
          .where('realm_id', '=', row.realm_id)
          .where('kind', '=', row.kind)
          .where('id_hash', '=', row.left_hash),
      )
      .insertInto('oidc_artifact')
      .columns(['realm_id', 'kind', 'id_hash', ...valueColumns])
      .expression(
        db
          .selectNoFrom([
            sql<string>`${row.realm_id}::uuid`.as('realm_id'),
            sql<string>`${row.kind}::text`.as('kind'),
            sql<Uint8Array>`${row.id_hash}::bytea`.as('id_hash'),
            sql<Uint8Array>`${row.payload_sealed}::bytea`.as('payload_sealed'),
            sql<string | null>`${row.grant_id}::text`.as('grant_id'),
            sql<Uint8Array | null>`${row.uid_hash}::bytea`.as('uid_hash'),
            sql<Uint8Array | null>`${row.user_code_hash}::bytea`.as('user_code_hash'),
            sql<string | null>`${row.account_id}::text`.as('account_id'),
            sql<string | null>`${row.client_id}::text`.as('client_id'),
            sql<Date>`${row.expires_at}::timestamptz`.as('expires_at'),
          ])
          .where(({ exists, not, selectFrom }) =>
            not(
              exists(
                selectFrom('oidc_artifact as mark')
                  .select('mark.kind')
                  .where('mark.realm_id', '=', row.realm_id)
                  .where('mark.kind', '=', row.mark)
                  .where('mark.id_hash', '=', row.mark_hash),
              ),
            ),
          ),
      )
      .onConflict((conflict) => conflict.columns(['realm_id', 'kind', 'id_hash']).doUpdateSet(excluded)),
)

const remove = prepare((db, at: Place) =>
  db.deleteFrom('oidc_artifact').where('realm_id', '=', at.realmId).where('kind', '=', at.kind).where('id_hash', '=', at.idHash),
)

/**
 * The client that it was made for is held meanwhile: whoever disables it waits for us, or we for them, and then nothing is used.
 * A client that is not kept (the portal's) holds nothing up.
 */
const use = prepare((db, at: Place & { readonly usedAt: Date }) =>
  db
    .with('held', (held) =>
      held
        .selectFrom('client')
        .select('status')
        .where('realm_id', '=', at.realmId)
        .where('id', '=', selectAt(db, at).clearSelect().select('client_id'))
        .forShare(),
    )
    .updateTable('oidc_artifact')
    .set({ consumed_at: at.usedAt })
    .where('realm_id', '=', at.realmId)
    .where('kind', '=', at.kind)
    .where('id_hash', '=', at.idHash)
    .where('consumed_at', 'is', null)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('held').select('status').where('status', '!=', 'active')))),
)

const sealedAt = (realmId: string, kind: string, hash: Uint8Array) => ({
  table: 'oidc_artifact',
  realmId,
  id: `${kind}/${Buffer.from(hash).toString('hex')}`,
})

/** Under which hash an artifact is kept, for a statement that reads it together with others. */
export const artifactHash = (sealer: Sealer, realmId: string, kind: string, id: string): Uint8Array =>
  sealer.lookup('artifact/id', realmId, kind, id)

export const grantHash = (sealer: Sealer, realmId: string, id: string): Uint8Array => artifactHash(sealer, realmId, 'Grant', id)

export const openArtifact = (
  sealer: Sealer,
  realmId: string,
  at: { readonly kind: string; readonly hash: Uint8Array },
  sealed: Uint8Array,
): Readonly<Record<string, unknown>> => sealer.openJson('artifact', sealedAt(realmId, at.kind, at.hash), sealed)

export const openGrant = (
  sealer: Sealer,
  realmId: string,
  hash: Uint8Array,
  sealed: Uint8Array,
): Readonly<Record<string, unknown>> => openArtifact(sealer, realmId, { kind: 'Grant', hash }, sealed)

export const sealGrant = (
  sealer: Sealer,
  realmId: string,
  hash: Uint8Array,
  payload: Readonly<Record<string, unknown>>,
): Uint8Array => sealer.sealJson('artifact', sealedAt(realmId, 'Grant', hash), payload)

export function createArtifactStore({ database, realmId, sealer }: RealmPart): ArtifactStore {
  const hashOf = (what: 'id' | 'uid' | 'user-code', kind: string, value: string) =>
    sealer.lookup(`artifact/${what}`, realmId, kind, value)
  const sealedRow = (kind: string, hash: Uint8Array) => sealedAt(realmId, kind, hash)
  const toArtifact = (row: ArtifactRow): Artifact =>
    Object.freeze({
      payload: sealer.openJson('artifact', sealedRow(row.kind, row.id_hash), row.payload_sealed),
      ...present({ consumedAt: row.consumed_at }),
      expiresAt: row.expires_at,
    })

  /**
   * Locks what goes in the order of kind and id before it removes anything, so that nobody waits in a circle: two who remove
   * much take the same way, and who redeems a code holds the code before it writes the grant, which sorts behind it.
   */
  const removeAll = (by: 'grant_id' | 'account_id', value: string) =>
    database.run(async (db) => {
      const { numDeletedRows } = await db
        .with('doomed', (query) =>
          query
            .selectFrom('oidc_artifact')
            .select(['kind', 'id_hash'])
            .where('realm_id', '=', realmId)
            .where(by, '=', value)
            .orderBy('kind')
            .orderBy('id_hash')
            .forUpdate(),
        )
        .deleteFrom('oidc_artifact')
        .using('doomed')
        .where('oidc_artifact.realm_id', '=', realmId)
        .whereRef('oidc_artifact.kind', '=', 'doomed.kind')
        .whereRef('oidc_artifact.id_hash', '=', 'doomed.id_hash')
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    })

  const toRow = ({ kind, id, payload, expiresAt, keys }: NewArtifact): ArtifactColumns => {
    const idHash = hashOf('id', kind, id)
    return {
      realm_id: realmId,
      kind,
      id_hash: idHash,
      payload_sealed: sealer.sealJson('artifact', sealedRow(kind, idHash), payload),
      grant_id: keys.grantId ?? null,
      uid_hash: keys.uid === undefined ? null : hashOf('uid', kind, keys.uid),
      user_code_hash: keys.userCode === undefined ? null : hashOf('user-code', kind, keys.userCode),
      account_id: keys.accountId ?? null,
      client_id: keys.clientId ?? null,
      expires_at: expiresAt,
    }
  }

  return Object.freeze({
    async upsert(artifact) {
      await database.run((db) => save(db, toRow(artifact)))
    },
    async upsertBoth(one, other) {
      await database.run((db) => saveBoth(db, { ...toRow(one), ...second(toRow(other)) }))
    },
    async replace(artifact) {
      const { numAffectedRows } = await database.run((db) => replaceAt(db, toRow(artifact)))
      return numAffectedRows === 1n
    },
    async upsertUnless(artifact, { unless: mark, instead }) {
      const { kind, keys } = artifact
      const about = {
        mark,
        mark_hash: hashOf('id', mark, keys.uid),
        left_hash: instead === undefined ? null : hashOf('id', kind, instead),
      }
      await database.run((db) => saveUnless(db, { ...toRow(artifact), ...about }))
    },
    async find(kind, id, options = {}) {
      if (!isText(kind)) return undefined
      const at = { realmId, kind, idHash: hashOf('id', kind, id) }
      const { rows } = await database.run((db) => (options.lock === true ? selectForUpdate : select)(db, at))
      const [row] = rows
      return row && toArtifact(row)
    },
    async findByUid(kind, uid, { unless: mark } = {}) {
      if (!isText(`${kind}${mark ?? ''}`)) return undefined
      const at = { realmId, kind, uidHash: hashOf('uid', kind, uid) }
      const { rows } = await database.run((db) =>
        mark === undefined ? selectByUid(db, at) : selectByUidUnless(db, { ...at, mark, markHash: hashOf('id', mark, uid) }),
      )
      const [row] = rows
      return row && toArtifact(row)
    },
    async findByUserCode(kind, userCode) {
      if (!isText(kind)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('oidc_artifact')
          .select(columns)
          .where('realm_id', '=', realmId)
          .where('kind', '=', kind)
          .where('user_code_hash', '=', hashOf('user-code', kind, userCode))
          .executeTakeFirst(),
      )
      return row && toArtifact(row)
    },
    async listByAccount(kind, accountId, now) {
      if (!isText(`${kind}${accountId}`)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('oidc_artifact')
          .select([...columns])
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('kind', '=', kind)
          .where('expires_at', '>', now)
          .execute(),
      )
      return list(rows.map(toArtifact))
    },
    async consume(kind, id, at) {
      if (!isText(kind)) return false
      const place = { realmId, kind, idHash: hashOf('id', kind, id) }
      const { numAffectedRows } = await database.run((db) => use(db, { ...place, usedAt: at }))
      return numAffectedRows === 1n
    },
    async destroy(kind, id) {
      if (!isText(kind)) return
      await database.run((db) => remove(db, { realmId, kind, idHash: hashOf('id', kind, id) }))
    },
    removeByGrant: async (grantId) => (isText(grantId) ? removeAll('grant_id', grantId) : 0),
    removeByAccount: async (accountId) => (isText(accountId) ? removeAll('account_id', accountId) : 0),
  } satisfies ArtifactStore)
}
