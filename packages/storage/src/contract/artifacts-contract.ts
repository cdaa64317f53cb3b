import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ArtifactKeys } from '../ports/artifacts.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import { sampleClient, sampleTime, secondsAfter } from './samples.ts'

export function artifactsContract(opened: () => OpenBackend): void {
  describe('artifacts', () => {
    const put = (
      realm: RealmStore,
      id: string,
      keys: ArtifactKeys = {},
      kind = 'AuthorizationCode',
      payload: Record<string, unknown> = { jti: id },
    ) => realm.artifacts.upsert({ kind, id, payload, expiresAt: secondsAfter(60), keys })

    test('gives back a payload exactly as it was put', async () => {
      const realm = await opened().newRealm()
      const payload = {
        text: 'ä "\0\u2028 😀',
        deep: { list: [1, 1.5, null, true, { '': 0 }] },
        empty: {},
        __proto__x: 1,
        large: 'x'.repeat(100_000),
      }
      await put(realm, 'a', {}, 'Session', payload)
      expect(await realm.artifacts.find('Session', 'a')).toEqual({ payload, expiresAt: secondsAfter(60) })
    })

    test('never finds one kind as another', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'a', { uid: 'u', userCode: 'c' })
      expect(await realm.artifacts.find('AccessToken', 'a')).toBeUndefined()
      expect(await realm.artifacts.findByUid('Session', 'u')).toBeUndefined()
      expect(await realm.artifacts.findByUserCode('DeviceCode', 'c')).toBeUndefined()
      expect(await realm.artifacts.consume('AccessToken', 'a', sampleTime)).toBe(false)
      await realm.artifacts.destroy('AccessToken', 'a')
      expect(await realm.artifacts.find('AuthorizationCode', 'a')).toBeDefined()
    })

    test('replaces payload, end and keys, but never makes a used one unused', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'a', { uid: 'old' })
      await realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)
      await realm.artifacts.upsert({
        kind: 'AuthorizationCode',
        id: 'a',
        payload: { n: 2 },
        expiresAt: secondsAfter(90),
        keys: { uid: 'new' },
      })
      expect(await realm.artifacts.find('AuthorizationCode', 'a')).toEqual({
        payload: { n: 2 },
        consumedAt: sampleTime,
        expiresAt: secondsAfter(90),
      })
      expect(await realm.artifacts.findByUid('AuthorizationCode', 'old')).toBeUndefined()
      expect(await realm.artifacts.findByUid('AuthorizationCode', 'new')).toBeDefined()
    })

    test('finds by uid and by user code', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'a', { uid: 'u', userCode: 'ABCD' }, 'DeviceCode')
      expect((await realm.artifacts.findByUid('DeviceCode', 'u'))?.payload).toEqual({ jti: 'a' })
      expect((await realm.artifacts.findByUserCode('DeviceCode', 'ABCD'))?.payload).toEqual({ jti: 'a' })
      for (const strange of ['', 'a\0b', 'abcd'])
        expect(await realm.artifacts.findByUserCode('DeviceCode', strange)).toBeUndefined()
    })

    test('lets a session keep its uid while it changes its id', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'old', { uid: 'u' }, 'Session')
      await put(realm, 'new', { uid: 'u' }, 'Session')
      await realm.artifacts.destroy('Session', 'old')
      expect((await realm.artifacts.findByUid('Session', 'u'))?.payload).toEqual({ jti: 'new' })
    })

    test('is not found by a uid that a mark has for its id, and only by that', async () => {
      const realm = await opened().newRealm()
      const find = () => realm.artifacts.findByUid('Session', 'u', { unless: 'EndedSession' })
      await put(realm, 'a', { uid: 'u' }, 'Session')
      await put(realm, 'other', {}, 'EndedSession')
      await put(realm, 'u', {}, 'WithdrawnToken')
      await put(await opened().newRealm(), 'u', {}, 'EndedSession')
      expect((await find())?.payload).toEqual({ jti: 'a' })
      await put(realm, 'u', {}, 'EndedSession')
      expect(await find()).toBeUndefined()
      expect(await realm.artifacts.findByUid('Session', 'u')).toBeDefined()
      await realm.artifacts.destroy('EndedSession', 'u')
      expect(await find()).toBeDefined()
    })

    test('comes in place of another at once, unless a mark has its uid for an id: then the other goes all the same', async () => {
      const realm = await opened().newRealm()
      const session = (id: string, uid: string) => ({
        kind: 'Session',
        id,
        payload: { jti: id },
        expiresAt: secondsAfter(60),
        keys: { uid },
      })
      const unless = 'EndedSession'
      await realm.artifacts.upsertUnless(session('a', 'u'), { unless })
      await realm.artifacts.upsertUnless(session('b', 'u'), { unless, instead: 'a' })
      expect(await realm.artifacts.find('Session', 'a')).toBeUndefined()
      expect((await realm.artifacts.findByUid('Session', 'u'))?.payload).toEqual({ jti: 'b' })
      await realm.artifacts.upsertUnless({ ...session('b', 'u'), payload: { jti: 'again' } }, { unless })
      expect((await realm.artifacts.find('Session', 'b'))?.payload).toEqual({ jti: 'again' })
      await put(realm, 'other', {}, 'EndedSession')
      await put(await opened().newRealm(), 'u', {}, 'EndedSession')
      await put(realm, 'u', {}, 'WithdrawnToken')
      await realm.artifacts.upsertUnless(session('c', 'u'), { unless, instead: 'b' })
      expect((await realm.artifacts.findByUid('Session', 'u'))?.payload).toEqual({ jti: 'c' })
      await put(realm, 'u', {}, 'EndedSession')
      await realm.artifacts.upsertUnless(session('d', 'u'), { unless, instead: 'c' })
      expect(await realm.artifacts.findByUid('Session', 'u')).toBeUndefined()
    })

    test('is replaced only where it is, and keeps that it was used', async () => {
      const realm = await opened().newRealm()
      const code = {
        kind: 'AuthorizationCode',
        id: 'a',
        payload: { jti: 'new' },
        expiresAt: secondsAfter(90),
        keys: { grantId: 'g' },
      }
      expect(await realm.artifacts.replace(code)).toBe(false)
      expect(await realm.artifacts.find('AuthorizationCode', 'a')).toBeUndefined()
      await put(realm, 'a')
      await realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)
      expect(await (await opened().newRealm()).artifacts.replace(code)).toBe(false)
      expect(await realm.artifacts.replace({ ...code, kind: 'DeviceCode' })).toBe(false)
      expect(await realm.artifacts.replace(code)).toBe(true)
      expect(await realm.artifacts.find('AuthorizationCode', 'a')).toEqual({
        payload: { jti: 'new' },
        consumedAt: sampleTime,
        expiresAt: secondsAfter(90),
      })
      expect(await realm.artifacts.removeByGrant('g')).toBe(1)
    })

    test('is kept together with another, each under its own keys', async () => {
      const realm = await opened().newRealm()
      const grant = { kind: 'Grant', id: 'g', payload: { jti: 'g' }, expiresAt: secondsAfter(60), keys: { grantId: 'g' } }
      const code = {
        kind: 'AuthorizationCode',
        id: 'a',
        payload: { jti: 'a' },
        expiresAt: secondsAfter(30),
        keys: { grantId: 'g', accountId: 'x' },
      }
      await realm.artifacts.upsertBoth(grant, code)
      await realm.artifacts.upsertBoth({ ...grant, payload: { jti: 'later' } }, code)
      expect(await realm.artifacts.find('Grant', 'g')).toEqual({ payload: { jti: 'later' }, expiresAt: secondsAfter(60) })
      expect(await realm.artifacts.find('AuthorizationCode', 'a')).toEqual({ payload: { jti: 'a' }, expiresAt: secondsAfter(30) })
      expect(await realm.artifacts.listByAccount('AuthorizationCode', 'x', sampleTime)).toHaveLength(1)
      expect(await realm.artifacts.removeByGrant('g')).toBe(2)
    })

    test('is used exactly once of twenty at a time', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'a')
      const used = await Promise.all(
        Array.from({ length: 20 }, () => realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)),
      )
      expect(used.filter(Boolean)).toHaveLength(1)
      expect((await realm.artifacts.find('AuthorizationCode', 'a'))?.consumedAt).toEqual(sampleTime)
      expect(await realm.artifacts.consume('AuthorizationCode', 'gone', sampleTime)).toBe(false)
    })

    test('is not used for a client that is disabled, and is as it was when the client is enabled again', async () => {
      const realm = await opened().newRealm()
      const client = sampleClient()
      await realm.clients.add({ ...client, status: 'disabled' })
      await put(realm, 'a', { clientId: client.id })
      expect(await realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)).toBe(false)
      await realm.clients.replace(client)
      expect(await realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)).toBe(true)
    })

    test('is exchanged exactly once by twenty transactions that lock what they find', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      await put(realm, 'a')
      const exchange = () =>
        store.transaction(async () => {
          const code = await realm.artifacts.find('AuthorizationCode', 'a', { lock: true })
          if (code === undefined || code.consumedAt !== undefined) return false
          return realm.artifacts.consume('AuthorizationCode', 'a', sampleTime)
        })
      const done = await Promise.all(Array.from({ length: 20 }, exchange))
      expect(done.filter(Boolean)).toHaveLength(1)
    })

    test('removes all of a grant, of whatever kind, and all of an account', async () => {
      const realm = await opened().newRealm()
      await put(realm, 'a', { grantId: 'g', accountId: 'x' })
      await put(realm, 'b', { grantId: 'g' }, 'AccessToken')
      await put(realm, 'c', { grantId: 'h', accountId: 'x' })
      await put(realm, 'd')
      expect(await realm.artifacts.removeByGrant('g')).toBe(2)
      expect(await realm.artifacts.removeByAccount('x')).toBe(1)
      expect(await realm.artifacts.removeByGrant('g')).toBe(0)
      expect(await realm.artifacts.removeByGrant('a\0b')).toBe(0)
      expect(await realm.artifacts.find('AuthorizationCode', 'd')).toBeDefined()
    })

    test.each(['account', 'grant'] as const)(
      'removes all of one %s beside a request that redeems, and none waits for ever',
      async (by) => {
        const { store, newRealm } = opened()
        const realm = await newRealm()
        const keys = { grantId: 'g', accountId: 'x' }
        await put(realm, 'g', keys, 'Grant') // a grant is there before its code
        await put(realm, 'a', keys)
        const locked = Promise.withResolvers<void>()
        const redeemed = store.transaction(async () => {
          await realm.artifacts.find('AuthorizationCode', 'a', { lock: true })
          locked.resolve()
          // Time enough for the removal to begin, and to have locked the grant first if it took the wrong way.
          for (let turn = 0; turn < 100; turn += 1) await realm.artifacts.find('AuthorizationCode', 'a')
          await put(realm, 'g', keys, 'Grant')
        })
        await locked.promise
        const removed = by === 'account' ? realm.artifacts.removeByAccount('x') : realm.artifacts.removeByGrant('g')
        await redeemed
        expect(await removed).toBe(2)
      },
    )

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const keys = { uid: 'u', userCode: 'c', grantId: 'g', accountId: randomUUID() }
      await put(one, 'a', keys)
      expect(await other.artifacts.find('AuthorizationCode', 'a')).toBeUndefined()
      expect(await other.artifacts.findByUid('AuthorizationCode', 'u')).toBeUndefined()
      expect(await other.artifacts.findByUserCode('AuthorizationCode', 'c')).toBeUndefined()
      expect(await other.artifacts.consume('AuthorizationCode', 'a', sampleTime)).toBe(false)
      expect(await other.artifacts.removeByGrant('g')).toBe(0)
      expect(await other.artifacts.removeByAccount(keys.accountId)).toBe(0)
      await other.artifacts.destroy('AuthorizationCode', 'a')
      await put(other, 'a', keys, 'AuthorizationCode', { other: true })
      expect((await one.artifacts.find('AuthorizationCode', 'a'))?.payload).toEqual({ jti: 'a' })
    })
  })
}
