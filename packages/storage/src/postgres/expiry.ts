import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../transaction.ts'

type Sweep = (now: Date, limit: number) => RawBuilder<unknown>

const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * 24 * 60 * 60 * 1000)

/** A pass that is over is shown to administrators for a month: whoever was locked out asks what became of it. */
const passesShownFrom = (now: Date): Date => daysBefore(now, 30)

/** So is an app password. */
const appPasswordsShownFrom = passesShownFrom

/** An app that nobody let in and that tries no more. */
const appsRememberedFrom = passesShownFrom

/** An app that registered itself uninvited, and that nobody signs in with. */
const registeredAppsKeptFrom = passesShownFrom

/** Administrators see for a while which invitations there were. */
const invitationsShownFrom = passesShownFrom

/** Whoever follows the feed and was away for longer begins anew. */
const revocationsToldFrom = (now: Date): Date => daysBefore(now, 7)

/**
 * A kept answer goes a while after its time: a process whose clock is behind still gives it, and would take an answer that is
 * gone for a token that was stolen.
 */
const answersKeptFrom = (now: Date): Date => new Date(now.getTime() - 60_000)

/**
 * What expires, and by which index its oldest rows are found. Rows that somebody holds are left for the next time, so
 * sweeping never waits for a request nor makes one wait long.
 */
const sweeps: readonly Sweep[] = [
  (now, limit) => sql`delete from oidc_artifact where ctid = any(array(
    select ctid from oidc_artifact where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from refresh_token where ctid = any(array(
    select ctid from refresh_token where expires_at <= ${now} order by expires_at limit ${limit} for update skip locked))`,
  // What servers older than 0033_refresh_answer.sql kept with the token. The token itself stays, to be recognised when somebody uses it again.
  (now, limit) => sql`update refresh_token set answer_sealed = null, answer_request = null, answer_until = null
    where ctid = any(array(select ctid from refresh_token where answer_until <= ${answersKeptFrom(now)}
    order by answer_until limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from refresh_answer where ctid = any(array(
    select ctid from refresh_answer where until <= ${answersKeptFrom(now)} order by until limit ${limit} for update skip locked))`,
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
  (now, limit) => sql`delete from app_password where ctid = any(array(
    select ctid from app_password where expires_at <= ${appPasswordsShownFrom(now)}
    order by expires_at limit ${limit} for update skip locked))`,
  (now, limit) => sql`delete from mail_app where ctid = any(array(
    select ctid from mail_app where state in ('pending', 'quarantined') and last_tried_at <= ${appsRememberedFrom(now)}
    order by last_tried_at limit ${limit} for update skip locked))`,
  // Whoever is signed in with it keeps it: it is looked at again when it has been idle once more.
  (now, limit) => sql`with due as (
      select realm_id, client_id from client_registration
      where invitation_id is null and idle_since <= ${registeredAppsKeptFrom(now)}
      order by idle_since limit ${limit} for update skip locked
    ), looked as (
      select due.realm_id, due.client_id, exists (
        select 1 from refresh_family family where family.realm_id = due.realm_id and family.client_id = due.client_id
          and family.revoked_at is null and family.ends_at > ${now}
      ) as is_held from due
    ), kept as (
      update client_registration registration set idle_since = ${now} from looked
      where looked.is_held and registration.realm_id = looked.realm_id and registration.client_id = looked.client_id
    )
    delete from client using looked
    where not looked.is_held and client.realm_id = looked.realm_id and client.id = looked.client_id`,
  (now, limit) => sql`delete from client_invitation where ctid = any(array(
    select ctid from client_invitation where expires_at <= ${invitationsShownFrom(now)}
    order by expires_at limit ${limit} for update skip locked))`,
  // From the lowest number on, up to the first that is still told: a reader who is told where the rest begins misses nothing.
  (now, limit) => sql`delete from revocation using (
    select oldest.realm_id, oldest.number from revocation_counter counter cross join lateral (
      select realm_id, number, bool_and(at <= ${revocationsToldFrom(now)}) over (order by number) as over
      from (
        select realm_id, number, at from revocation where realm_id = counter.realm_id order by number limit ${limit}
      ) row
    ) oldest where oldest.over order by oldest.realm_id, oldest.number limit ${limit}
  ) gone where revocation.realm_id = gone.realm_id and revocation.number = gone.number`,
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
