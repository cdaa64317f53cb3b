/**
 * What one try costs, whatever comes of it: one look into the database for who it is, and one hash (R87). And that what is right
 * still is when the hash is done, which may wait for seconds.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createAppPasswords, createAttemptGate, createSecretMemory, type Digest } from '@postern/mfa'
import type { Account, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount, sampleMailApp } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAccounts, createHashing, createHashQueue } from '../accounts/accounts.ts'
import { identifyApp } from './app-identity.ts'
import { createProof } from './gate-proof.ts'
import { parseGateQuestion } from './gate-request.ts'
import type { GateRealm } from './ports.ts'

const clock = () => new Date()
const keyed = (text: string) => createHmac('sha256', 'key of this test').update(text).digest('base64url')
const digest: Digest = (...parts) => new Uint8Array(createHmac('sha256', 'another').update(JSON.stringify(parts)).digest())
const password = 'correct horse battery'
/** As long as an app password and of its letters, and none. */
const lookalike = 'abcdefghjkmnpqrstvwx'

let opened: OpenBackend
let kept: RealmStore
let realm: GateRealm
let done: string[] = []
/** What others do while a hash waits for its turn; once. */
let meanwhile: (() => Promise<unknown>) | undefined
const waiting = createHashQueue({ clock })
const hashing = createHashing({
  queue: {
    async run(hash, source) {
      done.push('hash')
      const others = meanwhile
      meanwhile = undefined
      await others?.()
      return waiting.run(hash, source)
    },
  },
  parameters: { memoryKibibytes: 64, passes: 1, lanes: 1 },
})
const gate = createAttemptGate({ clock })
const memory = () => createSecretMemory({ clock, key: randomBytes(32) })
const accounts = createAccounts({
  ...{ gate, hashing, clock, names: keyed, memory: memory() },
  guesses: (subject, typed) => keyed(`${subject}\0${typed}`),
})
const appPasswords = createAppPasswords({
  ...{ gate, hashing, clock, digest, memory: memory() },
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  newId: randomUUID,
  isInNetworks: () => false,
})
const prove = createProof({ accounts, appPasswords, tokens: { find: async () => undefined } })

let people = 0
let mary: Account
let appSecret: string

beforeAll(async () => {
  opened = await pglite.open()
  kept = await opened.newRealm()
  const look: RealmStore['mailApps']['look'] = (asked) => {
    done.push('look')
    return kept.mailApps.look(asked)
  }
  const store = { ...kept, mailApps: { ...kept.mailApps, look } }
  realm = { store, resources: [] as GateRealm['resources'] } as GateRealm // all that a proof by a secret looks at
})
afterAll(() => opened.close())

beforeEach(async () => {
  people += 1
  const upn = `mary${people}@contoso.com`
  mary = sampleAccount({ upn, address: upn, furtherAddresses: [] })
  await kept.accounts.add(mary)
  await accounts.setPassword(kept, mary.id, password)
  const wanted = { label: 'Phone', protocols: ['imap'], networks: [], bindsToFirstApp: false, createdBy: 'owner' }
  const made = await appPasswords.create(kept, { ...wanted, accountId: mary.id })
  appSecret = made.outcome === 'created' ? made.secret : ''
})

const identity = identifyApp({ protocol: 'imap' })

function proofOf(name: string, secret: string) {
  const question = parseGateQuestion(JSON.stringify({ name, secret, protocol: 'imap' }))
  done = []
  return prove({ realm, server: 'a server', question, identity })
}

async function tried(name: string, secret: string): Promise<string> {
  const proof = await proofOf(name, secret)
  return `${done.join(', ')}: ${proof.outcome === 'proved' ? proof.shown : proof.reason}`
}

it('nobody costs what somebody with a wrong secret costs', async () => {
  const somebody = [await tried(mary.upn, 'wrong'), await tried(mary.upn, lookalike)]
  const nobody = [await tried('nobody@contoso.com', 'wrong'), await tried('nobody@contoso.com', lookalike)]
  expect(new Set([...somebody, ...nobody])).toEqual(new Set(['look, hash: wrong_secret']))
})

it('whatever is right costs the same, and is told apart', async () => {
  expect(await tried(mary.upn, password)).toBe('look, hash, look: password')
  expect(await tried(mary.upn, appSecret)).toBe('look, hash, look: app-password')
})

it('a password that looks like an app password is one of the account all the same', async () => {
  await accounts.setPassword(kept, mary.id, lookalike)
  expect(await tried(mary.upn, lookalike)).toBe('look, hash, look: password')
})

it('a disabled account costs what a wrong secret costs, whatever is shown', async () => {
  await kept.accounts.replace({ ...mary, status: 'disabled' })
  expect([await tried(mary.upn, password), await tried(mary.upn, appSecret)]).toEqual(Array(2).fill('look, hash: wrong_secret'))
})

it('what was right a moment ago costs no hash', async () => {
  await tried(mary.upn, appSecret)
  await tried(mary.upn, password)
  expect([await tried(mary.upn, appSecret), await tried(mary.upn, password)]).toEqual(['look: app-password', 'look: password'])
})

describe('what ends while its hash waits has ended', () => {
  /** Of what is shown; `end` has no more to do than what an administrator or the owner does in another process. */
  const whileHashed = (secret: string, end: () => Promise<unknown>): Promise<string> => {
    meanwhile = end
    return tried(mary.upn, secret)
  }
  const disable = () => kept.accounts.replace({ ...mary, status: 'disabled' })

  it('of a disabled account', async () => {
    expect(await whileHashed(password, disable)).toMatch(/: wrong_secret$/)
    await kept.accounts.replace(mary)
    expect(await whileHashed(appSecret, disable)).toMatch(/: wrong_secret$/)
  })

  it('of an account that is called otherwise now, or is gone', async () => {
    const name = `later${people}@contoso.com`
    const rename = () => kept.accounts.replace({ ...mary, upn: name, address: name })
    expect(await whileHashed(password, rename)).toMatch(/: wrong_secret$/)
    await kept.accounts.replace(mary)
    expect(await whileHashed(appSecret, () => kept.accounts.remove(mary.id))).toMatch(/: wrong_secret$/)
  })

  it('of a password that was changed', async () => {
    expect(await whileHashed(password, () => accounts.setPassword(kept, mary.id, 'a horse of another colour'))).toMatch(
      /: wrong_secret$/,
    )
    expect(await tried(mary.upn, 'a horse of another colour')).toMatch(/: password$/)
  })

  it('of an app password that was taken back, and of one that another app has made its own', async () => {
    expect(await whileHashed(appSecret, () => kept.appPasswords.removeAll(mary.id))).toMatch(/: wrong_secret$/)
    const wanted = { label: 'Phone', protocols: ['imap'], networks: [], bindsToFirstApp: true, createdBy: 'owner' }
    const made = await appPasswords.create(kept, { ...wanted, accountId: mary.id })
    if (made.outcome !== 'created') throw new TypeError(made.outcome)
    const bind = async () => {
      const other = sampleMailApp(mary.id)
      await kept.mailApps.add(other, { most: 9 })
      await kept.appPasswords.bind(made.id, other.id)
    }
    expect(await whileHashed(made.secret, bind)).toMatch(/: app_password_scope$/)
  })

  it.each(['password', 'app password'] as const)('and its app is judged as it stands then: %s', async (what) => {
    const app = { ...sampleMailApp(mary.id), identity: identity.identity, state: 'active' as const }
    await kept.mailApps.add(app, { most: 9 })
    meanwhile = () => kept.mailApps.decide(app.id, { state: 'blocked', from: ['active'], at: clock(), by: 'owner' })
    const proof = await proofOf(mary.upn, what === 'password' ? password : appSecret)
    expect([proof.outcome, proof.outcome === 'proved' && proof.view.app?.state]).toEqual(['proved', 'blocked'])
  })

  it('but what merely gets a new hash is right all the same', async () => {
    const stored = await kept.passwords.find(mary.id)
    const fresh = await hashing.hash(password)
    done = []
    expect(await whileHashed(password, () => kept.passwords.rehash(mary.id, stored?.hash ?? '', fresh))).toMatch(/: password$/)
  })
})
