import type { ReplayGuard } from '../ports/replay.ts'
import type { RealmPart } from './row.ts'

export function createReplayGuard({ database, realmId, sealer, clock }: RealmPart): ReplayGuard {
  return Object.freeze({
    async claim(issuer, jti, expiresAt) {
      const { numInsertedOrUpdatedRows } = await database.run((db) =>
        db
          .insertInto('replay_claim')
          .values({ realm_id: realmId, claim_hash: sealer.lookup('replay', realmId, issuer, jti), expires_at: expiresAt })
          // A claim that is over counts as gone, whether it was removed yet or not.
          .onConflict((conflict) =>
            conflict
              .columns(['realm_id', 'claim_hash'])
              .doUpdateSet({ expires_at: expiresAt })
              .where('replay_claim.expires_at', '<=', clock()),
          )
          .executeTakeFirstOrThrow(),
      )
      return numInsertedOrUpdatedRows === 1n
    },
  } satisfies ReplayGuard)
}
