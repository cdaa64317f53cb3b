import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AccountId } from '../identifiers.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccessPass, sampleAccount, sampleTime, secondsAfter, someBytes } from './samples.ts'

const digest = (seed: number): Uint8Array => someBytes(32, seed)
const digests = (...seeds: readonly number[]): readonly Uint8Array[] => seeds.map(digest)

export function recoveryCodesContract(opened: () => OpenBackend): void {
  describe('recovery codes', () => {
    const withAccount = async () => {
      const realm = await opened().newRealm()
      const { id } = sampleAccount()
      await realm.accounts.add(sampleAccount({ id }))
      return { realm, codes: realm.recoveryCodes, id }
    }

    test('uses up each code of the set once', async () => {
      const { codes, id } = await withAccount()
      expect(await codes.count(id)).toBeUndefined()
      expect(await codes.use(id, digest(1), sampleTime)).toBe(false)
      await codes.replace(id, { digests: digests(1, 2, 3), at: sampleTime })
      expect(await codes.count(id)).toEqual({ left: 3, of: 3, createdAt: sampleTime })
      expect(await codes.use(id, digest(2), secondsAfter(5))).toBe(true)
      expect(await codes.use(id, digest(2), secondsAfter(6))).toBe(false)
      expect(await codes.use(id, digest(9), secondsAfter(6))).toBe(false)
      expect(await codes.count(id)).toEqual({ left: 2, of: 3, createdAt: sampleTime })
    })

    test('lets exactly one of twenty use a code', async () => {
      const { codes, id } = await withAccount()
      await codes.replace(id, { digests: digests(1, 2), at: sampleTime })
      const used = await Promise.all(Array.from({ length: 20 }, () => codes.use(id, digest(1), sampleTime)))
      expect(used.filter(Boolean)).toHaveLength(1)
      expect((await codes.count(id))?.left).toBe(1)
    })

    test('puts a new set in the place of the old one, used codes included', async () => {
      const { codes, id } = await withAccount()
      await codes.replace(id, { digests: digests(1, 2), at: sampleTime })
      await codes.use(id, digest(1), sampleTime)
      await codes.replace(id, { digests: digests(1, 5, 6), at: secondsAfter(9) })
      expect(await codes.count(id)).toEqual({ left: 3, of: 3, createdAt: secondsAfter(9) })
      expect(await codes.use(id, digest(2), sampleTime)).toBe(false)
      expect(await codes.use(id, digest(1), sampleTime)).toBe(true)
    })

    test('never mixes sets that are made at the same time', async () => {
      const { codes, id } = await withAccount()
      const sets = Array.from({ length: 10 }, (_, index) => digests(index * 3 + 1, index * 3 + 2, index * 3 + 3))
      await Promise.all(sets.map((set) => codes.replace(id, { digests: set, at: sampleTime })))
      expect(await codes.count(id)).toMatchObject({ left: 3, of: 3 })
    })

    test('gives a use back with the transaction that made it', async () => {
      const { codes, id } = await withAccount()
      await codes.replace(id, { digests: digests(1), at: sampleTime })
      const work = opened().store.transaction(async () => {
        await codes.use(id, digest(1), sampleTime)
        throw new RangeError('rolled back')
      })
      await expect(work).rejects.toThrow(RangeError)
      expect((await codes.count(id))?.left).toBe(1)
    })

    test('removes the set, and has nothing for accounts that are not there', async () => {
      const { codes, id } = await withAccount()
      await codes.replace(id, { digests: digests(1, 2, 3), at: sampleTime })
      await codes.use(id, digest(1), sampleTime)
      expect(await codes.remove(id)).toBe(3)
      expect(await codes.remove(id)).toBe(0)
      expect(await codes.count(id)).toBeUndefined()
      await codes.replace(id, { digests: [], at: sampleTime })
      expect(await codes.count(id)).toBeUndefined()
      for (const nobody of [AccountId.of(randomUUID()), AccountId.of('nobody')]) {
        expect(await codes.count(nobody)).toBeUndefined()
        expect(await codes.use(nobody, digest(1), sampleTime)).toBe(false)
        expect(await codes.remove(nobody)).toBe(0)
        await expect(codes.replace(nobody, { digests: digests(1), at: sampleTime })).rejects.toThrow()
      }
    })

    test('belongs to one account alone', async () => {
      const { realm, codes, id } = await withAccount()
      const joe = sampleAccount()
      await realm.accounts.add(joe)
      await codes.replace(id, { digests: digests(1), at: sampleTime })
      await codes.replace(joe.id, { digests: digests(1, 2), at: sampleTime })
      expect(await codes.use(joe.id, digest(1), sampleTime)).toBe(true)
      expect(await codes.remove(joe.id)).toBe(2)
      expect(await codes.count(id)).toMatchObject({ left: 1, of: 1 })
    })
  })
}

export function accessPassesContract(opened: () => OpenBackend): void {
  describe('access passes', () => {
    const withAccount = async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      await realm.accounts.add(account)
      return { realm, passes: realm.accessPasses, id: account.id }
    }

    test('gives back a pass as it was put, and the newest one alone', async () => {
      const { passes, id } = await withAccount()
      expect(await passes.find(id)).toBeUndefined()
      const first = sampleAccessPass(id, { usedAt: sampleTime })
      await passes.put(first)
      expect(await passes.find(id)).toEqual(first)
      const second = sampleAccessPass(id, { uses: 'many', digest: someBytes(32, 9), createdBy: 'help' })
      await passes.put(second)
      expect(await passes.find(id)).toEqual(second)
      expect(Object.isFrozen(await passes.find(id))).toBe(true)
      expect(await passes.use(id, first.id, secondsAfter(1))).toBe(false)
    })

    test('lets exactly one of twenty use a pass for one use', async () => {
      const { passes, id } = await withAccount()
      const pass = sampleAccessPass(id)
      await passes.put(pass)
      const used = await Promise.all(Array.from({ length: 20 }, () => passes.use(id, pass.id, secondsAfter(1))))
      expect(used.filter(Boolean)).toHaveLength(1)
      expect((await passes.find(id))?.usedAt).toEqual(secondsAfter(1))
    })

    test('lets a pass for many uses be used again until it ends, and notes the last use', async () => {
      const { passes, id } = await withAccount()
      const pass = sampleAccessPass(id, { uses: 'many' })
      await passes.put(pass)
      expect(await passes.use(id, pass.id, secondsAfter(1))).toBe(true)
      expect(await passes.use(id, pass.id, secondsAfter(2))).toBe(true)
      expect((await passes.find(id))?.usedAt).toEqual(secondsAfter(2))
    })

    test('is of use from its beginning until just before its end', async () => {
      const { passes, id } = await withAccount()
      const pass = sampleAccessPass(id, { uses: 'many', startsAt: secondsAfter(10), expiresAt: secondsAfter(20) })
      await passes.put(pass)
      const use = (seconds: number) => passes.use(id, pass.id, secondsAfter(seconds))
      expect([await use(9), await use(10), await use(19), await use(20)]).toEqual([false, true, true, false])
      expect(await passes.find(id)).toMatchObject({ id: pass.id })
    })

    test('is of no use to another account, by another id, or after it was removed', async () => {
      const { realm, passes, id } = await withAccount()
      const joe = sampleAccount()
      await realm.accounts.add(joe)
      const pass = sampleAccessPass(id)
      await passes.put(pass)
      expect(await passes.use(joe.id, pass.id, secondsAfter(1))).toBe(false)
      expect(await passes.use(id, 'a\0b', secondsAfter(1))).toBe(false)
      expect(await passes.find(AccountId.of('nobody'))).toBeUndefined()
      expect(await passes.remove(joe.id)).toBe(false)
      expect(await passes.remove(id)).toBe(true)
      expect(await passes.remove(id)).toBe(false)
      expect(await passes.use(id, pass.id, secondsAfter(1))).toBe(false)
    })
  })
}
