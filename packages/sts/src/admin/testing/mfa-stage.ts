/** What the tests of the noun `mfa` stand on: a realm of its own for each test, people in it, and what they were told. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Account, AccountId, AuthenticatorId, Realm, RealmStore, Store } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { Clock } from '../../clock.ts'
import type { Notice } from '../../delivery/delivery.ts'
import type { AdminPorts } from '../operation.ts'
import { operations } from '../operations.ts'
import { type AdminStage, openAdminStage } from './admin-stage.ts'

export type Given = Readonly<Record<string, unknown>>

/** In the test file that calls {@link standOnRealm} these are of the test that runs. */
export let stage: AdminStage
export let store: Store
export let ports: AdminPorts
export let realm: Realm
export let kept: RealmStore
export let told: string[]
let counter = 0

export const start = new Date('2027-03-01T10:00:00Z')

/** Once in a test file: a store for the file, a realm for each test. Only test files may open a store, so it is handed in. */
export function standOnRealm(openStore: (clock: Clock) => Promise<Store>): void {
  beforeAll(async () => {
    stage = await openAdminStage(openStore)
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
}

/** `realm` as a change has left it. */
export const setRealm = (changed: Realm): void => {
  realm = changed
}

export const setPorts = (changed: AdminPorts): void => {
  ports = changed
}

export function find(name: string) {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return operation
}

export async function call(
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

export const refused = (code: string) => expect.objectContaining({ name: 'OperationRefused', code })
export const domain = () => realm.domains[0] ?? ''
export const upnOf = (name: string) => `${name}@${domain()}`
export const events = async (event: string) =>
  (await kept.audit.list({ limit: 1000, event })).map(({ accountId, detail }) => ({ accountId, ...detail }))

export async function add(name: string, more: Given = {}): Promise<Account> {
  await call('account.add', { upn: upnOf(name), ...more })
  const account = await kept.accounts.findByName(upnOf(name))
  if (account === undefined) throw new TypeError('no account')
  return account
}

export const stateOf = async (name: string) => (await kept.accounts.findByName(upnOf(name)))?.enforcement?.state

export async function bind(accountId: AccountId, more: Given = {}): Promise<AuthenticatorId> {
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
