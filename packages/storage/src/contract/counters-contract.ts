import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { AttemptState, WrittenAttempts } from '../ports/attempts.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAuditRow, sampleTime, secondsAfter } from './samples.ts'

const failed = (state: AttemptState | undefined): AttemptState => ({
  consecutive: (state?.consecutive ?? 0) + 1,
  inWindow: (state?.inWindow ?? 0) + 1,
  windowStartedAt: state?.windowStartedAt ?? sampleTime,
  disabled: false,
})

export function attemptsContract(opened: () => OpenBackend): void {
  describe('attempts', () => {
    const key = () => ({ subject: `account:${randomUUID()}`, method: 'totp' })

    test('hands the state to decide and keeps what that returns', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      const full: AttemptState = {
        consecutive: 3,
        inWindow: 7,
        windowStartedAt: sampleTime,
        blockedUntil: secondsAfter(30),
        disabled: true,
        seen: ['a', 'b,"c"'],
      }
      expect(await attempts.find(mine)).toBeUndefined()
      expect(await attempts.update(mine, (state) => ({ next: full, result: state }))).toBeUndefined()
      expect(await attempts.find(mine)).toEqual(full)
      expect(await attempts.update(mine, (state) => ({ next: undefined, result: state }))).toEqual(full)
      expect(await attempts.find(mine)).toBeUndefined()
    })

    test('tells no answer seen from nothing known about answers', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      await attempts.update(mine, () => ({ next: { ...failed(undefined), seen: [] }, result: undefined }))
      expect((await attempts.find(mine))?.seen).toEqual([])
      await attempts.update(mine, () => ({ next: failed(undefined), result: undefined }))
      expect(await attempts.find(mine)).toEqual(failed(undefined))
    })

    test('keeps nothing when decide keeps nothing, or throws', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      await attempts.update(mine, () => ({ next: undefined, result: undefined }))
      await expect(
        attempts.update(mine, () => {
          throw new RangeError('no')
        }),
      ).rejects.toThrow(RangeError)
      expect(await attempts.find(mine)).toBeUndefined()
    })

    test('counts subjects and methods apart', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      await attempts.update(mine, (state) => ({ next: failed(state), result: undefined }))
      expect(await attempts.find({ ...mine, method: 'password' })).toBeUndefined()
      expect(await attempts.find({ ...mine, subject: 'name:x' })).toBeUndefined()
    })

    test('loses none of fifty increments at a time', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      const counted = await Promise.all(
        Array.from({ length: 50 }, () =>
          attempts.update(mine, (state) => ({ next: failed(state), result: failed(state).consecutive })),
        ),
      )
      expect(counted.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
      expect((await attempts.find(mine))?.consecutive).toBe(50)
    })

    test('is not given back by the roll-back of the transaction around it', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const mine = key()
      const attempt = store.transaction(async () => {
        await realm.policies.put({ id: 'p', name: 'p', mode: 'on', definition: {}, createdAt: sampleTime, updatedAt: sampleTime })
        await realm.attempts.update(mine, (state) => ({ next: failed(state), result: undefined }))
        await realm.attempts.update(mine, (state) => ({ next: failed(state), result: undefined }))
        throw new RangeError('rolled back')
      })
      await expect(attempt).rejects.toThrow(RangeError)
      expect((await realm.attempts.find(mine))?.consecutive).toBe(2)
      expect(await realm.policies.list()).toEqual([])
    })

    test('counts once when the transaction around it commits', async () => {
      const { store, newRealm } = opened()
      const { attempts } = await newRealm()
      const mine = key()
      await store.transaction(() => attempts.update(mine, (state) => ({ next: failed(state), result: undefined })))
      expect((await attempts.find(mine))?.consecutive).toBe(1)
    })

    test('ends a counter as it was left, and looks again where somebody has written since', async () => {
      const { attempts } = await opened().newRealm()
      const mine = key()
      const count = async () => {
        const left: WrittenAttempts[] = []
        await attempts.update(mine, (state) => ({ next: failed(state), result: undefined }), { written: (one) => left.push(one) })
        return left[0]
      }
      const seen: (AttemptState | undefined)[] = []
      const end = (since: WrittenAttempts | undefined) =>
        attempts.update(
          mine,
          (state) => {
            seen.push(state)
            return { next: state?.consecutive === 1 ? undefined : state, result: undefined }
          },
          { since },
        )
      await end(await count())
      expect(await attempts.find(mine)).toBeUndefined()
      const first = await count()
      await count()
      await end(first)
      expect((await attempts.find(mine))?.consecutive).toBe(2)
      expect(seen.at(-1)?.consecutive).toBe(2)
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const mine = key()
      await one.attempts.update(mine, (state) => ({ next: failed(state), result: undefined }))
      expect(await other.attempts.find(mine)).toBeUndefined()
      expect(await other.attempts.update(mine, (state) => ({ next: undefined, result: state }))).toBeUndefined()
      expect((await one.attempts.find(mine))?.consecutive).toBe(1)
    })
  })
}

export function replayContract(opened: () => OpenBackend): void {
  describe('replay guard', () => {
    test('lets exactly one of twenty callers claim an identifier', async () => {
      const { replay } = await opened().newRealm()
      const claimed = await Promise.all(Array.from({ length: 20 }, () => replay.claim('https://idp', 'jti', secondsAfter(60))))
      expect(claimed.filter(Boolean)).toHaveLength(1)
    })

    test('lets exactly one of three callers claim each of two hundred identifiers at the same time', async () => {
      const { replay } = await opened().newRealm()
      const jtis = Array.from({ length: 600 }, (_, index) => `jti ${index % 200}`)
      const claimed = await Promise.all(jtis.map((jti) => replay.claim('https://idp', jti, secondsAfter(60))))
      expect(jtis.filter((_, index) => claimed[index]).sort()).toEqual(jtis.slice(0, 200).sort())
      expect(await Promise.all(jtis.map((jti) => replay.claim('https://idp', jti, secondsAfter(60))))).not.toContain(true)
    })

    test('gives claims at the same time in different realms to each', async () => {
      const realms = await Promise.all(Array.from({ length: 3 }, () => opened().newRealm()))
      const claims = realms.map(({ replay }) =>
        Promise.all(Array.from({ length: 10 }, () => replay.claim('a', 'b', secondsAfter(60)))),
      )
      expect((await Promise.all(claims)).map((all) => all.filter(Boolean))).toEqual([[true], [true], [true]])
    })

    test('claims in a transaction, while others claim outside of it, and gives back its own alone', async () => {
      const { store, newRealm } = opened()
      const { replay } = await newRealm()
      const claim = (jti: number) => replay.claim('a', String(jti), secondsAfter(60))
      const claimSome = (from: number) => Promise.all(Array.from({ length: 20 }, (_, index) => claim(from + index)))
      const failing = store.transaction(async () => {
        await claimSome(0)
        throw new RangeError('rolled back')
      })
      await Promise.all([expect(failing).rejects.toThrow(RangeError), claimSome(100), claimSome(200)])
      expect(await claimSome(0)).not.toContain(false)
      expect([...(await claimSome(100)), ...(await claimSome(200))]).not.toContain(true)
    })

    test('tells issuers and identifiers apart, wherever one ends', async () => {
      const { replay } = await opened().newRealm()
      const claims = [
        ['a', 'bc'],
        ['ab', 'c'],
        ['abc', ''],
        ['', 'abc'],
        ['a', 'b\0c'],
      ] as const
      for (const [issuer, jti] of claims) expect(await replay.claim(issuer, jti, secondsAfter(60))).toBe(true)
      for (const [issuer, jti] of claims) expect(await replay.claim(issuer, jti, secondsAfter(60))).toBe(false)
    })

    test('holds a claim until it is over', async () => {
      const { newRealm, clock } = opened()
      const { replay } = await newRealm()
      clock.now = sampleTime
      await replay.claim('a', 'b', secondsAfter(60))
      clock.now = secondsAfter(59)
      expect(await replay.claim('a', 'b', secondsAfter(90))).toBe(false)
      clock.now = secondsAfter(60)
      expect(await replay.claim('a', 'b', secondsAfter(90))).toBe(true)
      expect(await replay.claim('a', 'b', secondsAfter(90))).toBe(false)
      clock.now = sampleTime
    })

    test('gives a claim back with the transaction that made it', async () => {
      const { store, newRealm } = opened()
      const { replay } = await newRealm()
      const claim = store.transaction(async () => {
        await replay.claim('a', 'b', secondsAfter(60))
        throw new RangeError('rolled back')
      })
      await expect(claim).rejects.toThrow(RangeError)
      expect(await replay.claim('a', 'b', secondsAfter(60))).toBe(true)
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      expect(await one.replay.claim('a', 'b', secondsAfter(60))).toBe(true)
      expect(await other.replay.claim('a', 'b', secondsAfter(60))).toBe(true)
    })
  })
}

export function auditContract(opened: () => OpenBackend): void {
  describe('audit', () => {
    test('gives rows back as they were appended, newest first', async () => {
      const { audit } = await opened().newRealm()
      const old = sampleAuditRow({
        accountId: 'mary',
        clientId: 'mail',
        actor: 'x',
        source: '192.0.2.1',
        detail: { because: [{ policy: 'p' }] },
      })
      const young = sampleAuditRow({ at: secondsAfter(1), outcome: 'refused' })
      await audit.append(old)
      await audit.append(young)
      expect(await audit.list({ limit: 10 })).toEqual([young, old])
      expect(await audit.list({ limit: 1 })).toEqual([young])
      expect(await audit.list({ limit: 10, before: young.at })).toEqual([old])
    })

    test('selects by reference, account and event', async () => {
      const { audit } = await opened().newRealm()
      const one = sampleAuditRow({ accountId: 'mary', event: 'sign-in' })
      const two = sampleAuditRow({ accountId: 'joe' })
      await audit.append(one)
      await audit.append(two)
      expect(await audit.list({ limit: 10, reference: two.reference })).toEqual([two])
      expect(await audit.list({ limit: 10, accountId: 'mary' })).toEqual([one])
      expect(await audit.list({ limit: 10, event: 'sign-in', accountId: 'mary' })).toEqual([one])
      expect(await audit.list({ limit: 10, event: 'sign-in', accountId: 'joe' })).toEqual([])
      expect(await audit.list({ limit: 10, reference: 'a\0b' })).toEqual([])
    })

    test('keeps a row whatever a stranger put into it', async () => {
      const { audit } = await opened().newRealm()
      const row = sampleAuditRow({
        source: 'a\0b\ud800',
        clientId: 'c\0',
        detail: { client: 'a\0b', lone: '\ud800', path: "'; drop table realm" },
      })
      await audit.append(row)
      expect(await audit.list({ limit: 10 })).toEqual([{ ...row, source: 'a\uFFFDb\uFFFD', clientId: 'c\uFFFD' }])
    })

    test('writes rows of the same time with few commits, and answers when they are there', async () => {
      const { connection, newRealm } = opened()
      const realms = [await newRealm(), await newRealm()]
      const rows = Array.from({ length: 300 }, (_, index) => ({ realm: realms[index % 2], row: sampleAuditRow() }))
      const seen = await Promise.all(
        rows.map(async ({ realm, row }, index) => {
          await realm?.audit.append(row)
          return index % 60 === 0 ? realm?.audit.list({ limit: 1, reference: row.reference }) : [row]
        }),
      )
      expect(seen).toEqual(rows.map(({ row }) => [row]))
      for (const [index, { audit }] of realms.entries()) {
        const kept = (await audit.list({ limit: 1000 })).map(({ id }) => id)
        expect(kept.sort()).toEqual(rows.flatMap(({ row }, at) => (at % 2 === index ? [row.id] : [])).sort())
      }
      const [commits] = await connection.session((session) =>
        session.query('select count(distinct xmin::text) as commits from audit_event where realm_id = any($1::uuid[])', [
          realms.map(({ realmId }) => realmId),
        ]),
      )
      expect(commits?.commits).toBeLessThan(10)
    })

    test('lets a row that is there already fail alone', async () => {
      const { audit } = await opened().newRealm()
      const rows = Array.from({ length: 40 }, () => sampleAuditRow())
      const [first, twice = sampleAuditRow()] = rows
      await audit.append(twice)
      const told = await Promise.allSettled(rows.map((row) => audit.append(row)))
      expect(told.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([1])
      expect(first).toBeDefined()
      expect(await audit.list({ limit: 100 })).toHaveLength(40)
    })

    test('keeps times to the millisecond, also far away ones', async () => {
      const { audit } = await opened().newRealm()
      const times = [
        '1800-03-15T12:00:00.001Z',
        '1969-12-31T23:59:59.999Z',
        '2031-05-06T07:08:09.123Z',
        '9999-12-31T23:59:59.999Z',
      ]
      const rows = times.map((at) => sampleAuditRow({ at: new Date(at) }))
      await Promise.all(rows.map((row) => audit.append(row)))
      expect(await audit.list({ limit: 10 })).toEqual(rows.toReversed())
    })

    test('is append only', async () => {
      const { connection, newRealm } = opened()
      const { audit } = await newRealm()
      const row = sampleAuditRow()
      await audit.append(row)
      for (const change of ["update audit_event set event = 'x'", 'delete from audit_event', 'truncate audit_event']) {
        await expect(connection.runScript(change)).rejects.toThrow(/append only/)
      }
      expect(await audit.list({ limit: 10 })).toEqual([row])
    })

    test('goes with the transaction around it', async () => {
      const { store, newRealm } = opened()
      const { audit } = await newRealm()
      const decision = store.transaction(async () => {
        await audit.append(sampleAuditRow())
        throw new RangeError('rolled back')
      })
      await expect(decision).rejects.toThrow(RangeError)
      expect(await audit.list({ limit: 10 })).toEqual([])
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const row = sampleAuditRow()
      await one.audit.append(row)
      expect(await other.audit.list({ limit: 10, reference: row.reference })).toEqual([])
    })
  })
}
