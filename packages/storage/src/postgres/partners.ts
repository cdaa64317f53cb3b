import { sql } from 'kysely'
import { ClientId } from '../identifiers.ts'
import type { Client } from '../ports/clients.ts'
import type { Partner, PartnerStore, ServicePrincipal } from '../ports/partners.ts'
import { clientColumns, toClient, toCredential } from './clients.ts'
import { isText, keepable, list, present, type RealmPart, type Row } from './row.ts'

const partnerColumns = [
  'partner.metadata_url',
  'partner.pinned_issuer',
  'partner.pinned_realm',
  'partner.metadata_read_at',
  'partner.metadata_tried_at',
  'partner.metadata_problem',
  'partner.accepts_unsigned_user_tokens',
  'partner.tokens_valid_from',
] as const

/** What is read of a partner; all of it is nothing where a client has no row. */
type PartnerColumns = { [K in keyof Omit<Row<'partner'>, 'realm_id' | 'client_id'>]: Row<'partner'>[K] | null }

const toPartner = (clientId: ClientId, row: PartnerColumns): Partner =>
  Object.freeze({
    clientId,
    ...present({
      metadataUrl: row.metadata_url,
      metadataReadAt: row.metadata_read_at,
      metadataTriedAt: row.metadata_tried_at,
      metadataProblem: row.metadata_problem,
      tokensValidFrom: row.tokens_valid_from,
    }),
    // partner_pinned_whole: both or neither.
    ...(row.pinned_issuer === null || row.pinned_realm === null
      ? {}
      : { pinned: Object.freeze({ issuer: row.pinned_issuer, realm: row.pinned_realm }) }),
    acceptsUnsignedUserTokens: row.accepts_unsigned_user_tokens === true,
  })

type Certificate = ServicePrincipal['certificates'][number]
const isCertificate = (credential: ReturnType<typeof toCredential>): credential is Certificate =>
  credential.kind === 'key' && credential.x5t !== undefined

export function createPartnerStore({ database, realmId }: RealmPart): PartnerStore {
  const select = (clientId: ClientId, lock: boolean) =>
    database.run((db) =>
      db
        .selectFrom('partner')
        .select(partnerColumns)
        .where('realm_id', '=', realmId)
        .where('client_id', '=', clientId)
        .$if(lock, (query) => query.forNoKeyUpdate())
        .executeTakeFirst(),
    )

  return Object.freeze({
    async principals() {
      const rows = await database.run((db) =>
        db
          .selectFrom('client')
          .leftJoin('partner', (join) =>
            join.onRef('partner.realm_id', '=', 'client.realm_id').onRef('partner.client_id', '=', 'client.id'),
          )
          .leftJoin('client_credential as credential', (join) =>
            join
              .onRef('credential.realm_id', '=', 'client.realm_id')
              .onRef('credential.client_id', '=', 'client.id')
              .on('credential.x5t', 'is not', null),
          )
          .select(clientColumns)
          .select(partnerColumns)
          .select([
            'credential.id as credential_id',
            'credential.jwk',
            'credential.x5t',
            'credential.x5t_s256',
            'credential.created_at as credential_created_at',
            'credential.expires_at as credential_expires_at',
          ])
          .where('client.realm_id', '=', realmId)
          // By its two small indexes; asked of the joined rows, it would read every client of the realm.
          .where('client.id', 'in', (query) =>
            query
              .selectFrom('client_credential')
              .select('client_id')
              .where('realm_id', '=', realmId)
              .where('x5t', 'is not', null)
              .union((other) => other.selectFrom('partner').select('client_id').where('realm_id', '=', realmId)),
          )
          .orderBy('client.id')
          .orderBy('credential.created_at')
          .orderBy('credential.id')
          .execute(),
      )
      const principals = new Map<string, { client: Client; certificates: Certificate[]; partner: Partner }>()
      for (const row of rows) {
        const known = principals.get(row.id)
        const principal = known ?? { client: toClient(row), certificates: [], partner: toPartner(ClientId.of(row.id), row) }
        if (known === undefined) principals.set(row.id, principal)
        if (row.credential_id === null || row.credential_created_at === null) continue // a partner without a certificate
        const credential = toCredential({
          realm_id: realmId,
          id: row.credential_id,
          client_id: row.id,
          kind: 'key',
          created_at: row.credential_created_at,
          expires_at: row.credential_expires_at,
          digest: null,
          jwk: row.jwk,
          x5t: row.x5t,
          x5t_s256: row.x5t_s256,
        })
        if (isCertificate(credential)) principal.certificates.push(credential)
      }
      return list(
        [...principals.values()].map(({ client, certificates, partner }) =>
          Object.freeze({ client, certificates: list(certificates), partner }),
        ),
      )
    },
    async find(clientId, { lock = false } = {}) {
      if (!isText(clientId)) return undefined
      const row = await select(clientId, lock)
      return row && toPartner(clientId, row)
    },
    async put(partner) {
      if (!isText(partner.clientId)) return 'missing'
      const problem = partner.metadataProblem
      // The client is held, so that it does not go between looking and writing.
      const { numAffectedRows } = await database.run((db) =>
        sql`
          with held as (
            select realm_id, id from client where realm_id = ${realmId} and id = ${partner.clientId} for key share
          )
          insert into partner (realm_id, client_id, metadata_url, pinned_issuer, pinned_realm, metadata_read_at,
            metadata_tried_at, metadata_problem, accepts_unsigned_user_tokens, tokens_valid_from)
          select realm_id, id, ${partner.metadataUrl ?? null}::text, ${partner.pinned?.issuer ?? null}::text,
            ${partner.pinned?.realm ?? null}::text, ${partner.metadataReadAt ?? null}::timestamptz,
            ${partner.metadataTriedAt ?? null}::timestamptz, ${problem === undefined ? null : keepable(problem)}::text,
            ${partner.acceptsUnsignedUserTokens}::boolean, ${partner.tokensValidFrom ?? null}::timestamptz
          from held
          on conflict (realm_id, client_id) do update set
            metadata_url = excluded.metadata_url,
            pinned_issuer = excluded.pinned_issuer,
            pinned_realm = excluded.pinned_realm,
            metadata_read_at = excluded.metadata_read_at,
            metadata_tried_at = excluded.metadata_tried_at,
            metadata_problem = excluded.metadata_problem,
            accepts_unsigned_user_tokens = excluded.accepts_unsigned_user_tokens,
            -- Who put a row that was read before a withdrawal must not take the withdrawal back.
            tokens_valid_from = greatest(partner.tokens_valid_from, excluded.tokens_valid_from)`.execute(db),
      )
      return numAffectedRows === 1n ? 'put' : 'missing'
    },
    async claimReading(clientId, { now, notTriedSince }) {
      if (!isText(clientId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('partner')
          .set({ metadata_tried_at: now })
          .where('realm_id', '=', realmId)
          .where('client_id', '=', clientId)
          .where(({ or, eb }) => or([eb('metadata_tried_at', 'is', null), eb('metadata_tried_at', '<=', notTriedSince)]))
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async withdrawTokens(clientId, before) {
      if (!isText(clientId)) return false
      const { numAffectedRows } = await database.run((db) =>
        sql`
          with held as (select realm_id, id from client where realm_id = ${realmId} and id = ${clientId} for key share)
          insert into partner (realm_id, client_id, accepts_unsigned_user_tokens, tokens_valid_from)
          select realm_id, id, false, ${before}::timestamptz from held
          on conflict (realm_id, client_id) do update
            set tokens_valid_from = greatest(partner.tokens_valid_from, excluded.tokens_valid_from)`.execute(db),
      )
      return numAffectedRows === 1n
    },
    async remove(clientId) {
      if (!isText(clientId)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('partner').where('realm_id', '=', realmId).where('client_id', '=', clientId).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies PartnerStore)
}
