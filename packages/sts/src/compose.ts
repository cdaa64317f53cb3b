/**
 * compose builds the service from its parts, in the order in which they depend on each other. Read it from top to bottom.
 *
 * It is the one composition root and the only file that imports values of @postern/storage. It holds no rule of its own.
 * @module
 */
import { createHmac, createSecretKey, randomInt, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { passwordRules, type ThrottleRules } from '@postern/mfa'
import { readMetadataDocument } from '@postern/resource-server'
import {
  type ConnectOptions,
  connect,
  createStore,
  hasInstallation,
  limitWaiting,
  openInstallation,
  type RealmId,
  type RealmSettings,
  type RealmStore,
  StorageUnavailable,
  type Store,
  waitForShared,
} from '@postern/storage'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { type Accounts, createAccounts, createHashing, createHashQueue, Overloaded } from './accounts/accounts.ts'
import { sourceOf } from './accounts/source.ts'
import { packedClientIds } from './admin/client-presets.ts'
import { createApp } from './app.ts'
import { type Audit, createAudit } from './audit/audit.ts'
import { createClientPacks } from './client-pack/pack-routes.ts'
import { type Clock, systemClock } from './clock.ts'
import { deriveCookieKeys, deriveKey } from './config/master-key.ts'
import type { Config } from './config/parse.ts'
import { createNotices, type Delivery, type Notices } from './delivery/delivery.ts'
import { createHealth } from './health.ts'
import { createClientAddress } from './http/client-address.ts'
import { createFormLimit } from './http/form-limit.ts'
import { requireOriginForm } from './http/request-target.ts'
import { createMailApps, type MailApps } from './mail-apps.ts'
import { createPages } from './pages.ts'
import { createPartners, type Partners } from './partners/partners.ts'
import { rulesOfAccount } from './policy/mail/mail-rules.ts'
import { isTrustedNetwork } from './policy/trusted-network.ts'
import { createPortal } from './portal/portal.ts'
import { requirementsFor } from './protocol/assurance.ts'
import { createKeysReady } from './protocol/keys-ready.ts'
import { loadClientPackFacts } from './protocol/packed-facts.ts'
import { serviceAudiences } from './protocol/principals.ts'
import { createProtocol, type Protocol } from './protocol/protocol.ts'
import { findRequestState, requestState } from './protocol/request-state.ts'
import { createRealmRegistry } from './realms/realm-registry.ts'
import { createSecondFactors, type SecondFactors } from './second-factors.ts'
import { createSignin } from './signin/signin.ts'
import { rowsOfBatch } from './sweep.ts'

/** A database that ends with the process. It begins empty, or as a copy of `image`. */
interface Memory {
  readonly kind: 'memory'
  readonly image?: string | undefined
}

/**
 * Opens the database that the configuration names and brings its schema up to date.
 * @throws {SealingError} `unknown_key`: the database is used with another master key. Nothing was changed.
 */
export async function openStore(
  config: { database: Config['database'] | Memory },
  options: { masterKey: Uint8Array; clock?: Clock },
): Promise<Store> {
  const connection = await connect(connectionOf(config.database))
  try {
    await openInstallation(connection, options.masterKey)
  } catch (fault) {
    await connection.close()
    throw fault
  }
  return createStore({ connection, masterKey: options.masterKey, clock: options.clock ?? systemClock })
}

/** Whether the database is used with a master key already. Makes nothing, not even an embedded database. */
export async function isInstalled({ database }: Pick<Config, 'database'>): Promise<boolean> {
  if (database.kind === 'pglite' && !existsSync(database.directory)) return false
  const connection = connect(connectionOf(database))
  try {
    return await hasInstallation(connection)
  } finally {
    await connection.close()
  }
}

function connectionOf(database: Config['database'] | Memory): ConnectOptions {
  if (database.kind === 'postgres') return { kind: 'postgres', url: database.url.reveal(), poolSize: database.poolSize }
  if (database.kind === 'pglite') return { kind: 'pglite', directory: database.directory }
  return { kind: 'pglite', image: database.image }
}

export interface Parts {
  readonly config: Pick<Config, 'baseUrl' | 'trustedProxies' | 'development' | 'formsPerMinute' | 'partnerHosts'>
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly clock: Clock
  readonly log: Logger
  /** What is counted for operators; a new one where nobody else counts. */
  readonly metrics?: Registry
  /** Brings codes and notices out of the house; whoever made it closes it. */
  readonly delivery: Pick<Delivery, 'messages' | 'tellsByMail' | 'channels'>
}

export interface Service {
  /** Answers one request of a node:http server. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  readonly accounts: Accounts
  readonly factors: SecondFactors['factors']
  readonly life: SecondFactors['life']
  readonly passes: SecondFactors['passes']
  readonly recoveryCodes: SecondFactors['recoveryCodes']
  readonly appPasswords: SecondFactors['appPasswords']
  readonly notices: Notices
  readonly partners: Partners
  readonly mailApps: MailApps
  readonly audit: Audit
  readonly protocol: Protocol
  /** Deletes what has expired, a bounded batch at a time. Returns how many rows went. */
  removeExpired(): Promise<number>
}

/** How long one request waits for the database in total. Then it is told 503, within the 5 s after which clients give up. */
const databaseMilliseconds = 4_000
/**
 * How a typed user code is counted (RFC 8628 section 5.1): by source, since no account is known yet. A whole office may
 * share one address, so it is slowed and never shut out; with 20^8 codes a hundred guesses a day find nothing.
 */
const USER_CODE = 'user-code'
const userCodeRules: ThrottleRules = Object.freeze({ ...passwordRules, freeFailures: 9, perWindow: 100 })

export function compose({ config, store, masterKey, clock, log, delivery, metrics }: Parts): Service {
  const newId = randomUUID
  // Key objects: from raw bytes each digest would make its key anew, which costs more than the digest.
  const nameKey = createSecretKey(deriveKey(masterKey, 'digest of unknown names'))
  const guessKey = createSecretKey(deriveKey(masterKey, 'digest of wrong passwords'))
  const cookieKeys = deriveCookieKeys(masterKey)

  const audit = createAudit({ clock, newId })
  const notices = createNotices({ clock, newId, isMailConfigured: delivery.tellsByMail })
  const namesOf = async (realm: RealmStore) => {
    const found = await store.realms.find(realm.realmId)
    return found && { realm: found.displayName, issuer: `${config.baseUrl}/${found.id}` }
  }
  const hashing = createHashing({ queue: createHashQueue({ clock }), pepper: deriveKey(masterKey, 'password pepper') })
  const mfa = createSecondFactors({
    hashing,
    baseUrl: config.baseUrl,
    masterKey,
    clock,
    audit,
    notices,
    namesOf,
    messages: delivery.messages,
    reference: () => findRequestState()?.reference ?? newReference(),
    // Asked while a request is answered, when protocol below is there.
    signedInElsewhere: async (_realm, accountId) => (await protocol.sessions.list(accountId, { showing: 'mfa' })).length > 0,
  })
  const { gate, factors } = mfa
  const accounts = createAccounts({
    gate,
    hashing,
    memory: mfa.secretMemory,
    clock,
    names: (name) => createHmac('sha256', nameKey).update(name).digest('base64url'),
    guesses: (subject, password) => createHmac('sha256', guessKey).update(`${subject}\0${password}`).digest('base64url'),
  })

  const partners = createPartners({
    store,
    clock,
    audit,
    log,
    allowHosts: config.partnerHosts,
    // Partners of a self-hosted service are on private networks; only hosts that the operator has listed are asked.
    readDocument: (url) =>
      readMetadataDocument(url, {
        allowHosts: config.partnerHosts,
        allowPrivateNetwork: true,
        allowInsecureLoopback: config.development,
      }),
    reference: () => findRequestState()?.reference ?? newReference(),
  })

  const protocol = createProtocol({
    store,
    baseUrl: config.baseUrl,
    clock,
    audit,
    csrfKey: deriveKey(masterKey, 'interaction csrf'),
    newId,
    rereadPartner: ({ store: kept, realm, realmSpellings: realms }, assertion) =>
      partners.lookAgain(kept, assertion, { audiences: serviceAudiences(realm, config.baseUrl), realms }),
    parts: {
      clock,
      cookieKeys,
      secure: config.baseUrl.startsWith('https:'),
      pages: createPages(),
      strengths: async (realm, accountId, { disabledMethods }) =>
        (await factors.methodsOf(realm, accountId))
          .filter(({ method }) => !disabledMethods?.includes(method))
          .map(({ strength }) => strength),
      fetch: tellOthers,
    },
    guardUserCode: async (source, runtime, attempt) => {
      const counter = { attempts: runtime.store.attempts, subject: `source:${sourceOf(source)}`, method: USER_CODE }
      const outcome = await gate.check({ ...counter, rules: userCodeRules }, attempt)
      return outcome.outcome === 'throttled' ? outcome.until : undefined
    },
  })

  const shared = {
    ...mfa,
    sessions: protocol.sessions,
    accounts,
    notices,
    audit,
    clock,
    storeFor: (realm: RealmId) => store.realm(realm),
    settingsOf: async () => requestState().runtime.realm.settings,
    isTrustedNetwork: ({ trustedNetworks }: Pick<RealmSettings, 'trustedNetworks'>, source: string | undefined) =>
      isTrustedNetwork(trustedNetworks, source),
    phoneChannels: delivery.channels,
    transaction: store.transaction,
  }
  const signin = createSignin({ ...shared, interactions: protocol.interactions })
  const packs = createClientPacks({
    factsOf: (person) => {
      const { realm, issuer, store: kept, resources } = requestState().runtime
      return loadClientPackFacts({ realm, issuer, kept, resources }, { ids: packedClientIds, person })
    },
  })
  const portal = createPortal({
    ...shared,
    authorizedApps: protocol.authorizedApps,
    requirementsFor: async (realm, accountId) => {
      const account = await realm.accounts.find(accountId)
      return account === undefined ? [] : requirementsFor(requestState().runtime.policies, account)
    },
    mailRules: async (realm, accountId) =>
      rulesOfAccount(requestState().runtime.mail.rules, await realm.authenticationPolicies.assigned(accountId)),
    servedProtocols: () => [...requestState().runtime.mail.servers.values()].flatMap(({ protocols }) => protocols),
    setupFiles: packs.setupFiles,
    personalFile: packs.personalFile,
  })

  const mailApps = createMailApps({
    baseUrl: config.baseUrl,
    ...{ store, clock, log, audit, notices, delivery, accounts, mfa, protocol },
    reference: newReference,
    fetch: tellOthers,
  })

  const app = createApp({
    baseUrl: config.baseUrl,
    clock,
    log,
    registry: createRealmRegistry(store.realms),
    protocol,
    features: [signin, portal, packs.feature, ...mailApps.features],
    health: createHealth({
      clock,
      ...(metrics === undefined ? {} : { registry: metrics }),
      databaseTime: () => store.ping(),
      checks: {
        keys: createKeysReady({ store, clock }),
      },
    }).middleware,
    formLimit: createFormLimit({ perMinute: config.formsPerMinute, countedAs: sourceOf }),
    cookieKeys,
    clientAddress: createClientAddress({ trustedProxies: config.trustedProxies }),
    newReference,
    shared: waitForShared,
    codeOf: (fault) => {
      if (fault instanceof StorageUnavailable) return { code: 'unavailable', retryAfterSeconds: 2 }
      if (fault instanceof Overloaded) return { code: 'busy', retryAfterSeconds: fault.retryAfterSeconds }
      return undefined
    },
  })

  const answer = requireOriginForm(app.callback())
  return Object.freeze({
    handle: (request: IncomingMessage, response: ServerResponse) =>
      limitWaiting(databaseMilliseconds, (end) => {
        response.once('close', end)
        answer(request, response)
      }),
    accounts,
    factors,
    life: mfa.life,
    passes: mfa.passes,
    recoveryCodes: mfa.recoveryCodes,
    appPasswords: mfa.appPasswords,
    notices,
    partners,
    mailApps,
    audit,
    protocol,
    removeExpired: () => store.removeExpired(clock(), rowsOfBatch),
  })
}

/**
 * What the service asks of others by itself: back-channel logout, and Dovecot to end connections. oidc-provider would let
 * nothing out to private addresses, which is where the apps and mail servers of a self-hosted realm are; only
 * administrators register these addresses.
 */
function tellOthers(url: URL, init: RequestInit & { dispatcher?: unknown }): Promise<Response> {
  const { dispatcher: _guard, ...request } = init
  return fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(5_000) })
}

/** No letter or digit that is mistaken for another when it is read out (Crockford's base 32). */
const READABLE = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Three groups of four, e.g. `7KQF-2M9X-4TDA`: 60 bits, so no two requests share one. */
function newReference(): string {
  // Node keeps the bytes for random numbers ready, and fetches those that are asked for as bytes each time.
  const letters = [randomInt(2 ** 30), randomInt(2 ** 30)].map(sixLetters).join('')
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}-${letters.slice(8)}`
}

const sixLetters = (number: number): string =>
  [0, 5, 10, 15, 20, 25].map((place) => READABLE.charAt((number >>> place) & 31)).join('')
