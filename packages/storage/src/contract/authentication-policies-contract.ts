import { describe, expect, test } from 'vitest'
import { SealingError } from '../errors.ts'
import { AccountId, ClientId } from '../identifiers.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleAccount,
  sampleAppAccessRule,
  sampleAuthenticationPolicy,
  sampleClient,
  sampleMailServer,
  secondsAfter,
} from './samples.ts'

/** Whether `change` counts as a change of the realm. */
const growing =
  ({ store }: OpenBackend, { realmId }: RealmStore) =>
  async (change: () => Promise<unknown>): Promise<boolean> => {
    const before = await store.realms.version(realmId)
    await change()
    return (await store.realms.version(realmId)) !== before
  }

export function authenticationPoliciesContract(opened: () => OpenBackend): void {
  describe('authentication policies', () => {
    test('gives a policy as it was put, and replaces the whole of it', async () => {
      const { authenticationPolicies: policies } = await opened().newRealm()
      const strict = sampleAuthenticationPolicy({ name: 'Strict' })
      const open = sampleAuthenticationPolicy({ name: 'Open', createdAt: secondsAfter(1) })
      expect(await policies.put(open)).toBe('put')
      expect(await policies.put(strict)).toBe('put')
      expect(await policies.list()).toEqual([strict, open].map((one) => ({ ...one, isDefault: false })))
      const after = { ...strict, name: 'Stricter', mode: 'report-only', definition: {}, updatedAt: secondsAfter(9) } as const
      expect(await policies.put(after)).toBe('put')
      expect(await policies.list()).toContainEqual({ ...after, isDefault: false })
      expect(await policies.remove(strict.id)).toBe(true)
      expect(await policies.remove(strict.id)).toBe(false)
    })

    test('refuses a name that another one has, and spoils no transaction by it', async () => {
      const { authenticationPolicies: policies } = await opened().newRealm()
      const strict = sampleAuthenticationPolicy()
      const open = sampleAuthenticationPolicy()
      await policies.put(strict)
      await opened().store.transaction(async () => {
        expect(await policies.put({ ...open, name: strict.name })).toBe('conflict')
        await policies.put(open)
        expect(await policies.put({ ...open, name: strict.name })).toBe('conflict')
      })
      expect((await policies.list()).map(({ name }) => name).sort()).toEqual([strict.name, open.name].sort())
    })

    test('has one default at most, and keeps it when the policy is replaced', async () => {
      const { authenticationPolicies: policies } = await opened().newRealm()
      const [one, two] = [sampleAuthenticationPolicy(), sampleAuthenticationPolicy()]
      for (const policy of [one, two]) await policies.put(policy)
      const defaults = async () => (await policies.list()).filter(({ isDefault }) => isDefault).map(({ id }) => id)
      expect(await policies.setDefault(one.id)).toBe(true)
      await policies.put({ ...one, mode: 'off' })
      expect(await defaults()).toEqual([one.id])
      expect(await policies.setDefault(two.id)).toBe(true)
      expect(await defaults()).toEqual([two.id])
      for (const id of ['nothing', 'a\0b', '']) expect(await policies.setDefault(id)).toBe(false)
      expect(await defaults()).toEqual([two.id])
      await policies.remove(two.id)
      expect(await defaults()).toEqual([])
      expect(await policies.setDefault(one.id)).toBe(true)
      expect(await policies.setDefault(undefined)).toBe(true)
      expect(await policies.setDefault(undefined)).toBe(true)
      expect(await defaults()).toEqual([])
    })

    test('has one default although many set different ones at once', async () => {
      const { authenticationPolicies: policies } = await opened().newRealm()
      const all = Array.from({ length: 8 }, () => sampleAuthenticationPolicy())
      for (const policy of all) await policies.put(policy)
      const outcomes = await Promise.all([
        ...all.map(({ id }) => policies.setDefault(id)),
        ...all.map((policy) => policies.put({ ...policy, mode: 'off' })),
      ])
      expect(outcomes).not.toContain(false)
      expect((await policies.list()).filter(({ isDefault }) => isDefault)).toHaveLength(1)
    })

    test('is assigned to accounts, one at a time, and ends with account or policy', async () => {
      const { authenticationPolicies: policies, accounts } = await opened().newRealm()
      const [mary, joe] = [sampleAccount(), sampleAccount()]
      const [strict, open] = [sampleAuthenticationPolicy(), sampleAuthenticationPolicy()]
      for (const account of [mary, joe]) await accounts.add(account)
      for (const policy of [strict, open]) await policies.put(policy)
      for (const account of [mary, joe]) expect(await policies.assign(account.id, strict.id)).toBe(true)
      expect(await policies.countAssigned(strict.id)).toBe(2)
      expect(await policies.assign(mary.id, open.id)).toBe(true)
      expect([await policies.assigned(mary.id), await policies.assigned(joe.id)]).toEqual([open.id, strict.id])
      expect(await policies.assign(mary.id, undefined)).toBe(true)
      expect(await policies.assign(mary.id, undefined)).toBe(true)
      expect(await policies.assigned(mary.id)).toBeUndefined()
      await policies.assign(mary.id, strict.id)
      await accounts.remove(mary.id)
      expect(await policies.countAssigned(strict.id)).toBe(1)
      await policies.remove(strict.id)
      expect(await policies.assigned(joe.id)).toBeUndefined()
      expect(await accounts.find(joe.id)).toEqual(joe)
    })

    test('is not assigned where account or policy is not there', async () => {
      const { authenticationPolicies: policies, accounts } = await opened().newRealm()
      const mary = sampleAccount()
      const strict = sampleAuthenticationPolicy()
      await accounts.add(mary)
      await policies.put(strict)
      for (const id of ['nothing', 'a\0b', '']) expect(await policies.assign(mary.id, id)).toBe(false)
      for (const id of [AccountId.of('nobody'), sampleAccount().id]) {
        expect(await policies.assign(id, strict.id)).toBe(false)
        expect(await policies.assign(id, undefined)).toBe(false)
        expect(await policies.assigned(id)).toBeUndefined()
      }
      expect(await policies.countAssigned('a\0b')).toBe(0)
    })

    test('counts every change but an assignment as a change of the realm', async () => {
      const realm = await opened().newRealm()
      const { authenticationPolicies: policies, accounts } = realm
      const grows = growing(opened(), realm)
      const mary = sampleAccount()
      const strict = sampleAuthenticationPolicy()
      await accounts.add(mary)
      expect(await grows(() => policies.put(strict))).toBe(true)
      expect(await grows(() => policies.put({ ...strict, mode: 'off' }))).toBe(true)
      expect(await grows(() => policies.setDefault(strict.id))).toBe(true)
      expect(await grows(() => policies.assign(mary.id, strict.id))).toBe(false)
      expect(await grows(() => policies.assign(mary.id, undefined))).toBe(false)
      expect(await grows(() => policies.setDefault(undefined))).toBe(true)
      expect(await grows(() => policies.remove(strict.id))).toBe(true)
    })
  })

  describe('app access rules', () => {
    test('gives a rule as it was put, replaces the whole of it, and counts as a change of the realm', async () => {
      const realm = await opened().newRealm()
      const { appAccessRules: rules } = realm
      const grows = growing(opened(), realm)
      const rule = sampleAppAccessRule()
      const other = sampleAppAccessRule({ createdAt: secondsAfter(1) })
      expect(await grows(() => rules.put(other))).toBe(true)
      expect(await grows(() => rules.put(rule))).toBe(true)
      expect(await rules.list()).toEqual([rule, other])
      const after = { ...rule, mode: 'off', access: 'quarantine', match: { protocol: ['imap'] } } as const
      expect(await grows(() => rules.put(after))).toBe(true)
      expect(await rules.put({ ...after, name: other.name })).toBe('conflict')
      expect(await rules.list()).toEqual([after, other])
      expect(await grows(() => rules.remove(rule.id))).toBe(true)
      for (const id of [rule.id, 'a\0b', '']) expect(await rules.remove(id)).toBe(false)
      expect(await rules.list()).toEqual([other])
    })
  })
}

export function mailServersContract(opened: () => OpenBackend): void {
  describe('mail servers', () => {
    const dovecot = sampleClient({ id: ClientId.of('dovecot') })
    const setUp = async (): Promise<RealmStore> => {
      const realm = await opened().newRealm()
      await realm.clients.add(dovecot)
      return realm
    }

    test('gives a server as it was put, replaces the whole of it, and counts as a change of the realm', async () => {
      const realm = await setUp()
      const { mailServers, clients } = realm
      const grows = growing(opened(), realm)
      const server = sampleMailServer(dovecot.id)
      expect(await grows(() => mailServers.put(server))).toBe(true)
      expect(await mailServers.find(dovecot.id)).toEqual(server)
      const { doveadm: _, ...bare } = sampleMailServer(dovecot.id, { protocols: ['pop'], upstreams: {} })
      expect(await grows(() => mailServers.put(bare))).toBe(true)
      expect(await mailServers.list()).toEqual([bare])
      expect(Object.isFrozen(await mailServers.find(dovecot.id))).toBe(true)
      expect(await grows(() => mailServers.remove(dovecot.id))).toBe(true)
      expect(await mailServers.remove(dovecot.id)).toBe(false)
      await mailServers.put(server)
      expect(await grows(() => clients.remove(dovecot.id))).toBe(true)
      expect(await mailServers.list()).toEqual([])
    })

    test('is of a client that is there, and of at least one protocol', async () => {
      const { mailServers } = await setUp()
      for (const id of ['nobody', 'a\0b', ''].map(ClientId.of)) {
        expect(await mailServers.put(sampleMailServer(id))).toBe('missing')
        expect(await mailServers.find(id)).toBeUndefined()
        expect(await mailServers.remove(id)).toBe(false)
      }
      await expect(mailServers.put(sampleMailServer(dovecot.id, { protocols: [] }))).rejects.toThrow(TypeError)
    })

    test('keeps the key of Dovecot sealed, for this server of this realm alone', async () => {
      const { connection } = opened()
      const { mailServers, clients, realmId } = await setUp()
      const other = sampleClient()
      await clients.add(other)
      const key = 'a key that nobody must read'
      await mailServers.put(sampleMailServer(dovecot.id, { doveadm: { url: 'http://127.0.0.1/', key } }))
      await mailServers.put(sampleMailServer(other.id))
      const ask = (text: string) => connection.session((session) => session.query(text, [realmId, dovecot.id]))
      const rows = await ask('select * from mail_server where realm_id = $1 and client_id = $2')
      expect(Buffer.from(rows[0]?.doveadm_key_sealed as Uint8Array).includes(key)).toBe(false) // a column of bytea
      expect(JSON.stringify(rows)).not.toContain(key)
      await ask(`update mail_server set doveadm_key_sealed = (select doveadm_key_sealed from mail_server
        where realm_id = $1 and client_id = $2) where realm_id = $1 and client_id <> $2`)
      await expect(mailServers.find(other.id)).rejects.toThrow(SealingError)
      expect((await mailServers.find(dovecot.id))?.doveadm?.key).toBe(key)
    })
  })
}
