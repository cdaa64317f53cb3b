import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AccountId } from '../identifiers.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleApproval, sampleRememberedBrowser, sampleTime, secondsAfter } from './samples.ts'

const nobody = AccountId.of(randomUUID())

async function withAccounts(opened: () => OpenBackend) {
  const realm = await opened().newRealm()
  const [mary, joe] = [sampleAccount(), sampleAccount()]
  await realm.accounts.add(mary)
  await realm.accounts.add(joe)
  return { realm, mary: mary.id, joe: joe.id }
}

export function approvalsContract(opened: () => OpenBackend): void {
  describe('approvals', () => {
    const waiting = async (own: Parameters<typeof sampleApproval>[1] = {}) => {
      const { realm, mary, joe } = await withAccounts(opened)
      const approval = sampleApproval(mary, own)
      await realm.approvals.put(approval)
      return { approvals: realm.approvals, mary, joe, approval, id: approval.id }
    }
    const later = secondsAfter(5)

    test('gives back an approval as it was put, to its account alone', async () => {
      const { approvals, mary, joe, approval, id } = await waiting()
      const found = await approvals.find(mary, id)
      expect(found).toEqual(approval)
      expect([found, found?.about].every(Object.isFrozen)).toBe(true)
      expect(await approvals.findByAttempt(mary, approval.attemptDigest)).toEqual(approval)
      for (const other of [joe, nobody, AccountId.of('nobody')]) {
        expect(await approvals.find(other, id)).toBeUndefined()
        expect(await approvals.findByAttempt(other, approval.attemptDigest)).toBeUndefined()
        expect(await approvals.decide(other, id, { state: 'approved', at: later })).toBe(false)
        expect(await approvals.use(other, id, later)).toBe(false)
        expect(await approvals.listWaiting(other, later)).toEqual([])
      }
      expect(await approvals.find(mary, 'a\0b')).toBeUndefined()
    })

    test('keeps whatever a stranger says of himself', async () => {
      const { approvals, mary, id } = await waiting({ about: { appName: 'Mail', browser: 'a\0\ud800<b>' } })
      expect((await approvals.find(mary, id))?.about).toEqual({ appName: 'Mail', browser: 'a\ufffd\ufffd<b>' })
    })

    test('puts a new one in the place of the earlier one of the same sign-in', async () => {
      const { approvals, mary, approval, id } = await waiting()
      await approvals.decide(mary, id, { state: 'denied', at: later })
      const again = sampleApproval(mary, { attemptDigest: approval.attemptDigest, number: '42' })
      await approvals.put(again)
      expect(await approvals.find(mary, id)).toBeUndefined()
      expect(await approvals.findByAttempt(mary, approval.attemptDigest)).toEqual(again)
    })

    test('lists those that still wait, newest first', async () => {
      const { approvals, mary, id } = await waiting()
      const newer = sampleApproval(mary, { createdAt: secondsAfter(1) })
      const old = sampleApproval(mary, { expiresAt: later })
      const decided = sampleApproval(mary)
      for (const one of [newer, old, decided]) await approvals.put(one)
      await approvals.decide(mary, decided.id, { state: 'denied', at: sampleTime })
      expect((await approvals.listWaiting(mary, later)).map((one) => one.id)).toEqual([newer.id, id])
    })

    test('is decided exactly once by twenty, and remembers when', async () => {
      const { approvals, mary, id } = await waiting()
      const decided = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          approvals.decide(mary, id, { state: index % 2 === 0 ? 'approved' : 'denied', at: later }),
        ),
      )
      expect(decided.filter(Boolean)).toHaveLength(1)
      const state = decided.indexOf(true) % 2 === 0 ? 'approved' : 'denied'
      expect(await approvals.find(mary, id)).toMatchObject({ state, decidedAt: later })
    })

    test('lets exactly one of twenty go on with it, once it is approved', async () => {
      const { approvals, mary, id } = await waiting()
      expect(await approvals.use(mary, id, later)).toBe(false)
      await approvals.decide(mary, id, { state: 'approved', at: later })
      const used = await Promise.all(Array.from({ length: 20 }, () => approvals.use(mary, id, later)))
      expect(used.filter(Boolean)).toHaveLength(1)
      expect((await approvals.find(mary, id))?.state).toBe('used')
      expect(await approvals.decide(mary, id, { state: 'denied', at: later })).toBe(false)
    })

    test('lets nobody go on after it was denied', async () => {
      const { approvals, mary, id } = await waiting()
      await approvals.decide(mary, id, { state: 'denied', at: later })
      expect(await approvals.use(mary, id, later)).toBe(false)
      expect(await approvals.decide(mary, id, { state: 'approved', at: later })).toBe(false)
    })

    test('is neither decided nor used once it is too old', async () => {
      const { approvals, mary, approval, id } = await waiting()
      expect(await approvals.decide(mary, id, { state: 'approved', at: approval.expiresAt })).toBe(false)
      expect(await approvals.decide(mary, id, { state: 'approved', at: later })).toBe(true)
      expect(await approvals.use(mary, id, approval.expiresAt)).toBe(false)
    })
  })
}

export function rememberedBrowsersContract(opened: () => OpenBackend): void {
  describe('remembered browsers', () => {
    const remembered = async (own: Parameters<typeof sampleRememberedBrowser>[1] = {}) => {
      const { realm, mary, joe } = await withAccounts(opened)
      const browser = sampleRememberedBrowser(mary, own)
      await realm.rememberedBrowsers.add(browser)
      return { browsers: realm.rememberedBrowsers, mary, joe, browser }
    }

    test('finds a browser by its digest until it expires, for its account alone', async () => {
      const { browsers, mary, joe, browser } = await remembered({ expiresAt: secondsAfter(60) })
      const found = await browsers.find(mary, browser.digest, secondsAfter(59))
      expect(found).toEqual(browser)
      expect(Object.isFrozen(found)).toBe(true)
      expect(await browsers.find(mary, browser.digest, secondsAfter(60))).toBeUndefined()
      expect(await browsers.find(joe, browser.digest, sampleTime)).toBeUndefined()
      expect(await browsers.find(mary, new Uint8Array(32), sampleTime)).toBeUndefined()
      expect(await browsers.find(AccountId.of('nobody'), browser.digest, sampleTime)).toBeUndefined()
    })

    test('lists the living ones, last seen first', async () => {
      const { browsers, mary, browser } = await remembered()
      const newer = sampleRememberedBrowser(mary, { createdAt: secondsAfter(1), lastSeenAt: secondsAfter(1), label: 'a\0b' })
      await browsers.add(newer)
      await browsers.add(sampleRememberedBrowser(mary, { expiresAt: secondsAfter(2) }))
      const ids = async () => (await browsers.list(mary, secondsAfter(2))).map(({ id }) => id)
      expect(await ids()).toEqual([newer.id, browser.id])
      expect(await browsers.seen(browser.id, secondsAfter(9))).toBe(true)
      expect(await ids()).toEqual([browser.id, newer.id])
      expect((await browsers.find(mary, browser.digest, sampleTime))?.lastSeenAt).toEqual(secondsAfter(9))
      expect(await browsers.seen(browser.id, browser.expiresAt)).toBe(false)
      expect(await browsers.seen('nothing', sampleTime)).toBe(false)
    })

    test('forgets one, or all of an account', async () => {
      const { browsers, mary, joe, browser } = await remembered()
      await browsers.add(sampleRememberedBrowser(mary))
      await browsers.add(sampleRememberedBrowser(mary))
      const joes = sampleRememberedBrowser(joe)
      await browsers.add(joes)
      expect(await browsers.remove(joe, browser.id)).toBe(false)
      expect(await browsers.remove(mary, browser.id)).toBe(true)
      expect(await browsers.remove(mary, browser.id)).toBe(false)
      expect(await browsers.removeAll(mary)).toBe(2)
      expect(await browsers.list(mary, sampleTime)).toEqual([])
      expect(await browsers.list(joe, sampleTime)).toEqual([joes])
      expect(await browsers.removeAll(AccountId.of('nobody'))).toBe(0)
    })
  })
}
