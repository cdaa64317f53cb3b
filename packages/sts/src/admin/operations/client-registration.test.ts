/** What operations do about apps that register themselves. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type ClientId, connect, createStore, migrate } from '@postern/storage'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEVICE_GRANT, parseClientMetadata } from '../../protocol/registration/client-metadata.ts'
import { RegistrationRefused } from '../../protocol/registration/errors.ts'
import { checkClient } from '../client-rules.ts'
import { openRealmStage, type RealmStage, start } from '../testing/realm-stage.ts'

let at: RealmStage
beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  at = await openRealmStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})
afterAll(() => at.stage.store.close())
beforeEach(() => at.begin())

const call = async (name: string, input?: Record<string, unknown>, within?: null) => {
  const given: unknown = await at.call(name, input, within)
  return given as Readonly<Record<string, unknown>> & readonly Readonly<Record<string, unknown>>[]
}
const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })
const native = { client_name: 'Mail', redirect_uris: ['http://localhost'], token_endpoint_auth_method: 'none' }

const register = async (own: { isInvited?: boolean; minutes?: number } = {}): Promise<ClientId> => {
  const { isInvited = false, minutes = 0 } = own
  const { client } = parseClientMetadata(JSON.stringify(native), { isInvited, resources: await at.kept.resources.list() })
  const registeredAt = at.fromNow(minutes * 60)
  const id = randomUUID() as string as ClientId // a brand has no runtime part
  const terms = { id, status: 'active', pkce: 'required', consent: 'explicit', selfRegistered: true } as const
  await at.kept.clientRegistrations.add(
    { ...client, ...terms, createdAt: registeredAt, updatedAt: registeredAt },
    { tokenDigest: randomBytes(32), registeredAt, ...(isInvited ? { invitationId: 'i' } : {}) },
    { atMost: 10, replaceableBefore: start },
  )
  return id
}

describe('the realm', () => {
  test('is closed to apps until it is told otherwise, and closed again by off', async () => {
    const change = (clientRegistration?: string) =>
      call('realm.change', { realm: at.domain(), ...(clientRegistration ? { clientRegistration } : {}) }, null)
    const modeOf = ({ settings }: Awaited<ReturnType<typeof change>>) =>
      (settings as { clientRegistration?: string }).clientRegistration
    expect(modeOf(await change())).toBeUndefined()
    expect(modeOf(await change('open'))).toBe('open')
    expect(modeOf(await change())).toBe('open')
    expect(modeOf(await change('off'))).toBeUndefined()
    await expect(change('everybody')).rejects.toEqual(refused('invalid'))
  })
})

describe('a registration token', () => {
  test('is shown once, counted, and listed without itself', async () => {
    const made = await call('client.registration-token', { label: 'phones', clients: 5, hours: 2 })
    expect(made).toMatchObject({
      token: expect.stringMatching(/^[\w-]{43}$/),
      clients: 5,
      expiresAt: at.fromNow(7200).toISOString(),
    })
    const listed = await call('client.list-registration-tokens')
    expect(listed).toEqual([
      expect.objectContaining({ id: made.id, label: 'phones', clients: 5, clientsLeft: 5, createdBy: 'test' }),
    ])
    expect(JSON.stringify([listed, await at.trail()])).not.toContain(made.token)
    await call('client.remove-registration-token', { token: made.id })
    await expect(call('client.remove-registration-token', { token: made.id })).rejects.toEqual(refused('missing'))
  })
})

describe('registered clients', () => {
  test('are listed with how they came and when they were used, and show that they registered themselves', async () => {
    await call('client.add', { displayName: 'Ours', redirectUris: ['http://localhost'] })
    const [open, invited] = [await register(), await register({ isInvited: true })]
    await at.kept.clientRegistrations.noteUse(open, start)
    const listed = await call('client.list-registered')
    expect(listed).toHaveLength(2)
    expect(listed).toContainEqual({
      id: open,
      displayName: 'Mail',
      registeredAt: start.toISOString(),
      usedAt: start.toISOString(),
    })
    expect(listed).toContainEqual({ id: invited, displayName: 'Mail', registeredAt: start.toISOString(), invitation: 'i' })
    expect(await call('client.show', { client: open })).toMatchObject({ selfRegistered: true, consent: 'explicit' })
    await call('client.remove', { client: open })
    expect(await call('client.list-registered')).toHaveLength(1)
  })

  test('are removed when nobody has signed in with them for so long, and no others', async () => {
    const ours = await call('client.add', { displayName: 'Ours', redirectUris: ['http://localhost'] })
    const { id: account } = await at.mary()
    const [old, used, young] = [await register(), await register(), await register({ minutes: 60 * 24 })]
    await at.kept.clientRegistrations.noteUse(used, at.fromNow(86_400))
    const family = await at.signIn(account, old)
    at.stage.now = at.fromNow(30 * 86_400)
    expect(await call('client.remove-registered')).toEqual({ removed: 1 })
    expect(await at.kept.clients.find(old)).toBeUndefined()
    expect(await at.kept.refreshTokens.family(family)).toBeUndefined()
    for (const id of [used, young, ours.id as ClientId]) expect(await at.kept.clients.find(id)).toBeDefined()
    expect(await call('client.remove-registered', { days: 0 })).toEqual({ removed: 2 })
    expect(await at.kept.clients.find(ours.id as ClientId)).toBeDefined()
  })

  test('lose a resource when it is closed to them, and what they hold there, and nobody else does', async () => {
    const audience = 'https://mail.contoso.com/'
    await call('resource.add', { audience, scopes: ['Mail.Read'] })
    const { id: account } = await at.mary()
    expect((await at.kept.clients.find(await register()))?.access).toEqual([])
    expect(await call('resource.change', { resource: audience, openToRegistered: true })).toMatchObject({
      openToRegistered: true,
    })
    expect(await call('resource.change', { resource: audience, displayName: 'Mail' })).toMatchObject({ openToRegistered: true })
    const app = await register()
    expect((await at.kept.clients.find(app))?.access).toMatchObject([{ scopes: ['Mail.Read'] }])
    const ours = await call('client.add', { displayName: 'Ours', redirectUris: ['http://localhost'] })
    await call('client.grant', { client: ours.id, resource: audience })
    const [theirs, kept] = [await at.signIn(account, app), await at.signIn(account, String(ours.id))]
    expect(await call('resource.change', { resource: audience, openToRegistered: false })).toMatchObject({
      openToRegistered: false,
    })
    expect((await at.kept.clients.find(app))?.access).toEqual([])
    expect((await at.kept.clients.find(ours.id as ClientId))?.access).toHaveLength(1)
    expect((await at.kept.refreshTokens.family(theirs))?.revokedAt).toBeDefined()
    expect((await at.kept.refreshTokens.family(kept))?.revokedAt).toBeUndefined()
  })
})

test('whatever an app registers, an administrator could have registered', () => {
  const some = fc.record(
    {
      client_name: fc.oneof(fc.constant('Mail'), fc.string({ maxLength: 70 })),
      redirect_uris: fc.subarray(['http://localhost', 'com.example.mail:/cb', 'https://app.example/cb', 'http://evil.example/']),
      post_logout_redirect_uris: fc.array(fc.constantFrom('https://app.example/bye', 'com.example.mail:/bye')),
      application_type: fc.constantFrom('native', 'web'),
      token_endpoint_auth_method: fc.constantFrom('none', 'client_secret_basic', 'client_secret_post'),
      grant_types: fc.subarray(['authorization_code', 'refresh_token', DEVICE_GRANT, 'client_credentials']),
    },
    { requiredKeys: ['client_name', 'redirect_uris'] },
  )
  let taken = 0
  fc.assert(
    fc.property(some, fc.boolean(), (asked, isInvited) => {
      let client: ReturnType<typeof parseClientMetadata>['client']
      try {
        client = parseClientMetadata(JSON.stringify(asked), { isInvited, resources: [] }).client
      } catch (error) {
        expect(error).toBeInstanceOf(RegistrationRefused)
        return
      }
      taken += 1
      const id = 'id' as ClientId // a brand has no runtime part
      const terms = { id, status: 'active', pkce: 'required', consent: 'explicit', createdAt: start, updatedAt: start } as const
      expect(checkClient({ ...client, ...terms })).toMatchObject({ redirectUris: client.redirectUris })
    }),
    { numRuns: 1500 },
  )
  expect(taken).toBeGreaterThan(20)
})
