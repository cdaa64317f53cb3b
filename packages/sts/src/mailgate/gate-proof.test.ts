/** What one try costs, whatever comes of it: one look into the database for who it is, and one hash (R87). */
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createAppPasswords, createAttemptGate, createSecretMemory, type Digest } from '@postern/mfa'
import type { Account, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
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
const waiting = createHashQueue({ clock })
const hashing = createHashing({
  queue: {
    async run(hash, source) {
      done.push('hash')
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

async function tried(name: string, secret: string): Promise<string> {
  const question = parseGateQuestion(JSON.stringify({ name, secret, protocol: 'imap' }))
  done = []
  const proof = await prove({ realm, server: 'a server', question, identity: identifyApp(question.app) })
  return `${done.join(', ')}: ${proof.outcome === 'proved' ? proof.shown : proof.reason}`
}

it('nobody costs what somebody with a wrong secret costs', async () => {
  const somebody = [await tried(mary.upn, 'wrong'), await tried(mary.upn, lookalike)]
  const nobody = [await tried('nobody@contoso.com', 'wrong'), await tried('nobody@contoso.com', lookalike)]
  expect(new Set([...somebody, ...nobody])).toEqual(new Set(['look, hash: wrong_secret']))
})

it('whatever is right costs the same, and is told apart', async () => {
  expect(await tried(mary.upn, password)).toBe('look, hash: password')
  expect(await tried(mary.upn, appSecret)).toBe('look, hash: app-password')
})

it('a password that looks like an app password is one of the account all the same', async () => {
  await accounts.setPassword(kept, mary.id, lookalike)
  expect(await tried(mary.upn, lookalike)).toBe('look, hash: password')
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
