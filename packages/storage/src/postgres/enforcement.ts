import { sql } from 'kysely'
import { AccountId } from '../identifiers.ts'
import type { Campaign, CampaignProgress, EnforcementState, EnforcementStore } from '../ports/enforcement.ts'
import { isText, isUuid, keepable, list, present, type RealmPart, type Row } from './row.ts'

/** So many accounts a statement: far inside its limit of time, also on an embedded database. */
const atOnce = 2_000

const toCampaign = (row: Row<'campaign'>): Campaign =>
  Object.freeze({
    id: row.id,
    name: row.name,
    postponements: row.postponements,
    postponeDays: row.postpone_days,
    startsAt: row.starts_at,
    ...present({ endsAt: row.ends_at }),
    createdAt: row.created_at,
  })

/** What may be changed of a campaign. */
const toColumns = (campaign: Campaign) => ({
  name: keepable(campaign.name),
  postponements: campaign.postponements,
  postpone_days: campaign.postponeDays,
  ends_at: campaign.endsAt ?? null,
})

export function createEnforcementStore({ database, realmId }: RealmPart): EnforcementStore {
  type Wanted = Parameters<EnforcementStore['set']>[1]

  /** One statement. The accounts are held in one order for everybody, so that two who set many do not wait in a circle. */
  const setSome = async (ids: readonly string[], { state, at, campaignId }: Wanted): Promise<readonly string[]> => {
    const { rows } = await database.run((db) =>
      sql<{ id: string }>`
        with held as (
          select account.id from unnest(${ids}::uuid[]) as wanted (id)
          join account on account.realm_id = ${realmId} and account.id = wanted.id
          order by account.id for no key update of account
        )
        update account set enforcement = ${state}, enforcement_since = ${at}::timestamptz, campaign_id = ${campaignId ?? null},
          enrolment_postponed = 0, enrolment_postponed_until = null
        from held where account.realm_id = ${realmId} and account.id = held.id
        returning account.id`.execute(db),
    )
    return rows.map(({ id }) => id)
  }

  const setAll = (ids: readonly string[], wanted: Wanted): Promise<readonly AccountId[]> => {
    const sorted = [...new Set(ids.filter(isUuid).map((id) => id.toLowerCase()))].sort()
    return database.together(async () => {
      const set: string[] = []
      for (let start = 0; start < sorted.length; start += atOnce) {
        set.push(...(await setSome(sorted.slice(start, start + atOnce), wanted)))
      }
      return list(set.map(AccountId.of))
    })
  }

  return Object.freeze({
    set: (accountIds, wanted) => setAll(accountIds, wanted),
    async setGroup(group, wanted) {
      if (!isText(group)) return 0
      return database.together(async () => {
        const members = await database.run((db) =>
          db
            .selectFrom('account')
            .select('id')
            .where('realm_id', '=', realmId)
            .where(sql<boolean>`groups @> array[${group}]::text[]`)
            .execute(),
        )
        const set = await setAll(
          members.map(({ id }) => id),
          wanted,
        )
        return set.length
      })
    },
    async enforce(accountId, at) {
      if (!isUuid(accountId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('account')
          .set({ enforcement: 'enforced', enforcement_since: at, enrolment_postponed_until: null })
          .where('realm_id', '=', realmId)
          .where('id', '=', accountId)
          .where('enforcement', '=', 'enabled')
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async postpone(accountId, { atMost, until }) {
      if (!isUuid(accountId)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('account')
          .set({ enrolment_postponed: sql`enrolment_postponed + 1`, enrolment_postponed_until: until })
          .where('realm_id', '=', realmId)
          .where('id', '=', accountId)
          .where('enforcement', '=', 'enabled')
          .where('enrolment_postponed', '<', atMost)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async countByState() {
      const rows = await database.run((db) =>
        db
          .selectFrom('account')
          .select(({ fn }) => ['enforcement', fn.countAll<number>().as('accounts')])
          .where('realm_id', '=', realmId)
          .groupBy('enforcement')
          .execute(),
      )
      const count = (state: EnforcementState) => rows.find((row) => row.enforcement === state)?.accounts ?? 0
      return Object.freeze({ disabled: count('disabled'), enabled: count('enabled'), enforced: count('enforced') })
    },
    async addCampaign(campaign) {
      const { numInsertedOrUpdatedRows } = await database.run((db) =>
        db
          .insertInto('campaign')
          .values({
            realm_id: realmId,
            id: campaign.id,
            starts_at: campaign.startsAt,
            created_at: campaign.createdAt,
            ...toColumns(campaign),
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow(),
      )
      return numInsertedOrUpdatedRows === 1n ? 'added' : 'conflict'
    },
    async findCampaign(id) {
      if (!isText(id)) return undefined
      const row = await database.run((db) =>
        db.selectFrom('campaign').selectAll().where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirst(),
      )
      return row && toCampaign(row)
    },
    async listCampaigns() {
      const rows = await database.run((db) =>
        db
          .selectFrom('campaign')
          .selectAll()
          .where('realm_id', '=', realmId)
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toCampaign))
    },
    async changeCampaign(campaign) {
      if (!isText(campaign.id)) return false
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('campaign')
          .set(toColumns(campaign))
          .where('realm_id', '=', realmId)
          .where('id', '=', campaign.id)
          .executeTakeFirstOrThrow(),
      )
      return numUpdatedRows === 1n
    },
    async progress(campaignId) {
      const none: CampaignProgress = { accounts: 0, registered: 0, untouched: 0, postponed: 0 }
      if (!isText(campaignId)) return Object.freeze(none)
      // The lateral join makes one short look by index for each account; `exists` would let the planner read all authenticators.
      const { rows } = await database.run((db) =>
        sql<CampaignProgress>`
          select count(*) as accounts,
            count(*) filter (where has.one) as registered,
            count(*) filter (where has.one is null and account.enrolment_postponed = 0) as untouched,
            count(*) filter (where has.one is null and account.enrolment_postponed > 0) as postponed
          from account left join lateral (
            select true as one from authenticator
            where authenticator.realm_id = account.realm_id and authenticator.account_id = account.id
              and authenticator.state = 'active' limit 1
          ) has on true
          where account.realm_id = ${realmId} and account.campaign_id = ${campaignId}`.execute(db),
      )
      return Object.freeze({ ...none, ...rows[0] })
    },
  } satisfies EnforcementStore)
}
