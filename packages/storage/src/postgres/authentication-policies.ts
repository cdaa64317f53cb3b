import { sql } from 'kysely'
import type {
  AppAccessRuleStore,
  AuthenticationPolicyStore,
  StoredAppAccessRule,
  StoredAuthenticationPolicy,
} from '../ports/authentication-policies.ts'
import { isTakenBy, isText, isUuid, keepable, keepableJson, list, type RealmPart, type Row } from './row.ts'

const toPolicy = (row: Row<'authentication_policy'>): StoredAuthenticationPolicy =>
  Object.freeze({
    id: row.id,
    name: row.name,
    mode: row.mode as StoredAuthenticationPolicy['mode'], // authentication_policy_mode_known
    definition: row.definition as StoredAuthenticationPolicy['definition'], // put() takes objects alone
    isDefault: row.is_default,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

const toRule = (row: Row<'app_access_rule'>): StoredAppAccessRule =>
  Object.freeze({
    id: row.id,
    name: row.name,
    mode: row.mode as StoredAppAccessRule['mode'], // app_access_rule_mode_known
    access: row.access as StoredAppAccessRule['access'], // app_access_rule_access_known
    match: row.match as StoredAppAccessRule['match'], // put() takes objects alone
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  })

export function createAuthenticationPolicyStore({ database, realmId }: RealmPart): AuthenticationPolicyStore {
  return Object.freeze({
    async list() {
      const rows = await database.run((db) =>
        db
          .selectFrom('authentication_policy')
          .selectAll()
          .where('realm_id', '=', realmId)
          .orderBy('created_at')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toPolicy))
    },
    async put(policy) {
      const columns = {
        name: keepable(policy.name),
        mode: policy.mode,
        definition: keepableJson(policy.definition),
        created_at: policy.createdAt,
        updated_at: policy.updatedAt,
      }
      const work = () =>
        database.run((db) =>
          db
            .insertInto('authentication_policy')
            .values({ realm_id: realmId, id: policy.id, ...columns })
            .onConflict((conflict) => conflict.columns(['realm_id', 'id']).doUpdateSet(columns))
            .execute(),
        )
      try {
        await database.together(work)
        return 'put'
      } catch (error) {
        if (isTakenBy(error, 'authentication_policy_name_ix')) return 'conflict'
        throw error
      }
    },
    async remove(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('authentication_policy').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
    async setDefault(id) {
      if (id !== undefined && !isText(id)) return false
      return database.together(async () => {
        // All are held, in one order for everybody: who waited for another one sees the default that it has set.
        const held = await database.run((db) =>
          db
            .selectFrom('authentication_policy')
            .select('id')
            .where('realm_id', '=', realmId)
            .orderBy('id')
            .forNoKeyUpdate()
            .execute(),
        )
        if (id !== undefined && !held.some((policy) => policy.id === id)) return false
        await database.run((db) =>
          db
            .updateTable('authentication_policy')
            .set({ is_default: false })
            .where('realm_id', '=', realmId)
            .where('is_default', '=', true)
            .$if(id !== undefined, (query) => query.where('id', '<>', id ?? ''))
            .execute(),
        )
        if (id === undefined) return true
        await database.run((db) =>
          db
            .updateTable('authentication_policy')
            .set({ is_default: true })
            .where('realm_id', '=', realmId)
            .where('id', '=', id)
            .where('is_default', '=', false)
            .execute(),
        )
        return true
      })
    },
    async assign(accountId, policyId) {
      if (!isUuid(accountId) || !isText(policyId ?? '')) return false
      // The account is held, and the policy where there is one, so that neither goes between looking and writing.
      const { rows } = await database.run((db) =>
        policyId === undefined
          ? sql`
              with held as (select realm_id, id from account where realm_id = ${realmId} and id = ${accountId} for key share),
                gone as (
                  delete from authentication_policy_assignment as assignment using held
                  where assignment.realm_id = held.realm_id and assignment.account_id = held.id
                )
              select id from held`.execute(db)
          : sql`
              with held as (
                select account.realm_id, account.id as account_id, policy.id as policy_id
                from account join authentication_policy policy on policy.realm_id = account.realm_id
                where account.realm_id = ${realmId} and account.id = ${accountId} and policy.id = ${policyId}
                for key share of account, policy
              )
              insert into authentication_policy_assignment (realm_id, account_id, policy_id)
              select realm_id, account_id, policy_id from held
              on conflict (realm_id, account_id) do update set policy_id = excluded.policy_id
              returning account_id`.execute(db),
      )
      return rows.length === 1
    },
    async assigned(accountId) {
      if (!isUuid(accountId)) return undefined
      const row = await database.run((db) =>
        db
          .selectFrom('authentication_policy_assignment')
          .select('policy_id')
          .where('realm_id', '=', realmId)
          .where('account_id', '=', accountId)
          .executeTakeFirst(),
      )
      return row?.policy_id
    },
    async countAssigned(id) {
      if (!isText(id)) return 0
      const row = await database.run((db) =>
        db
          .selectFrom('authentication_policy_assignment')
          .select(({ fn }) => fn.countAll<number>().as('accounts'))
          .where('realm_id', '=', realmId)
          .where('policy_id', '=', id)
          .executeTakeFirstOrThrow(),
      )
      return row.accounts
    },
  } satisfies AuthenticationPolicyStore)
}

export function createAppAccessRuleStore({ database, realmId }: RealmPart): AppAccessRuleStore {
  return Object.freeze({
    async list() {
      const rows = await database.run((db) =>
        db
          .selectFrom('app_access_rule')
          .selectAll()
          .where('realm_id', '=', realmId)
          .orderBy('created_at')
          .orderBy('id')
          .execute(),
      )
      return list(rows.map(toRule))
    },
    async put(rule) {
      const columns = {
        name: keepable(rule.name),
        mode: rule.mode,
        access: rule.access,
        match: keepableJson(rule.match),
        created_at: rule.createdAt,
        updated_at: rule.updatedAt,
      }
      const work = () =>
        database.run((db) =>
          db
            .insertInto('app_access_rule')
            .values({ realm_id: realmId, id: rule.id, ...columns })
            .onConflict((conflict) => conflict.columns(['realm_id', 'id']).doUpdateSet(columns))
            .execute(),
        )
      try {
        await database.together(work)
        return 'put'
      } catch (error) {
        if (isTakenBy(error, 'app_access_rule_name_ix')) return 'conflict'
        throw error
      }
    },
    async remove(id) {
      if (!isText(id)) return false
      const { numDeletedRows } = await database.run((db) =>
        db.deleteFrom('app_access_rule').where('realm_id', '=', realmId).where('id', '=', id).executeTakeFirstOrThrow(),
      )
      return numDeletedRows === 1n
    },
  } satisfies AppAccessRuleStore)
}
