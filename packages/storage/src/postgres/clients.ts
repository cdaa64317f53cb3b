import { type Insertable, sql } from 'kysely'
import { ClientId, type RealmId } from '../identifiers.ts'
import type { Client, ClientCredential, ClientStore, ClientWithCredentials } from '../ports/clients.ts'
import { prepare } from '../prepared.ts'
import type { ClientTable } from '../schema.ts'
import type { Database } from '../transaction.ts'
import { listedRows } from './listed-rows.ts'
import { bytes, type ClientPlace, isText, list, present, type RealmPart, type Row } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
export const clientColumns = [
  'client.id',
  'client.display_name',
  'client.status',
  'client.authentication_method',
  'client.application_type',
  'client.redirect_uris',
  'client.post_logout_redirect_uris',
  'client.backchannel_logout_uri',
  'client.grant_types',
  'client.pkce',
  'client.consent',
  'client.dpop_bound_access_tokens',
  'client.pushed_authorization_required',
  'client.access',
  'client.self_registered',
  'client.created_at',
  'client.updated_at',
] as const

export const toClient = (row: Omit<Row<'client'>, 'realm_id'>): Client =>
  Object.freeze({
    id: ClientId.of(row.id),
    displayName: row.display_name,
    // These five are limited by the table's constraints.
    status: row.status as Client['status'],
    authenticationMethod: row.authentication_method as Client['authenticationMethod'],
    applicationType: row.application_type as Client['applicationType'],
    pkce: row.pkce as Client['pkce'],
    consent: row.consent as Client['consent'],
    redirectUris: list(row.redirect_uris),
    postLogoutRedirectUris: list(row.post_logout_redirect_uris),
    ...present({ backchannelLogoutUri: row.backchannel_logout_uri }),
    grantTypes: list(row.grant_types),
    dpopBoundAccessTokens: row.dpop_bound_access_tokens,
    pushedAuthorizationRequired: row.pushed_authorization_required,
    access: list(
      (row.access as Client['access']).map((one) => Object.freeze({ resourceId: one.resourceId, scopes: list(one.scopes) })),
    ), // written from Client alone
    ...(row.self_registered ? { selfRegistered: true } : {}),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

/** Of several realms at once: whoever asks at the same time asks together. */
const findWithCredentials = prepare((db, at: { realmIds: readonly string[]; ids: readonly string[] }) =>
  db
    .selectFrom('client')
    .leftJoin('client_credential as credential', (join) =>
      join.onRef('credential.realm_id', '=', 'client.realm_id').onRef('credential.client_id', '=', 'client.id'),
    )
    .select(clientColumns)
    .select([
      'client.realm_id',
      'credential.id as credential_id',
      'credential.kind as credential_kind',
      'credential.digest',
      'credential.jwk',
      'credential.x5t',
      'credential.x5t_s256',
      'credential.created_at as credential_created_at',
      'credential.expires_at as credential_expires_at',
    ])
    .where(
      sql<boolean>`(client.realm_id, client.id) in (
        select realm_id::uuid, id from ${listedRows('asked', { realm_id: sql`${at.realmIds}::text[]`, id: sql`${at.ids}::text[]` })})`,
    )
    .orderBy('credential.created_at')
    .orderBy('credential.id'),
)

/** What {@link RealmPart} wants. Many requests of a busy service are the same few clients': each is read once a statement. */
export function createClientReader(database: Database): RealmPart['readClient'] {
  return database.grouped<ClientPlace, ClientWithCredentials | undefined>(
    async (db, places) => {
      const asked = new Map(places.map((place) => [placeOf(place.realmId, place.id), place]))
      const distinct = [...asked.values()]
      const { rows } = await findWithCredentials(db, {
        realmIds: distinct.map(({ realmId }) => realmId),
        ids: distinct.map(({ id }) => id),
      })
      const found = Map.groupBy(rows, (row) => placeOf(row.realm_id, row.id))
      const clients = new Map([...found].map(([place, own]) => [place, toClientWithCredentials(own)]))
      return places.map(({ realmId, id }) => clients.get(placeOf(realmId, id)))
    },
    { reads: true },
  )
}

/** A realm's id has no space in it. */
const placeOf = (realmId: string, id: string): string => `${realmId} ${id}`

type FoundRow = Awaited<ReturnType<typeof findWithCredentials>>['rows'][number]

function toClientWithCredentials(rows: readonly FoundRow[]): ClientWithCredentials | undefined {
  const [first] = rows
  if (first === undefined) return undefined
  const credentials = rows.flatMap((row) =>
    row.credential_id === null || row.credential_kind === null || row.credential_created_at === null
      ? [] // a client without credentials
      : [
          toCredential({
            realm_id: row.realm_id,
            id: row.credential_id,
            client_id: row.id,
            kind: row.credential_kind,
            created_at: row.credential_created_at,
            expires_at: row.credential_expires_at,
            digest: row.digest,
            jwk: row.jwk,
            x5t: row.x5t,
            x5t_s256: row.x5t_s256,
          }),
        ],
  )
  return Object.freeze({ client: toClient(first), credentials: list(credentials) })
}

/** Everything but the key. */
const toColumns = (client: Client): Omit<Insertable<ClientTable>, 'realm_id' | 'id'> => ({
  display_name: client.displayName,
  status: client.status,
  authentication_method: client.authenticationMethod,
  application_type: client.applicationType,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  backchannel_logout_uri: client.backchannelLogoutUri ?? null,
  grant_types: client.grantTypes,
  pkce: client.pkce,
  consent: client.consent,
  dpop_bound_access_tokens: client.dpopBoundAccessTokens,
  pushed_authorization_required: client.pushedAuthorizationRequired,
  access: JSON.stringify(client.access),
  self_registered: client.selfRegistered ?? false,
  created_at: client.createdAt,
  updated_at: client.updatedAt,
})

export function toCredential(row: Row<'client_credential'>): ClientCredential {
  const shared = {
    id: row.id,
    clientId: ClientId.of(row.client_id),
    createdAt: row.created_at,
    ...present({ expiresAt: row.expires_at }),
  }
  // client_credential_kind_known: a secret has a digest, a key has a JWK.
  return row.digest === null
    ? Object.freeze({ ...shared, kind: 'key', jwk: row.jwk ?? '', ...present({ x5t: row.x5t, x5tS256: row.x5t_s256 }) })
    : Object.freeze({ ...shared, kind: 'secret', digest: bytes(row.digest) })
}

/** For the port, and for what adds a client together with more. */
export async function addClient(database: Database, realmId: RealmId, client: Client): Promise<'added' | 'conflict'> {
  const { numInsertedOrUpdatedRows } = await database.run((db) =>
    db
      .insertInto('client')
      .values({ realm_id: realmId, id: client.id, ...toColumns(client) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow(),
  )
  return numInsertedOrUpdatedRows === 1n ? 'added' : 'conflict'
}

export function createClientStore({ database, realmId, readClient }: RealmPart): ClientStore {
  return Object.freeze({
    add: (client) => addClient(database, realmId, client),
    async find(id) {
      if (!isText(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('client').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toClient(row)
    },
    async findWithCredentials(id) {
      if (!isText(id)) return undefined
      return readClient({ realmId, id })
    },
    async list({ after, limit }) {
      if (!isText(after ?? '')) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('client')
          .selectAll()
          .where('realm_id', '=', realmId)
          .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
          .orderBy('id')
          .limit(limit)
          .execute(),
      )
      return list(rows.map(toClient))
    },
    async replace(client) {
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('client')
          .set(toColumns(client))
          .where('realm_id', '=', realmId)
          .where('id', '=', client.id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async remove(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('client').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async addCredential(credential) {
      const own =
        credential.kind === 'secret'
          ? { digest: credential.digest }
          : { jwk: credential.jwk, x5t: credential.x5t ?? null, x5t_s256: credential.x5tS256 ?? null }
      const { numInsertedOrUpdatedRows } = await database.run((db) =>
        db
          .insertInto('client_credential')
          .values({
            realm_id: realmId,
            id: credential.id,
            client_id: credential.clientId,
            kind: credential.kind,
            created_at: credential.createdAt,
            expires_at: credential.expiresAt ?? null,
            ...own,
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow(),
      )
      return numInsertedOrUpdatedRows === 1n ? 'added' : 'conflict'
    },
    async credentials(id) {
      if (!isText(id)) return list([])
      const rows = await database.run((db) =>
        db
          .selectFrom('client_credential')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where('client_id', '=', id)
          .orderBy('created_at')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toCredential))
    },
    async removeCredential(id, credentialId) {
      if (!isText(`${id}${credentialId}`)) return false
      const { numDeletedRows } = await database.run((db) =>
        db
          .deleteFrom('client_credential')
          .where('realm_id', '=', realmId)
          .where('id', '=', credentialId)
          .where('client_id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies ClientStore)
}
