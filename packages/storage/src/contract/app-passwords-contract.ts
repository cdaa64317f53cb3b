import { describe, expect, test } from 'vitest'
import { AccountId } from '../identifiers.ts'
import type { AppPassword } from '../ports/app-passwords.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAppPassword, sampleMailApp, sampleTime, secondsAfter } from './samples.ts'

const many = { most: 20 }

export function appPasswordsContract(opened: () => OpenBackend): void {
  const setUp = async () => {
    const realm = await opened().newRealm()
    const mary = sampleAccount()
    await realm.accounts.add(mary)
    return { ...realm, mary, mine: (own: Partial<AppPassword> = {}) => sampleAppPassword(mary.id, own) }
  }

  describe('app passwords', () => {
    test('gives them back as they were added, newest first, expired ones included', async () => {
      const { appPasswords, mailApps, mary, mine } = await setUp()
      const app = sampleMailApp(mary.id)
      await mailApps.add(app, many)
      const whole = mine({
        networks: ['192.0.2.0/24', '2001:db8::/48'],
        bindsToFirstApp: true,
        mailAppId: app.id,
        expiresAt: secondsAfter(1),
        lastUsedAt: sampleTime,
        lastSource: '192.0.2.7',
        lastProtocol: 'imap',
      })
      const newer = mine({ createdAt: secondsAfter(60) })
      for (const one of [whole, newer]) expect(await appPasswords.add(one, many)).toBe('added')
      expect(await appPasswords.list(mary.id)).toEqual([newer, whole])
      expect((await appPasswords.list(mary.id)).every(Object.isFrozen)).toBe(true)
    })

    test('refuses a look-up or id that is taken, and what opens nothing', async () => {
      const { appPasswords, accounts, mary, mine } = await setUp()
      const joe = sampleAccount()
      await accounts.add(joe)
      const first = mine()
      await appPasswords.add(first, many)
      expect(await appPasswords.add(mine({ lookup: first.lookup }), many)).toBe('conflict')
      expect(await appPasswords.add(mine({ id: first.id }), many)).toBe('conflict')
      expect(await appPasswords.add(sampleAppPassword(joe.id, { id: first.id }), many)).toBe('conflict')
      expect(await appPasswords.add(sampleAppPassword(joe.id, { lookup: first.lookup }), many)).toBe('added')
      await expect(appPasswords.add(mine({ protocols: [] }), many)).rejects.toThrow(TypeError)
      expect(await appPasswords.list(mary.id)).toEqual([first])
    })

    test('takes no more than it is told, of many at once too, and does not count expired ones', async () => {
      const { appPasswords, mary, mine } = await setUp()
      await appPasswords.add(mine({ expiresAt: sampleTime }), many)
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => appPasswords.add(mine(), { most: 3 })))
      expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(3)
      expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(7)
      expect(await appPasswords.list(mary.id)).toHaveLength(4)
    })

    test('makes one of a look-up that many add at once', async () => {
      const { appPasswords, mine } = await setUp()
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => appPasswords.add(mine({ lookup: 'same' }), many)))
      expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(9)
    })

    test('belongs to the first of two apps that use it at once, and to it alone', async () => {
      const { appPasswords, mailApps, mary, mine } = await setUp()
      const own = mine({ bindsToFirstApp: true })
      const apps = [sampleMailApp(mary.id), sampleMailApp(mary.id)]
      for (const app of apps) await mailApps.add(app, many)
      await appPasswords.add(own, many)
      const outcomes = await Promise.all(apps.map(({ id }) => appPasswords.bind(own.id, id)))
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      const [winner, loser] = outcomes[0] === true ? apps : apps.toReversed()
      expect(await appPasswords.bind(own.id, winner?.id ?? '')).toBe(true)
      expect(await appPasswords.bind(own.id, loser?.id ?? '')).toBe(false)
      expect(await appPasswords.list(mary.id)).toEqual([{ ...own, mailAppId: winner?.id }])
    })

    test('does not belong to an app of somebody else, nor to one that is not there', async () => {
      const { appPasswords, mailApps, accounts, mary, mine } = await setUp()
      const joe = sampleAccount()
      await accounts.add(joe)
      const [own, others] = [mine(), sampleMailApp(joe.id)]
      await mailApps.add(others, many)
      await appPasswords.add(own, many)
      for (const app of [others.id, 'nothing', 'a\0b', '']) expect(await appPasswords.bind(own.id, app)).toBe(false)
      expect(await appPasswords.list(mary.id)).toEqual([own])
    })

    test('notes its last use', async () => {
      const { appPasswords, mary, mine } = await setUp()
      const own = mine()
      await appPasswords.add(own, many)
      expect(await appPasswords.used(own.id, { at: secondsAfter(1), protocol: 'imap', source: '192.0.2.7' })).toBe(true)
      const used = { ...own, lastUsedAt: secondsAfter(1), lastProtocol: 'imap', lastSource: '192.0.2.7' }
      expect(await appPasswords.list(mary.id)).toEqual([used])
      expect(await appPasswords.used(own.id, { at: secondsAfter(2), protocol: 'a\0' })).toBe(true)
      const { lastSource: _, ...again } = { ...used, lastUsedAt: secondsAfter(2), lastProtocol: 'a\uFFFD' }
      expect(await appPasswords.list(mary.id)).toEqual([again])
    })

    test('goes alone or with all of the account, and not by the hand of another account', async () => {
      const { appPasswords, accounts, mary, mine } = await setUp()
      const joe = sampleAccount()
      await accounts.add(joe)
      const [first, second, third] = [mine(), mine(), mine()]
      const others = sampleAppPassword(joe.id)
      for (const one of [first, second, third, others]) await appPasswords.add(one, many)
      expect(await appPasswords.remove(joe.id, first.id)).toBe(false)
      expect(await appPasswords.remove(mary.id, first.id)).toBe(true)
      expect(await appPasswords.remove(mary.id, first.id)).toBe(false)
      expect(await appPasswords.removeAll(mary.id)).toBe(2)
      expect(await appPasswords.removeAll(mary.id)).toBe(0)
      expect(await appPasswords.list(joe.id)).toEqual([others])
    })

    test('keeps a label whatever it is, and does nothing for what is not there', async () => {
      const { appPasswords, mary, mine } = await setUp()
      for (const label of ['a\0b', 'x\ud800', '', 'x'.repeat(100_000)]) {
        const own = mine({ label, createdBy: label })
        expect(await appPasswords.add(own, many)).toBe('added')
        const [found] = (await appPasswords.list(mary.id)).filter(({ id }) => id === own.id)
        const kept = label.replaceAll('\0', '\uFFFD').toWellFormed()
        expect(found).toMatchObject({ label: kept, createdBy: kept })
      }
      for (const id of ['', 'a\0b', 'nothing', 'x'.repeat(10_000)]) {
        expect(await appPasswords.remove(mary.id, id)).toBe(false)
        expect(await appPasswords.remove(AccountId.of('nobody'), id)).toBe(false)
        expect(await appPasswords.used(id, { at: sampleTime, protocol: 'imap' })).toBe(false)
        expect(await appPasswords.bind(id, 'nothing')).toBe(false)
      }
      expect(await appPasswords.list(AccountId.of('nobody'))).toEqual([])
      expect(await appPasswords.removeAll(AccountId.of('nobody'))).toBe(0)
    })
  })
}
