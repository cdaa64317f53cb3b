import { randomBytes, randomUUID } from 'node:crypto'
import {
  type Account,
  type AccountId,
  type AuthenticatorId,
  connect,
  createStore,
  migrate,
  type Realm,
  type RealmStore,
  type Store,
} from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Notice } from '../delivery/delivery.ts'
import type { AdminPorts } from './operation.ts'
import { operations } from './operations.ts'
import { type AdminStage, openAdminStage } from './testing/admin-stage.ts'

let stage: AdminStage
let store: Store
let ports: AdminPorts
let realm: Realm
let kept: RealmStore
let told: string[]
let counter = 0

const start = new Date('2027-03-01T10:00:00Z')

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite' })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
  store = stage.store
})
afterAll(() => store.close())

beforeEach(async () => {
  stage.now = start
  told = []
  const tell = async (_realm: RealmStore, { upn }: Account, notice: Notice) => void told.push(`${upn} ${notice.kind}`)
  ports = { ...stage.ports, tell }
  await call('realm.add', { domain: `m${++counter}.contoso.com` }, null)
  const found = await store.realms.findByDomain(`m${counter}.contoso.com`)
  if (found === undefined) throw new TypeError('no realm')
  realm = found
  kept = store.realm(realm.id)
})

type Given = Readonly<Record<string, unknown>>

function find(name: string) {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return operation
}

async function call(
  name: string,
  input: Given = {},
  within: Realm | null = realm,
  progress?: (done: number, total: number) => void,
): Promise<Given> {
  const output = await find(name).execute(ports, {
    input,
    actor: 'cli:root',
    reference: 'ref',
    ...(within === null ? {} : { realm: within }),
    ...(progress === undefined ? {} : { progress }),
  })
  return output as Given // each test reads what its operation gives
}

const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })
const domain = () => realm.domains[0] ?? ''
const upnOf = (name: string) => `${name}@${domain()}`
const events = async (event: string) =>
  (await kept.audit.list({ limit: 1000, event })).map(({ accountId, detail }) => ({ accountId, ...detail }))

async function add(name: string, more: Given = {}): Promise<Account> {
  await call('account.add', { upn: upnOf(name), ...more })
  const account = await kept.accounts.findByName(upnOf(name))
  if (account === undefined) throw new TypeError('no account')
  return account
}

const stateOf = async (name: string) => (await kept.accounts.findByName(upnOf(name)))?.enforcement?.state

async function bind(accountId: AccountId, more: Given = {}): Promise<AuthenticatorId> {
  const id = randomUUID() as string as AuthenticatorId // a brand has no runtime part
  await kept.authenticators.add({
    id,
    accountId,
    method: 'totp',
    label: 'Phone',
    secret: randomBytes(20),
    state: 'active',
    detail: {},
    createdAt: stage.now,
    ...more,
  })
  return id
}

describe('an access pass', () => {
  test('is shown once, in groups of four, told to its owner and recorded without itself', async () => {
    const mary = await add('mary')
    const output = await call('mfa.pass-give', { account: mary.upn, minutes: 120, many: true })
    expect(output).toMatchObject({
      pass: expect.stringMatching(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/i),
      uses: 'many',
      expiresAt: '2027-03-01T12:00:00.000Z',
    })
    expect(told).toEqual([`${mary.upn} access_pass_given`])
    expect(await kept.accessPasses.find(mary.id)).toMatchObject({ uses: 'many', createdBy: 'cli:root' })
    expect(JSON.stringify(await kept.audit.list({ limit: 100 }))).not.toContain(String(output.pass).replaceAll('-', ''))
    await call('mfa.pass-revoke', { account: mary.upn })
    expect(await kept.accessPasses.find(mary.id)).toBeUndefined()
    await expect(call('mfa.pass-revoke', { account: mary.upn })).rejects.toEqual(refused('missing'))
  })

  test.each([{ minutes: 9 }, { minutes: 43_201 }, { starts: '2027-03-01T09:59:59Z' }, { starts: 'now' }])(
    'is refused with %j',
    async (more) => {
      const mary = await add('mary')
      await expect(call('mfa.pass-give', { account: mary.upn, ...more })).rejects.toEqual(refused('invalid'))
    },
  )
})

describe('a lost phone', () => {
  test('takes everything away, demands a new factor, tells the person, and gives a pass if wanted', async () => {
    const mary = await add('mary')
    await bind(mary.id)
    await kept.recoveryCodes.replace(mary.id, { digests: [randomBytes(32)], at: stage.now })
    const output = await call('account.reset-factors', { account: mary.upn, givePass: true, minutes: 30 })
    expect(output).toMatchObject({
      removed: 1,
      recoveryCodes: 1,
      pass: expect.any(String),
      passExpiresAt: '2027-03-01T10:30:00.000Z',
    })
    expect(await kept.authenticators.list(mary.id)).toEqual([])
    expect(await stateOf('mary')).toBe('enforced')
    expect(told).toEqual([`${mary.upn} factors_reset`, `${mary.upn} access_pass_given`])
    expect(await events('factor.reset')).toMatchObject([{ accountId: mary.id, authenticators: 1, recoveryCodes: 1 }])
    const operation = find('account.reset-factors')
    expect(Object.keys(operation.input.shape)).not.toContain('password')
  })

  test('of the last administrator is refused without a pass, and changes nothing', async () => {
    const admin = await add('admin', { groups: ['administrators'] })
    const other = await add('other', { groups: ['administrators'] })
    await bind(admin.id)
    await expect(call('account.reset-factors', { account: admin.upn })).rejects.toEqual(refused('last_administrator'))
    expect(await kept.authenticators.list(admin.id)).toHaveLength(1)
    await call('mfa.pass-give', { account: other.upn })
    await call('account.reset-factors', { account: admin.upn })
    await expect(call('mfa.pass-revoke', { account: other.upn })).rejects.toEqual(refused('last_administrator'))
    stage.now = new Date(start.getTime() + 61 * 60_000)
    await expect(call('account.reset-factors', { account: admin.upn })).rejects.toEqual(refused('last_administrator'))
    await call('account.reset-factors', { account: admin.upn, givePass: true })
  })
})
