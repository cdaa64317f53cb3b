import { describe, expect, test } from 'vitest'
import { type AccountId, ClientId, FamilyId } from '../identifiers.ts'
import type { Revocation } from '../ports/revocations.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAppPassword, sampleClient, sampleMailApp, sampleTime, secondsAfter } from './samples.ts'

const all = (realm: RealmStore) => realm.revocations.since(0, 1_000)
/** Without the time, where that is the database's own. */
const told = async (realm: RealmStore) => (await all(realm)).map(({ at: _, number: _number, ...rest }) => rest)
const many = { most: 100 }

export function revocationsContract(opened: () => OpenBackend): void {
  const client = sampleClient({ id: ClientId.of('phone') })
  const setUp = async () => {
    const realm = await opened().newRealm()
    const mary = sampleAccount()
    await realm.accounts.add(mary)
    await realm.clients.add(client)
    const whose = { accountId: mary.id, upn: mary.upn }
    const start = (familyId: string, accountId: AccountId | undefined = mary.id) =>
      realm.refreshTokens.start({
        handle: familyId,
        familyId: FamilyId.of(familyId),
        ...(accountId !== undefined && { accountId }),
        clientId: client.id,
        payload: {},
        issuedAt: sampleTime,
        expiresAt: secondsAfter(60),
        familyEndsAt: secondsAfter(600),
      })
    return { realm, mary, whose, start }
  }
  const ending = { at: secondsAfter(5), because: 'test' }

  describe('revocations', () => {
    test('tells of an account that is disabled, signed out and removed, and not of other changes', async () => {
      const { realm, mary, whose } = await setUp()
      await realm.accounts.replace({ ...mary, displayName: 'New' })
      await realm.accounts.replace({ ...mary, status: 'disabled', updatedAt: secondsAfter(1) })
      await realm.accounts.replace({ ...mary, status: 'disabled', updatedAt: secondsAfter(2) })
      await realm.accounts.replace(mary)
      await realm.accounts.signOut(mary.id, secondsAfter(3))
      await realm.accounts.signOut(mary.id, secondsAfter(2))
      await realm.enforcement.set([mary.id], { state: 'enabled', at: sampleTime })
      expect(await all(realm)).toEqual([
        { number: 1, at: secondsAfter(1), kind: 'account-disabled', ...whose },
        { number: 2, at: secondsAfter(3), kind: 'signed-out', ...whose },
      ])
      await realm.accounts.remove(mary.id)
      expect((await told(realm)).slice(2)).toEqual([{ kind: 'account-removed', ...whose }])
    })

    test('starts anew: everybody of the realm is signed out, for good, and numbers go on where no reader has been', async () => {
      const { realm, mary } = await setUp()
      const other = await opened().newRealm()
      await other.accounts.add(mary)
      await realm.accounts.signOut(mary.id, secondsAfter(1))
      const { last } = await realm.revocations.bounds()
      await realm.revocations.startAnew(secondsAfter(10))
      await realm.revocations.startAnew(secondsAfter(5))
      expect((await opened().store.realms.find(realm.realmId))?.notBefore).toEqual(secondsAfter(10))
      expect((await realm.accounts.find(mary.id))?.signedOutAt).toEqual(secondsAfter(10))
      expect((await realm.accounts.findByName(mary.upn))?.signedOutAt).toEqual(secondsAfter(10))
      expect((await other.accounts.find(mary.id))?.signedOutAt).toBeUndefined()
      await realm.accounts.signOut(mary.id, secondsAfter(20))
      expect((await realm.accounts.find(mary.id))?.signedOutAt).toEqual(secondsAfter(20))
      expect((await realm.revocations.bounds()).last).toBeGreaterThan(last + 1_000_000)
      expect((await realm.revocations.since(last, 10)).map(({ kind }) => kind)).toEqual(['signed-out'])
    })

    test('tells of each name that an account has no more, and of none that it keeps or gets', async () => {
      const { realm, mary } = await setUp()
      const [old, alias, kept] = ['Old@contoso.com', 'alias@contoso.com', 'kept@contoso.com']
      const before = { ...mary, upn: old, address: kept, furtherAddresses: [alias] }
      await realm.accounts.replace(before)
      const start = (await realm.revocations.bounds()).last
      await realm.accounts.replace({ ...before, upn: 'OLD@contoso.com', displayName: 'New', phone: '+441134960000' })
      await realm.accounts.replace({ ...before, furtherAddresses: [alias, 'more@contoso.com'] })
      expect((await realm.revocations.bounds()).last).toBe(start)
      // What was the address stays one of them.
      await realm.accounts.replace({ ...before, upn: 'new@contoso.com', address: 'new@contoso.com', furtherAddresses: [kept] })
      const gone = (await told(realm)).slice(start)
      expect(gone.toSorted((one, other) => String(one.upn).localeCompare(String(other.upn)))).toEqual(
        [alias, 'more@contoso.com', 'old@contoso.com'].map((upn) => ({ kind: 'account-renamed', accountId: mary.id, upn })),
      )
      const after = await realm.revocations.bounds()
      await realm.accounts.remove(mary.id)
      expect((await told(realm)).slice(after.last)).toEqual([
        { kind: 'account-removed', accountId: mary.id, upn: 'new@contoso.com' },
      ])
    })

    test('tells of a password that is changed, and not of a first one nor of a new hash of the same', async () => {
      const { realm, mary, whose } = await setUp()
      await realm.passwords.set(mary.id, { hash: 'one', changedAt: secondsAfter(1) })
      await realm.passwords.rehash(mary.id, 'one', 'uno')
      expect(await all(realm)).toEqual([])
      await realm.passwords.set(mary.id, { hash: 'two', changedAt: secondsAfter(2) })
      expect(await all(realm)).toEqual([{ number: 1, at: secondsAfter(2), kind: 'password-changed', ...whose }])
    })

    test('tells of each refresh family that is revoked, once, and not of its uses', async () => {
      const { realm, mary, whose, start } = await setUp()
      for (const id of ['a', 'b', 'c']) await start(id)
      await realm.refreshTokens.start({
        handle: 'server',
        familyId: FamilyId.of('server'),
        clientId: client.id,
        payload: {},
        issuedAt: sampleTime,
        expiresAt: secondsAfter(60),
        familyEndsAt: secondsAfter(60),
      })
      await realm.refreshTokens.use('a', sampleTime)
      await realm.refreshTokens.succeed({
        handle: 'a2',
        predecessor: 'a',
        payload: {},
        issuedAt: secondsAfter(1),
        expiresAt: secondsAfter(60),
      })
      await realm.refreshTokens.revoke(FamilyId.of('b'), ending)
      await realm.refreshTokens.revoke(FamilyId.of('b'), { ...ending, at: secondsAfter(9) })
      await realm.refreshTokens.revokeByAccount(mary.id, ending)
      await realm.refreshTokens.revokeByClient(client.id, ending)
      const family = (familyId: string) => ({ kind: 'refresh-family', ...whose, clientId: client.id, familyId })
      const rows = await told(realm)
      expect(rows[0]).toEqual(family('b'))
      expect(rows.slice(1, 3).sort((one, other) => String(one.familyId).localeCompare(String(other.familyId)))).toEqual([
        family('a'),
        family('c'),
      ])
      expect(rows.slice(3)).toEqual([{ kind: 'refresh-family', clientId: client.id, familyId: 'server' }])
      expect(new Set((await all(realm)).map(({ at }) => at.getTime()))).toEqual(new Set([ending.at.getTime()]))
    })

    test('tells of a client that is disabled or removed, and not of one that is changed', async () => {
      const { realm, start } = await setUp()
      await start('a')
      await realm.clients.replace({ ...client, displayName: 'New' })
      await realm.clients.replace({ ...client, status: 'disabled', updatedAt: secondsAfter(1) })
      await realm.clients.replace({ ...client, status: 'disabled', updatedAt: secondsAfter(2) })
      await realm.clients.remove(client.id)
      const disabled = { kind: 'client-disabled', clientId: client.id }
      expect(await told(realm)).toEqual([disabled, disabled])
      expect((await all(realm))[0]?.at).toEqual(secondsAfter(1))
    })

    test('tells of a mail app that was let in and is blocked or removed', async () => {
      const { realm, mary, whose } = await setUp()
      const [waiting, active, gone] = [
        sampleMailApp(mary.id),
        sampleMailApp(mary.id),
        sampleMailApp(mary.id, { state: 'active' }),
      ]
      for (const app of [waiting, active, gone]) await realm.mailApps.add(app, many)
      const decide = (id: string, state: 'active' | 'blocked', seconds: number) =>
        realm.mailApps.decide(id, { state, from: ['pending', 'active'], at: secondsAfter(seconds), by: 'owner' })
      await decide(waiting.id, 'blocked', 1)
      await realm.mailApps.remove(mary.id, waiting.id)
      await decide(active.id, 'active', 2)
      await realm.mailApps.rename(mary.id, active.id, 'New')
      expect(await all(realm)).toEqual([])
      await decide(active.id, 'blocked', 3)
      await realm.mailApps.remove(mary.id, active.id)
      await realm.mailApps.remove(mary.id, gone.id)
      expect(await told(realm)).toEqual([active, gone].map(({ id }) => ({ kind: 'mail-app', ...whose, mailAppId: id })))
      expect((await all(realm))[0]?.at).toEqual(secondsAfter(3))
    })

    test('tells of an app password that is removed, alone or with its app', async () => {
      const { realm, mary, whose } = await setUp()
      const app = sampleMailApp(mary.id)
      const [free, own, expired] = [
        sampleAppPassword(mary.id),
        sampleAppPassword(mary.id),
        sampleAppPassword(mary.id, { expiresAt: new Date('2020-01-01T00:00:00Z') }),
      ]
      await realm.mailApps.add(app, many)
      for (const one of [free, own, expired]) await realm.appPasswords.add(one, many)
      await realm.appPasswords.bind(own.id, app.id)
      await realm.appPasswords.used(own.id, { at: sampleTime, protocol: 'imap' })
      await realm.appPasswords.remove(mary.id, expired.id)
      expect(await all(realm)).toEqual([])
      await realm.appPasswords.removeAll(mary.id)
      const ended = (mailAppId?: string) => ({ kind: 'app-password', ...whose, ...(mailAppId !== undefined && { mailAppId }) })
      const rows = await told(realm)
      expect(rows).toHaveLength(2)
      expect(rows).toEqual(expect.arrayContaining([ended(), ended(app.id)]))
      await realm.appPasswords.add(own, many)
      await realm.appPasswords.bind(own.id, app.id)
      await realm.mailApps.remove(mary.id, app.id)
      expect((await told(realm)).slice(2)).toEqual([ended(app.id)])
    })

    test('tells of an account once, however much goes with it', async () => {
      const { realm, mary, whose, start } = await setUp()
      await start('a')
      const app = sampleMailApp(mary.id, { state: 'active' })
      const own = sampleAppPassword(mary.id)
      await realm.passwords.set(mary.id, { hash: 'one', changedAt: sampleTime })
      await realm.mailApps.add(app, many)
      await realm.appPasswords.add(own, many)
      await realm.appPasswords.bind(own.id, app.id)
      await realm.accounts.remove(mary.id)
      expect(await told(realm)).toEqual([{ kind: 'account-removed', ...whose }])
      expect(await realm.mailApps.list(mary.id)).toEqual([])
      expect(await realm.appPasswords.list(mary.id)).toEqual([])
    })

    test('tells what is appended, with the name of the account where none is given', async () => {
      const { realm, mary, whose } = await setUp()
      const { revocations } = realm
      const session = { at: secondsAfter(1), kind: 'session', accountId: mary.id, sessionId: 'sid', clientId: 'phone' } as const
      const stranger = { at: secondsAfter(2), kind: 'session', sessionId: 'other', upn: 'was@contoso.com' } as const
      await revocations.append(session)
      await revocations.append(stranger)
      expect(await all(realm)).toEqual([
        { number: 1, ...session, ...whose },
        { number: 2, ...stranger },
      ])
      expect((await all(realm)).every(Object.isFrozen)).toBe(true)
    })

    test('gives those after a number, in order, and says what is kept', async () => {
      const { realm } = await setUp()
      const { revocations } = realm
      expect(await revocations.bounds()).toEqual({ first: 1, last: 0 })
      for (let second = 0; second < 5; second += 1) {
        await revocations.append({ at: secondsAfter(second), kind: 'session', sessionId: `${second}` })
      }
      const numbers = async (after: number, limit: number) => (await revocations.since(after, limit)).map(({ number }) => number)
      expect(await numbers(0, 2)).toEqual([1, 2])
      expect(await numbers(2, 9)).toEqual([3, 4, 5])
      expect(await numbers(5, 9)).toEqual([])
      expect(await numbers(-1, 1)).toEqual([1])
      expect(await revocations.bounds()).toEqual({ first: 1, last: 5 })
    })

    test('numbers what a transaction ends when it commits, and what is rolled back takes no number', async () => {
      const { realm, mary } = await setUp()
      const { store } = opened()
      const session = (sessionId: string) => realm.revocations.append({ at: sampleTime, kind: 'session', sessionId })
      await store.transaction(async () => {
        await session('a')
        await realm.accounts.signOut(mary.id, sampleTime)
        await session('b')
        expect(await all(realm)).toEqual([])
      })
      const rolledBack = store.transaction(async () => {
        await session('lost')
        await realm.accounts.remove(mary.id)
        throw new RangeError('rolled back')
      })
      await expect(rolledBack).rejects.toThrow(RangeError)
      await session('c')
      const rows = (await all(realm)).map(({ number, sessionId, kind }) => [number, sessionId ?? kind])
      expect(rows).toEqual([
        [1, 'a'],
        [2, 'signed-out'],
        [3, 'b'],
        [4, 'c'],
      ])
      expect(await realm.revocations.bounds()).toEqual({ first: 1, last: 4 })
    })

    test('keeps what was ended outside of a transaction that rolls back', async () => {
      const { realm } = await setUp()
      const { store } = opened()
      const rolledBack = store.transaction(async () => {
        await realm.revocations.append({ at: sampleTime, kind: 'session', sessionId: 'lost' })
        await store.outsideTransaction(() => realm.revocations.append({ at: sampleTime, kind: 'session', sessionId: 'kept' }))
        throw new RangeError('rolled back')
      })
      await expect(rolledBack).rejects.toThrow(RangeError)
      expect((await all(realm)).map(({ number, sessionId }) => [number, sessionId])).toEqual([[1, 'kept']])
    })

    test('numbers each realm by itself, also when one transaction ends something in two', async () => {
      const { store } = opened()
      const one = (await setUp()).realm
      const other = (await setUp()).realm
      const end = (realm: RealmStore) => realm.revocations.append({ at: sampleTime, kind: 'session' })
      await end(one)
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          store.transaction(async () => {
            for (const realm of index % 2 === 0 ? [one, other] : [other, one]) await end(realm)
          }),
        ),
      )
      const numbers = async (realm: RealmStore) => (await all(realm)).map(({ number }) => number)
      expect(await numbers(one)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1))
      expect(await numbers(other)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1))
    })

    test('leaves no gap and shows no number before a lower one, whoever reads while many write', async () => {
      const { realm, start } = await setUp()
      const { store } = opened()
      const families = Array.from({ length: 60 }, (_, index) => `f${index}`)
      for (const family of families) await start(family)
      const seen: Revocation[] = []
      const state = { writing: true }
      const read = async () => {
        const cursor = seen.length
        const next = await realm.revocations.since(cursor, 1_000)
        seen.push(...next)
        expect(next.map(({ number }) => number)).toEqual(next.map((_, index) => cursor + index + 1))
      }
      const follow = async () => {
        while (state.writing) await read()
        await read()
      }
      const write = Promise.all(
        families.map((family, index) =>
          store
            .transaction(async () => {
              await realm.refreshTokens.revoke(FamilyId.of(family), ending)
              if (index % 3 === 0) await realm.revocations.append({ at: sampleTime, kind: 'session', sessionId: family })
              await realm.refreshTokens.family(FamilyId.of(family))
              if (index % 5 === 0) throw new RangeError('rolled back')
            })
            .catch((error: unknown) => expect(error).toBeInstanceOf(RangeError)),
        ),
      ).finally(() => {
        state.writing = false
      })
      await Promise.all([write, follow()])
      const kept = families.filter((_, index) => index % 5 !== 0)
      expect(
        seen
          .filter(({ kind }) => kind === 'refresh-family')
          .map(({ familyId }) => familyId)
          .sort(),
      ).toEqual(kept.toSorted())
      expect(seen).toHaveLength(kept.length + families.filter((_, index) => index % 3 === 0 && index % 5 !== 0).length)
    })

    test('forgets what is older than a week from the lowest number on, and never gives a number twice', async () => {
      const { realm } = await setUp()
      const { store } = opened()
      const day = 86_400
      const end = (seconds: number) => realm.revocations.append({ at: secondsAfter(seconds), kind: 'session' })
      const kept = async () => (await all(realm)).map(({ number }) => number)
      for (const seconds of [0, 0, 2 * day, 0, 3 * day]) await end(seconds)
      await store.removeExpired(secondsAfter(7 * day - 1), 10_000)
      expect(await kept()).toEqual([1, 2, 3, 4, 5])
      await store.removeExpired(secondsAfter(8 * day), 10_000)
      expect(await kept()).toEqual([3, 4, 5])
      expect(await realm.revocations.bounds()).toEqual({ first: 3, last: 5 })
      await store.removeExpired(secondsAfter(30 * day), 10_000)
      expect(await kept()).toEqual([])
      expect(await realm.revocations.bounds()).toEqual({ first: 6, last: 5 })
      await end(0)
      expect(await kept()).toEqual([6])
    })
  })

  describe('readers of revocations', () => {
    const turn = (seconds: number) => ({ now: secondsAfter(seconds), until: secondsAfter(seconds + 10) })

    test('take turns, begin after the newest event, and never go back', async () => {
      const { realm } = await setUp()
      const { revocations } = realm
      for (let count = 0; count < 3; count += 1) await revocations.append({ at: sampleTime, kind: 'session' })
      expect(await revocations.takeTurn('dovecot', turn(0))).toBe(3)
      expect(await revocations.takeTurn('dovecot', turn(9))).toBeUndefined()
      expect(await revocations.takeTurn('other', turn(9))).toBe(3)
      expect(await revocations.takeTurn('dovecot', turn(10))).toBe(3)
      await revocations.endTurn('dovecot', 7)
      expect(await revocations.takeTurn('dovecot', turn(11))).toBe(7)
      await revocations.endTurn('dovecot', 5)
      expect(await revocations.takeTurn('dovecot', turn(12))).toBe(7)
      await revocations.removeReader('dovecot')
      expect(await revocations.takeTurn('dovecot', turn(12))).toBe(3)
      await revocations.endTurn('nobody', 9)
      expect(await revocations.takeTurn('nobody', turn(12))).toBe(3)
    })

    test('have the turn one at a time although many want it at once', async () => {
      const { realm } = await setUp()
      const { revocations } = realm
      for (const seconds of [0, 10]) {
        const taken = await Promise.all(Array.from({ length: 10 }, () => revocations.takeTurn('dovecot', turn(seconds))))
        expect(taken.filter((until) => until !== undefined)).toEqual([0])
      }
    })

    test('do not disturb by strange names', async () => {
      const { realm } = await setUp()
      expect(await realm.revocations.takeTurn('a\0b', turn(0))).toBeUndefined()
      await realm.revocations.endTurn('a\0b', 1)
      await realm.revocations.removeReader('a\0b')
    })
  })
}
