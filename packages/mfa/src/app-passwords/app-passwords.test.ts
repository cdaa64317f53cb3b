import { type AccountId, type AppPassword, RealmId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSecretMemory } from '../secret-memory/secret-memory.ts'
import { openWorkbench, type Workbench } from '../testing/workbench.ts'
import {
  type AppPasswords,
  type AppPasswordTry,
  createAppPasswords,
  mostAppPasswords,
  type NewAppPassword,
  parseAppPassword,
} from './app-passwords.ts'

let bench: Workbench
let accountId: AccountId
let appPasswords: AppPasswords
let checks = 0

/** Costs nothing; what is tested here is when it is asked. */
const hashing = {
  hash: async (secret: string) => `hash of ${Buffer.from(secret).toString('hex')} ${bench.newId()}`,
  verify: async (stored: string, secret: string) => {
    checks += 1
    return stored.startsWith(`hash of ${Buffer.from(secret).toString('hex')} `) ? ('right' as const) : ('wrong' as const)
  },
}
const build = (own: { random?: Workbench['random'] } = {}) =>
  createAppPasswords({
    ...{ ...bench, ...own, clock: bench.clock, hashing },
    memory: createSecretMemory({ clock: bench.clock, key: new Uint8Array(32) }),
    isInNetworks: (networks, source) => source !== undefined && networks.includes(source),
  })

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
})
afterAll(() => bench.close())
beforeEach(async () => {
  accountId = await bench.newAccount()
  appPasswords = build()
  checks = 0
})

const create = async (own: Partial<NewAppPassword> = {}) => {
  const wanted = {
    accountId,
    label: 'Old phone',
    protocols: ['imap', 'smtp'],
    networks: [],
    bindsToFirstApp: false,
    createdBy: 'owner',
  }
  const made = await appPasswords.create(bench.realm, { ...wanted, ...own })
  if (made.outcome !== 'created') throw new TypeError(`not created but ${made.outcome}`)
  const password = (await bench.realm.appPasswords.list(accountId)).find(({ id }) => id === made.id)
  if (password === undefined) throw new TypeError('it is not kept')
  return { ...made, password, typed: parseAppPassword(made.secret) ?? '' }
}
const verify = (password: AppPassword, secret: string, own: Partial<AppPasswordTry> = {}) =>
  appPasswords.verify(bench.realm, { password, secret, protocol: 'imap', ...own })
const another = (secret: string) => secret.slice(1) + (secret.endsWith('z') ? 'y' : 'z')

describe('an app password', () => {
  test('is shown once, kept as a hash and a look-up, and found by its owner\u2019s name and itself', async () => {
    const { id, secret, password, typed } = await create()
    expect(secret).toMatch(/^(?:[a-z2-9]{4}-){4}[a-z2-9]{4}$/)
    expect(password).toMatchObject({ id, accountId, protocols: ['imap', 'smtp'], createdAt: bench.clock(), createdBy: 'owner' })
    expect(password.lookup).toBe(appPasswords.lookupOf(bench.realm.realmId, typed))
    expect(password.lookup).toMatch(/^[\w-]{12}$/)
    expect(JSON.stringify(password)).not.toContain(typed)
    const told = await appPasswords.list(bench.realm, accountId)
    expect(told).toMatchObject([{ id, label: 'Old phone' }])
    expect(Object.keys(told[0] ?? {})).not.toEqual(expect.arrayContaining(['hash']))
    expect(Object.keys(told[0] ?? {})).not.toEqual(expect.arrayContaining(['lookup']))
  })

  test('is right, and the second time without a hash', async () => {
    const { password, typed } = await create()
    expect(await verify(password, typed)).toEqual({ outcome: 'right', isRemembered: false })
    for (let count = 0; count < 20; count += 1)
      expect(await verify(password, typed)).toEqual({ outcome: 'right', isRemembered: true })
    expect(checks).toBe(1)
    bench.seconds += 300
    expect(await verify(password, typed)).toMatchObject({ outcome: 'right' })
    expect(checks).toBe(2)
  })

  test('on thirty connections at once is one hash', async () => {
    const { password, typed } = await create()
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => verify(password, typed)))
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['right']))
    expect(checks).toBe(1)
  })

  test('that was right is wrong as soon as its row holds another hash', async () => {
    const { password, typed } = await create()
    const { password: later } = await create()
    expect(await verify(password, typed)).toMatchObject({ outcome: 'right' })
    expect(await verify({ ...password, hash: later.hash }, typed)).toEqual({ outcome: 'wrong' })
  })

  test('that is another one is wrong each time, is never counted, and never makes the right one wrong', async () => {
    const { password, typed } = await create()
    for (let count = 0; count < 60; count += 1) expect(await verify(password, another(typed))).toEqual({ outcome: 'wrong' })
    expect(checks).toBe(60)
    expect(await bench.realm.attempts.find({ subject: `account:${accountId}`, method: 'app-password' })).toBeUndefined()
    expect(await verify(password, typed)).toMatchObject({ outcome: 'right' })
  })

  test('is told to be over, or for something else, only to who has the secret', async () => {
    const expiresAt = new Date(bench.clock().getTime() + 60_000)
    const { password, typed } = await create({ networks: ['192.0.2.0/24'], expiresAt })
    const at = { source: '192.0.2.0/24' }
    expect(await verify(password, typed, at)).toMatchObject({ outcome: 'right' })
    expect(await verify(password, typed, { ...at, protocol: 'pop' })).toEqual({ outcome: 'scope', because: 'protocol' })
    expect(await verify(password, typed, { source: '198.51.100.1' })).toEqual({ outcome: 'scope', because: 'network' })
    expect(await verify(password, typed)).toEqual({ outcome: 'scope', because: 'network' })
    bench.seconds += 60
    expect(await verify(password, typed, { protocol: 'pop' })).toEqual({ outcome: 'expired' })
    for (const own of [at, { ...at, protocol: 'pop' }, {}])
      expect(await verify(password, another(typed), own)).toEqual({ outcome: 'wrong' })
  })

  test('that belongs to an app opens nothing for another one, or for one that is not known', async () => {
    const { password, typed } = await create({ bindsToFirstApp: true })
    expect(await verify(password, typed)).toMatchObject({ outcome: 'right' })
    const bound = { ...password, mailAppId: 'phone' }
    expect(await verify(bound, typed, { app: 'phone' })).toMatchObject({ outcome: 'right' })
    expect(await verify(bound, typed, { app: 'tablet' })).toEqual({ outcome: 'scope', because: 'app' })
    expect(await verify(bound, typed)).toEqual({ outcome: 'scope', because: 'app' })
  })

  test('is taken back alone or with the others, and only from its own account', async () => {
    const { id } = await create()
    await create()
    await create()
    const other = await bench.newAccount()
    expect(await appPasswords.revoke(bench.realm, other, id)).toBe(false)
    expect(await appPasswords.revoke(bench.realm, accountId, id)).toBe(true)
    expect(await appPasswords.revoke(bench.realm, accountId, id)).toBe(false)
    expect(await appPasswords.revokeAll(bench.realm, other)).toBe(0)
    expect(await appPasswords.revokeAll(bench.realm, accountId)).toBe(2)
    expect(await appPasswords.list(bench.realm, accountId)).toEqual([])
  })

  test('is one of twenty; one that is over makes room', async () => {
    const soon = new Date(bench.clock().getTime() + 1000)
    await create({ expiresAt: soon })
    for (let count = 1; count < mostAppPasswords; count += 1) await create()
    const wanted = { accountId, label: 'One more', protocols: ['imap'], networks: [], bindsToFirstApp: false, createdBy: 'owner' }
    expect(await appPasswords.create(bench.realm, wanted)).toEqual({ outcome: 'full' })
    bench.seconds += 1
    expect(await appPasswords.create(bench.realm, wanted)).toMatchObject({ outcome: 'created' })
    expect(await appPasswords.create(bench.realm, wanted)).toEqual({ outcome: 'full' })
  })

  test('is drawn anew where the first draw is taken, and never from a generator that repeats itself', async () => {
    let draws = 0
    const random = (bytes: number) => {
      draws += 1
      return new Uint8Array(bytes).fill(draws < 3 ? 1 : 2)
    }
    appPasswords = build({ random })
    const secrets = [(await create()).secret, (await create()).secret]
    expect(new Set(secrets).size).toBe(2)
    appPasswords = build({ random: (bytes) => new Uint8Array(bytes).fill(1) })
    await expect(create()).rejects.toThrow(TypeError)
  })

  test('of one realm has another look-up than the same secret in another realm', () => {
    const { realmId } = bench.realm
    const elsewhere = RealmId.of('00000000-0000-4000-8000-00000000beef')
    const lookups = [
      appPasswords.lookupOf(realmId, 'abcdefghjkmnpqrstvwx'),
      appPasswords.lookupOf(realmId, 'abcdefghjkmnpqrstvwy'),
      appPasswords.lookupOf(elsewhere, 'abcdefghjkmnpqrstvwx'),
    ]
    expect(new Set(lookups).size).toBe(3)
  })
})

describe('misuse', () => {
  test.each<[string, Partial<NewAppPassword>]>([
    ['without a label', { label: ' ' }],
    ['without a protocol', { protocols: [] }],
    ['that is over at once', { expiresAt: new Date(0) }],
  ])('is a TypeError: an app password %s', async (_what, own) => {
    await expect(create(own)).rejects.toThrow(TypeError)
  })

  test('is a TypeError: a secret as somebody typed it', async () => {
    const { password, secret } = await create()
    await expect(verify(password, secret)).rejects.toThrow(TypeError)
  })
})
