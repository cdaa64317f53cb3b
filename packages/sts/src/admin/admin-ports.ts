import { readMetadataDocument } from '@postern/resource-server'
import type { Realm, Store } from '@postern/storage'
import type { Accounts } from '../accounts/accounts.ts'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import type { Notices } from '../delivery/delivery.ts'
import type { Partners } from '../partners/partners.ts'
import { createSigningKey } from '../protocol/signing-keys.ts'
import type { AdminPorts } from './operation.ts'

/** What operations use, from the parts of the service. */
export function createAdminPorts(parts: {
  store: Store
  clock: Clock
  newId: () => string
  random: (bytes: number) => Uint8Array
  accounts: Accounts
  factors: AdminPorts['factors']
  passes: AdminPorts['passes']
  notices: Notices
  audit: Audit
  baseUrl?: string
  /** Without it nothing can be read from partners here. */
  partners?: Pick<Partners, 'refresh'>
  /** Those that `partners` may ask. */
  partnerHosts?: readonly string[]
  /** What mail servers are told of a refusal; without it try-outs leave that out. */
  renderRefusal?: AdminPorts['renderRefusal']
  /** Metadata documents may come over http from this machine, as in development. */
  allowInsecureLoopback?: boolean
}): AdminPorts {
  const { store, clock, newId, random, accounts, factors, passes, notices, audit, baseUrl, partners } = parts
  const allowInsecureLoopback = parts.allowInsecureLoopback ?? false
  const partnerHosts = Object.freeze([...(parts.partnerHosts ?? [])])
  const issuerOf = (realm: Realm['id']) => (baseUrl === undefined ? undefined : `${baseUrl}/${realm}`)
  return Object.freeze({
    store,
    clock,
    newId,
    random,
    newSigningKey: createSigningKey,
    passwords: accounts,
    factors,
    passes,
    async tell(realm, account, notice) {
      const found = await store.realms.find(realm.realmId)
      const issuer = issuerOf(realm.realmId)
      const names = { ...(found && { realm: found.displayName }), ...(issuer === undefined ? {} : { issuer }) }
      await notices.tell(realm, { account, notice: { ...notice, ...names } })
    },
    async readPartner(realm, clientId) {
      if (partners === undefined) throw new TypeError('These ports were made without partners')
      return partners.refresh(realm, clientId, 'asked')
    },
    // Whoever administers this service names the host, so it may be one of the same network.
    readMetadata: (url, { allowHosts }) =>
      readMetadataDocument(url, { allowHosts, allowInsecureLoopback, allowPrivateNetwork: true }),
    partnerHosts,
    renderRefusal: parts.renderRefusal,
    record: (realm, event) => audit.record(realm, event),
    issuerOf,
    recordChange: (realm, { operation, subject, actor, reference }) =>
      audit.record(realm, { event: 'admin.changed', reference, actor, detail: { operation, subject } }),
  } satisfies AdminPorts)
}
