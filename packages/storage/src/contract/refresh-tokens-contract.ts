import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { FamilyId } from '../identifiers.ts'
import type { OpenBackend } from './backend.ts'
import { sampleAccount, sampleAuditRow, sampleClient, sampleTime, secondsAfter, someBytes } from './samples.ts'

export function refreshTokensContract(opened: () => OpenBackend): void {
  describe('refresh tokens', () => {
    /** A family with its first token, called `first`. */
    const withFamily = async () => {
      const realm = await opened().newRealm()
      const account = sampleAccount()
      const client = sampleClient()
      await realm.accounts.add(account)
      await realm.clients.add(client)
      const start = (handle: string, familyId: FamilyId, issuedAt = sampleTime) =>
        realm.refreshTokens.start({
          handle,
          familyId,
          accountId: account.id,
          clientId: client.id,
          payload: { handle },
          issuedAt,
          expiresAt: secondsAfter(600),
          familyEndsAt: secondsAfter(6000),
        })
      const succeed = (handle: string, predecessor: string, issuedAt = secondsAfter(10)) =>
        realm.refreshTokens.succeed({ handle, predecessor, payload: { handle }, issuedAt, expiresAt: secondsAfter(700) })
      const family = FamilyId.of(randomUUID())
      opened().clock.now = sampleTime
      await start('first', family)
      return { realm, tokens: realm.refreshTokens, account, client, family, start, succeed }
    }
    const ending = { at: secondsAfter(30), because: 'reuse' }

    test('gives back an unused token with its grant and its account, and nothing where one of them is missing', async () => {
      const { realm, tokens, account, client, family, succeed } = await withFamily()
      expect(await tokens.findUnused('first', family)).toBeUndefined()
      const grant = { jti: family, accountId: account.id }
      const saveGrant = (id: string) =>
        realm.artifacts.upsert({ kind: 'Grant', id, payload: grant, expiresAt: secondsAfter(6000), keys: {} })
      await saveGrant(family)
      const found = await tokens.findUnused('first', family)
      expect(found).toEqual({ token: await tokens.find('first'), grant, account: await realm.accounts.find(account.id) })
      expect(found?.token.clientId).toBe(client.id)
      const other = FamilyId.of(randomUUID())
      await saveGrant(other)
      for (const [handle, of] of [
        ['nobody', family],
        ['first', other],
        ['', family],
        ['first', 'a\0b'],
      ] as const)
        expect(await tokens.findUnused(handle, of as FamilyId)).toBeUndefined()
      const elsewhere = await opened().newRealm()
      expect(await elsewhere.refreshTokens.findUnused('first', family)).toBeUndefined()
      expect(await tokens.use('first', secondsAfter(5))).toBe(true)
      expect(await tokens.findUnused('first', family)).toBeUndefined()
      expect(await succeed('second', 'first')).toBe(true)
      expect((await tokens.findUnused('second', family))?.token.payload).toEqual({ handle: 'second' })
      await tokens.revoke(family, ending)
      expect(await tokens.findUnused('second', family)).toBeUndefined()
    })

    test('gives back the first token of a family, and the family', async () => {
      const { tokens, account, client, family } = await withFamily()
      expect(await tokens.find('first')).toEqual({
        familyId: family,
        accountId: account.id,
        clientId: client.id,
        payload: { handle: 'first' },
        issuedAt: sampleTime,
        expiresAt: secondsAfter(600),
      })
      const kept = {
        id: family,
        accountId: account.id,
        clientId: client.id,
        startedAt: sampleTime,
        lastUsedAt: sampleTime,
        endsAt: secondsAfter(6000),
      }
      expect(await tokens.family(family)).toEqual(kept)
      expect(await tokens.families(account.id)).toEqual([kept])
      for (const strange of ['', 'nobody', 'a\0b']) {
        expect(await tokens.find(strange)).toBeUndefined()
        expect(await tokens.family(FamilyId.of(strange))).toBeUndefined()
      }
    })

    test('keeps families without an account, too', async () => {
      const { tokens, client } = await withFamily()
      const token = { issuedAt: sampleTime, expiresAt: sampleTime, familyEndsAt: sampleTime, payload: {} }
      await tokens.start({ ...token, handle: 'service', familyId: FamilyId.of('service'), clientId: client.id })
      expect(Object.keys((await tokens.find('service')) ?? {})).not.toContain('accountId')
    })

    test('tells when a token was used and when its successor was', async () => {
      const { tokens, succeed, family } = await withFamily()
      expect(await tokens.use('first', secondsAfter(10))).toBe(true)
      expect(await succeed('second', 'first')).toBe(true)
      expect(await tokens.find('first')).toMatchObject({ usedAt: secondsAfter(10) })
      expect((await tokens.find('first'))?.successorUsedAt).toBeUndefined()
      await tokens.use('second', secondsAfter(20))
      expect(await tokens.find('first')).toMatchObject({ usedAt: secondsAfter(10), successorUsedAt: secondsAfter(20) })
      expect(await tokens.find('second', { lock: true })).toMatchObject({
        familyId: family,
        payload: { handle: 'second' },
        usedAt: secondsAfter(20),
      })
      expect((await tokens.family(family))?.lastUsedAt).toEqual(secondsAfter(10))
    })

    test('is used exactly once of twenty at a time', async () => {
      const { tokens } = await withFamily()
      const used = await Promise.all(Array.from({ length: 20 }, (_, index) => tokens.use('first', secondsAfter(index))))
      expect(used.filter(Boolean)).toHaveLength(1)
      expect(await tokens.use('nobody', sampleTime)).toBe(false)
    })

    test('has exactly one successor of twenty at a time', async () => {
      const { tokens, succeed } = await withFamily()
      const added = await Promise.all(Array.from({ length: 20 }, (_, index) => succeed(`next-${index}`, 'first')))
      expect(added.filter(Boolean)).toHaveLength(1)
      const found = await Promise.all(added.map((_, index) => tokens.find(`next-${index}`)))
      expect(found.map((token) => token !== undefined)).toEqual(added)
      expect(await succeed('x', 'nobody')).toBe(false)
    })

    test('is rotated exactly once by twenty transactions that lock what they find, and the others see the kept answer', async () => {
      const { tokens, succeed } = await withFamily()
      const answer = { sealed: someBytes(50), request: 'digest', until: secondsAfter(20) }
      const rotate = (index: number) =>
        opened().store.transaction(async () => {
          const token = await tokens.find('first', { lock: true })
          if (token?.usedAt !== undefined) return token.answer
          await Promise.all([
            tokens.use('first', secondsAfter(10)),
            succeed(`next-${index}`, 'first'),
            tokens.keepAnswer('first', answer),
          ])
          return 'rotated'
        })
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => rotate(index)))
      expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome !== 'rotated')).toEqual(Array.from({ length: 19 }, () => answer))
    })

    const rotationTo = (handle: string) => ({
      handle: 'first',
      at: secondsAfter(10),
      successor: { handle, payload: { handle }, issuedAt: secondsAfter(11), expiresAt: secondsAfter(700) },
      answer: { sealed: someBytes(50), request: 'digest', until: secondsAfter(20) },
      trail: sampleAuditRow({ event: 'token.issued', detail: { jti: handle } }),
    })

    test('writes everything of a rotation at once: used, followed, answered and told', async () => {
      const { realm, tokens, family } = await withFamily()
      const rotation = rotationTo('second')
      expect(await tokens.rotate(rotation)).toBe(true)
      expect(await tokens.find('first')).toMatchObject({ usedAt: rotation.at, answer: rotation.answer })
      expect(await tokens.find('second')).toMatchObject({
        familyId: family,
        payload: { handle: 'second' },
        issuedAt: secondsAfter(11),
      })
      expect((await tokens.family(family))?.lastUsedAt).toEqual(secondsAfter(11))
      expect(await realm.audit.list({ limit: 10 })).toEqual([rotation.trail])
    })

    test('rotates without an answer to keep', async () => {
      const { tokens } = await withFamily()
      const { answer: _none, ...rotation } = rotationTo('second')
      expect(await tokens.rotate(rotation)).toBe(true)
      expect((await tokens.find('first'))?.answer).toBeUndefined()
    })

    test('is rotated exactly once of twenty at a time, and the others write and tell nothing', async () => {
      const { realm, tokens } = await withFamily()
      const rotated = await Promise.all(Array.from({ length: 20 }, (_, index) => tokens.rotate(rotationTo(`next-${index}`))))
      expect(rotated.filter(Boolean)).toHaveLength(1)
      const winner = `next-${rotated.indexOf(true)}`
      expect((await realm.audit.list({ limit: 30 })).map(({ detail }) => detail)).toEqual([{ jti: winner }])
      const found = await Promise.all(rotated.map((_, index) => tokens.find(`next-${index}`)))
      expect(found.map((token) => token !== undefined)).toEqual(rotated)
    })

    test.each<[string, (world: Awaited<ReturnType<typeof withFamily>>) => Promise<unknown>]>([
      ['that was used', ({ tokens }) => tokens.use('first', secondsAfter(5))],
      ['that is followed by another', ({ succeed }) => succeed('other', 'first')],
      ['of a revoked family', ({ tokens, family }) => tokens.revoke(family, ending)],
    ])('rotates no token %s, and tells nothing', async (_name, spoil) => {
      const world = await withFamily()
      await spoil(world)
      const before = await world.tokens.find('first')
      expect(await world.tokens.rotate(rotationTo('second'))).toBe(false)
      expect(await world.tokens.rotate({ ...rotationTo('second'), handle: 'nobody' })).toBe(false)
      expect([await world.tokens.find('second'), await world.tokens.find('first')]).toEqual([undefined, before])
      expect(await world.realm.audit.list({ limit: 10 })).toEqual([])
    })

    test('rotates nothing where the trail cannot be written', async () => {
      const { tokens } = await withFamily()
      const rotation = rotationTo('second')
      const impossible = { ...rotation.trail, outcome: 'unheard of' as 'allowed' }
      await expect(tokens.rotate({ ...rotation, trail: impossible })).rejects.toThrow()
      expect((await tokens.find('first'))?.usedAt).toBeUndefined()
      expect(await tokens.find('second')).toBeUndefined()
    })

    test('finds no token of a revoked family and adds none to it', async () => {
      const { tokens, succeed, family, account } = await withFamily()
      await tokens.use('first', secondsAfter(10))
      await succeed('second', 'first')
      expect(await tokens.revoke(family, ending)).toBe(true)
      expect(await tokens.revoke(family, { at: secondsAfter(40), because: 'again' })).toBe(false)
      for (const handle of ['first', 'second']) {
        expect(await tokens.find(handle)).toBeUndefined()
        expect(await tokens.find(handle, { lock: true })).toBeUndefined()
      }
      expect(await succeed('third', 'second')).toBe(false)
      expect(await tokens.families(account.id)).toEqual([])
      expect(await tokens.family(family)).toMatchObject({ revokedAt: ending.at, revokedBecause: 'reuse' })
      expect(await tokens.revoke(FamilyId.of('a\0b'), ending)).toBe(false)
    })

    test('knows the browser session in which a family began, where it is told', async () => {
      const { tokens, account, client, family } = await withFamily()
      const born = { issuedAt: sampleTime, expiresAt: secondsAfter(600), familyEndsAt: secondsAfter(6000) }
      const of = { accountId: account.id, clientId: client.id, payload: {} }
      await tokens.start({ handle: 'b', familyId: FamilyId.of('born-in-one'), sessionId: 'sid-1', ...of, ...born })
      expect(await tokens.family(FamilyId.of('born-in-one'))).toMatchObject({ sessionId: 'sid-1' })
      expect(await tokens.family(family)).not.toHaveProperty('sessionId')
    })

    test('lists living families, most recently used first', async () => {
      const { tokens, account, start, succeed, family } = await withFamily()
      await start('other', FamilyId.of('other'), secondsAfter(5))
      expect((await tokens.families(account.id)).map(({ id }) => id)).toEqual(['other', family])
      await succeed('second', 'first', secondsAfter(50))
      expect((await tokens.families(account.id)).map(({ id }) => id)).toEqual([family, 'other'])
      opened().clock.now = secondsAfter(6000)
      expect(await tokens.families(account.id)).toEqual([])
    })

    test('revokes all of an account or of a client, and counts', async () => {
      const { tokens, account, client, start, family } = await withFamily()
      await start('other', FamilyId.of('other'))
      await tokens.revoke(family, ending)
      expect(await tokens.revokeByAccount(account.id, ending)).toBe(1)
      expect(await tokens.revokeByAccount(account.id, ending)).toBe(0)
      await start('third', FamilyId.of('third'))
      expect(await tokens.revokeByClient(client.id, ending)).toBe(1)
      expect(await tokens.find('third')).toBeUndefined()
    })

    test('starts nothing for a client that has been disabled meanwhile', async () => {
      const { realm, tokens, account, client, start } = await withFamily()
      await realm.clients.replace({ ...client, status: 'disabled' })
      await expect(start('late', FamilyId.of('late'))).rejects.toMatchObject({
        code: 'storage_unavailable',
        reason: 'contention',
      })
      expect(await tokens.find('late')).toBeUndefined()
      expect((await tokens.families(account.id)).map(({ id }) => id)).not.toContain('late')
    })

    test('never leaves a living successor behind a revocation that ran beside the rotation', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { tokens, succeed, family } = await withFamily()
        const rotate = opened().store.transaction(async () => {
          if ((await tokens.find('first', { lock: true })) === undefined) return
          await tokens.use('first', secondsAfter(10))
          await succeed('second', 'first')
        })
        await Promise.all([rotate, tokens.revoke(family, ending)])
        expect(await tokens.find('second')).toBeUndefined()
      }
    })

    test('keeps realms apart', async () => {
      const { account, client, family } = await withFamily()
      const { refreshTokens: other } = await opened().newRealm()
      expect(await other.find('first')).toBeUndefined()
      expect(await other.use('first', sampleTime)).toBe(false)
      expect(
        await other.succeed({ handle: 'x', predecessor: 'first', payload: {}, issuedAt: sampleTime, expiresAt: sampleTime }),
      ).toBe(false)
      expect(await other.family(family)).toBeUndefined()
      expect(await other.families(account.id)).toEqual([])
      expect(await other.revoke(family, ending)).toBe(false)
      expect(await other.revokeByAccount(account.id, ending)).toBe(0)
      expect(await other.revokeByClient(client.id, ending)).toBe(0)
      const foreign = {
        handle: 'y',
        familyId: FamilyId.of('y'),
        payload: {},
        issuedAt: sampleTime,
        expiresAt: sampleTime,
        familyEndsAt: sampleTime,
      }
      await expect(other.start({ ...foreign, accountId: account.id, clientId: client.id })).rejects.toThrow()
    })
  })
}
