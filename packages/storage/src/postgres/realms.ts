import { type Kysely, sql } from 'kysely'
import { RealmId } from '../identifiers.ts'
import type { Realm, RealmDirectory, RealmSettings } from '../ports/realms.ts'
import { prepare } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import type { Database } from '../transaction.ts'
import { toCredential } from './clients.ts'
import { isText, isUuid, list, present, type Row, Taken } from './row.ts'

const toRealm = (row: Row<'realm'> & { readonly domains: readonly string[] }): Realm =>
  Object.freeze({
    id: RealmId.of(row.id),
    displayName: row.display_name,
    domains: list(row.domains),
    status: row.status as Realm['status'], // realm_status_known
    settings: Object.freeze({ ...(row.settings as RealmSettings) }), // written from RealmSettings alone
    version: row.version,
    ...present({ notBefore: row.not_before }),
    createdAt: row.created_at,
  })

/** A realm with its domains, in one statement: each request begins with it. */
const selectRealm = (db: Kysely<Schema>) =>
  db
    .selectFrom('realm')
    .select(['realm.id', 'realm.display_name', 'realm.status', 'realm.settings', 'realm.version', 'realm.not_before'])
    .select('realm.created_at')
    .select(
      sql<string[]>`array(select domain from realm_domain where realm_domain.realm_id = realm.id order by position, domain)`.as(
        'domains',
      ),
    )

const findById = prepare((db, at: { id: string }) => selectRealm(db).where('realm.id', '=', at.id))

const findByDomain = prepare((db, at: { domain: string }) =>
  selectRealm(db).where('realm.id', '=', (query) =>
    query.selectFrom('realm_domain').select('realm_id').where('domain', '=', at.domain),
  ),
)

const findVersion = prepare((db, at: { id: string }) => db.selectFrom('realm').select('version').where('id', '=', at.id))

export function createRealmDirectory(database: Database): RealmDirectory {
  const bringDomain = async (id: RealmId, domain: string, position: number): Promise<boolean> => {
    const { numInsertedOrUpdatedRows } = await database.run((db) =>
      db
        .insertInto('realm_domain')
        .values({ realm_id: id, domain: domain.toLowerCase(), position })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow(),
    )
    return numInsertedOrUpdatedRows === 1n
  }

  return Object.freeze({
    async add(realm) {
      const work = async () => {
        const { numInsertedOrUpdatedRows } = await database.run((db) =>
          db
            .insertInto('realm')
            .values({
              id: realm.id,
              display_name: realm.displayName,
              status: realm.status,
              settings: JSON.stringify(realm.settings),
              created_at: realm.createdAt,
            })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirstOrThrow(),
        )
        if (numInsertedOrUpdatedRows !== 1n) throw new Taken()
        for (const [position, domain] of realm.domains.entries()) {
          if (!(await bringDomain(realm.id, domain, position))) throw new Taken()
        }
      }
      try {
        await database.together(work)
        return 'added'
      } catch (error) {
        if (error instanceof Taken) return 'conflict'
        throw error
      }
    },
    async find(id) {
      if (!isUuid(id)) return undefined
      const { rows } = await database.run((db) => findById(db, { id }))
      return rows[0] && toRealm(rows[0])
    },
    async findByDomain(domain) {
      if (!isText(domain)) return undefined
      const { rows } = await database.run((db) => findByDomain(db, { domain: domain.toLowerCase() }))
      return rows[0] && toRealm(rows[0])
    },
    async version(id) {
      if (!isUuid(id)) return undefined
      const { rows } = await database.run((db) => findVersion(db, { id }))
      return rows[0]?.version
    },
    async list() {
      const rows = await database.run((db) => selectRealm(db).orderBy('realm.created_at').orderBy('realm.id').execute())
      return list(rows.map(toRealm))
    },
    async change(id, change) {
      if (!isUuid(id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('realm')
          .set({
            ...(change.displayName === undefined ? {} : { display_name: change.displayName }),
            ...(change.status === undefined ? {} : { status: change.status }),
            ...(change.settings === undefined ? {} : { settings: JSON.stringify(change.settings) }),
            id, // an empty change is a change as well
          })
          .where('id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async addDomain(id, domain) {
      const last = await database.run((db) =>
        db
          .selectFrom('realm_domain')
          .select((column) => column.fn.max('position').as('position'))
          .where('realm_id', '=', id)
          .executeTakeFirst(),
      )
      return (await bringDomain(id, domain, (last?.position ?? -1) + 1)) ? 'added' : 'conflict'
    },
    async removeDomain(id, domain) {
      if (!isUuid(id) || !isText(domain)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('realm_domain')
          .where('realm_id', '=', id)
          .where('domain', '=', domain.toLowerCase())
          .where('position', '>', (query) =>
            query
              .selectFrom('realm_domain as all')
              .select((column) => column.fn.min('all.position').as('position'))
              .where('all.realm_id', '=', id),
          )
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async findCertificateHolder(x5t) {
      if (!isText(x5t)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('client_credential').selectAll().where('x5t', '=', x5t).executeTakeFirst(),
      )
      if (row === undefined) return undefined
      const credential = toCredential(row)
      // client_credential_kind_known: a secret has no certificate.
      return credential.kind === 'key' ? Object.freeze({ realmId: RealmId.of(row.realm_id), credential }) : undefined
    },
  } satisfies RealmDirectory)
}
