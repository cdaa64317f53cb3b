/**
 * workers-stage is a store, and in it a realm with one person for each story of mailgate's workers. No service stands around it, and
 * its clock stands still until it is moved.
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type Account,
  type ConnectOptions,
  connect,
  createStore,
  type MailApp,
  openInstallation,
  type RealmId,
  type RealmSettings,
  type RealmStore,
  type Store,
} from '@postern/storage'
import { onTestFinished } from 'vitest'

export const baseUrl = 'https://sts.contoso.com'

export interface Stage {
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly clock: () => Date
  later(milliseconds: number): void
  close(): Promise<void>
}

/** In memory, or on a PostgreSQL of its own. `masterKey`: that of the process which opened the database first. */
export async function openStage(options: { databaseUrl?: string; masterKey?: Uint8Array } = {}): Promise<Stage> {
  const where: ConnectOptions =
    options.databaseUrl === undefined
      ? { kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE }
      : { kind: 'postgres', url: options.databaseUrl, poolSize: 4 }
  const connection = await connect(where)
  const masterKey = options.masterKey ?? new Uint8Array(randomBytes(32))
  await openInstallation(connection, masterKey)
  let now = new Date('2026-11-23T10:00:00Z')
  const clock = () => now
  const store = createStore({ connection, masterKey, clock })
  const later = (milliseconds: number) => {
    now = new Date(now.getTime() + milliseconds)
  }
  return { store, masterKey, clock, later, close: () => store.close() }
}

export interface Scene {
  readonly realm: RealmStore
  readonly domain: string
  readonly account: Account
  /** A tile, pending unless `change` says otherwise. */
  addApp(change?: Partial<MailApp>): Promise<MailApp>
  audited(event: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export const minute = 60_000
export const phone = '+4915112345678'

/** A realm of its own with Mary in it, who has a telephone in the directory unless `account` says otherwise. */
export async function setScene(
  { store, clock }: Stage,
  options: { account?: Partial<Account>; settings?: Partial<RealmSettings> } = {},
): Promise<Scene> {
  const now = clock()
  const id = randomUUID() as string as RealmId // a brand has no runtime part
  const domain = `${id.slice(0, 8)}.example`
  await store.realms.add({
    id,
    displayName: 'Contoso',
    domains: [domain],
    status: 'active',
    settings: { ...options.settings } as RealmSettings, // the workers read no other member
    createdAt: now,
  })
  const realm = store.realm(id)
  const account: Account = {
    id: randomUUID() as string as Account['id'], // a brand has no runtime part
    upn: 'mary@contoso.com',
    address: 'mary.rivera@contoso.com',
    furtherAddresses: ['m.rivera@contoso.com'],
    displayName: 'Mary Rivera',
    phone,
    groups: [],
    status: 'active',
    createdAt: now,
    updatedAt: now,
    ...options.account,
  }
  await realm.accounts.add(account)
  onTestFinished(() => tidyUp(realm))
  return {
    realm,
    domain,
    account,
    async addApp(change = {}) {
      const at = clock()
      const name = randomUUID()
      const app: MailApp = {
        id: name,
        accountId: account.id,
        identity: `device:${name}`,
        label: 'Outlook',
        traits: { deviceId: name },
        protocols: ['activesync'],
        state: 'pending',
        firstTriedAt: at,
        lastTriedAt: at,
        lastSource: '203.0.113.7',
        tries: 1,
        ...change,
      }
      await realm.mailApps.add(app, { most: 100 })
      return app
    },
    audited: async (event) => (await realm.audit.list({ limit: 500, event })).map(({ detail }) => detail),
  }
}

/** The workers serve every realm of the store: what a story leaves open is not for the next one. */
async function tidyUp({ mailApps, mailServers }: RealmStore): Promise<void> {
  for (const { id } of await mailApps.listAll({ limit: 500 })) await mailApps.told(id, 'nobody')
  for (const { clientId } of await mailServers.list()) await mailServers.remove(clientId)
}
