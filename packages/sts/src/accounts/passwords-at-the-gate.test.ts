/** Apps that send a password at every request cost little, lock nobody out, and are no second way to guess (R87, R91). */
import { createHmac } from 'node:crypto'
import { createAttemptGate, createSecretMemory, type Happening, type SecretMemory } from '@postern/mfa'
import type { Account, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Accounts, createAccounts, createHashing, createHashQueue, Overloaded } from './accounts.ts'
import type { HashQueue } from './hash-queue.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const day = 24 * 3600
let seconds = 0
const clock = () => new Date(start + seconds * 1000)

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
const told: { what: string; happening: Happening }[] = []
const tell = (what: string) => async (happening: Happening) => void told.push({ what, happening })
const watch = { failures: tell('failures'), recovered: tell('recovered'), repeated: tell('repeated') }
const keyed = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url')

const build = (memory?: SecretMemory): Accounts =>
  createAccounts({
    gate: createAttemptGate({ clock, watch }),
    hashing: createHashing({ queue, parameters: { memoryKibibytes: 64, passes: 1, lanes: 1 } }),
    clock,
    names: keyed('names'),
    guesses: (subject, typed) => keyed('guesses')(`${subject}\0${typed}`),
    ...(memory && { memory }),
  })

const password = 'correct horse battery'
const old = 'staple of last year'
let opened: OpenBackend
let kept: RealmStore
let realm: RealmStore
let accounts: Accounts
let mary: Account
let people = 0
/** Subjects of the counters that were written. */
let writes: string[] = []

beforeAll(async () => {
  opened = await pglite.open()
  kept = await opened.newRealm()
  const update: RealmStore['attempts']['update'] = (key, decide) => {
    writes.push(key.subject)
    return kept.attempts.update(key, decide)
  }
  realm = { ...kept, attempts: { ...kept.attempts, update } }
})
afterAll(() => opened.close())

beforeEach(async () => {
  seconds = 0
  isFull = false
  people += 1
  accounts = build(createSecretMemory({ clock, key: new Uint8Array(32).fill(people) }))
  mary = sampleAccount({ upn: `mary${people}@contoso.com`, address: `mary${people}@contoso.com`, furtherAddresses: [] })
  expect(await kept.accounts.add(mary)).toBe('added')
  expect(await accounts.setPassword(kept, mary.id, password)).toBe('set')
  hashes = 0
  writes = []
  told.length = 0
})

const phone = { source: '192.0.2.10', app: 'Contoso Phone Mail/7.1' }
type From = { source?: string; app?: string }
const signIn = async (typed: string, from: From = phone, name = mary.upn) => {
  const view = await kept.mailApps.look({ name, identity: 'network:?' })
  return accounts.signInAtGate(realm, { view, name, password: typed, ...from })
}
const counter = () => kept.attempts.find({ subject: `account:${mary.id}`, method: 'password' })

describe('an app with an old password', () => {
  test('tries it 1,000 times for one hash and three counts of the account, and throttles nobody', async () => {
    for (let count = 0; count < 1000; count += 1) {
      expect(await signIn(old)).toMatchObject({ outcome: 'wrong', accountId: mary.id })
      seconds += 60
    }
    expect(hashes).toBe(1)
    expect(writes.filter((subject) => subject.startsWith('account:'))).toHaveLength(3)
    expect(writes.filter((subject) => subject.startsWith('source:'))).toHaveLength(1)
    expect(await counter()).toMatchObject({ consecutive: 1, inWindow: 1 })
    expect(await signIn(password)).toEqual({ outcome: 'proved' })
    expect(await signIn(password, { source: '198.51.100.7' })).toMatchObject({ outcome: 'proved' })
    expect(await accounts.signIn(realm, { name: mary.upn, password })).toMatchObject({ outcome: 'proved' })
  })

  test('is told of at its third try, once a day, with its name and its network', async () => {
    for (let days = 0; days < 2; days += 1) {
      for (let count = 0; count < 50; count += 1) await signIn(old)
      seconds += day
    }
    expect(told.map(({ what }) => what)).toEqual(['repeated', 'repeated'])
    expect(told[0]?.happening).toMatchObject({ accountId: mary.id, method: 'password', from: phone })
  })

  test('is let in with it as soon as it is the new one', async () => {
    for (let count = 0; count < 5; count += 1) await signIn(old)
    expect(await accounts.setPassword(kept, mary.id, old)).toBe('set')
    expect(await signIn(old)).toMatchObject({ outcome: 'proved' })
    expect(await signIn(password)).toMatchObject({ outcome: 'wrong' })
  })

  test('that opens twenty connections at once is one try, the first one', async () => {
    const view = await kept.mailApps.look({ name: mary.upn, identity: 'network:?' })
    const tried = { view, name: mary.upn, password: old, ...phone }
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => accounts.signInAtGate(realm, tried)))
    expect(outcomes[0]).toEqual({ outcome: 'wrong', attemptsLeft: 4, accountId: mary.id })
    expect(outcomes.slice(1)).toEqual(Array(19).fill({ outcome: 'wrong', repeated: true, accountId: mary.id }))
    expect([hashes, writes.length]).toEqual([1, 2])
  })

  test('is one of a thousand that are nobody\u2019s, and those cost the same', async () => {
    const name = `nobody${people}@contoso.com`
    for (let count = 0; count < 1000; count += 1) expect(await signIn(old, phone, name)).toMatchObject({ outcome: 'wrong' })
    expect(hashes).toBe(1)
    expect(writes).toHaveLength(4)
    expect(told).toEqual([])
  })
})

describe('an app with the right password', () => {
  test('is let in for one hash in five minutes, and writes nothing in between', async () => {
    for (seconds = 0; seconds < 300; seconds += 3) expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(hashes).toBe(1)
    const before = writes.length
    for (seconds = 300; seconds < 599; seconds += 3) expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(hashes).toBe(2)
    expect(writes.length).toBe(2 * before)
  })

  test('and thirty connections at once is let in on each of them for one hash', async () => {
    const view = await kept.mailApps.look({ name: mary.upn, identity: 'network:?' })
    const tried = { view, name: mary.upn, password, ...phone }
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => accounts.signInAtGate(realm, tried)))
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['proved']))
    expect(hashes).toBe(1)
  })

  test('waits with all its connections when too many hash, and with the next try is checked anew', async () => {
    isFull = true
    const view = await kept.mailApps.look({ name: mary.upn, identity: 'network:?' })
    const tried = { view, name: mary.upn, password, ...phone }
    const settled = await Promise.allSettled(Array.from({ length: 3 }, () => accounts.signInAtGate(realm, tried)))
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    isFull = false
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
  })

  test('is refused at once with it when the password was changed, by whichever process', async () => {
    for (let count = 0; count < 3; count += 1) await signIn(password)
    expect(await build().setPassword(kept, mary.id, 'a horse of another colour')).toBe('set')
    expect(await signIn(password)).toMatchObject({ outcome: 'wrong' })
    expect(await signIn('a horse of another colour')).toMatchObject({ outcome: 'proved' })
  })

  test('is refused at once when the account is disabled, as somebody with a wrong password is', async () => {
    for (let count = 0; count < 3; count += 1) await signIn(password)
    await kept.accounts.replace({ ...mary, status: 'disabled' })
    expect(await signIn(password)).toEqual({ outcome: 'wrong', attemptsLeft: 4, accountId: mary.id })
  })

  test('goes on being let in while a stranger elsewhere uses up the account\u2019s tries, until its time ends', async () => {
    await signIn(password)
    for (let count = 0; count < 5; count += 1) await signIn(`guess ${count}`, { source: '203.0.113.5' })
    expect(await signIn(password, { source: '198.51.100.7' })).toMatchObject({ outcome: 'throttled' })
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(await signIn(password, { ...phone, app: 'another app' })).toMatchObject({ outcome: 'throttled' })
  })

  test('is known to two processes only where each was shown it', async () => {
    await signIn(password)
    accounts = build(createSecretMemory({ clock, key: new Uint8Array(32) }))
    await signIn(password)
    expect(hashes).toBe(2)
  })

  test('waits like everybody when too many hash, unless it is remembered', async () => {
    await signIn(password)
    isFull = true
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    await expect(signIn(password, { source: '198.51.100.7' })).rejects.toThrow(Overloaded)
    await expect(signIn(old)).rejects.toThrow(Overloaded)
    isFull = false
    expect(await signIn(old)).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
  })
})

describe('a guesser at the gate', () => {
  test('with eleven different passwords is throttled as at the web, and shares its counter', async () => {
    const outcomes: string[] = []
    for (let count = 0; count < 11; count += 1) outcomes.push((await signIn(`guess ${count}`)).outcome)
    expect(outcomes).toEqual([...Array(5).fill('wrong'), ...Array(6).fill('throttled')])
    expect(hashes).toBe(5)
    expect(await accounts.signIn(realm, { name: mary.upn, password })).toMatchObject({ outcome: 'throttled' })
  })

  test('has ten a day, or seven from one network, however the remembered ones are mixed in', async () => {
    const heard = async (from: From, tries: number) => {
      let count = 0
      for (let guess = 0; guess < tries; guess += 1) {
        for (let time = 0; time < 4; time += 1) {
          const outcome = await signIn(`guess ${from.source} ${guess}`, from)
          if (outcome.outcome === 'wrong' && outcome.repeated === undefined) count += 1
          if (outcome.outcome === 'throttled') seconds = Math.min(day - 1, (+outcome.until - start) / 1000)
        }
      }
      return count
    }
    expect(await heard({ source: '203.0.113.30' }, 30)).toBe(7)
    seconds = Math.min(day - 1, seconds)
    expect((await heard({ source: '203.0.113.31' }, 30)) + (await heard({ source: '203.0.113.32' }, 30))).toBeLessThanOrEqual(3)
  })

  test('behind the owner\u2019s own address and under the app\u2019s own name has five looks at what is remembered, all at once', async () => {
    await signIn(password)
    for (let count = 0; count < 5; count += 1) await signIn(`guess ${count}`, { source: '203.0.113.5' })
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    const view = await kept.mailApps.look({ name: mary.upn, identity: 'network:?' })
    const guesses = [...Array.from({ length: 5 }, (_, count) => `more ${count}`), password]
    const outcomes = await Promise.all(
      guesses.map((typed) => accounts.signInAtGate(realm, { view, name: mary.upn, password: typed, ...phone })),
    )
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['throttled']))
  })

  test('who is told "wrong" while throttled has tried that very password before', async () => {
    for (let count = 0; count < 3; count += 1) await signIn(old)
    for (let count = 0; count < 4; count += 1) await signIn(`guess ${count}`)
    expect(await signIn('one more')).toMatchObject({ outcome: 'throttled' })
    expect(await signIn(old)).toEqual({ outcome: 'wrong', repeated: true, accountId: mary.id })
  })

  test.each([1001, 100_000])('learns nothing by a password of %i characters, and they are one', async (length) => {
    for (let count = 0; count < 10; count += 1) {
      expect(await signIn('x'.repeat(length + count))).toMatchObject({ outcome: 'wrong' })
    }
    expect(hashes).toBe(1)
    expect(await counter()).toMatchObject({ inWindow: 1 })
    expect(await signIn('')).toMatchObject({ outcome: 'wrong' })
  })

  test('sees the same work and the same answers for somebody and for nobody', async () => {
    const story = async (name: string) => {
      seconds = 0
      const answers = []
      for (const typed of [old, old, 'b', old, old, old, 'b', 'c', 'd', 'b', 'b', 'e', 'f', old, 'b']) {
        hashes = 0
        writes = []
        const { accountId: _, ...outcome } = { accountId: undefined, ...(await signIn(typed, {}, name)) }
        answers.push({ ...outcome, hashes, writes: writes.length })
      }
      return answers
    }
    const known = await story(mary.upn)
    // The fifth failure of an account is a burst, which is written down; names that nobody has do the same.
    expect(await story(`nobody${people}@contoso.com`)).toEqual(known)
    expect(known.filter((answer) => 'stale' in answer)).toHaveLength(1)
    expect(known.at(-2)).toEqual({ outcome: 'wrong', repeated: true, hashes: 0, writes: 0 })
    await kept.accounts.replace({ ...mary, status: 'disabled' })
    accounts = build(createSecretMemory({ clock, key: new Uint8Array(32) }))
    expect(await story(mary.upn)).toEqual(known)
  })
})

test('without a memory each password at the gate is checked in full', async () => {
  accounts = build()
  for (let count = 0; count < 4; count += 1) await signIn(password)
  expect(hashes).toBe(4)
})
