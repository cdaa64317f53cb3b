import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AccountId, FamilyId } from '../identifiers.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAuditRow, sampleClient, sampleTime, secondsAfter } from './samples.ts'

export function redemptionsContract(opened: () => OpenBackend): void {
  describe('redemptions', () => {
    /** A code called `code` with its grant, as a sign-in leaves them. */
    const withCode = async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      const client = sampleClient()
      await realm.accounts.add(account)
      await realm.clients.add(client)
      const grantId = FamilyId.of(randomUUID())
      const keys = { grantId, accountId: account.id, clientId: client.id }
      const code = { jti: 'code', grantId }
      const grant = { jti: grantId, exp: 1 }
      await realm.artifacts.upsert({ kind: 'AuthorizationCode', id: 'code', payload: code, expiresAt: secondsAfter(60), keys })
      await realm.artifacts.upsert({ kind: 'Grant', id: grantId, payload: grant, expiresAt: secondsAfter(600), keys })
      const family = (handle = 'first') => ({
        sessionId: 'session',
        grant: { ...grant, exp: 2 },
        familyEndsAt: secondsAfter(6000),
        token: { handle, payload: { handle }, issuedAt: secondsAfter(11), expiresAt: secondsAfter(700) },
      })
      const redemption = (handle?: string) => ({
        code: 'code',
        grantId,
        accountId: account.id,
        at: secondsAfter(10),
        trail: sampleAuditRow({ event: 'token.issued', detail: { jti: handle ?? 'none' } }),
        ...(handle === undefined ? {} : { family: family(handle) }),
      })
      const everything = async () => ({
        code: await realm.artifacts.find('AuthorizationCode', 'code'),
        grant: await realm.artifacts.find('Grant', grantId),
        family: await realm.refreshTokens.family(grantId),
        token: await realm.refreshTokens.find('first'),
        rows: await realm.audit.list({ limit: 30 }),
      })
      opened().clock.now = sampleTime
      return { realm, account, client, grantId, keys, code, grant, redemption, everything }
    }

    test('gives back an unused code with its grant and its account, and nothing where one of them is missing', async () => {
      const { realm, account, code, grant, grantId, keys } = await withCode()
      const { redemptions, artifacts } = realm
      expect(await redemptions.findUnused('code')).toEqual({ code, grant, account: await realm.accounts.find(account.id) })
      const put = (id: string, own: object) =>
        artifacts.upsert({ kind: 'AuthorizationCode', id, payload: {}, expiresAt: secondsAfter(60), keys: { ...keys, ...own } })
      await put('of nobody', { accountId: randomUUID() })
      await put('of no account', { accountId: 'somebody' })
      await put('of another grant', { grantId: randomUUID() })
      await artifacts.upsert({ kind: 'DeviceCode', id: 'device', payload: {}, expiresAt: secondsAfter(60), keys })
      for (const other of ['', 'co\0de', 'Code', 'of nobody', 'of no account', 'of another grant', 'device', grantId])
        expect(await redemptions.findUnused(other)).toBeUndefined()
      expect(await (await opened().newRealm()).redemptions.findUnused('code')).toBeUndefined()
      await artifacts.consume('AuthorizationCode', 'code', sampleTime)
      expect(await redemptions.findUnused('code')).toBeUndefined()
    })

    test('writes everything of a redemption at once: used, begun, kept and told', async () => {
      const { realm, account, client, grantId, code, grant, redemption, everything } = await withCode()
      const all = redemption('first')
      expect(await realm.redemptions.redeem(all)).toBe(true)
      expect(await everything()).toEqual({
        code: { payload: code, consumedAt: secondsAfter(10), expiresAt: secondsAfter(60) },
        grant: { payload: { ...grant, exp: 2 }, expiresAt: secondsAfter(6000) },
        family: {
          ...{ id: grantId, accountId: account.id, clientId: client.id, sessionId: 'session' },
          ...{ startedAt: secondsAfter(11), lastUsedAt: secondsAfter(11), endsAt: secondsAfter(6000) },
        },
        token: {
          ...{ familyId: grantId, accountId: account.id, clientId: client.id, payload: { handle: 'first' } },
          ...{ issuedAt: secondsAfter(11), expiresAt: secondsAfter(700) },
        },
        rows: [all.trail],
      })
    })

    test('without a family, uses the code and tells of it alone', async () => {
      const { realm, redemption, everything } = await withCode()
      const before = await everything()
      const { trail, ...rest } = redemption()
      expect(await realm.redemptions.redeem({ ...rest, trail })).toBe(true)
      const code = { ...before.code, consumedAt: secondsAfter(10) }
      expect(await everything()).toEqual({ ...before, code, rows: [trail] })
    })

    test('is redeemed exactly once of twenty at a time, and the others write and tell nothing', async () => {
      const { realm, redemption } = await withCode()
      const handles = Array.from({ length: 20 }, (_, index) => `first-${index}`)
      const redeemed = await Promise.all(
        handles.map((handle, index) => realm.redemptions.redeem(redemption(index % 2 === 0 ? handle : undefined))),
      )
      expect(redeemed.filter(Boolean)).toHaveLength(1)
      const winner = handles[redeemed.indexOf(true)]
      const expected = redeemed.indexOf(true) % 2 === 0 ? winner : undefined
      expect((await realm.audit.list({ limit: 30 })).map(({ detail }) => detail)).toEqual([{ jti: expected ?? 'none' }])
      const begun = await Promise.all(handles.map((handle) => realm.refreshTokens.find(handle)))
      expect(handles.filter((_, index) => begun[index] !== undefined)).toEqual(expected === undefined ? [] : [expected])
    })

    type World = Awaited<ReturnType<typeof withCode>>
    const disable = ({ accounts }: RealmStore, account: World['account']) => accounts.replace({ ...account, status: 'disabled' })

    test.each<[string, (world: World) => Promise<unknown>]>([
      ['that was used', ({ realm }) => realm.artifacts.consume('AuthorizationCode', 'code', sampleTime)],
      ['that is gone', ({ realm }) => realm.artifacts.destroy('AuthorizationCode', 'code')],
      ['whose grant is gone', ({ realm, grantId }) => realm.artifacts.destroy('Grant', grantId)],
      ['whose client is disabled', ({ realm, client }) => realm.clients.replace({ ...client, status: 'disabled' })],
      ['whose client is gone', ({ realm, client }) => realm.clients.remove(client.id)],
      ['whose account is disabled', ({ realm, account }) => disable(realm, account)],
      ['whose account is gone', ({ realm, account }) => realm.accounts.remove(account.id)],
    ])('redeems no code %s, and tells nothing', async (_name, spoil) => {
      const world = await withCode()
      await spoil(world)
      const before = await world.everything()
      const { redemptions } = world.realm
      for (const handle of ['first', undefined]) expect(await redemptions.redeem(world.redemption(handle))).toBe(false)
      expect(await world.everything()).toEqual(before)
      expect(before.rows).toEqual([])
    })

    test('redeems nothing by an id that is none', async () => {
      const { realm, redemption, everything } = await withCode()
      const before = await everything()
      const all = redemption('first')
      const { redeem } = realm.redemptions
      expect(await redeem({ ...all, code: 'another' })).toBe(false)
      expect(await redeem({ ...all, grantId: FamilyId.of('a\0b') })).toBe(false)
      expect(await redeem({ ...all, grantId: FamilyId.of(randomUUID()) })).toBe(false)
      expect(await redeem({ ...all, accountId: AccountId.of(randomUUID()) })).toBe(false)
      const elsewhere = await opened().newRealm()
      expect(await elsewhere.redemptions.redeem(all)).toBe(false)
      expect(await everything()).toEqual(before)
    })

    test('redeems nothing where the trail cannot be written', async () => {
      const { realm, redemption, everything } = await withCode()
      const before = await everything()
      for (const handle of ['first', undefined]) {
        const all = redemption(handle)
        const impossible = { ...all.trail, outcome: 'unheard of' as 'allowed' }
        await expect(realm.redemptions.redeem({ ...all, trail: impossible })).rejects.toThrow()
      }
      expect(await everything()).toEqual(before)
    })

    test('leaves nothing behind in a transaction that rolls back', async () => {
      const { realm, redemption, everything } = await withCode()
      const before = await everything()
      const undone = opened().store.transaction(async () => {
        expect(await realm.redemptions.redeem(redemption('first'))).toBe(true)
        throw new TypeError('undo')
      })
      await expect(undone).rejects.toThrow('undo')
      expect(await everything()).toEqual(before)
    })

    test.each([
      ['its client is disabled', async ({ realm, client }: World) => realm.clients.replace({ ...client, status: 'disabled' })],
      ['it is used', async ({ realm }: World) => realm.artifacts.consume('AuthorizationCode', 'code', sampleTime)],
      ['everything of its grant is removed', async ({ realm, grantId }: World) => realm.artifacts.removeByGrant(grantId)],
    ])('redeems no code that somebody holds, where %s meanwhile', async (_name, spoil) => {
      const world = await withCode()
      const { realm, redemption, everything } = world
      const locked = Promise.withResolvers<void>()
      const spoiled = opened().store.transaction(async () => {
        await realm.artifacts.find('AuthorizationCode', 'code', { lock: true })
        locked.resolve()
        // Time enough for the redemption to begin, and to have read all of it as it was.
        for (let turn = 0; turn < 100; turn += 1) await realm.artifacts.find('AuthorizationCode', 'code')
        await spoil(world)
      })
      await locked.promise
      const redeemed = realm.redemptions.redeem(redemption('first'))
      await spoiled
      expect(await redeemed).toBe(false)
      const { family, rows } = await everything()
      expect([family, rows]).toEqual([undefined, []])
    })

    test('answers each of many at a time for itself: one that is bad, used, foreign or held harms no other', async () => {
      const worlds: World[] = []
      while (worlds.length < 10) worlds.push(await withCode())
      const [bad, used, foreign, held] = [worlds[2], worlds[4], worlds[5], worlds[7]] as [World, World, World, World]
      await used.realm.artifacts.consume('AuthorizationCode', 'code', sampleTime)
      const found = await Promise.all(worlds.map(({ realm }) => realm.redemptions.findUnused('code')))
      expect(found.map((one) => one?.account.id)).toEqual(worlds.map((one) => (one === used ? undefined : one.account.id)))
      const before = new Map<World, unknown>()
      for (const one of [bad, used, foreign, held]) before.set(one, await one.everything())

      const locked = Promise.withResolvers<void>()
      const answered = Promise.withResolvers<void>()
      const holding = opened().store.transaction(async () => {
        await held.realm.artifacts.find('AuthorizationCode', 'code', { lock: true })
        locked.resolve()
        // Where there is one session, nobody is answered before we have gone, and the code is used by then.
        if (opened().url !== undefined) await answered.promise
        await held.realm.artifacts.consume('AuthorizationCode', 'code', sampleTime)
        await held.realm.artifacts.find('AuthorizationCode', 'code')
      })
      await locked.promise
      const asked = worlds.map((world, at) => {
        const one = {
          ...world.redemption('first'),
          trail: sampleAuditRow({ event: 'token.issued', detail: { jti: `of-${at}` } }),
        }
        if (world === foreign) return { ...one, accountId: bad.account.id }
        if (world === bad) return { ...one, trail: { ...one.trail, outcome: 'unheard of' as 'allowed' } }
        return one
      })
      const redeem = ({ realm }: World, one: (typeof asked)[number] | undefined) =>
        realm.redemptions.redeem(one as (typeof asked)[0])
      const last = worlds[9] as World
      // The last one's code comes once more in the same statement.
      const all = [...worlds.map((world, at) => redeem(world, asked[at])), redeem(last, last.redemption())]
      const settled = await Promise.allSettled(all)
      answered.resolve()
      await holding
      const lost = new Set([used, foreign, held])
      expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
        ...worlds.map((world) => (world === bad ? 'failed' : !lost.has(world))),
        false,
      ])
      for (const [at, world] of worlds.entries()) {
        const now = await world.everything()
        if (world === held) expect([now.family, now.rows]).toEqual([undefined, []])
        else if (before.has(world)) expect(now).toEqual(before.get(world))
        else
          expect(now).toMatchObject({
            code: { consumedAt: secondsAfter(10) },
            grant: { payload: { ...world.grant, exp: 2 } },
            family: { accountId: world.account.id, clientId: world.client.id },
            token: { familyId: world.grantId, payload: { handle: 'first' } },
            rows: [asked[at]?.trail],
          })
      }
    })
  })
}
