import { sql } from 'kysely'
import { AccountId, AuthenticatorId } from '../identifiers.ts'
import type { Authenticator, AuthenticatorDetail, AuthenticatorStore } from '../ports/authenticators.ts'
import { prepare } from '../prepared.ts'
import { isTakenBy, isText, isUuid, keepable, keepableJson, list, present, type RealmPart, type Row } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
const columns = [
  'id',
  'account_id',
  'method',
  'label',
  'secret_sealed',
  'state',
  'detail',
  'credential_id',
  'last_step',
  'is_default',
  'begun_by',
  'created_at',
  'confirmed_at',
  'last_used_at',
] as const

const listOf = prepare((db, at: { realmId: string; accountId: string }) =>
  db
    .selectFrom('authenticator')
    .select(columns)
    .where('realm_id', '=', at.realmId)
    .where('account_id', '=', at.accountId)
    .orderBy('created_at')
    .orderBy('id'),
)

/** Frozen through and through: a detail is flat but for lists of texts. */
const toDetail = (kept: unknown): AuthenticatorDetail => {
  const members = Object.entries(kept as AuthenticatorDetail) // add() and the merges below take details alone
  return Object.freeze(Object.fromEntries(members.map(([name, value]) => [name, Object.freeze(value)])))
}

/** A code of an app is right once for each of its steps. */
const acceptStepOf = prepare((db, at: { realmId: string; id: string; step: number; at: Date }) =>
  db
    .updateTable('authenticator')
    .set({ last_step: at.step, last_used_at: at.at })
    .where('realm_id', '=', at.realmId)
    .where('id', '=', at.id)
    .where('state', '=', 'active')
    .where((row) => row.or([row('last_step', 'is', null), row('last_step', '<', at.step)])),
)

/** What is kept with the given members over it. */
const mergedDetail = (detail: AuthenticatorDetail) => sql<string>`detail || ${keepableJson(detail)}::jsonb`

export function createAuthenticatorStore({ database, realmId, sealer }: RealmPart): AuthenticatorStore {
  const sealedRow = (id: string) => ({ table: 'authenticator', realmId, id: id.toLowerCase() })
  const toAuthenticator = (row: Pick<Row<'authenticator'>, (typeof columns)[number]>): Authenticator =>
    Object.freeze({
      id: AuthenticatorId.of(row.id),
      accountId: AccountId.of(row.account_id),
      method: row.method,
      label: row.label,
      secret: sealer.open('authenticator', sealedRow(row.id), row.secret_sealed),
      state: row.state as Authenticator['state'], // authenticator_state_known
      detail: toDetail(row.detail),
      ...present({ credentialId: row.credential_id, lastStep: row.last_step }),
      isDefault: row.is_default,
      ...present({ begunBy: row.begun_by }),
      createdAt: row.created_at,
      ...present({ confirmedAt: row.confirmed_at, lastUsedAt: row.last_used_at }),
    })

  return Object.freeze({
    async add(authenticator) {
      const { numInsertedOrUpdatedRows } = await database.run((db) =>
        db
          .insertInto('authenticator')
          .values({
            realm_id: realmId,
            id: authenticator.id,
            account_id: authenticator.accountId,
            method: authenticator.method,
            label: keepable(authenticator.label),
            secret_sealed: sealer.seal('authenticator', sealedRow(authenticator.id), authenticator.secret),
            state: authenticator.state,
            detail: keepableJson(authenticator.detail),
            credential_id: authenticator.credentialId ?? null,
            last_step: authenticator.lastStep ?? null,
            begun_by: authenticator.begunBy ?? null,
            created_at: authenticator.createdAt,
            confirmed_at: authenticator.confirmedAt ?? null,
            last_used_at: authenticator.lastUsedAt ?? null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow(),
      )
      return numInsertedOrUpdatedRows === 1n ? 'added' : 'conflict'
    },
    async find(id) {
      if (!isUuid(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('authenticator').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toAuthenticator(row)
    },
    async findByCredentialId(credentialId) {
      if (!isText(credentialId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('authenticator')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('credential_id', '=', credentialId)
          .executeTakeFirst(),
      )
      return row && toAuthenticator(row)
    },
    async list(accountId) {
      if (!isUuid(accountId)) return list([])
      const { rows } = await database.run((db) => listOf(db, { realmId, accountId }))
      return list(rows.map(toAuthenticator))
    },
    async confirm(id, { at, step, credentialId, secret, detail }) {
      if (!isUuid(id)) return false
      const confirmed = async () => {
        const { numUpdatedRows } = await database.run((db) =>
          db
            .updateTable('authenticator')
            .set({
              state: 'active',
              begun_by: null,
              confirmed_at: at,
              ...(step !== undefined && { last_step: step }),
              ...(credentialId !== undefined && { credential_id: credentialId }),
              ...(secret !== undefined && { secret_sealed: sealer.seal('authenticator', sealedRow(id), secret) }),
              ...(detail !== undefined && { detail: mergedDetail(detail) }),
            })
            .where('realm_id', '=', realmId)
            .where('id', '=', id)
            .where('state', '=', 'pending')
            .executeTakeFirstOrThrow(),
        )
        return numUpdatedRows === 1n
      }
      if (credentialId === undefined) return confirmed()
      try {
        // By itself, so that the refusal of a taken credential does not spoil the caller's transaction.
        return await database.together(confirmed)
      } catch (error) {
        if (isTakenBy(error, 'authenticator_credential_ix')) return 'conflict'
        throw error
      }
    },
    async acceptStep(id, { step, at, detail }) {
      if (!isUuid(id)) return false
      if (detail === undefined)
        return (await database.run((db) => acceptStepOf(db, { realmId, id, step, at }))).numAffectedRows === 1n
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ last_step: step, last_used_at: at, detail: mergedDetail(detail) })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '=', 'active')
          .where((row) => row.or([row('last_step', 'is', null), row('last_step', '<', step)]))
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async touch(id, { at, step, detail }) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({
            last_used_at: at,
            ...(step !== undefined && { last_step: step }),
            ...(detail !== undefined && { detail: mergedDetail(detail) }),
          })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '=', 'active')
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async rename(id, label) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ label: keepable(label) })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async makeDefault(accountId, id) {
      if (!isUuid(accountId) || !isUuid(id)) return false
      return database.together(async () => {
        // All of the account are held, in one order for everybody: of two who choose at once, the second sees the first's choice.
        const held = await database.run((db) =>
          db
            .selectFrom('authenticator')
            .select(['id', 'state'])
            .where('realm_id', '=', realmId)
            .where('account_id', '=', accountId)
            .orderBy('id')
            .forNoKeyUpdate()
            .execute(),
        )
        if (!held.some((row) => row.id === id.toLowerCase() && row.state === 'active')) return false
        const choose = (isDefault: boolean) =>
          database.run((db) =>
            db
              .updateTable('authenticator')
              .set({ is_default: isDefault })
              .where('realm_id', '=', realmId)
              .where('account_id', '=', accountId)
              .where('id', isDefault ? '=' : '<>', id)
              .where('is_default', '=', !isDefault)
              .execute(),
          )
        await choose(false) // first: the index lets no two be there, not even for a moment
        await choose(true)
        return true
      })
    },
    async removePending(accountId, method) {
      if (!isUuid(accountId) || !isText(method)) return 0
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('authenticator')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .where('method', '=', method)
          .where('state', '=', 'pending')
          .executeTakeFirstOrThrow(),
      )
      return Number(numDeletedRows)
    },
    async disable(id) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('authenticator')
          .set({ state: 'disabled', is_default: false }) // what is not accepted is not asked for first either
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', '<>', 'disabled')
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(id) {
      if (!isUuid(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('authenticator').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies AuthenticatorStore)
}
