import type { SigningKey, SigningKeyStore } from '../ports/signing-keys.ts'
import { bytes, isText, list, present, type RealmPart, type Row } from './row.ts'

export function createSigningKeyStore({ database, realmId, sealer }: RealmPart): SigningKeyStore {
  const sealedRow = (kid: string) => ({ table: 'signing_key', realmId, id: kid })
  const toSigningKey = (row: Row<'signing_key'>): SigningKey =>
    Object.freeze({
      kid: row.kid,
      algorithm: row.algorithm as SigningKey['algorithm'], // signing_key_algorithm_known
      privateKey: sealer.open('signing-key', sealedRow(row.kid), row.private_key_sealed),
      certificate: bytes(row.certificate),
      announcedAt: row.announced_at,
      signsFrom: row.signs_from,
      ...present({ retiresAt: row.retires_at, removedAt: row.removed_at }),
    })

  return Object.freeze({
    async list(now) {
      const rows = await database.run((db) =>
        db
          .selectFrom('signing_key')
          .selectAll()
          .where('realm_id', '=', realmId)
          .where((row) => row.or([row('removed_at', 'is', null), row('removed_at', '>', now)]))
          .orderBy('signs_from', 'desc')
          .orderBy('kid')
          .execute(),
      )
      return list(rows.map(toSigningKey))
    },
    async add(key) {
      await database.run((db) =>
        db
          .insertInto('signing_key')
          .values({
            realm_id: realmId,
            kid: key.kid,
            algorithm: key.algorithm,
            private_key_sealed: sealer.seal('signing-key', sealedRow(key.kid), key.privateKey),
            certificate: key.certificate,
            announced_at: key.announcedAt,
            signs_from: key.signsFrom,
            retires_at: key.retiresAt ?? null,
            removed_at: key.removedAt ?? null,
          })
          .execute(),
      )
    },
    async retire(kid, { retiresAt, removedAt }) {
      if (!isText(kid)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('signing_key')
          .set({ retires_at: retiresAt, removed_at: removedAt })
          .where('realm_id', '=', realmId)
          .where('kid', '=', kid)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
  } satisfies SigningKeyStore)
}
