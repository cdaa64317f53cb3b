/** Of two who do something with one app at the same moment, one has done it, and the other finds that. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createAppPasswords, createAttemptGate, createSecretMemory, type Digest } from '@postern/mfa'
import type { Account, ClientId, MailApp, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount, sampleMailApp } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAccounts, createHashing, createHashQueue } from '../accounts/accounts.ts'
import { createAudit } from '../audit/audit.ts'
import { mailRulesOf } from '../policy/mail/mail-rules.ts'
import { identifyApp } from './app-identity.ts'
import { createDecide } from './decide.ts'
import { parseGateQuestion } from './gate-request.ts'
import type { GateRealm, MailgateParts } from './ports.ts'

let later = 0
const clock = () => new Date(Date.now() + later)
const keyed = (text: string) => createHmac('sha256', 'key of this test').update(text).digest('base64url')
const digest: Digest = (...parts) => new Uint8Array(createHmac('sha256', 'another').update(JSON.stringify(parts)).digest())
const hashing = createHashing({
  queue: createHashQueue({ clock }),
  parameters: { memoryKibibytes: 64, passes: 1, lanes: 1 },
})
const gate = createAttemptGate({ clock })
const memory = createSecretMemory({ clock, key: randomBytes(32) })
const appPasswords = createAppPasswords({
  ...{ gate, hashing, clock, digest, memory },
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  newId: randomUUID,
  isInNetworks: () => false,
})
const server = { clientId: 'mail' as ClientId, protocols: ['activesync', 'autodiscover'], upstreams: {}, createdAt: clock() } // a brand

let opened: OpenBackend
let kept: RealmStore
let realm: GateRealm
let mary: Account
let people = 0
/** What somebody else does when the gate is about to write; once. */
let meanwhile: (() => Promise<unknown>) | undefined
let parts: MailgateParts
let told: string[] = []

beforeAll(async () => {
  opened = await pglite.open()
  kept = await opened.newRealm()
  const mail = { rules: mailRulesOf([], [], {}), servers: new Map() }
  realm = { store: kept, issuer: 'https://login.contoso.com/x', resources: [], policies: [], mail } as unknown as GateRealm // nobody reads the rest
  parts = {
    ...{ gate, appPasswords, clock, newId: randomUUID, memoryKey: randomBytes(32) },
    accounts: createAccounts({
      gate,
      hashing,
      clock,
      names: keyed,
      guesses: (subject, typed) => keyed(`${subject}\0${typed}`),
      memory,
    }),
    tokens: { find: async () => undefined },
    audit: createAudit({ clock, newId: randomUUID }),
    tileAppeared: () => undefined,
    tellOfTooMany: async () => undefined,
    async tellOfSharedPassword(realm, account, { label, app }) {
      const tile = await realm.mailApps.find(account.id, app.id)
      told.push(`${account.upn} ${label} ${tile?.identity}`)
    },
    async transaction(work) {
      const others = meanwhile
      meanwhile = undefined
      await others?.()
      return opened.store.transaction(work)
    },
  }
})
afterAll(() => opened.close())

beforeEach(async () => {
  people += 1
  later = 0
  told = []
  const upn = `mary${people}@contoso.com`
  mary = sampleAccount({ upn, address: upn, furtherAddresses: [] })
  await kept.accounts.add(mary)
})

async function appPassword(bindsToFirstApp: boolean): Promise<string> {
  const wanted = { accountId: mary.id, label: 'Phone', protocols: ['activesync'], networks: [], createdBy: 'owner' }
  const made = await appPasswords.create(kept, { ...wanted, bindsToFirstApp })
  if (made.outcome !== 'created') throw new TypeError(made.outcome)
  return made.secret
}

/** By a process of its own, which remembers nothing. */
async function tries(secret: string, app: Record<string, string>, protocol = 'activesync', decide = createDecide(parts)) {
  const question = parseGateQuestion(JSON.stringify({ name: mary.upn, secret, protocol, source: '203.0.113.7', tls: true, app }))
  const { decision, reason } = await decide({ realm, server, question, reference: randomUUID() })
  return `${decision} ${reason}`
}

const phone = (name: string) => ({ deviceId: name, deviceType: 'iPhone' })
const waiting = (name: string, change: Partial<MailApp> = {}): MailApp =>
  sampleMailApp(mary.id, { identity: identifyApp({ protocol: 'activesync', ...phone(name) }).identity, ...change })
const events = async () => (await kept.audit.list({ limit: 500, accountId: mary.id })).map(({ event }) => event)

describe('an app password for the first app', () => {
  it('lets one of eight in that come at once, and the others leave nothing behind', async () => {
    const secret = await appPassword(true)
    const verdicts = await Promise.all(Array.from({ length: 8 }, (_, at) => tries(secret, phone(`D${at}`))))
    expect(verdicts.toSorted()).toEqual(['allow app_password', ...Array(7).fill('denied app_password_scope')])
    const tiles = await kept.mailApps.list(mary.id)
    const [password] = await kept.appPasswords.list(mary.id)
    expect(tiles.map(({ id, state }) => [id, state])).toEqual([[password?.mailAppId, 'active']])
    expect((await events()).filter((event) => event !== 'mailapp.refused').toSorted()).toEqual([
      'app_password.bound',
      'mailapp.allowed',
    ])
  })

  it('leaves a waiting app waiting where another one was faster', async () => {
    const secret = await appPassword(true)
    const [mine, other] = [waiting('mine'), waiting('other', { state: 'active' })]
    for (const app of [mine, other]) await kept.mailApps.add(app, { most: 9 })
    meanwhile = async () => kept.appPasswords.bind((await kept.appPasswords.list(mary.id))[0]?.id ?? '', other.id)
    expect(await tries(secret, phone('mine'))).toBe('denied app_password_scope')
    expect((await kept.mailApps.find(mary.id, mine.id))?.state).toBe('pending')
  })
})

describe('an app that its owner blocks while it shows an app password', () => {
  it('stays out, where it waited', async () => {
    const secret = await appPassword(false)
    const app = waiting('mine')
    await kept.mailApps.add(app, { most: 9 })
    meanwhile = () => kept.mailApps.decide(app.id, { state: 'blocked', from: ['pending'], at: clock(), by: 'owner' })
    expect(await tries(secret, phone('mine'))).toBe('blocked app_blocked')
    expect(await kept.mailApps.find(mary.id, app.id)).toMatchObject({ state: 'blocked', decidedBy: 'owner' })
    expect(await events()).toEqual(['mailapp.refused'])
  })

  it('stays out, where nobody had seen it before', async () => {
    const secret = await appPassword(false)
    meanwhile = () => kept.mailApps.add(waiting('mine', { state: 'blocked', decidedBy: 'owner' }), { most: 9 })
    expect(await tries(secret, phone('mine'))).toBe('blocked app_blocked')
  })
})

it('an account with two hundred apps takes no other by an app password, whichever it is, also when two come at once', async () => {
  for (let count = 0; count < 199; count += 1) await kept.mailApps.add(waiting(`D${count}`, { state: 'active' }), { most: 9 })
  const secret = await appPassword(false)
  const verdicts = await Promise.all([tries(secret, phone('one')), tries(secret, phone('two'))])
  expect(verdicts.toSorted()).toEqual(['allow app_password', 'denied too_many_apps'])
  expect(await tries(await appPassword(true), phone('three'))).toBe('denied too_many_apps')
  expect(await tries(secret, phone('D7'))).toBe('allow app_password')
  expect(await kept.mailApps.list(mary.id)).toHaveLength(200)
})

describe('the owner of an app password', () => {
  const minutes = 60_000

  it('hears of a further app that uses it, once for each, three times a day', async () => {
    const secret = await appPassword(false)
    await tries(secret, phone('first'))
    later = 60 * minutes
    for (const name of ['first', 'second', 'second', 'third', 'fourth', 'fifth']) await tries(secret, phone(name))
    expect(told).toEqual(['second', 'third', 'fourth'].map((name) => `${mary.upn} Phone device:${name}`))
    later += 24 * 60 * minutes
    await tries(secret, phone('sixth'))
    expect(told).toHaveLength(4)
  })

  it('hears of one that waited and is let in by it', async () => {
    const secret = await appPassword(false)
    await tries(secret, phone('first'))
    await kept.mailApps.add(waiting('mine'), { most: 9 })
    later = 60 * minutes
    expect(await tries(secret, phone('mine'))).toBe('allow app_password')
    expect(told).toEqual([`${mary.upn} Phone device:mine`])
  })

  it('hears nothing of its first app, however late and in how many steps, nor of those that are set up with it', async () => {
    const secret = await appPassword(false)
    later = 60 * minutes
    await tries(secret, { userAgent: 'iOS' }, 'autodiscover')
    await tries(secret, phone('first'))
    const next = await appPassword(false)
    for (const name of ['one', 'two', 'three']) await tries(next, phone(name))
    const bound = await appPassword(true)
    await tries(bound, phone('own'))
    later += 60 * minutes
    expect(await tries(bound, phone('other'))).toBe('denied app_password_scope')
    expect(told).toEqual([])
  })
})

describe('whoever has a right secret', () => {
  it('writes one row with two hundred names of what makes no tile', async () => {
    const secret = await appPassword(false)
    const decide = createDecide(parts)
    for (let count = 0; count < 200; count += 1)
      expect(
        await tries(
          secret,
          { userAgent: `App ${String.fromCodePoint(97 + (count % 26)).repeat(1 + count)}` },
          'autodiscover',
          decide,
        ),
      ).toMatch(/^allow /)
    expect(await events()).toEqual(['mailapp.allowed'])
  })

  it('hears each change told, and cannot take turns without end', async () => {
    const secret = await appPassword(false)
    const decide = createDecide(parts)
    await tries(secret, phone('mine'), 'activesync', decide)
    const [app] = await kept.mailApps.list(mary.id)
    const set = (state: MailApp['state']) =>
      kept.mailApps.decide(app?.id ?? '', { state, from: ['active', 'blocked'], at: clock(), by: 'owner' })
    for (let count = 0; count < 100; count += 1) {
      await set('blocked')
      await tries(secret, phone('mine'), 'activesync', decide)
      await set('active')
      await tries(secret, phone('mine'), 'activesync', decide)
      if (count === 1)
        expect((await events()).toSorted()).toEqual([...Array(3).fill('mailapp.allowed'), ...Array(2).fill('mailapp.refused')])
    }
    const all = await events()
    expect([all.filter((event) => event === 'mailapp.allowed').length, all.length]).toEqual([60, 120])
  })
})
