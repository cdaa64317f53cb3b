import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../transaction.ts'

type Sweep = (now: Date, limit: number) => RawBuilder<unknown>

/** A pass that is over is shown to administrators for a month: whoever was locked out asks what became of it. */
const passesShownFrom = (now: Date): Date => new Date(now.getTime() - 30 * 24 * 60 * 60 * 1000)

/**
 * What expires, and by which index its oldest rows are found. Rows that somebody holds are left for the next time, so
 * sweeping never waits for a request nor makes one wait long.
 */
const sweeps: readonly Sweep[] = [
  (now, limit) => sql`delete from oidc_artifact where ctid = any(array(
    select ctid from oidc_artifact where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from refresh_token where ctid = any(array(
    select ctid from refresh_token where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  // A family goes after its tokens, so that one delete never takes an unknown number of rows with it. Those that still have
  // some count for the limit all the same: looking further would read every ended family again and again. The lateral join
  // makes one short look by index for each of them; `not exists` would let the planner read all tokens instead.
  (now, limit) => sql`delete from refresh_family where ctid = any(array(
    select ended.ctid from (
      select ctid, realm_id, id from refresh_family where ends_at <= ${now} order by ends_at limit ${limit} for update skip locked
    ) ended
    left join lateral (
      select true as there from refresh_token token where token.realm_id = ended.realm_id and token.family_id = ended.id limit 1
    ) token on true
    where token.there is null))`,
  (now, limit) => sql`delete from replay_claim where ctid = any(array(
    select ctid from replay_claim where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from attempt_counter where ctid = any(array(
    select ctid from attempt_counter where forget_at <= ${now} order by forget_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from approval where ctid = any(array(
    select ctid from approval where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from remembered_browser where ctid = any(array(
    select ctid from remembered_browser where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from access_pass where ctid = any(array(
    select ctid from access_pass where expires_at <= ${passesShownFrom(now)}
    order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from outbox where ctid = any(array(
    select ctid from outbox where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
]

/** {@link Store.removeExpired}. Each table by itself, so that no lock is held longer than one batch takes. */
export async function removeExpired(database: Database, now: Date, limit: number): Promise<number> {
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError('limit must be a whole number of at least 1')
  let removed = 0
  for (const sweep of sweeps) {
    const { numAffectedRows } = await database.run((db) => sweep(now, limit).execute(db))
    removed += Number(numAffectedRows ?? 0n)
  }
  return removed
}
