import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AccountId } from '../identifiers.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAuthenticator, sampleCampaign, sampleTime, secondsAfter } from './samples.ts'

const nobody = [AccountId.of(randomUUID()), AccountId.of('nobody')] as const
const disabled = { state: 'disabled', postponed: 0 }

/** Adds accounts, each in the given groups, and gives their ids. */
async function people(realm: RealmStore, ...groups: readonly (readonly string[])[]): Promise<readonly AccountId[]> {
  const accounts = groups.map((its) => sampleAccount({ groups: its }))
  for (const account of accounts) await realm.accounts.add(account)
  return accounts.map(({ id }) => id)
}

export function enforcementContract(opened: () => OpenBackend): void {
  describe('enforcement', () => {
    const one = async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      await realm.accounts.add(account)
      const kept = async () => (await realm.accounts.find(account.id))?.enforcement
      return { realm, enforcement: realm.enforcement, account, id: account.id, kept }
    }

    test('is disabled for a new account, whatever that says, and comes with every read', async () => {
      const { realm, id, account, kept } = await one()
      const bold = sampleAccount({ enforcement: { state: 'enforced', since: sampleTime, postponed: 9 } })
      await realm.accounts.add(bold)
      expect((await realm.accounts.find(bold.id))?.enforcement).toEqual(disabled)
      expect(await kept()).toEqual(disabled)
      await realm.enforcement.set([id], { state: 'enforced', at: secondsAfter(1) })
      const enforced = { state: 'enforced', since: secondsAfter(1), postponed: 0 }
      expect(await kept()).toEqual(enforced)
      expect(Object.isFrozen(await kept())).toBe(true)
      expect((await realm.accounts.findByName(account.upn))?.enforcement).toEqual(enforced)
      const listed = await realm.accounts.list({ limit: 10 })
      expect(listed.find((each) => each.id === id)?.enforcement).toEqual(enforced)
    })

    test('stays when the record of the account is replaced', async () => {
      const { realm, enforcement, id, account, kept } = await one()
      await enforcement.set([id], { state: 'enabled', at: sampleTime })
      await enforcement.postpone(id, { atMost: 1, until: secondsAfter(60) })
      const before = await kept()
      await realm.accounts.replace({ ...account, displayName: 'New', enforcement: { state: 'disabled', postponed: 0 } })
      expect(await kept()).toEqual(before)
      expect(before).toEqual({ state: 'enabled', since: sampleTime, postponed: 1, postponedUntil: secondsAfter(60) })
    })

    test('is set for all that exist, tells which these are, and begins all counters anew', async () => {
      const { realm, enforcement, id, kept } = await one()
      const [other = id] = await people(realm, [])
      await enforcement.addCampaign(sampleCampaign({ id: 'spring' }))
      const wanted = { state: 'enabled', at: sampleTime, campaignId: 'spring' } as const
      expect((await enforcement.set([id, other, id, ...nobody], wanted)).toSorted()).toEqual([id, other].toSorted())
      await enforcement.postpone(id, { atMost: 3, until: secondsAfter(60) })
      expect(await kept()).toMatchObject({ campaignId: 'spring', postponed: 1, postponedUntil: secondsAfter(60) })
      await enforcement.set([id], wanted)
      expect(await kept()).toEqual({ state: 'enabled', since: sampleTime, campaignId: 'spring', postponed: 0 })
      await enforcement.set([id], { state: 'enabled', at: secondsAfter(1) })
      expect(await kept()).toEqual({ state: 'enabled', since: secondsAfter(1), postponed: 0 })
      expect(await enforcement.set([], wanted)).toEqual([])
      await expect(enforcement.set([id], { ...wanted, campaignId: 'nothing' })).rejects.toThrow()
    })

    test('is set for ten thousand at once, in a handful of statements', async () => {
      const { store, connection, newRealm } = opened()
      const realm = await newRealm()
      await connection.session((session) =>
        session.query(
          `insert into account (realm_id, id, upn, upn_key, address, further_addresses, display_name, groups, status, created_at, updated_at)
           select $1::uuid, gen_random_uuid(), n || '@x', n || '@x', n || '@x', '{}', 'n', '{all}', 'active', now(), now() from generate_series(1, 10000) n`,
          [realm.realmId],
        ),
      )
      const rows = await connection.session((session) =>
        session.query('select id from account where realm_id = $1', [realm.realmId]),
      )
      const ids = rows.map(({ id }) => AccountId.of(String(id)))
      expect(new Set(await realm.enforcement.set(ids, { state: 'enabled', at: sampleTime }))).toEqual(new Set(ids))
      expect(await realm.enforcement.countByState()).toEqual({ disabled: 0, enabled: 10_000, enforced: 0 })
      expect(await realm.enforcement.setGroup('all', { state: 'enforced', at: sampleTime })).toBe(10_000)
      expect(await realm.enforcement.countByState()).toEqual({ disabled: 0, enabled: 0, enforced: 10_000 })
      // Two at once that go through the same accounts the other way round: neither has to give way.
      const [up, down] = [ids.toSorted(), ids.toSorted().toReversed()]
      const both = await Promise.all([up, down].map((some) => realm.enforcement.set(some, { state: 'enforced', at: sampleTime })))
      expect(both.map((set) => set.length)).toEqual([10_000, 10_000])
      const failing = store.transaction(async () => {
        await realm.enforcement.set(ids, { state: 'disabled', at: sampleTime })
        throw new RangeError('rolled back')
      })
      await expect(failing).rejects.toThrow(RangeError)
      expect((await realm.enforcement.countByState()).enforced).toBe(10_000)
    })

    test('is set for everybody in a group, by its exact name, now', async () => {
      const realm = await opened().newRealm()
      const [sales, both, staff] = await people(realm, ['sales'], ['staff', 'sales'], ['staff', 'sales,"x"', 'Sales'])
      expect(await realm.enforcement.setGroup('sales', { state: 'enforced', at: sampleTime })).toBe(2)
      const states = async () => {
        const accounts = await Promise.all([sales, both, staff].map((id = nobody[0]) => realm.accounts.find(id)))
        return accounts.map((account) => account?.enforcement?.state)
      }
      expect(await states()).toEqual(['enforced', 'enforced', 'disabled'])
      expect(await realm.enforcement.setGroup('sales,"x"', { state: 'enabled', at: sampleTime })).toBe(1)
      expect(await states()).toEqual(['enforced', 'enforced', 'enabled'])
      for (const none of ['nothing', '', 'a\0', 'sale']) {
        expect(await realm.enforcement.setGroup(none, { state: 'enabled', at: sampleTime })).toBe(0)
      }
    })

    test('turns enabled into enforced once, and keeps the campaign', async () => {
      const { enforcement, id, kept } = await one()
      await enforcement.addCampaign(sampleCampaign({ id: 'spring' }))
      expect(await enforcement.enforce(id, sampleTime)).toBe(false)
      await enforcement.set([id], { state: 'enabled', at: sampleTime, campaignId: 'spring' })
      await enforcement.postpone(id, { atMost: 1, until: secondsAfter(60) })
      expect(await enforcement.enforce(id, secondsAfter(5))).toBe(true)
      expect(await enforcement.enforce(id, secondsAfter(6))).toBe(false)
      expect(await kept()).toEqual({ state: 'enforced', since: secondsAfter(5), campaignId: 'spring', postponed: 1 })
      for (const other of nobody) expect(await enforcement.enforce(other, sampleTime)).toBe(false)
    })

    test('lets as many postpone as are allowed, of twenty at a time', async () => {
      const { enforcement, id, kept } = await one()
      const postpone = () => enforcement.postpone(id, { atMost: 3, until: secondsAfter(60) })
      expect(await postpone()).toBe(false)
      await enforcement.set([id], { state: 'enabled', at: sampleTime })
      const postponed = await Promise.all(Array.from({ length: 20 }, postpone))
      expect(postponed.filter(Boolean)).toHaveLength(3)
      expect(await kept()).toMatchObject({ postponed: 3, postponedUntil: secondsAfter(60) })
      await enforcement.set([id], { state: 'enforced', at: sampleTime })
      expect(await postpone()).toBe(false)
      for (const other of nobody) expect(await enforcement.postpone(other, { atMost: 3, until: sampleTime })).toBe(false)
    })

    test('is counted by state in the whole realm', async () => {
      const realm = await opened().newRealm()
      expect(await realm.enforcement.countByState()).toEqual({ disabled: 0, enabled: 0, enforced: 0 })
      await people(realm, ['a'], ['b'], ['b'], ['c'])
      await realm.enforcement.setGroup('b', { state: 'enabled', at: sampleTime })
      await realm.enforcement.setGroup('c', { state: 'enforced', at: sampleTime })
      expect(await realm.enforcement.countByState()).toEqual({ disabled: 1, enabled: 2, enforced: 1 })
    })
  })

  describe('campaigns', () => {
    test('are given back as they were added, newest first', async () => {
      const { enforcement } = await opened().newRealm()
      const spring = sampleCampaign()
      const autumn = sampleCampaign({ createdAt: secondsAfter(1), endsAt: secondsAfter(1e6), name: 'a\0' })
      expect(await enforcement.addCampaign(spring)).toBe('added')
      expect(await enforcement.addCampaign(autumn)).toBe('added')
      expect(await enforcement.addCampaign({ ...spring, name: 'Other' })).toBe('conflict')
      expect(await enforcement.findCampaign(spring.id)).toEqual(spring)
      expect(await enforcement.findCampaign('a\0')).toBeUndefined()
      expect(await enforcement.listCampaigns()).toEqual([{ ...autumn, name: 'a\ufffd' }, spring])
    })

    test('change in name, limits and end, and in nothing else', async () => {
      const { enforcement } = await opened().newRealm()
      const spring = sampleCampaign({ endsAt: secondsAfter(1e6) })
      await enforcement.addCampaign(spring)
      const { endsAt: _, ...endless } = spring
      const changed = { ...endless, name: 'New', postponements: 0, postponeDays: 1 }
      const asked = { ...changed, startsAt: secondsAfter(9), createdAt: secondsAfter(9) }
      expect(await enforcement.changeCampaign(asked)).toBe(true)
      expect(await enforcement.findCampaign(spring.id)).toEqual(changed)
      expect(await enforcement.changeCampaign(sampleCampaign())).toBe(false)
    })

    test('tell how far they are', async () => {
      const realm = await opened().newRealm()
      const { enforcement, authenticators } = realm
      await enforcement.addCampaign(sampleCampaign({ id: 'spring' }))
      expect(await enforcement.progress('spring')).toEqual({ accounts: 0, registered: 0, untouched: 0, postponed: 0 })
      const ids = await people(realm, [], [], [], [], [], [])
      const [has, hadPostponed, pending, proposed, postponed, outside] = ids as Required<typeof ids> & AccountId[]
      await enforcement.set(
        ids.filter((id) => id !== outside),
        { state: 'enabled', at: sampleTime, campaignId: 'spring' },
      )
      for (const id of [hadPostponed, postponed]) await enforcement.postpone(id as AccountId, { atMost: 3, until: sampleTime })
      const active = [has, has, hadPostponed, outside] as AccountId[]
      for (const id of active) await authenticators.add(sampleAuthenticator(id, { state: 'active' }))
      await authenticators.add(sampleAuthenticator(pending as AccountId, { state: 'pending' }))
      await authenticators.add(sampleAuthenticator(proposed as AccountId, { state: 'proposed' }))
      await enforcement.enforce(has as AccountId, sampleTime)
      expect(await enforcement.progress('spring')).toEqual({ accounts: 5, registered: 2, untouched: 2, postponed: 1 })
      for (const none of ['other', 'a\0']) expect(await enforcement.progress(none)).toMatchObject({ accounts: 0 })
    })
  })
}
