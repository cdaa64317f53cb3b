import { describe, expect, test } from 'vitest'
import { SealingError } from '../errors.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleMail, sampleTime, secondsAfter } from './samples.ts'

export function outboxContract(opened: () => OpenBackend): void {
  describe('outbox', () => {
    const due = (seconds: number, limit = 100) => ({ now: secondsAfter(seconds), until: secondsAfter(seconds + 60), limit })

    test('gives a mail as it was added, and keeps others from it for a while', async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      await realm.accounts.add(account)
      const mail = sampleMail({ accountId: account.id, text: 'Grüße\0\n' })
      const anonymous = sampleMail({ createdAt: secondsAfter(1) })
      await realm.outbox.add(mail)
      await realm.outbox.add(anonymous)
      const taken = await realm.outbox.take(due(2))
      expect(taken).toEqual([mail, anonymous].map((each) => ({ ...each, nextTryAt: secondsAfter(62) })))
      expect(taken.every(Object.isFrozen)).toBe(true)
      expect(await realm.outbox.take(due(61))).toEqual([])
      expect(await realm.outbox.take(due(62))).toHaveLength(2)
    })

    test('takes the oldest first, no more than asked for, and none before its time or after its end', async () => {
      const { outbox } = await opened().newRealm()
      const ages = [3, 1, 2]
      for (const age of ages) await outbox.add(sampleMail({ id: `${age}`, createdAt: secondsAfter(age) }))
      await outbox.add(sampleMail({ id: 'later', nextTryAt: secondsAfter(11) }))
      await outbox.add(sampleMail({ id: 'over', expiresAt: secondsAfter(10) }))
      const ids = async (limit: number) => (await outbox.take(due(10, limit))).map(({ id }) => id)
      expect(await ids(2)).toEqual(['1', '2'])
      expect(await ids(2)).toEqual(['3'])
      expect(await ids(2)).toEqual([])
      await expect(outbox.take(due(10, 0))).rejects.toThrow(TypeError)
    })

    test('gives each mail to one of ten workers', async () => {
      const { outbox } = await opened().newRealm()
      for (let index = 0; index < 40; index += 1) await outbox.add(sampleMail({ createdAt: secondsAfter(index) }))
      const batches = await Promise.all(Array.from({ length: 10 }, () => outbox.take(due(100, 5))))
      const rest = await outbox.take(due(100))
      const ids = [...batches.flat(), ...rest].map(({ id }) => id)
      expect(ids).toHaveLength(40)
      expect(new Set(ids).size).toBe(40)
      expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(5)
    })

    test('passes over what another worker is taking, without waiting for it', async () => {
      const { store, newRealm } = opened()
      const { outbox } = await newRealm()
      for (let index = 0; index < 4; index += 1) await outbox.add(sampleMail({ id: `${index}`, createdAt: secondsAfter(index) }))
      await store.transaction(async () => {
        const mine = await outbox.take(due(10, 2))
        const others = await store.outsideTransaction(() => outbox.take(due(10, 2)))
        expect([mine, others].map((mails) => mails.map(({ id }) => id))).toEqual([
          ['0', '1'],
          ['2', '3'],
        ])
      })
    })

    test('counts a try that failed, and forgets what was sent', async () => {
      const { outbox } = await opened().newRealm()
      const mail = sampleMail({ tries: 1 })
      await outbox.add(mail)
      await outbox.take(due(0))
      expect(await outbox.postpone(mail.id, secondsAfter(30))).toBe(true)
      expect(await outbox.take(due(29))).toEqual([])
      expect(await outbox.take(due(30))).toMatchObject([{ id: mail.id, tries: 2 }])
      expect(await outbox.remove(mail.id)).toBe(true)
      expect(await outbox.remove(mail.id)).toBe(false)
      expect(await outbox.postpone(mail.id, secondsAfter(30))).toBe(false)
      expect(await outbox.remove('a\0')).toBe(false)
      expect(await outbox.take(due(1000))).toEqual([])
    })

    test('holds nothing of what a rolled-back transaction wanted to tell', async () => {
      const { store, newRealm } = opened()
      const { outbox } = await newRealm()
      const work = store.transaction(async () => {
        await outbox.add(sampleMail())
        throw new RangeError('rolled back')
      })
      await expect(work).rejects.toThrow(RangeError)
      expect(await outbox.take(due(0))).toEqual([])
    })

    test('does not send what was put under another mail', async () => {
      const { newRealm, connection } = opened()
      const { outbox, realmId } = await newRealm()
      await outbox.add(sampleMail({ id: 'mine' }))
      await outbox.add(sampleMail({ id: 'other', nextTryAt: secondsAfter(1e6) }))
      await connection.session((session) =>
        session.query(
          `update outbox set mail_sealed = (select mail_sealed from outbox where realm_id = $1 and id = 'other')
           where realm_id = $1 and id = 'mine'`,
          [realmId],
        ),
      )
      await expect(outbox.take({ ...due(0), now: sampleTime })).rejects.toThrow(SealingError)
    })
  })
}
