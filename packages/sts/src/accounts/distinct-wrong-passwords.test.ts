/** One wrong password that comes again and again is one guess; who sends it is found, and nobody is locked out by it (R91, R92). */
import { createHmac } from 'node:crypto'
import { createAttemptGate, type Happening } from '@postern/mfa'
import type { Account, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccounts, createHashing, createHashQueue, Overloaded } from './accounts.ts'
import type { HashQueue } from './hash-queue.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
const day = 24 * 3600
let seconds = 0
const clock = () => new Date(start + seconds * 1000)
const at = (second: number) => new Date(start + second * 1000)

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
const accounts = createAccounts({
  gate: createAttemptGate({ clock, watch }),
  hashing: createHashing({ queue, parameters: { memoryKibibytes: 64, passes: 1, lanes: 1 } }),
  clock,
  names: keyed('names'),
  guesses: (subject, typed) => keyed('guesses')(`${subject}\0${typed}`),
})

const password = 'correct horse battery'
const old = 'staple of last year'
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
  people += 1
  mary = sampleAccount({ upn: `mary${people}@contoso.com`, address: `mary${people}@contoso.com`, furtherAddresses: [] })
  expect(await realm.accounts.add(mary)).toBe('added')
  expect(await accounts.setPassword(realm, mary.id, password)).toBe('set')
  told.length = 0
  hashes = 0
})

type From = { source?: string; app?: string; knownBrowser?: { accountId: Account['id']; id: string } }
const signIn = (typed: string, from: From = {}, name = mary.upn) => accounts.signIn(realm, { name, password: typed, ...from })
const counter = () => realm.attempts.find({ subject: `account:${mary.id}`, method: 'password' })
const countOf = (source: string) => realm.attempts.find({ subject: `source:${source}`, method: 'password' })
const phone = { source: '203.0.113.20', app: 'Contoso Phone Mail/7.1' }

describe('a phone with an old password', () => {
  test('tries it 200 times and is one failure, for the account and for its network', async () => {
    for (let count = 0; count < 200; count++) {
      expect(await signIn(old, phone)).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
      seconds += 60
    }
    expect(await counter()).toMatchObject({ consecutive: 1, inWindow: 1 })
    expect(await countOf(phone.source)).toMatchObject({ consecutive: 1, inWindow: 1 })
    expect(hashes).toBe(200)
    expect(await signIn(password, phone)).toMatchObject({ outcome: 'proved' })
  })

  test('is one failure after a success too, and still one when it tries 50 times at once', async () => {
    await Promise.all(Array.from({ length: 6 }, () => signIn(old)))
    expect(await counter()).toMatchObject({ consecutive: 1, inWindow: 1 })
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    await signIn(old)
    expect(await counter()).toMatchObject({ consecutive: 0, inWindow: 1 })
  })

  test('locks nobody out in a month', async () => {
    for (let hour = 0; hour < 30 * 24; hour += 3) {
      expect(await signIn(old), `hour ${hour}`).toMatchObject({ outcome: 'wrong', attemptsLeft: 4 })
      seconds += 3 * 3600
    }
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(told.map(({ what }) => what)).toEqual(Array.from({ length: 30 }, () => 'repeated'))
  })

  test('is told of at the third time, once a day, with its name and its network', async () => {
    const stale = []
    for (let count = 0; count < 12; count++) stale.push('stale' in (await signIn(old, phone)))
    expect(stale.map((is, index) => (is ? index + 1 : 0)).filter(Boolean)).toEqual([3])
    for (let count = 0; count < 5; count++) await signIn('staple of the year before', phone)
    expect(told).toMatchObject([{ what: 'repeated', happening: { realm, accountId: mary.id, method: 'password', from: phone } }])
    seconds = day
    for (let count = 0; count < 5; count++) await signIn(old, phone)
    expect(told.map(({ what }) => what)).toEqual(['repeated', 'repeated'])
  })

  test('whose password is the new one from now on is let in, and so it is at once after a change', async () => {
    for (let count = 0; count < 4; count++) await signIn(old)
    expect(await accounts.setPassword(realm, mary.id, old)).toBe('set')
    expect(await counter()).toBeUndefined()
    expect(await signIn(old)).toMatchObject({ outcome: 'proved' })
  })
})

describe('different wrong passwords', () => {
  test('are counted each, and equal ones in between are not', async () => {
    const left = []
    for (const typed of ['one wrong', 'one wrong', 'another wrong', 'one wrong', 'another wrong', 'third wrong']) {
      const outcome = await signIn(typed)
      left.push(outcome.outcome === 'wrong' && outcome.attemptsLeft)
    }
    expect(left).toEqual([4, 4, 3, 3, 3, 2])
  })

  test('are ten a day, however often each is tried', async () => {
    let evaluated = 0
    for (let count = 0; count < 400 && seconds < day - 1; count++) {
      hashes = 0
      const outcome = await signIn(`wrong ${count >> 2}`)
      if (hashes > 0 && outcome.outcome === 'wrong' && outcome.repeated === undefined) evaluated += 1
      if (outcome.outcome === 'throttled') seconds = Math.min(day - 1, (+outcome.until - start) / 1000)
    }
    expect(evaluated).toBe(10)
  })

  test('that differ in how a keyboard writes them are one', async () => {
    await signIn('Stra\u00dfe am Fluss \u00e9')
    expect(await signIn('Stra\u00dfe am Fluss e\u0301')).toMatchObject({ attemptsLeft: 4, repeated: true })
  })

  test('of a password that is right leave nothing of it in the counter', async () => {
    await signIn(old)
    const before = await counter()
    await Promise.all(Array.from({ length: 4 }, () => signIn(password)))
    expect(await counter()).toEqual({ ...before, consecutive: 0 })
  })

  test('are given back when too many others wait', async () => {
    isFull = true
    for (let count = 0; count < 12; count++) await expect(signIn(old)).rejects.toThrow(Overloaded)
    expect(await counter()).toBeUndefined()
  })

  test('are kept as digests that tell nothing, at most thirty of them', async () => {
    for (let count = 0; count < 120; count++) {
      const outcome = await signIn(`canary ${count >> 3}`, phone)
      if (outcome.outcome === 'throttled') seconds = Math.min(day - 1, (+outcome.until - start) / 1000)
    }
    const seen = (await counter())?.seen ?? []
    expect(seen.length).toBeLessThanOrEqual(30)
    for (const entry of seen) expect(entry).toMatch(/^[\w-]{8}(\.[\w-]{4})?$/)
    seconds = day
    await signIn('a new day', phone)
    expect((await counter())?.seen).toHaveLength(1)
  })
})

describe('nobody can tell', () => {
  test('by repeating it whose password is wrong: a name that nobody has answers alike and costs alike', async () => {
    const story = async (name: string) => {
      seconds = 0
      const answers = []
      for (const typed of [old, old, old, 'b', 'b', 'c', 'd', old, 'e', 'f', old]) {
        hashes = 0
        const { accountId: _, ...outcome } = { accountId: undefined, ...(await signIn(typed, {}, name)) }
        answers.push({ ...outcome, hashes })
      }
      return answers
    }
    const known = await story(mary.upn)
    expect(await story(`nobody${people}@contoso.com`)).toEqual(known)
    expect(known.filter((answer) => 'stale' in answer)).toHaveLength(1)
  })

  test('a name that nobody has by a message, as nobody gets one', async () => {
    for (let count = 0; count < 4; count++) await signIn(old, phone, `nobody${people}@contoso.com`)
    for (let count = 0; count < 6; count++) await signIn(`wrong ${count}`, phone, `nobody${people}@contoso.com`)
    expect(told).toEqual([])
  })
})

describe('a stranger', () => {
  const strangerFrom = async (source: string, tries: number) => {
    let heard = 0
    for (let count = 0; count < tries; count++) {
      const outcome = await signIn(`guess ${source} ${count}`, { source })
      if (outcome.outcome === 'wrong') heard += 1
      else if (outcome.outcome === 'throttled' && +outcome.until - start < 3600_000) seconds = (+outcome.until - start) / 1000
    }
    return heard
  }

  test('in one network uses up seven of ten tries, and the owner comes in from elsewhere after the pause', async () => {
    expect(await strangerFrom('203.0.113.30', 30)).toBe(7)
    expect(await counter()).toMatchObject({ inWindow: 7 })
    expect(await signIn('guess', { source: '203.0.113.30' })).toMatchObject({ outcome: 'throttled', until: at(day) })
    seconds += 120
    expect(await signIn(password, { source: '198.51.100.1' })).toMatchObject({ outcome: 'proved' })
  })

  test('in many networks stops unknown browsers for the day, and never a known one', async () => {
    for (let network = 1; network <= 4; network++) await strangerFrom(`203.0.113.${40 + network}`, 12)
    expect(await counter()).toMatchObject({ inWindow: 10 })
    expect(await signIn(password, { source: '198.51.100.1' })).toMatchObject({ outcome: 'throttled', until: at(day) })
    const knownBrowser = { accountId: mary.id, id: 'a-browser' }
    expect(await signIn(password, { source: '203.0.113.41', knownBrowser })).toMatchObject({ outcome: 'proved' })
  })

  test('with the known browser of another account is a stranger, and in a stolen one has ten tries a day', async () => {
    await strangerFrom('203.0.113.51', 12)
    await strangerFrom('203.0.113.52', 12)
    const others = { accountId: '00000000-0000-4000-8000-00000000beef' as Account['id'], id: 'a-browser' }
    expect(await signIn(password, { knownBrowser: others })).toMatchObject({ outcome: 'throttled' })
    const knownBrowser = { accountId: mary.id, id: 'stolen' }
    let heard = 0
    for (let count = 0; count < 40; count++) {
      const outcome = await signIn(`stolen ${count}`, { knownBrowser })
      if (outcome.outcome === 'wrong') heard += 1
      else if (outcome.outcome === 'throttled') seconds = Math.min(day - 1, (+outcome.until - start) / 1000)
    }
    expect(heard).toBe(10)
  })
})

describe('a known browser', () => {
  test('whose tries are used up is heard again when a new password is set', async () => {
    const id = '00000000-0000-4000-8000-0000000b0b0b'
    const digest = new Uint8Array(32).fill(people)
    const times = { createdAt: at(0), lastSeenAt: at(0), expiresAt: at(30 * day) }
    await realm.rememberedBrowsers.add({ id, accountId: mary.id, digest, label: 'Firefox on Linux', ...times })
    const knownBrowser = { accountId: mary.id, id }
    for (let count = 0; count < 5; count++) await signIn(`wrong ${count}`, { knownBrowser })
    expect(await signIn(password, { knownBrowser })).toMatchObject({ outcome: 'throttled' })
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(await accounts.setPassword(realm, mary.id, 'a horse of another colour')).toBe('set')
    expect(await signIn('a horse of another colour', { knownBrowser })).toMatchObject({ outcome: 'proved' })
  })
})

describe('the owner', () => {
  test('is told of the fifth failure in a row and of the success after it, once each, and again for the next burst', async () => {
    const burst = async (name: string) => {
      for (let count = 0; count < 8; count++) {
        const outcome = await signIn(`${name} ${count}`, { source: '203.0.113.60', app: 'Firefox' })
        if (outcome.outcome === 'throttled') seconds = (+outcome.until - start) / 1000
      }
      seconds += 3600
      expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
      expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    }
    await burst('first')
    seconds += day
    await burst('second')
    expect(told.map(({ what }) => what)).toEqual(['failures', 'recovered', 'failures', 'recovered'])
    expect(told[0]?.happening).toMatchObject({
      accountId: mary.id,
      method: 'password',
      state: { consecutive: 5 },
      from: { source: '203.0.113.60', app: 'Firefox' },
    })
  })

  test('is told of a success on the next day too, though the row ended with its window', async () => {
    for (let count = 0; count < 5; count++) await signIn(`wrong ${count}`)
    seconds = day + 1
    expect(await signIn(password)).toMatchObject({ outcome: 'proved' })
    expect(told.map(({ what }) => what)).toEqual(['failures', 'recovered'])
  })

  test('is told of a burst in a known browser like of any other', async () => {
    for (let count = 0; count < 5; count++) {
      await signIn(`wrong ${count}`, { knownBrowser: { accountId: mary.id, id: 'a-browser' } })
    }
    expect(told).toMatchObject([{ what: 'failures', happening: { method: 'password' } }])
  })
})
