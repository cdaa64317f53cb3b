import { describe, expect, test } from 'vitest'
import { AccountId } from '../identifiers.ts'
import type { MailApp } from '../ports/mail-apps.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAppPassword, sampleMailApp, sampleTime, secondsAfter } from './samples.ts'

const many = { most: 100 }

export function mailAppsContract(opened: () => OpenBackend): void {
  const setUp = async () => {
    const realm = await opened().newRealm()
    const mary = sampleAccount({ furtherAddresses: ['Mary.Further@contoso.com'] })
    await realm.accounts.add(mary)
    return { ...realm, mary, mine: (own: Partial<MailApp> = {}) => sampleMailApp(mary.id, own) }
  }

  describe('mail apps', () => {
    test('gives back an app as it was added', async () => {
      const { mailApps, mary, mine } = await setUp()
      const whole = mine({
        network: '192.0.2.0/24',
        lastAllowedAt: secondsAfter(1),
        decidedAt: secondsAfter(1),
        decidedBy: 'owner',
        toldBy: 'sms',
        state: 'active',
        tries: 7,
      })
      const { lastSource: _, ...bare } = mine({ traits: {}, protocols: [] })
      expect(await mailApps.add(whole, many)).toBe('added')
      expect(await mailApps.add(bare, many)).toBe('added')
      expect(await mailApps.find(mary.id, whole.id)).toEqual(whole)
      expect(await mailApps.find(mary.id, bare.id)).toEqual(bare)
      expect(Object.isFrozen(await mailApps.find(mary.id, whole.id))).toBe(true)
    })

    test('knows an identity again and changes nothing', async () => {
      const { mailApps, mary, mine } = await setUp()
      const app = mine()
      await mailApps.add(app, many)
      expect(await mailApps.add(mine({ identity: app.identity, label: 'New' }), { most: 0 })).toBe('known')
      expect(await mailApps.list(mary.id)).toEqual([app])
    })

    test('takes no more that wait than it is told, while what is decided is always taken', async () => {
      const { mailApps, mary, mine } = await setUp()
      for (const state of ['pending', 'quarantined', 'active', 'blocked'] as const) await mailApps.add(mine({ state }), many)
      expect(await mailApps.add(mine(), { most: 2 })).toBe('full')
      expect(await mailApps.add(mine({ state: 'quarantined' }), { most: 2 })).toBe('full')
      expect(await mailApps.add(mine({ state: 'active' }), { most: 2 })).toBe('added')
      expect(await mailApps.add(mine(), { most: 3 })).toBe('added')
      expect(await mailApps.list(mary.id)).toHaveLength(6)
    })

    test('makes one of an identity that many add at once, and stays within the bound', async () => {
      const { mailApps, mary, mine } = await setUp()
      const same = await Promise.all(Array.from({ length: 10 }, () => mailApps.add(mine({ identity: 'one' }), many)))
      expect(same.filter((outcome) => outcome === 'added')).toHaveLength(1)
      expect(same.filter((outcome) => outcome === 'known')).toHaveLength(9)
      const different = await Promise.all(Array.from({ length: 10 }, () => mailApps.add(mine(), { most: 4 })))
      expect(different.filter((outcome) => outcome === 'added')).toHaveLength(3)
      expect(await mailApps.list(mary.id)).toHaveLength(4)
    })

    test('keeps what strangers say of themselves, whatever it is', async () => {
      const { mailApps, mary } = await setUp()
      const hostile = ['a\0b', 'x\ud800', '"}; drop table mail_app; --', '\u202e\u{1f4f1}', 'x'.repeat(100_000), '']
      for (const text of hostile) {
        const app = sampleMailApp(mary.id, {
          identity: `i${text}`,
          label: text,
          traits: { deviceId: text, deviceType: text, model: text, userAgent: text },
          protocols: [text],
          lastSource: text,
        })
        expect(await mailApps.add(app, many)).toBe('added')
        expect(await mailApps.add(sampleMailApp(mary.id, { identity: `i${text}` }), many)).toBe('known')
        const kept = text.replaceAll('\0', '\uFFFD').toWellFormed()
        const looked = (await mailApps.look({ name: mary.upn, identity: `i${text}`, lookup: text }))?.app
        expect(looked).toMatchObject({ id: app.id, label: kept, lastSource: kept })
        const found = await mailApps.find(mary.id, app.id)
        expect(found?.protocols).toEqual([kept])
        expect(found?.traits).toEqual({ deviceId: kept, deviceType: kept, model: kept, userAgent: kept })
        await mailApps.seen(app.id, { at: sampleTime, allowed: false, protocol: text, source: text, traits: { model: text } })
        await mailApps.rename(mary.id, app.id, text)
        await mailApps.decide(app.id, { state: 'blocked', from: ['pending'], at: sampleTime, by: text })
        const after = { label: kept, protocols: [kept], lastSource: kept, decidedBy: kept, tries: 2, traits: { model: kept } }
        expect(await mailApps.find(mary.id, app.id)).toMatchObject(after)
      }
      expect(await mailApps.list(mary.id)).toHaveLength(hostile.length)
    })

    test('decides and removes on the grounds that were seen, or not at all', async () => {
      const { mailApps, mary, mine } = await setUp()
      const [waiting, blocked] = [mine(), mine({ state: 'blocked', decidedBy: 'owner' })]
      for (const app of [waiting, blocked]) await mailApps.add(app, many)
      const decide = (app: MailApp, state: 'active' | 'blocked', by: string, basedOn?: MailApp) =>
        mailApps.decide(app.id, {
          state,
          from: ['pending', 'active', 'blocked'],
          at: sampleTime,
          by,
          ...(basedOn && { basedOn }),
        })
      for (const seen of [waiting, blocked]) {
        expect(await decide(seen, 'blocked', 'administrator')).toBe(true)
        expect(await decide(seen, 'active', 'owner', seen)).toBe(false)
        expect(await mailApps.remove(mary.id, seen.id, seen)).toBe(false)
        const now = await mailApps.find(mary.id, seen.id)
        expect(now).toMatchObject({ state: 'blocked', decidedBy: 'administrator' })
        expect(await decide(seen, 'active', 'owner', now)).toBe(true)
        expect(await mailApps.remove(mary.id, seen.id, { decidedBy: 'owner' })).toBe(true)
      }
    })

    test('does nothing for apps that are not there, however strange their names', async () => {
      const { mailApps, mary } = await setUp()
      const tried = { at: sampleTime, allowed: true, protocol: 'imap' }
      for (const id of ['', 'a\0b', 'x'.repeat(10_000), 'nothing']) {
        for (const account of [mary.id, AccountId.of('nobody')]) {
          expect(await mailApps.find(account, id)).toBeUndefined()
          expect(await mailApps.rename(account, id, 'x')).toBe(false)
          expect(await mailApps.remove(account, id)).toBe(false)
        }
        expect(await mailApps.seen(id, tried)).toBe(false)
        expect(await mailApps.decide(id, { state: 'active', from: ['pending'], at: sampleTime, by: 'owner' })).toBe(false)
        expect(await mailApps.told(id, 'sms')).toBe(false)
      }
      expect(await mailApps.list(AccountId.of('nobody'))).toEqual([])
    })

    test('lists those of an account by what they wait for, the last tried first', async () => {
      const { mailApps, mary, mine } = await setUp()
      const states = ['blocked', 'active', 'quarantined', 'pending'] as const
      for (const [index, state] of states.entries()) {
        await mailApps.add(mine({ id: `${state} early`, state, lastTriedAt: secondsAfter(10 - index) }), many)
        await mailApps.add(mine({ id: `${state} late`, state, lastTriedAt: secondsAfter(20 - index) }), many)
      }
      expect((await mailApps.list(mary.id)).map(({ id }) => id)).toEqual(
        states.toReversed().flatMap((state) => [`${state} late`, `${state} early`]),
      )
    })

    test('lists those of the realm by page and by state, the last tried first', async () => {
      const { mailApps, accounts, mine } = await setUp()
      const joe = sampleAccount()
      await accounts.add(joe)
      for (let second = 0; second < 4; second += 1) {
        const own = { id: `${second}`, lastTriedAt: secondsAfter(second), state: second === 2 ? 'active' : 'pending' } as const
        await mailApps.add(second === 1 ? sampleMailApp(joe.id, own) : mine(own), many)
      }
      const ids = async (page: Parameters<typeof mailApps.listAll>[0]) => (await mailApps.listAll(page)).map(({ id }) => id)
      expect(await ids({ limit: 3 })).toEqual(['3', '2', '1'])
      expect(await ids({ limit: 3, before: secondsAfter(1) })).toEqual(['0'])
      expect(await ids({ limit: 9, state: 'pending' })).toEqual(['3', '1', '0'])
      expect(await ids({ limit: 9, state: 'blocked' })).toEqual([])
    })

    test('notes each try, protocols in order of first sight, and never goes back in time', async () => {
      const { mailApps, mary, mine } = await setUp()
      const app = mine({ protocols: ['imap'] })
      await mailApps.add(app, many)
      const seen = (seconds: number, allowed: boolean, protocol: string, own: object = {}) =>
        mailApps.seen(app.id, { at: secondsAfter(seconds), allowed, protocol, ...own })
      expect(await seen(20, true, 'smtp', { source: '198.51.100.1', traits: { model: 'New' } })).toBe(true)
      await seen(10, true, 'imap')
      await seen(30, false, 'smtp')
      expect(await mailApps.find(mary.id, app.id)).toEqual({
        ...app,
        traits: { model: 'New' },
        protocols: ['imap', 'smtp'],
        lastTriedAt: secondsAfter(30),
        lastAllowedAt: secondsAfter(20),
        lastSource: '198.51.100.1',
        tries: 4,
      })
    })

    test('loses no try of many at once', async () => {
      const { mailApps, mary, mine } = await setUp()
      const app = mine({ protocols: [] })
      await mailApps.add(app, many)
      const protocols = ['imap', 'smtp', 'pop']
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          mailApps.seen(app.id, { at: secondsAfter(index), allowed: true, protocol: protocols[index % 3] ?? '' }),
        ),
      )
      const found = await mailApps.find(mary.id, app.id)
      expect(found).toMatchObject({ tries: 31, lastTriedAt: secondsAfter(29), lastAllowedAt: secondsAfter(29) })
      expect(found?.protocols.toSorted()).toEqual(protocols.toSorted())
    })

    test('is decided from the states that are named, by one of two who want different things', async () => {
      const { mailApps, mary, mine } = await setUp()
      const app = mine()
      await mailApps.add(app, many)
      const decide = (state: MailApp['state'], from: readonly MailApp['state'][], by = 'owner') =>
        mailApps.decide(app.id, { state, from, at: secondsAfter(9), by })
      expect(await decide('active', ['quarantined'])).toBe(false)
      expect(await decide('active', [])).toBe(false)
      const outcomes = await Promise.all([decide('active', ['pending'], 'one'), decide('blocked', ['pending'], 'two')])
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      const won = outcomes[0] === true ? { state: 'active', decidedBy: 'one' } : { state: 'blocked', decidedBy: 'two' }
      expect(await mailApps.find(mary.id, app.id)).toEqual({ ...app, ...won, decidedAt: secondsAfter(9) })
    })

    test('is renamed, and goes with the app passwords that belong to it', async () => {
      const { mailApps, appPasswords, mary, mine } = await setUp()
      const [app, other] = [mine(), mine()]
      const [own, free] = [sampleAppPassword(mary.id), sampleAppPassword(mary.id)]
      for (const one of [app, other]) await mailApps.add(one, many)
      for (const one of [own, free]) await appPasswords.add(one, many)
      await appPasswords.bind(own.id, app.id)
      expect(await mailApps.rename(mary.id, app.id, 'Kitchen')).toBe(true)
      expect((await mailApps.find(mary.id, app.id))?.label).toBe('Kitchen')
      expect(await mailApps.remove(mary.id, app.id)).toBe(true)
      expect(await mailApps.remove(mary.id, app.id)).toBe(false)
      expect(await mailApps.list(mary.id)).toEqual([other])
      expect(await appPasswords.list(mary.id)).toEqual([free])
    })
  })

  describe('telling the owner of a mail app', () => {
    const due = (seconds: number, limit = 100) => ({ now: secondsAfter(seconds), until: secondsAfter(seconds + 60), limit })

    test('takes what nobody was told of, the oldest first, and keeps others from it for a while', async () => {
      const { mailApps, mine } = await setUp()
      for (const age of [3, 1, 2]) await mailApps.add(mine({ id: `${age}`, firstTriedAt: secondsAfter(age) }), many)
      await mailApps.add(mine({ id: 'told', toldBy: 'nobody' }), many)
      const ids = async (seconds: number, limit?: number) => (await mailApps.takeUntold(due(seconds, limit))).map(({ id }) => id)
      expect(await ids(10, 2)).toEqual(['1', '2'])
      expect(await ids(10, 2)).toEqual(['3'])
      expect(await ids(69)).toEqual([])
      expect(await ids(70)).toEqual(['1', '2', '3'])
      await expect(mailApps.takeUntold(due(0, 0))).rejects.toThrow(TypeError)
    })

    test('gives each app to one of ten workers', async () => {
      const { mailApps, mine } = await setUp()
      for (let index = 0; index < 40; index += 1) await mailApps.add(mine({ firstTriedAt: secondsAfter(index) }), many)
      const batches = await Promise.all(Array.from({ length: 10 }, () => mailApps.takeUntold(due(100, 5))))
      const ids = [...batches.flat(), ...(await mailApps.takeUntold(due(100)))].map(({ id }) => id)
      expect(ids).toHaveLength(40)
      expect(new Set(ids).size).toBe(40)
    })

    test('passes over what another worker is taking, without waiting for it', async () => {
      const { mailApps, mine } = await setUp()
      const { store } = opened()
      for (let index = 0; index < 4; index += 1)
        await mailApps.add(mine({ id: `${index}`, firstTriedAt: secondsAfter(index) }), many)
      await store.transaction(async () => {
        const mineFirst = await mailApps.takeUntold(due(10, 2))
        const others = await store.outsideTransaction(() => mailApps.takeUntold(due(10, 2)))
        expect([mineFirst, others].map((apps) => apps.map(({ id }) => id))).toEqual([
          ['0', '1'],
          ['2', '3'],
        ])
      })
    })

    test('keeps how the owner was told, and does not give it again', async () => {
      const { mailApps, mary, mine } = await setUp()
      for (const by of ['sms', 'email', 'nobody'] as const) {
        const app = mine()
        await mailApps.add(app, many)
        expect(await mailApps.told(app.id, by)).toBe(true)
        expect((await mailApps.find(mary.id, app.id))?.toldBy).toBe(by)
      }
      expect(await mailApps.takeUntold(due(1000))).toEqual([])
    })
  })

  describe('removal of mail apps and app passwords that are over', () => {
    const day = 86_400

    test('takes apps that nobody decided about and that have not tried for a month, oldest first', async () => {
      const { mailApps, mary, mine } = await setUp()
      const { store } = opened()
      await store.removeExpired(secondsAfter(1e9), 10_000)
      const add = (id: string, state: MailApp['state'], seconds: number) =>
        mailApps.add(mine({ id, state, lastTriedAt: secondsAfter(seconds) }), many)
      await add('first', 'pending', 0)
      await add('second', 'quarantined', 1)
      await add('later', 'pending', 2)
      await add('active', 'active', 0)
      await add('blocked', 'blocked', 0)
      const left = async () => (await mailApps.list(mary.id)).map(({ id }) => id).sort()
      await store.removeExpired(secondsAfter(30 * day - 1), 10)
      expect(await left()).toHaveLength(5)
      await store.removeExpired(secondsAfter(30 * day + 1), 1)
      expect(await left()).toEqual(['active', 'blocked', 'later', 'second'])
      await store.removeExpired(secondsAfter(30 * day + 1), 10)
      expect(await left()).toEqual(['active', 'blocked', 'later'])
      await store.removeExpired(secondsAfter(400 * day), 10)
      expect(await left()).toEqual(['active', 'blocked'])
    })

    test('takes app passwords a month after their end, and tells nobody', async () => {
      const { appPasswords, revocations, mary } = await setUp()
      const { store } = opened()
      // Long ago also for the clock of the database, which is what tells an expired one from one that somebody revoked.
      const end = new Date('2020-01-01T00:00:00Z')
      const [over, endless] = [sampleAppPassword(mary.id, { expiresAt: end }), sampleAppPassword(mary.id)]
      for (const one of [over, endless]) await appPasswords.add(one, many)
      await store.removeExpired(secondsAfter(30 * day - 1, end), 10_000)
      expect(await appPasswords.list(mary.id)).toHaveLength(2)
      await store.removeExpired(secondsAfter(30 * day, end), 10_000)
      expect(await appPasswords.list(mary.id)).toEqual([endless])
      expect(await revocations.bounds()).toEqual({ first: 1, last: 0 })
    })
  })
}
