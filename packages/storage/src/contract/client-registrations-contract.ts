import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ClientId, FamilyId } from '../identifiers.ts'
import type { ClientInvitation, Room } from '../ports/client-registrations.ts'
import type { OpenBackend } from './backend.ts'
import { sampleClient, sampleTime, secondsAfter, someBytes } from './samples.ts'

const day = 86_400
const plenty: Room = { atMost: 100, replaceableBefore: sampleTime }

const sampleInvitation = (own: Partial<ClientInvitation> = {}): ClientInvitation => ({
  id: randomUUID(),
  digest: someBytes(32),
  label: 'For the phones\0',
  clients: 3,
  clientsLeft: 3,
  createdAt: sampleTime,
  createdBy: 'root',
  expiresAt: secondsAfter(day),
  ...own,
})

export function clientRegistrationsContract(opened: () => OpenBackend): void {
  const registering = async () => {
    const realm = await opened().newRealm()
    const register = async (own: { invitationId?: string; after?: number; room?: Room } = {}) => {
      const client = sampleClient({ selfRegistered: true })
      const { invitationId, after = 0, room = plenty } = own
      const registration = {
        tokenDigest: someBytes(32),
        registeredAt: secondsAfter(after),
        ...(invitationId === undefined ? {} : { invitationId }),
      }
      return { client, registration, outcome: await realm.clientRegistrations.add(client, registration, room) }
    }
    return { ...realm, register }
  }

  describe('client registrations', () => {
    test('give back a client that registered itself, and how it came', async () => {
      const { clients, clientRegistrations, register } = await registering()
      const open = await register()
      const invited = await register({ invitationId: 'i' })
      expect([open.outcome, invited.outcome]).toEqual(['added', 'added'])
      expect(await clients.find(open.client.id)).toEqual(open.client)
      expect((await clients.findWithCredentials(open.client.id))?.client.selfRegistered).toBe(true)
      expect(await clientRegistrations.find(open.client.id)).toEqual({ clientId: open.client.id, ...open.registration })
      const listed = await clientRegistrations.list({ limit: 10 })
      expect(listed.map(({ clientId }) => clientId)).toEqual([open.client.id, invited.client.id].toSorted())
      expect(await clientRegistrations.list({ limit: 10, after: listed.at(-1)?.clientId ?? '' })).toEqual([])
      expect(await clientRegistrations.noteUse(open.client.id, secondsAfter(5))).toBe(true)
      expect(await clientRegistrations.find(open.client.id)).toMatchObject({ usedAt: secondsAfter(5) })
      await clients.remove(open.client.id)
      expect(await clientRegistrations.find(open.client.id)).toBeUndefined()
    })

    test('miss on ids that nobody has, and on clients of administrators and of other realms', async () => {
      const { clients, clientRegistrations, register } = await registering()
      const other = await registering()
      const own = sampleClient()
      await clients.add(own)
      const foreign = (await other.register()).client.id
      for (const id of [own.id, foreign, ClientId.of(''), ClientId.of('a\0b')]) {
        expect(await clientRegistrations.find(id)).toBeUndefined()
        expect(await clientRegistrations.noteUse(id, sampleTime)).toBe(false)
      }
      await register()
      expect(await clientRegistrations.list({ limit: 10 })).toHaveLength(1)
      expect(await clientRegistrations.list({ limit: 10, after: 'a\0' })).toEqual([])
    })

    test('leave no more unused ones than there is room for, of any number that come at once', async () => {
      const { clientRegistrations, register } = await registering()
      const room = { atMost: 3, replaceableBefore: sampleTime }
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => register({ room })))
      expect(outcomes.filter(({ outcome }) => outcome === 'added')).toHaveLength(3)
      expect(await clientRegistrations.list({ limit: 10 })).toHaveLength(3)
      expect((await register({ room, invitationId: 'i' })).outcome).toBe('added')
      const [{ client } = {}] = outcomes.filter(({ outcome }) => outcome === 'added')
      await clientRegistrations.noteUse(client?.id ?? ClientId.of(''), sampleTime)
      expect((await register({ room })).outcome).toBe('added')
      expect((await register({ room })).outcome).toBe('full')
    })

    test('let the oldest unused one make room, when it is old enough', async () => {
      const { clients, clientRegistrations, register } = await registering()
      const used = await register()
      await clientRegistrations.noteUse(used.client.id, sampleTime)
      const invited = await register({ invitationId: 'i' })
      const [old, young] = [await register({ after: 1 }), await register({ after: 2 })]
      const room = { atMost: 2, replaceableBefore: secondsAfter(2) }
      const next = await register({ after: 3, room })
      expect(next.outcome).toBe('added')
      expect((await register({ after: 4, room })).outcome).toBe('full')
      const there = await Promise.all([used, invited, old, young, next].map(({ client }) => clients.find(client.id)))
      expect(there.map((one) => one !== undefined)).toEqual([true, true, false, true, true])
    })

    test('go when nobody has signed in with them for a month, unless they were invited or a sign-in lives', async () => {
      const { store } = opened()
      const { clients, clientRegistrations, refreshTokens, register } = await registering()
      const [unused, used, held, revoked, invited] = [
        await register(),
        await register(),
        await register(),
        await register(),
        await register({ invitationId: 'i' }),
      ]
      await clientRegistrations.noteUse(used.client.id, secondsAfter(day))
      for (const { client } of [held, revoked])
        await refreshTokens.start({
          handle: randomUUID(),
          familyId: FamilyId.of(randomUUID()),
          clientId: client.id,
          payload: {},
          issuedAt: sampleTime,
          expiresAt: secondsAfter(400 * day),
          familyEndsAt: secondsAfter(400 * day),
        })
      await refreshTokens.revokeByClient(revoked.client.id, { at: sampleTime, because: 'tried' })
      const living = async () => {
        const found = await Promise.all([unused, used, held, revoked, invited].map(({ client }) => clients.find(client.id)))
        return found.map((one) => one !== undefined)
      }
      await store.removeExpired(secondsAfter(30 * day - 1), 100)
      expect(await living()).toEqual([true, true, true, true, true])
      await store.removeExpired(secondsAfter(30 * day), 100)
      expect(await living()).toEqual([false, true, true, false, true])
      await store.removeExpired(secondsAfter(31 * day), 100)
      expect(await living()).toEqual([false, false, true, false, true])
      await store.removeExpired(secondsAfter(401 * day), 100)
      expect(await living()).toEqual([false, false, false, false, true])
    })
  })

  describe('invitations', () => {
    test('are found by their digest while they are good for a client more', async () => {
      const { clientRegistrations } = await registering()
      const invitation = sampleInvitation({ clientsLeft: 1 })
      await clientRegistrations.invite(invitation)
      const kept = { ...invitation, label: 'For the phones\uFFFD' }
      expect(await clientRegistrations.invitations()).toEqual([kept])
      expect(await clientRegistrations.findInvitation(invitation.digest, sampleTime)).toEqual(kept)
      expect(await clientRegistrations.findInvitation(new Uint8Array(32), sampleTime)).toBeUndefined()
      expect(await clientRegistrations.findInvitation(invitation.digest, invitation.expiresAt)).toBeUndefined()
      const other = await registering()
      expect(await other.clientRegistrations.findInvitation(invitation.digest, sampleTime)).toBeUndefined()
      expect(await other.clientRegistrations.spend(invitation.id, sampleTime)).toBe(false)
      expect(await clientRegistrations.spend(invitation.id, invitation.expiresAt)).toBe(false)
      expect(await clientRegistrations.spend(invitation.id, sampleTime)).toBe(true)
      expect(await clientRegistrations.findInvitation(invitation.digest, sampleTime)).toBeUndefined()
      expect(await other.clientRegistrations.removeInvitation(invitation.id)).toBe(false)
      expect(await clientRegistrations.removeInvitation(invitation.id)).toBe(true)
      for (const id of [invitation.id, 'a\0b']) {
        expect(await clientRegistrations.removeInvitation(id)).toBe(false)
        expect(await clientRegistrations.spend(id, sampleTime)).toBe(false)
      }
    })

    test('are used as often as they say, of any number at once', async () => {
      const { clientRegistrations } = await registering()
      const invitation = sampleInvitation()
      await clientRegistrations.invite(invitation)
      const spent = await Promise.all(Array.from({ length: 8 }, () => clientRegistrations.spend(invitation.id, sampleTime)))
      expect(spent.filter(Boolean)).toHaveLength(3)
    })

    test('are shown for a month after their end', async () => {
      const { store } = opened()
      const { clientRegistrations } = await registering()
      await clientRegistrations.invite(sampleInvitation())
      await store.removeExpired(secondsAfter(31 * day - 1), 100)
      expect(await clientRegistrations.invitations()).toHaveLength(1)
      await store.removeExpired(secondsAfter(31 * day), 100)
      expect(await clientRegistrations.invitations()).toEqual([])
    })
  })
}
