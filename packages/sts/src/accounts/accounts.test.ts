import { createHmac } from 'node:crypto'
import { createAttemptGate } from '@postern/mfa'
import { type Account, AccountId, type RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccounts, createHashing, createHashQueue, Overloaded } from './accounts.ts'
import type { HashQueue } from './hash-queue.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
let seconds = 0
const clock = () => new Date(start + seconds * 1000)
const cheap = { memoryKibibytes: 64, passes: 1, lanes: 1 }

/** Counts the hashes, and can be full. */
let hashes = 0
let isFull = false
const queue: HashQueue = (() => {
  const real = createHashQueue({ clock })
  return {
    run: async (work, source) => {
      if (isFull) throw new Overloaded(5)
      hashes += 1
      return real.run(work, source)
    },
  }
})()
const gate = createAttemptGate({ clock })
const names = (name: string) => createHmac('sha256', 'key of the test').update(name).digest('base64url')
const guesses = (subject: string, typed: string) =>
  createHmac('sha256', 'another key').update(`${subject}\0${typed}`).digest('base64url')
const hashing = createHashing({ queue, parameters: cheap })
const accounts = createAccounts({ gate, hashing, clock, names, guesses })

const password = 'correct horse battery'
let opened: OpenBackend
let realm: RealmStore
let mary: Account
let people = 0

beforeAll(async () => {
  opened = await pglite.open()
  realm = await opened.newRealm()
})
afterAll(() => opened.close())

beforeEach(async () => {
  seconds = 0
  isFull = false
  mary = await newAccount()
  expect(await accounts.setPassword(realm, mary.id, password)).toBe('set')
  hashes = 0
})

async function newAccount(): Promise<Account> {
  people += 1
  const account = sampleAccount({
    upn: `mary${people}@contoso.com`,
    address: `mary.major${people}@contoso.com`,
    furtherAddresses: [`info${people}@contoso.com`],
    displayName: 'Mary Major',
  })
  expect(await realm.accounts.add(account)).toBe('added')
  return account
}
/** No two of them are equal: equal ones are counted once, see distinct-wrong-passwords.test.ts. */
let mistakes = 0
const wrongPassword = () => {
  mistakes += 1
  return `wrong password ${mistakes}`
}
const signIn = (name: string, typed: string) => accounts.signIn(realm, { name, password: typed })

describe('a person', () => {
  test('is known by the UPN and by every address, in any case and with spaces around', async () => {
    for (const name of [mary.upn, mary.upn.toUpperCase(), ` ${mary.upn} `, mary.address, ...mary.furtherAddresses]) {
      expect(await signIn(name, password)).toEqual({ outcome: 'proved', account: mary })
    }
  })

  test('who mistypes is told how many attempts are left, and all names share them', async () => {
    expect(await signIn(mary.upn, wrongPassword())).toEqual({ outcome: 'wrong', attemptsLeft: 4, accountId: mary.id })
    expect(await signIn(mary.address, wrongPassword())).toEqual({ outcome: 'wrong', attemptsLeft: 3, accountId: mary.id })
    expect(await signIn(mary.upn, password)).toMatchObject({ outcome: 'proved' })
    expect(await signIn(mary.upn, wrongPassword())).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
  })

  test('is throttled after five wrong passwords, without a hash being made, and only for a time', async () => {
    for (let count = 0; count < 5; count++) await signIn(mary.upn, wrongPassword())
    hashes = 0
    expect(await signIn(mary.upn, password)).toEqual({
      outcome: 'throttled',
      until: new Date(start + 30_000),
      accountId: mary.id,
    })
    expect(hashes).toBe(0)
    seconds = 30
    expect(await signIn(mary.upn, password)).toMatchObject({ outcome: 'proved' })
  })

  test('of 100 guesses at once sees five evaluated', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => signIn(mary.upn, wrongPassword())))
    expect(outcomes.filter(({ outcome }) => outcome === 'wrong')).toHaveLength(5)
    expect(hashes).toBe(5)
  })

  test('gets a newer hash at the next sign-in when the parameters have changed', async () => {
    const stronger = createHashing({ queue, parameters: { ...cheap, passes: 2 } })
    const later = createAccounts({ gate, hashing: stronger, clock, names, guesses })
    expect(await later.signIn(realm, { name: mary.upn, password })).toMatchObject({ outcome: 'proved' })
    const kept = await realm.passwords.find(mary.id)
    expect(kept?.hash).toContain('m=64,t=2,p=1')
    expect(await later.signIn(realm, { name: mary.upn, password })).toMatchObject({ outcome: 'proved' })
    expect((await realm.passwords.find(mary.id))?.hash).toBe(kept?.hash)
  })

  test('is signed in with the old hash when there is no time for a newer one', async () => {
    const stronger = createHashing({ queue, parameters: { ...cheap, passes: 2 } })
    const busy = { ...stronger, hash: () => Promise.reject(new Overloaded(5)) }
    const later = createAccounts({ gate, hashing: busy, clock, names, guesses })
    expect(await later.signIn(realm, { name: mary.upn, password })).toMatchObject({ outcome: 'proved' })
    expect((await realm.passwords.find(mary.id))?.hash).toContain('m=64,t=1,p=1')
  })

  test('loses no attempt when too many others wait', async () => {
    isFull = true
    for (let count = 0; count < 20; count++) await expect(signIn(mary.upn, wrongPassword())).rejects.toThrow(Overloaded)
    isFull = false
    expect(await signIn(mary.upn, wrongPassword())).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
  })
})

describe('nobody can tell', () => {
  /** Everything that is seen from outside of eight attempts, and the work that each cost. Whose it was is for the audit trail. */
  async function seen(name: string, typed?: string) {
    const story = []
    for (let count = 0; count < 8; count++) {
      hashes = 0
      const { accountId: _, ...outcome } = { accountId: undefined, ...(await signIn(name, typed ?? `wrong password ${count}`)) }
      story.push({ ...outcome, hashes })
      seconds += 7
    }
    return story
  }

  test.each<[string, () => Promise<string>, string | undefined]>([
    ['a name that nobody has', async () => 'nobody@contoso.com', undefined],
    [
      'a disabled account, even by its password',
      async () => {
        await realm.accounts.replace({ ...mary, status: 'disabled' })
        return mary.upn
      },
      password,
    ],
    ['an account without a password', async () => (await newAccount()).upn, undefined],
    ['a name that is no address', async () => '\0\ud800 or 1=1', undefined],
    ['an empty name', async () => '', undefined],
    ['a name of a megabyte', async () => 'x'.repeat(1_000_000), undefined],
  ])('a wrong password from %s', async (_name, prepare, typed) => {
    const known = await seen((await newUser()).upn, typed === undefined ? undefined : 'wrong password')
    const name = await prepare()
    seconds = 0
    expect(await seen(name, typed)).toEqual(known)
  })

  async function newUser() {
    const account = await newAccount()
    await accounts.setPassword(realm, account.id, password)
    seconds = 0
    return account
  }

  test('how long a wrong password was', async () => {
    for (const typed of ['', 'x', 'x'.repeat(1001), 'x'.repeat(1_000_000)]) {
      const account = await newUser()
      hashes = 0
      expect(await signIn(account.upn, typed)).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
      expect(hashes).toBe(1)
    }
  })

  test('from what is kept which names were typed', async () => {
    await signIn('typed-canary@contoso.com', 'wrong password')
    expect(await realm.attempts.find({ subject: `name:${names('typed-canary@contoso.com')}`, method: 'password' })).toMatchObject(
      {
        consecutive: 1,
      },
    )
  })
})

describe('whose password it was', () => {
  test('is told of everybody who has an account, and of nobody else', async () => {
    const disabled = await newAccount()
    await realm.accounts.replace({ ...disabled, status: 'disabled' })
    const without = await newAccount()
    for (const { id, upn, address } of [mary, disabled, without]) {
      expect(await signIn(upn, 'wrong password')).toMatchObject({ outcome: 'wrong', accountId: id })
      expect(await signIn(address, 'wrong password')).toMatchObject({ outcome: 'wrong', accountId: id })
    }
    expect(await signIn('nobody@contoso.com', 'wrong password')).not.toHaveProperty('accountId')
    for (let count = 0; count < 4; count++) await signIn(mary.upn, wrongPassword())
    expect(await signIn(mary.upn, password)).toMatchObject({ outcome: 'throttled', accountId: mary.id })
  })
})

describe('a source', () => {
  const attempt = (source: string, name: string, typed: string) => accounts.signIn(realm, { name, password: typed, source })
  let invented = 0
  const wrongFrom = (source: string) => {
    invented += 1
    return attempt(source, `invented${invented}@contoso.com`, wrongPassword())
  }
  const countOf = (subject: string) => realm.attempts.find({ subject, method: 'password' })

  test('is slowed after 21 failures at names that it changes, before any account is counted or a hash is made', async () => {
    for (let count = 0; count < 20; count++) expect(await wrongFrom('203.0.113.1')).toMatchObject({ outcome: 'wrong' })
    expect(await wrongFrom('203.0.113.1')).toEqual({ outcome: 'wrong', attemptsLeft: 0, until: new Date(start + 30_000) })
    hashes = 0
    const refused = await attempt('203.0.113.1', mary.upn, password)
    expect(refused).toEqual({ outcome: 'throttled', until: new Date(start + 30_000), accountId: mary.id })
    expect(hashes).toBe(0)
    expect(await countOf(`account:${mary.id}`)).toBeUndefined()
    expect(await attempt('203.0.113.2', mary.upn, password)).toMatchObject({ outcome: 'proved' })
    seconds = 30
    expect(await attempt('203.0.113.1', mary.upn, password)).toMatchObject({ outcome: 'proved' })
  })

  test('waits twice as long after each further failure, up to an hour', async () => {
    const pauses: number[] = []
    for (let count = 0; count < 30; count++) {
      const outcome = await wrongFrom('203.0.113.8')
      if (outcome.outcome !== 'wrong' || outcome.until === undefined) continue
      pauses.push((outcome.until.getTime() - clock().getTime()) / 1000)
      seconds = (outcome.until.getTime() - start) / 1000
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  })

  test('has 200 failures in a day, whatever succeeds in between', async () => {
    for (let failures = 1; failures <= 200; failures++) {
      expect(await wrongFrom('203.0.113.3')).toMatchObject({ outcome: 'wrong' })
      if (failures % 20 === 0 && failures < 200) await attempt('203.0.113.3', mary.upn, password)
    }
    expect(await wrongFrom('203.0.113.3')).toEqual({ outcome: 'throttled', until: new Date(start + 24 * 3600_000) })
    seconds = 24 * 3600
    expect(await wrongFrom('203.0.113.3')).toEqual({ outcome: 'wrong', attemptsLeft: 4 })
  })

  test('is told the fewer of the attempts that it and the name have left', async () => {
    for (let count = 0; count < 18; count++) await wrongFrom('203.0.113.4')
    expect(await wrongFrom('203.0.113.4')).toEqual({ outcome: 'wrong', attemptsLeft: 2 })
  })

  test('gets its count back for a success, and for an attempt at an account that is not heard now', async () => {
    for (let count = 0; count < 5; count++) await attempt('203.0.113.5', mary.upn, wrongPassword())
    expect(await countOf('source:203.0.113.5')).toMatchObject({ consecutive: 5, inWindow: 5 })
    for (let count = 0; count < 30; count++) {
      expect(await attempt('203.0.113.5', mary.upn, password)).toMatchObject({ outcome: 'throttled' })
    }
    expect(await countOf('source:203.0.113.5')).toMatchObject({ consecutive: 5, inWindow: 5 })
    seconds = 30
    expect(await attempt('203.0.113.5', mary.upn, password)).toMatchObject({ outcome: 'proved' })
    expect(await countOf('source:203.0.113.5')).toMatchObject({ consecutive: 0, inWindow: 5 })
  })

  test('begins anew a day after its first failure, though nothing succeeded', async () => {
    for (let count = 0; count < 21; count++) await wrongFrom('203.0.113.6')
    seconds = 24 * 3600
    expect(await wrongFrom('203.0.113.6')).toEqual({ outcome: 'wrong', attemptsLeft: 4 })
    expect(await countOf('source:203.0.113.6')).toMatchObject({ consecutive: 1, inWindow: 1 })
  })

  test('is a whole /64 of IPv6', async () => {
    for (let count = 0; count < 21; count++) await wrongFrom(`2001:db8:0:1::${count}`)
    expect(await wrongFrom('2001:db8::1:ffff:0:0:1')).toMatchObject({ outcome: 'throttled' })
    expect(await wrongFrom('2001:db8:0:2::1')).toMatchObject({ outcome: 'wrong' })
  })

  test('that floods leaves room for the passwords of others', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => newAccount()))
    for (const { id } of people) await accounts.setPassword(realm, id, password)
    const queue = createHashQueue({ clock })
    const real = createHashing({ queue, parameters: cheap })
    const held = Promise.withResolvers<void>()
    const arrivals = Array.from({ length: 60 }, () => Promise.withResolvers<void>())
    const slow = (typed: string, source?: string) => {
      arrivals[Number(typed)]?.resolve()
      return queue.run(() => held.promise, source)
    }
    const busy = createAccounts({ gate, hashing: { ...real, verifyNothing: slow }, clock, names, guesses })

    const flood = arrivals.map(({ resolve }, index) =>
      busy.signIn(realm, { name: `flood${index}@contoso.com`, password: `${index}`, source: '203.0.113.7' }).finally(resolve),
    )
    const flooded = Promise.allSettled(flood)
    await Promise.all(arrivals.map(({ promise }) => promise))
    const others = people.map(({ upn }, index) => busy.signIn(realm, { name: upn, password, source: `198.51.100.${index}` }))
    const answered = Promise.all(others)
    const waiting = await Promise.race([answered, Promise.resolve('waiting')])
    expect(waiting).toBe('waiting')
    held.resolve()
    expect((await answered).filter(({ outcome }) => outcome !== 'proved')).toEqual([])
    expect((await flooded).filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
})

describe('setting a password', () => {
  test('replaces the old one and forgets its failures', async () => {
    for (let count = 0; count < 5; count++) await signIn(mary.upn, wrongPassword())
    expect(await accounts.setPassword(realm, mary.id, 'staple of another kind')).toBe('set')
    expect(await signIn(mary.upn, password)).toMatchObject({ outcome: 'wrong' })
    expect(await signIn(mary.upn, 'staple of another kind')).toMatchObject({ outcome: 'proved' })
  })

  test.each([
    ['short', 'too_short'],
    ['Password123!', 'too_common'],
    ['Mary-Major', 'too_common'],
    ['x1 '.repeat(400), 'too_long'],
  ])('%.20s is refused and changes nothing', async (typed, refused) => {
    expect(await accounts.setPassword(realm, mary.id, typed)).toEqual({ refused })
    expect(await signIn(mary.upn, password)).toMatchObject({ outcome: 'proved' })
  })

  test('of an account that is not there is refused', async () => {
    const missing = AccountId.of('00000000-0000-4000-8000-00000000dead')
    await expect(accounts.setPassword(realm, missing, password)).rejects.toMatchObject({ code: 'account_missing' })
  })
})
