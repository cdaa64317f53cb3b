import { sql } from 'kysely'
import type { Clock } from '../clock.ts'
import type { ReplayGuard } from '../ports/replay.ts'
import { prepare } from '../prepared.ts'
import type { Database } from '../transaction.ts'
import type { RealmPart, ReplayClaim } from './row.ts'

interface Claims {
  readonly realmIds: readonly string[]
  readonly hashes: readonly string[]
  /** Milliseconds since 1970: as text, the engines differ in which years they take. */
  readonly ends: readonly number[]
  readonly now: Date
}

/** One text for every number of claims, so that a session prepares it once. */
const claimAll = prepare((db, { realmIds, hashes, ends, now }: Claims) => ({
  compile: () =>
    sql<{ hash: string }>`
      insert into replay_claim (realm_id, claim_hash, expires_at)
      select realm_id::uuid, decode(hash, 'hex'), to_timestamp(expires_at / 1000.0)
      from unnest(${realmIds}::text[], ${hashes}::text[], ${ends}::bigint[]) as claim (realm_id, hash, expires_at)
      on conflict (realm_id, claim_hash) do update set expires_at = excluded.expires_at
        -- A claim that is over counts as gone, whether it was removed yet or not.
        where replay_claim.expires_at <= ${now}::timestamptz
      returning encode(claim_hash, 'hex') as hash`.compile(db),
}))

/**
 * What {@link RealmPart} wants. Of several who claim the same in one statement, the first may get it. The hashes are sorted,
 * so that two statements under way never wait for each other in a circle.
 */
export function createReplayClaims(database: Database, clock: Clock): RealmPart['claimReplay'] {
  return database.grouped<ReplayClaim, boolean>(async (db, claims) => {
    const keys = claims.map(({ hash }) => Buffer.from(hash).toString('hex')) // the hash holds the realm as well
    const first = new Map<string, ReplayClaim>()
    for (const [index, key] of keys.entries()) {
      const claim = claims[index]
      if (claim !== undefined && !first.has(key)) first.set(key, claim)
    }
    const sorted = [...first].sort(([one], [other]) => (one < other ? -1 : 1))
    const { rows } = await claimAll(db, {
      realmIds: sorted.map(([, { realmId }]) => realmId),
      hashes: sorted.map(([key]) => key),
      ends: sorted.map(([, { expiresAt }]) => expiresAt.getTime()),
      now: clock(),
    })
    const won = new Set(rows.map(({ hash }) => hash))
    return claims.map((claim, index) => first.get(keys[index] ?? '') === claim && won.has(keys[index] ?? ''))
  })
}

export function createReplayGuard({ realmId, sealer, claimReplay }: RealmPart): ReplayGuard {
  return Object.freeze({
    async claim(issuer, jti, expiresAt) {
      return claimReplay({ realmId, hash: sealer.lookup('replay', realmId, issuer, jti), expiresAt })
    },
  } satisfies ReplayGuard)
}
