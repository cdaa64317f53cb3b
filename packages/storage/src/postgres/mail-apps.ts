import { hash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { AccountId } from '../identifiers.ts'
import type { MailApp, MailAppState, MailAppStore } from '../ports/mail-apps.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import { mailAppColumns, toMailApp } from './mail-app-rows.ts'
import { folded, isText, isUuid, keepable, keepableJson, list, type RealmPart } from './row.ts'

/** An identity is as long as a stranger likes, and an index takes no more than some kilobytes. */
const identityDigest = (identity: string): Uint8Array =>
  new Uint8Array(hash('sha256', keepable(identity.toWellFormed()), 'buffer'))

const isUndecided = (state: MailAppState): boolean => state === 'pending' || state === 'quarantined'
const keptOrNull = (value: string | undefined): string | null => (value === undefined ? null : keepable(value))

/** Every app is written down once a minute, so this is planned once a session. What is `null` stays as it is. */
const noteTry = prepare(
  (
    db,
    tried: {
      realmId: string
      id: string
      at: Date
      allowed: boolean
      protocol: string
      source: string | null
      traits: string | null
    },
  ) => ({
    compile: () =>
      sql`
        update mail_app set
          tries = tries + 1,
          last_tried_at = greatest(last_tried_at, ${tried.at}::timestamptz),
          last_allowed_at = case when ${tried.allowed}::boolean
            then greatest(last_allowed_at, ${tried.at}::timestamptz) else last_allowed_at end,
          protocols = case when ${tried.protocol}::text = any(protocols)
            then protocols else protocols || ${tried.protocol}::text end,
          last_source = coalesce(${tried.source}::text, last_source),
          traits = coalesce(${tried.traits}::jsonb, traits)
        where realm_id = ${tried.realmId} and id = ${tried.id}`.compile(db),
  }),
)

export function createMailAppStore({ database, realmId, clock, lookAtGate }: RealmPart): MailAppStore {
  const selectOwn = (db: Kysely<Schema>, accountId: AccountId) =>
    db.selectFrom('mail_app').select(mailAppColumns).where('realm_id', '=', realmId).where('account_id', '=', accountId)

  const isKnown = async (app: MailApp): Promise<boolean> => {
    const row = await database.run((db) =>
      db
        .selectFrom('mail_app')
        .select('id')
        .where('realm_id', '=', realmId)
        .where('account_id', '=', app.accountId)
        .where('identity_digest', '=', identityDigest(app.identity))
        .executeTakeFirst(),
    )
    return row !== undefined
  }

  const countUndecided = async (accountId: AccountId): Promise<number> => {
    const row = await database.run((db) =>
      db
        .selectFrom('mail_app')
        .select(({ fn }) => fn.countAll<number>().as('apps'))
        .where('realm_id', '=', realmId)
        .where('account_id', '=', accountId)
        .where('state', 'in', ['pending', 'quarantined'])
        .executeTakeFirstOrThrow(),
    )
    return row.apps
  }

  const insert = async (app: MailApp): Promise<boolean> => {
    const { numInsertedOrUpdatedRows } = await database.run((db) =>
      db
        .insertInto('mail_app')
        .values({
          realm_id: realmId,
          id: app.id,
          account_id: app.accountId,
          identity: keepable(app.identity),
          identity_digest: identityDigest(app.identity),
          label: keepable(app.label),
          traits: keepableJson(app.traits),
          protocols: app.protocols.map(keepable),
          network: app.network ?? null,
          state: app.state,
          first_tried_at: app.firstTriedAt,
          last_tried_at: app.lastTriedAt,
          last_source: keptOrNull(app.lastSource),
          last_allowed_at: app.lastAllowedAt ?? null,
          tries: app.tries,
          decided_at: app.decidedAt ?? null,
          decided_by: keptOrNull(app.decidedBy),
          told_by: app.toldBy ?? null,
          told_at: app.toldBy === undefined ? null : clock(),
        })
        .onConflict((conflict) => conflict.columns(['realm_id', 'account_id', 'identity_digest']).doNothing())
        .executeTakeFirstOrThrow(),
    )
    return numInsertedOrUpdatedRows === 1n
  }

  return Object.freeze({
    async look({ name, identity, lookup }) {
      if (!isText(name)) return undefined
      return lookAtGate({
        realmId,
        name: folded(name),
        identityDigest: hash('sha256', keepable(identity.toWellFormed()), 'hex'),
        lookup: lookup === undefined || !isText(lookup) ? undefined : lookup,
      })
    },
    async add(app, { most }) {
      return database.together(async () => {
        // The account is held, so that of two who add at once the second one counts the first one's app.
        await database.run((db) =>
          db
            .selectFrom('account')
            .select('id')
            .where('realm_id', '=', realmId)
            .where('id', '=', app.accountId)
            .forNoKeyUpdate()
            .executeTakeFirst(),
        )
        if (await isKnown(app)) return 'known'
        // The bound keeps strangers with a stolen password from filling the table. What comes decided has shown more than that.
        if (isUndecided(app.state) && (await countUndecided(app.accountId)) >= most) return 'full'
        return (await insert(app)) ? 'added' : 'known'
      })
    },
    async find(accountId, id) {
      if (!isUuid(accountId) || !isText(id)) return undefined
      const row = await database.run((db) => selectOwn(db, accountId).where('id', '=', id).executeTakeFirst())
      return row && toMailApp(row)
    },
    async list(accountId) {
      if (!isUuid(accountId)) return list([])
      const rows = await database.run((db) =>
        selectOwn(db, accountId)
          .orderBy(sql`array_position(array['pending', 'quarantined', 'active', 'blocked'], state)`)
          .orderBy('last_tried_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toMailApp))
    },
    async listAll({ state, before, limit }) {
      const rows = await database.run((db) =>
        db
          .selectFrom('mail_app')
          .select(mailAppColumns)
          .where('realm_id', '=', realmId)
          .$if(state !== undefined, (query) => query.where('state', '=', state ?? ''))
          .$if(before !== undefined, (query) => query.where('last_tried_at', '<', before ?? null))
          .orderBy('last_tried_at', 'desc')
          .orderBy('id')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toMailApp))
    },
    async seen(id, { at, allowed, protocol, source, traits }) {
      if (!isText(id)) return false
      const { numAffectedRows } = await database.run((db) =>
        noteTry(db, {
          ...{ realmId, id, at, allowed },
          protocol: keepable(protocol),
          source: keptOrNull(source),
          traits: traits === undefined ? null : keepableJson(traits),
        }),
      )
      return numAffectedRows === 1n
    },
    async decide(id, { state, from, at, by, basedOn }) {
      if (!isText(id) || from.length === 0) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('mail_app')
          .set({ state, decided_at: at, decided_by: keepable(by) })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('state', 'in', from)
          .$if(basedOn !== undefined, (query) =>
            query.where('decided_by', 'is not distinct from', keptOrNull(basedOn?.decidedBy)),
          )
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async rename(accountId, id, label) {
      if (!isUuid(accountId) || !isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('mail_app')
          .set({ label: keepable(label) })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(accountId, id, basedOn) {
      if (!isUuid(accountId) || !isText(id)) return false
      // App passwords that are bound to it go by their foreign key.
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('mail_app')
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .$if(basedOn !== undefined, (query) =>
            query.where('decided_by', 'is not distinct from', keptOrNull(basedOn?.decidedBy)),
          )
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async takeUntold({ now, until, limit }) {
      if (!Number.isInteger(limit) || limit < 1) throw new TypeError('limit must be a whole number of at least 1')
      // As the outbox does it: rows that another worker is taking are passed over, and joined by key.
      const rows = await database.run((db) =>
        db
          .with('due', (query) =>
            query
              .selectFrom('mail_app')
              .select('id')
              .where('realm_id', '=', realmId)
              .where('told_by', 'is', null)
              .where(({ or, eb }) => or([eb('telling_until', 'is', null), eb('telling_until', '<=', now)]))
              .orderBy('first_tried_at')
              .orderBy('id')
              .limit(limit)
              .forUpdate()
              .skipLocked(),
          )
          .updateTable('mail_app')
          .from('due')
          .set({ telling_until: until })
          .where('mail_app.realm_id', '=', realmId)
          .whereRef('mail_app.id', '=', 'due.id')
          .returning(mailAppColumns)
          .execute(),
      )
      const byAge = (one: MailApp, other: MailApp): number =>
        one.firstTriedAt.getTime() - other.firstTriedAt.getTime() || (one.id < other.id ? -1 : 1)
      return list(rows.map(toMailApp).sort(byAge))
    },
    async told(id, by) {
      if (!isText(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('mail_app')
          .set({ told_by: by, told_at: clock(), telling_until: null })
          .where('realm_id', '=', realmId)
          .where('id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
  } satisfies MailAppStore)
}
