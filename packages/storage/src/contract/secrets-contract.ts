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
        detail: { drift: -1, synced: true, transports: ['internal', 'hybrid'], aaguid: 'x' },
        credentialId: 'AQID_-',
        begunBy: 'somebody',
        lastStep: 2 ** 40,
        confirmedAt: sampleTime,
        lastUsedAt: sampleTime,
        secret: someBytes(64),
      })
      expect(await realm.authenticators.add(full)).toBe('added')
      const found = await realm.authenticators.find(full.id)
      expect(found).toEqual(full)
      expect([found, found?.detail, found?.detail.transports].every(Object.isFrozen)).toBe(true)
    })

    test('keeps a label and a detail with characters that a database refuses', async () => {
      const { realm, id } = await withAuthenticator({ label: 'a\0b', detail: { name: 'a\0b\ud800' } })
      expect(await realm.authenticators.find(id)).toMatchObject({ label: 'a\ufffdb', detail: { name: 'a\ufffdb\ufffd' } })
      expect(await realm.authenticators.rename(id, 'c\0')).toBe(true)
      expect((await realm.authenticators.find(id))?.label).toBe('c\ufffd')
    })

    test('refuses an id that is taken and leaves the transaction around it whole', async () => {
      const { realm, account, authenticator, id } = await withAuthenticator()
      await opened().store.transaction(async () => {
        expect(await realm.authenticators.add({ ...authenticator, label: 'Other' })).toBe('conflict')
        expect(await realm.authenticators.rename(id, 'New')).toBe(true)
      })
      expect((await realm.authenticators.list(account.id)).map(({ label }) => label)).toEqual(['New'])
      expect(await realm.authenticators.rename(AuthenticatorId.of(randomUUID()), 'x')).toBe(false)
    })

    test('gives a credential to one account, wherever it comes up, and to another realm as well', async () => {
      const credentialId = 'k'.repeat(1364) // as long as one can be
      const { realm, id, account } = await withAuthenticator({ method: 'webauthn', credentialId })
      const joe = sampleAccount()
      await realm.accounts.add(joe)
      expect(await realm.authenticators.findByCredentialId(credentialId)).toMatchObject({ id, accountId: account.id })
      expect(await realm.authenticators.findByCredentialId('other')).toBeUndefined()
      expect(await realm.authenticators.findByCredentialId('a\0')).toBeUndefined()
      expect(await realm.authenticators.add(sampleAuthenticator(joe.id, { credentialId }))).toBe('conflict')
      const late = sampleAuthenticator(joe.id, { method: 'webauthn' })
      await realm.authenticators.add(late)
      await opened().store.transaction(async () => {
        expect(await realm.authenticators.confirm(late.id, { at: sampleTime, credentialId })).toBe('conflict')
        expect(await realm.authenticators.rename(late.id, 'still there')).toBe(true)
      })
      expect(await realm.authenticators.find(late.id)).toMatchObject({ state: 'pending', label: 'still there' })
      const foreign = await withAuthenticator({ credentialId })
      expect((await foreign.realm.authenticators.findByCredentialId(credentialId))?.id).toBe(foreign.id)
    })

    test('gives a credential that twenty confirm at once to one of them', async () => {
      const { realm, account } = await withAuthenticator()
      const all = Array.from({ length: 20 }, () => sampleAuthenticator(account.id, { method: 'webauthn' }))
      for (const one of all) await realm.authenticators.add(one)
      const outcomes = await Promise.all(
        all.map(({ id }) => realm.authenticators.confirm(id, { at: sampleTime, credentialId: 'same' })),
      )
      expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(19)
    })

    test('takes over what a method learns only when it confirms, and keeps the rest', async () => {
      const { realm, id } = await withAuthenticator({ detail: { name: 'kept', synced: false }, lastStep: 4 })
      const proof = { at: sampleTime, credentialId: 'new', secret: someBytes(77, 5), detail: { synced: true } }
      expect(await realm.authenticators.confirm(id, proof)).toBe(true)
      expect(await realm.authenticators.find(id)).toMatchObject({
        credentialId: 'new',
        secret: someBytes(77, 5),
        detail: { name: 'kept', synced: true },
        lastStep: 4,
      })
    })

    test('lets nobody confirm or use what an administrator proposed', async () => {
      const { realm, account, id } = await withAuthenticator({ state: 'proposed', method: 'sms' })
      expect(await realm.authenticators.confirm(id, { at: sampleTime })).toBe(false)
      expect(await realm.authenticators.acceptStep(id, { step: 1, at: sampleTime })).toBe(false)
      expect(await realm.authenticators.touch(id, { at: sampleTime })).toBe(false)
      expect(await realm.authenticators.makeDefault(account.id, id)).toBe(false)
      expect(await realm.authenticators.removePending(account.id, 'sms')).toBe(0)
      expect((await realm.authenticators.find(id))?.state).toBe('proposed')
    })

    test('notes a use, with whatever counter, and merges what it learned', async () => {
      const { realm, id } = await withAuthenticator({ state: 'active', lastStep: 9, detail: { a: 1, b: 'x' } })
      const { authenticators } = realm
      expect(await authenticators.touch(id, { at: secondsAfter(1), detail: { b: 'y' } })).toBe(true)
      expect(await authenticators.find(id)).toMatchObject({ lastStep: 9, lastUsedAt: secondsAfter(1), detail: { a: 1, b: 'y' } })
      expect(await authenticators.touch(id, { at: secondsAfter(2), step: 0 })).toBe(true)
      expect(await authenticators.find(id)).toMatchObject({ lastStep: 0, lastUsedAt: secondsAfter(2) })
      expect(await authenticators.acceptStep(id, { step: 3, at: secondsAfter(3), detail: { drift: -1 } })).toBe(true)
      expect(await authenticators.acceptStep(id, { step: 3, at: secondsAfter(4), detail: { drift: 7 } })).toBe(false)
      expect((await authenticators.find(id))?.detail).toEqual({ a: 1, b: 'y', drift: -1 })
      await authenticators.disable(id)
      expect(await authenticators.touch(id, { at: secondsAfter(5) })).toBe(false)
    })

    test('asks first for the one that was chosen last, until that is disabled', async () => {
      const { realm, account, id } = await withAuthenticator({ state: 'active' })
      const other = sampleAuthenticator(account.id, { state: 'active', createdAt: secondsAfter(1) })
      const pending = sampleAuthenticator(account.id, { createdAt: secondsAfter(2) })
      await realm.authenticators.add(other)
      await realm.authenticators.add(pending)
      const defaults = async () => (await realm.authenticators.list(account.id)).map(({ isDefault }) => isDefault)
      const choose = (which: typeof id, whose = account.id) => realm.authenticators.makeDefault(whose, which)
      expect(await defaults()).toEqual([false, false, false])
      expect([await choose(id), await defaults()]).toEqual([true, [true, false, false]])
      expect([await choose(other.id), await defaults()]).toEqual([true, [false, true, false]])
      expect([await choose(other.id), await defaults()]).toEqual([true, [false, true, false]])
      expect([await choose(pending.id), await defaults()]).toEqual([false, [false, true, false]])
      const joe = sampleAccount()
      await realm.accounts.add(joe)
      expect([await choose(id, joe.id), await defaults()]).toEqual([false, [false, true, false]])
      await realm.authenticators.disable(other.id)
      expect(await defaults()).toEqual([false, false, false])
    })

    test('never has two defaults, although ten are chosen at once', async () => {
      const { realm, account } = await withAuthenticator()
      const all = Array.from({ length: 10 }, () => sampleAuthenticator(account.id, { state: 'active' }))
      for (const one of all) await realm.authenticators.add(one)
      const chosen = await Promise.all(all.map(({ id }) => realm.authenticators.makeDefault(account.id, id)))
      expect(chosen.every(Boolean)).toBe(true)
      expect((await realm.authenticators.list(account.id)).filter(({ isDefault }) => isDefault)).toHaveLength(1)
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
