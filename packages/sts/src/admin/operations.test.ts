/** What operations do to realms and accounts, and that every change leaves its trace or is not made. */
import { randomBytes } from 'node:crypto'
import { connect, createStore, migrate, StorageUnavailable } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AdminPorts } from './operation.ts'
import { operations } from './operations.ts'
import { openRealmStage, type RealmStage } from './testing/realm-stage.ts'

let at: RealmStage
beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  at = await openRealmStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})
afterAll(() => at.stage.store.close())
beforeEach(() => at.begin())

const call: RealmStage['call'] = (...given) => at.call(...given)
const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })

describe('realm', () => {
  test('is born with its domain, settings, a key that signs and the first policy', async () => {
    expect(await call('realm.show', { realm: at.domain() }, null)).toMatchObject({
      issuer: `https://login.contoso.com/${at.realm.id}`,
      status: 'active',
      settings: { authorizationCodeSeconds: 60 },
    })
    expect(await call('key.list')).toMatchObject([{ algorithm: 'RS256', stage: 'signing' }])
    expect(await call('policy.list')).toMatchObject([{ name: 'Everybody needs a second factor', mode: 'on' }])
    expect(await at.kept.audit.list({ limit: 9 })).toMatchObject([
      { event: 'admin.changed', actor: 'test', reference: 'ref', detail: { operation: 'realm.add', subject: at.domain() } },
    ])
  })

  test('refuses a domain that is taken and leaves nothing behind', async () => {
    const before = (await at.stage.store.realms.list()).length
    await expect(call('realm.add', { domain: at.domain().toUpperCase() }, null)).rejects.toEqual(refused('conflict'))
    expect(await at.stage.store.realms.list()).toHaveLength(before)
  })

  test.each(['contoso', 'a b.com', '-a.com', 'http://a.com', 'münchen.de', ''])('refuses %s as a domain', async (bad) => {
    await expect(call('realm.add', { domain: bad }, null)).rejects.toEqual(refused('invalid'))
  })

  test('changes settings within their limits', async () => {
    expect(await call('realm.change', { realm: at.realm.id, accessTokenSeconds: 600 }, null)).toMatchObject({
      settings: { accessTokenSeconds: 600, idTokenSeconds: 3600 },
    })
    await expect(call('realm.change', { realm: at.realm.id, authorizationCodeSeconds: 601 }, null)).rejects.toEqual(
      refused('invalid'),
    )
    await expect(call('realm.change', { realm: at.realm.id, refreshAbsoluteSeconds: 86_400 }, null)).rejects.toEqual(
      refused('invalid'),
    )
  })

  test('can be disabled and enabled again', async () => {
    await call('realm.disable', { realm: at.domain() }, null)
    expect((await at.stage.store.realms.find(at.realm.id))?.status).toBe('disabled')
    await call('realm.enable', { realm: at.domain() }, null)
    expect((await at.stage.store.realms.find(at.realm.id))?.status).toBe('active')
  })
})

describe('account', () => {
  test('gets a password that is shown once', async () => {
    const made = await at.mary()
    expect(made.password).toMatch(/^[a-z2-9]{6}(-[a-z2-9]{6}){3}$/)
    expect(JSON.stringify(await call('account.show', { account: `mary@${at.domain()}` }))).not.toContain(made.password)
    expect(await call('account.show', { account: made.id })).toMatchObject({ hasPassword: true, factors: [] })
  })

  test('is refused under a domain that the realm does not have', async () => {
    await expect(call('account.add', { upn: 'mary@fabrikam.com' })).rejects.toEqual(refused('invalid'))
  })

  test('has no address that the realm cannot vouch for: of another realm, or of a domain that nobody added', async () => {
    await call('realm.add', { domain: `other${at.number}.fabrikam.com` }, null)
    await at.mary()
    for (const foreign of [`joe@other${at.number}.fabrikam.com`, 'joe@example.org']) {
      for (const given of [{ address: foreign }, { furtherAddresses: [`j@${at.domain()}`, foreign.toUpperCase()] }]) {
        await expect(call('account.add', { upn: `joe@${at.domain()}`, ...given })).rejects.toEqual(refused('invalid'))
        await expect(call('account.change', { account: `mary@${at.domain()}`, ...given })).rejects.toEqual(refused('invalid'))
      }
    }
    const message = async (address: string) =>
      await call('account.change', { account: `mary@${at.domain()}`, address }).catch((error: Error) => error.message)
    expect(await message('joe@example.org')).toContain(`postern realm add-domain ${at.domain()} example.org`)
    expect(await message(`joe@other${at.number}.fabrikam.com`)).toContain('Another realm has')
    await call('realm.add-domain', { realm: at.domain(), domain: `further${at.number}.contoso.com` }, null)
    const grown = (await at.stage.store.realms.find(at.realm.id)) ?? at.realm
    const address = `mary@further${at.number}.contoso.com`
    expect(await call('account.change', { account: `mary@${at.domain()}`, address }, grown)).toMatchObject({ address })
  })

  test('is refused under a name or address that is taken', async () => {
    await at.mary()
    await expect(call('account.add', { upn: `MARY@${at.domain()}` })).rejects.toEqual(refused('conflict'))
    await call('account.add', { upn: `joe@${at.domain()}` })
    await expect(
      call('account.change', { account: `joe@${at.domain()}`, furtherAddresses: [`mary@${at.domain()}`] }),
    ).rejects.toEqual(refused('conflict'))
  })

  test.each(['account.disable', 'account.set-password', 'account.reset-factors', 'account.end-sessions'])(
    '%s ends its sessions and the sign-ins of its mail clients (R33, R43)',
    async (name) => {
      const account = await at.mary()
      const client = await call('client.add', { preset: 'thunderbird' })
      const family = await at.signIn(account.id, client.id)
      await call(name, { account: account.upn })
      const kept = at.kept
      expect((await kept.refreshTokens.family(family))?.revokedAt).toEqual(at.stage.now)
      expect(await kept.artifacts.removeByAccount(account.id)).toBe(0)
    },
  )

  test('set-password takes the given one, or makes one', async () => {
    const account = await at.mary()
    expect(await call('account.set-password', { account: account.upn, password: 'a good long one' })).toEqual({
      upn: account.upn,
    })
    expect((await call('account.set-password', { account: account.upn })).password).toBeTypeOf('string')
    await expect(call('account.set-password', { account: account.upn, password: 'short' })).rejects.toEqual(
      refused('password_refused'),
    )
  })

  test('a refused password changes nothing', async () => {
    const account = await at.mary()
    const client = await call('client.add', { preset: 'thunderbird' })
    const family = await at.signIn(account.id, client.id)
    const before = await at.trail()
    await expect(call('account.set-password', { account: account.upn, password: 'short' })).rejects.toEqual(
      refused('password_refused'),
    )
    expect((await at.kept.refreshTokens.family(family))?.revokedAt).toBeUndefined()
    expect(await at.trail()).toEqual(before)
  })

  test('change keeps what is left out', async () => {
    const account = await at.mary()
    expect(await call('account.change', { account: account.upn, groups: ['staff'] })).toMatchObject({
      displayName: 'Mary',
      groups: ['staff'],
      address: account.upn,
    })
  })

  test('is gone when removed', async () => {
    const account = await at.mary()
    await call('account.remove', { account: account.upn })
    await expect(call('account.show', { account: account.upn })).rejects.toEqual(refused('missing'))
  })

  test('is not found in another realm', async () => {
    const account = await at.mary()
    await call('realm.add', { domain: `other${at.number}.contoso.com` }, null)
    const other = await at.stage.store.realms.findByDomain(`other${at.number}.contoso.com`)
    await expect(call('account.show', { account: account.id }, other ?? null)).rejects.toEqual(refused('missing'))
  })
})

test('a change that cannot be recorded is not made (R133)', async () => {
  at.ports = { ...at.stage.ports, recordChange: () => Promise.reject(new TypeError('the audit log is full')) }
  await expect(at.mary()).rejects.toThrow('the audit log is full')
  await expect(call('account.show', { account: `mary@${at.domain()}` })).rejects.toEqual(refused('missing'))
})

test.each([3, 4])('a change that gives way %i times is begun again from the start, three times at most', async (times) => {
  let left = times
  const recordChange: AdminPorts['recordChange'] = (...given) =>
    left-- > 0 ? Promise.reject(new StorageUnavailable('contention')) : at.stage.ports.recordChange(...given)
  at.ports = { ...at.stage.ports, recordChange }
  if (times > 3) await expect(at.mary()).rejects.toThrow(StorageUnavailable)
  else expect((await at.mary()).password).toBeTypeOf('string')
})

test('every change is recorded, and nothing that only reads', async () => {
  const before = await at.trail()
  for (const name of ['realm.list', 'account.list', 'client.list', 'resource.list', 'key.list', 'policy.list', 'audit.list'])
    await call(name)
  expect(await at.trail()).toEqual(before)
  const verbs = new Set(operations.filter(({ changes: changing }) => !changing).map(({ verb }) => verb.replace(/^.*-/, '')))
  expect([...verbs].toSorted()).toEqual(['export', 'list', 'registered', 'show', 'status', 'tokens', 'try', 'write'])
})
