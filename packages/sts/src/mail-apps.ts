import { randomBytes, randomUUID } from 'node:crypto'
import type { RealmId, RealmStore, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { Accounts } from './accounts/accounts.ts'
import type { Audit } from './audit/audit.ts'
import type { Clock } from './clock.ts'
import { type Delivery, harmlessName, type Notices } from './delivery/delivery.ts'
import type { Feature } from './http/route.ts'
import { createDovecotConnections } from './mailgate/dovecot-connections.ts'
import { createEventFeed } from './mailgate/event-feed.ts'
import { createMailgate } from './mailgate/mailgate.ts'
import { createOwnerTelling } from './mailgate/told-owners.ts'
import { createBackChannelLogout } from './protocol/back-channel-logout.ts'
import type { Protocol } from './protocol/protocol.ts'
import type { SecondFactors } from './second-factors.ts'

/** The gate for apps that know only passwords, and what follows from its decisions outside of a request. */
export interface MailApps {
  readonly features: readonly Feature[]
  /** Tells owners of apps that wait for them, by message and e-mail. */
  tellOwners(): Promise<number>
  /** Tells apps and mail servers of what has ended: back-channel logout, and connections at Dovecot. */
  endElsewhere(): Promise<void>
  /** Lets everybody go who waits for news, and resolves when no owner is being told any more. Before requests are drained. */
  close(): Promise<void>
}

/** The part of compose.ts that builds the gate. `reference` makes a correlation id for what no request asked for. */
export function createMailApps(parts: {
  baseUrl: string
  store: Store
  clock: Clock
  log: Logger
  audit: Audit
  notices: Notices
  delivery: Pick<Delivery, 'messages' | 'tellsByMail'>
  accounts: Accounts
  mfa: Pick<SecondFactors, 'gate' | 'appPasswords'>
  protocol: Protocol
  reference: () => string
  /** For what the service asks of others by itself. */
  fetch: (url: URL, init: RequestInit) => Promise<Response>
}): MailApps {
  const { baseUrl, store, clock, log, audit, notices, delivery, accounts, mfa, protocol, reference, fetch } = parts
  const owners = createOwnerTelling({ store, baseUrl, clock, log, audit, notices, reference, ...delivery })
  const connections = createDovecotConnections({ store, fetch, clock, log, audit, reference })
  const logout = createBackChannelLogout({ store, runtimeOf: protocol.runtimeOf, clock, newId: randomUUID, fetch, log })
  const gate = createMailgate({
    gate: mfa.gate,
    accounts,
    appPasswords: mfa.appPasswords,
    tokens: protocol.tokens,
    audit,
    tileAppeared: () => owners.wake(),
    async tellOfTooMany(realm: RealmStore, account) {
      const portal = `${baseUrl}/${realm.realmId}/portal`
      await notices.tell(realm, { account, notice: { kind: 'mail_apps_too_many', portal, ...(await namesOf(realm.realmId)) } })
    },
    async tellOfSharedPassword(realm: RealmStore, account, { label, app: { label: name, lastSource: source } }) {
      const portal = `${baseUrl}/${realm.realmId}/portal`
      const app = harmlessName(name)
      const of = { ...(app !== '' && { app }), ...(source !== undefined && { source }), ...(await namesOf(realm.realmId)) }
      await notices.tell(realm, { account, notice: { kind: 'app_password_shared', label, portal, ...of } })
    },
    transaction: store.transaction,
    clock,
    newId: randomUUID,
    memoryKey: randomBytes(32),
  })
  const feed = createEventFeed({ authentication: gate.servers, clock })

  async function namesOf(id: RealmId) {
    const found = await store.realms.find(id)
    return found === undefined ? {} : { realm: found.displayName, issuer: `${baseUrl}/${id}` }
  }

  return Object.freeze({
    features: [gate, feed],
    tellOwners: () => owners.run(),
    async endElsewhere() {
      await Promise.all([connections.run(), logout.run()])
    },
    async close() {
      feed.close()
      await owners.stop()
    },
  })
}
