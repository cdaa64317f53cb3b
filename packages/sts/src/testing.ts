/**
 * testing starts the whole service inside a test, on an ephemeral loopback port, with one realm and people in it.
 *
 * It is for tests and benchmarks only. It goes through compose.ts like the real thing; nothing is replaced but the clock.
 * @module
 */
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Account, AccountId, Client, ClientId, Realm, RealmStore, Resource, ResourceId, Store } from '@postern/storage'
import { pino } from 'pino'
import { type Clock, systemClock } from './clock.ts'
import { compose, openStore, type Service } from './compose.ts'
import { Secret } from './config/secret.ts'
import { createDelivery, createOutboxWorker, type DeliverySettings } from './delivery/delivery.ts'
import { createSigningKey } from './protocol/signing-keys.ts'
import { createRealm } from './realms/create-realm.ts'
import { addTestPrincipal, type TestPrincipal, type TestPrincipalOptions } from './testing/test-principal.ts'

export { sweep } from './sweep.ts'
export { type Exhibit, exhibitAction } from './testing/exhibit.ts'
export { createGalleryApp, renderGallery } from './testing/gallery.ts'
export type { TestPrincipal } from './testing/test-principal.ts'

/** Where a person sits, with everything that is needed to sign in. */
export interface TestPerson {
  readonly account: Account
  readonly upn: string
  readonly password: string
  /** Base32; absent where no factor is bound. */
  readonly totpSecret?: string
}

export interface TestClient {
  readonly clientId: string
  readonly clientSecret?: string
  /** PKCS #8 PEM. */
  readonly privateKey?: string
  readonly redirectUri: string
}

export interface TestSts {
  readonly baseUrl: string
  readonly issuer: string
  readonly realm: Realm
  readonly store: Store
  readonly kept: RealmStore
  readonly service: Service
  /** Has a TOTP factor. */
  readonly mary: TestPerson
  /** Has a password only. */
  readonly joe: TestPerson
  readonly clients: {
    readonly mail: TestClient
    readonly confidential: TestClient
    readonly keyed: TestClient
    readonly server: TestClient
  }
  readonly resource: Resource
  readonly masterKey: Uint8Array
  /** One more person, `{name}@contoso.com`, e.g. with a TOTP of which no step was used yet. */
  addPerson(person: { name: string; factor: boolean }): Promise<TestPerson>
  /** A server with a certificate: by default it may ask for the resource of this realm, and act for nobody. */
  addPrincipal(principal?: Partial<Omit<TestPrincipalOptions, 'kept' | 'clock' | 'realm'>>): Promise<TestPrincipal>
  /** Sends what waits in the outbox. Returns how many went. */
  post(): Promise<number>
  close(): Promise<void>
}

export interface TestStsOptions {
  /** `postgres://…`; without it PGlite in memory. */
  readonly databaseUrl?: string
  readonly clock?: Clock
  readonly audience?: string
  readonly logLevel?: string
  /** What the service calls itself; default is its own loopback address. */
  readonly baseUrl?: string
  /** Default is more than any test sends. */
  readonly formsPerMinute?: number
  /** Hosts whose metadata documents may be read, `localhost:8090`; default none. */
  readonly partnerHosts?: readonly string[]
  /** Senders of messages and of e-mail; default is none of the one, and messages written to the log. */
  readonly delivery?: DeliverySettings
  /** Networks from which a password alone may set up a first factor; default is the loopback of tests. */
  readonly trustedNetworks?: readonly string[]
}

const SCOPES = [
  'EAS.AccessAsUser.All',
  'EWS.AccessAsUser.All',
  'IMAP.AccessAsUser.All',
  'POP.AccessAsUser.All',
  'SMTP.Send',
  'Mail.Read',
]
const MAIL_SERVER = '00000002-0000-0ff1-ce00-000000000000' as ClientId // a brand has no runtime part

export async function startSts(options: TestStsOptions = {}): Promise<TestSts> {
  const clock = options.clock ?? systemClock
  const masterKey = new Uint8Array(randomBytes(32))
  const database = options.databaseUrl
    ? ({ kind: 'postgres', url: new Secret(options.databaseUrl), poolSize: 10 } as const)
    : ({ kind: 'memory', image: process.env.POSTERN_TEST_IMAGE } as const)
  const store = await openStore({ database }, { masterKey, clock })
  const { server, url } = await listen()
  const baseUrl = options.baseUrl ?? url
  const log = pino({ level: options.logLevel ?? process.env.POSTERN_TEST_LOG ?? 'silent' })
  const delivery = createDelivery(options.delivery ?? { senders: [] }, { log, clock, development: true })
  const service = compose({
    config: {
      baseUrl,
      trustedProxies: [],
      development: true,
      formsPerMinute: options.formsPerMinute ?? 1_000_000,
      partnerHosts: options.partnerHosts ?? [],
    },
    store,
    masterKey,
    clock,
    log,
    delivery,
  })
  const outbox = delivery.mailer && createOutboxWorker({ store, mailer: delivery.mailer, clock, log })
  server.on('request', service.handle)

  const seeded = await seed({ store, service, clock, audience: options.audience ?? 'https://mail.contoso.com/' })
  const { realm } = seeded
  await store.realms.change(realm.id, {
    settings: { ...realm.settings, trustedNetworks: options.trustedNetworks ?? ['127.0.0.0/8', '::1/128'] },
  })
  return Object.freeze({
    baseUrl,
    issuer: `${baseUrl}/${seeded.realm.id}`,
    store,
    service,
    masterKey,
    ...seeded,
    post: async () => (await outbox?.run()) ?? 0,
    addPerson: (person: { name: string; factor: boolean }) => addPerson(seeded.kept, { service, clock }, person),
    addPrincipal: (principal = {}) =>
      addTestPrincipal({
        kept: seeded.kept,
        clock,
        realm: realm.id,
        access: [{ resourceId: seeded.resource.id, scopes: SCOPES }],
        ...principal,
      }),
    async close() {
      await service.mailApps.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await delivery.close()
      await store.close()
    },
  })
}

async function listen(): Promise<{ server: Server; url: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has no other kind of address
  return { server, url: `http://localhost:${port}` }
}

async function seed(parts: { store: Store; service: Service; clock: Clock; audience: string }) {
  const { store, clock } = parts
  const made = await createRealm(
    { store, clock, newId: randomUUID, newSigningKey: createSigningKey },
    { displayName: 'Contoso', domain: 'contoso.com' },
  )
  if (made.outcome !== 'created') throw new TypeError('the test realm exists already')
  const { realm } = made
  const kept = store.realm(realm.id)
  const resource = await addResource(kept, parts.audience, clock())
  const access = [{ resourceId: resource.id, scopes: SCOPES }]
  return {
    realm: (await store.realms.find(realm.id)) ?? realm,
    kept,
    resource,
    mary: await addPerson(kept, parts, { name: 'mary', factor: true }),
    joe: await addPerson(kept, parts, { name: 'joe', factor: false }),
    clients: {
      mail: await addClient(kept, clock(), { method: 'none', redirectUri: 'http://127.0.0.1/callback', access }),
      confidential: await addClient(kept, clock(), {
        method: 'client_secret_basic',
        redirectUri: 'https://app.contoso.com/callback',
        access,
      }),
      keyed: await addClient(kept, clock(), {
        method: 'private_key_jwt',
        redirectUri: 'https://keyed.contoso.com/callback',
        access,
      }),
      server: await addClient(kept, clock(), {
        method: 'client_secret_basic',
        redirectUri: 'https://mail.contoso.com/callback',
        access,
        id: MAIL_SERVER,
      }),
    },
  }
}

async function addResource(kept: RealmStore, audience: string, now: Date): Promise<Resource> {
  const resource: Resource = {
    id: randomUUID() as string as ResourceId, // a brand has no runtime part
    displayName: 'Contoso Mail',
    audience,
    names: [audience],
    principalId: MAIL_SERVER,
    scopes: SCOPES,
    algorithm: 'RS256',
    tokenType: 'at+jwt',
    status: 'active',
    createdAt: now,
    updatedAt: now,
  }
  await kept.resources.add(resource)
  return resource
}

async function addPerson(
  kept: RealmStore,
  { service, clock }: { service: Service; clock: Clock },
  person: { name: string; factor: boolean },
): Promise<TestPerson> {
  const upn = `${person.name}@contoso.com`
  const now = clock()
  const account: Account = {
    id: randomUUID() as string as AccountId, // a brand has no runtime part
    upn,
    address: upn,
    furtherAddresses: [],
    displayName: `${person.name.charAt(0).toUpperCase()}${person.name.slice(1)} Rivera`,
    groups: [],
    status: 'active',
    createdAt: now,
    updatedAt: now,
  }
  await kept.accounts.add(account)
  const password = randomBytes(12).toString('base64url')
  if ((await service.accounts.setPassword(kept, account.id, password)) !== 'set')
    throw new TypeError('the test password was refused')
  if (!person.factor) return { account, upn, password }
  const secret = new Uint8Array(randomBytes(20))
  const authenticator = {
    id: randomUUID() as never,
    accountId: account.id,
    method: 'totp',
    label: 'Test',
    secret,
    state: 'active',
    detail: {},
    createdAt: now,
    confirmedAt: now,
  } as const
  await kept.authenticators.add(authenticator)
  return { account, upn, password, totpSecret: toBase32(secret) }
}

/** RFC 4648 section 6, without padding. */
function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

async function addClient(
  kept: RealmStore,
  now: Date,
  wanted: { method: Client['authenticationMethod']; redirectUri: string; access: Client['access']; id?: ClientId },
): Promise<TestClient> {
  const id = wanted.id ?? (randomUUID() as string as ClientId) // a brand has no runtime part
  const isPublic = wanted.method === 'none'
  await kept.clients.add({
    id,
    displayName: isPublic ? 'Contoso Mail for Desktop' : 'Contoso Web Mail',
    status: 'active',
    authenticationMethod: wanted.method,
    applicationType: isPublic ? 'native' : 'web',
    redirectUris: isPublic ? [wanted.redirectUri, 'http://localhost', 'com.contoso.mail://oauth-redirect'] : [wanted.redirectUri],
    postLogoutRedirectUris: isPublic ? [] : ['https://app.contoso.com/bye'],
    grantTypes: isPublic
      ? ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
      : ['authorization_code', 'refresh_token', 'client_credentials'],
    pkce: 'required',
    consent: 'implicit',
    dpopBoundAccessTokens: false,
    pushedAuthorizationRequired: false,
    access: wanted.access,
    createdAt: now,
    updatedAt: now,
  })
  if (wanted.method === 'private_key_jwt') {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' })
    await kept.clients.addCredential({ id: randomUUID(), clientId: id, createdAt: now, kind: 'key', jwk })
    return {
      clientId: id,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      redirectUri: wanted.redirectUri,
    }
  }
  if (isPublic) return { clientId: id, redirectUri: wanted.redirectUri }
  const clientSecret = randomBytes(32).toString('base64url')
  const digest = new Uint8Array(createHash('sha256').update(clientSecret).digest())
  await kept.clients.addCredential({ id: randomUUID(), clientId: id, createdAt: now, kind: 'secret', digest })
  return { clientId: id, clientSecret, redirectUri: wanted.redirectUri }
}
