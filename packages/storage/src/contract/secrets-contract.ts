import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AuthenticatorId } from '../identifiers.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAuthenticator, sampleTime, secondsAfter, someBytes } from './samples.ts'

export function passwordsContract(opened: () => OpenBackend): void {
  describe('passwords', () => {
    const withAccount = async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      await realm.accounts.add(account)
      return { realm, id: account.id }
    }

    test('keeps the newest password of an account', async () => {
      const { realm, id } = await withAccount()
      expect(await realm.passwords.find(id)).toBeUndefined()
      await realm.passwords.set(id, { hash: 'one', changedAt: sampleTime })
      await realm.passwords.set(id, { hash: 'two', changedAt: secondsAfter(1) })
      expect(await realm.passwords.find(id)).toEqual({ hash: 'two', changedAt: secondsAfter(1) })
    })

    test('rehashes only what is still the same password, and leaves the time of change', async () => {
      const { realm, id } = await withAccount()
      await realm.passwords.set(id, { hash: 'one', changedAt: sampleTime })
      expect(await realm.passwords.rehash(id, 'other', 'bad')).toBe(false)
      expect(await realm.passwords.rehash(id, 'one', 'better')).toBe(true)
      expect(await realm.passwords.rehash(id, 'one', 'again')).toBe(false)
      expect(await realm.passwords.find(id)).toEqual({ hash: 'better', changedAt: sampleTime })
    })

    test('keeps realms apart', async () => {
      const { realm, id } = await withAccount()
      const other = await opened().newRealm()
      await realm.passwords.set(id, { hash: 'one', changedAt: sampleTime })
      expect(await other.passwords.find(id)).toBeUndefined()
      expect(await other.passwords.rehash(id, 'one', 'two')).toBe(false)
      await expect(other.passwords.set(id, { hash: 'two', changedAt: sampleTime })).rejects.toThrow()
      expect((await realm.passwords.find(id))?.hash).toBe('one')
    })
  })
}

export function authenticatorsContract(opened: () => OpenBackend): void {
  describe('authenticators', () => {
    const withAuthenticator = async (own: Parameters<typeof sampleAuthenticator>[1] = {}) => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      await realm.accounts.add(account)
      const authenticator = sampleAuthenticator(account.id, own)
      await realm.authenticators.add(authenticator)
      return { realm, account, authenticator, id: authenticator.id }
    }

    test('gives back an authenticator with its secret, as it was added', async () => {
      const { realm, authenticator, id, account } = await withAuthenticator()
      expect(await realm.authenticators.find(id)).toEqual(authenticator)
      expect(await realm.authenticators.list(account.id)).toEqual([authenticator])
      const full = sampleAuthenticator(account.id, {
        state: 'active',
        begunBy: 'somebody',
        lastStep: 2 ** 40,
        confirmedAt: sampleTime,
        lastUsedAt: sampleTime,
        secret: someBytes(64),
      })
      await realm.authenticators.add(full)
      expect(await realm.authenticators.find(full.id)).toEqual(full)
    })

    test('confirms a pending one once, remembers the step and forgets who began', async () => {
      const { realm, id } = await withAuthenticator({ begunBy: 'somebody' })
      expect(await realm.authenticators.find(id)).toMatchObject({ state: 'pending', begunBy: 'somebody' })
      expect(await realm.authenticators.acceptStep(id, { step: 5, at: sampleTime })).toBe(false)
      expect(await realm.authenticators.confirm(id, { step: 7, at: sampleTime })).toBe(true)
      expect(await realm.authenticators.confirm(id, { step: 8, at: sampleTime })).toBe(false)
      const confirmed = await realm.authenticators.find(id)
      expect(confirmed).toMatchObject({ state: 'active', lastStep: 7, confirmedAt: sampleTime })
      expect(confirmed).not.toHaveProperty('begunBy')
    })

    test('accepts a step once, and none before it', async () => {
      const { realm, id } = await withAuthenticator({ state: 'active' })
      const accept = (step: number) => realm.authenticators.acceptStep(id, { step, at: secondsAfter(step) })
      expect([await accept(10), await accept(10), await accept(9), await accept(11)]).toEqual([true, false, false, true])
      expect(await realm.authenticators.find(id)).toMatchObject({ lastStep: 11, lastUsedAt: secondsAfter(11) })
    })

    test('accepts a step exactly once of twenty at a time', async () => {
      const { realm, id } = await withAuthenticator({ state: 'active', lastStep: 3 })
      const accepted = await Promise.all(
        Array.from({ length: 20 }, () => realm.authenticators.acceptStep(id, { step: 4, at: sampleTime })),
      )
      expect(accepted.filter(Boolean)).toHaveLength(1)
    })

    test('accepts nothing from a disabled one', async () => {
      const { realm, id } = await withAuthenticator({ state: 'active' })
      expect(await realm.authenticators.disable(id)).toBe(true)
      expect(await realm.authenticators.acceptStep(id, { step: 1, at: sampleTime })).toBe(false)
      expect(await realm.authenticators.confirm(id, { step: 1, at: sampleTime })).toBe(false)
      expect(await realm.authenticators.disable(id)).toBe(false)
    })

    test('removes the pending ones of a method alone', async () => {
      const { realm, account, id } = await withAuthenticator()
      const active = sampleAuthenticator(account.id, { state: 'active' })
      const otherMethod = sampleAuthenticator(account.id, { method: 'sms' })
      await realm.authenticators.add(active)
      await realm.authenticators.add(otherMethod)
      expect(await realm.authenticators.removePending(account.id, 'totp')).toBe(1)
      expect(await realm.authenticators.find(id)).toBeUndefined()
      expect(await realm.authenticators.list(account.id)).toHaveLength(2)
      expect(await realm.authenticators.remove(active.id)).toBe(true)
      expect(await realm.authenticators.remove(active.id)).toBe(false)
    })

    test('keeps realms apart', async () => {
      const { account, id } = await withAuthenticator({ state: 'active' })
      const { authenticators } = await opened().newRealm()
      expect(await authenticators.find(id)).toBeUndefined()
      expect(await authenticators.list(account.id)).toEqual([])
      expect(await authenticators.acceptStep(id, { step: 1, at: sampleTime })).toBe(false)
      expect(await authenticators.disable(id)).toBe(false)
      expect(await authenticators.remove(id)).toBe(false)
      expect(await authenticators.removePending(account.id, 'totp')).toBe(0)
      await expect(authenticators.add(sampleAuthenticator(account.id))).rejects.toThrow()
      expect(await authenticators.find(AuthenticatorId.of(randomUUID()))).toBeUndefined()
    })
  })
}
