import type { Account, RealmStore, Store } from '@postern/storage'
import type { Accounts } from '../accounts/accounts.ts'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { createSigningKey } from '../protocol/signing-keys.ts'
import type { AdminNotice, AdminPorts } from './operation.ts'

/** What operations use, from the parts of the service. */
export function createAdminPorts(parts: {
  store: Store
  clock: Clock
  newId: () => string
  random: (bytes: number) => Uint8Array
  accounts: Accounts
  factors: AdminPorts['factors']
  passes: AdminPorts['passes']
  notices: { tell(realm: RealmStore, told: { account: Account; notice: AdminNotice }): Promise<unknown> }
  audit: Audit
  baseUrl?: string
}): AdminPorts {
  const { store, clock, newId, random, accounts, factors, passes, notices, audit, baseUrl } = parts
  return Object.freeze({
    store,
    clock,
    newId,
    random,
    newSigningKey: createSigningKey,
    passwords: accounts,
    factors,
    passes,
    tell: async (realm, account, notice) => {
      await notices.tell(realm, { account, notice })
    },
    record: (realm, event) => audit.record(realm, event),
    issuerOf: (realm) => (baseUrl === undefined ? undefined : `${baseUrl}/${realm}`),
    recordChange: (realm, { operation, subject, actor, reference }) =>
      audit.record(realm, { event: 'admin.changed', reference, actor, detail: { operation, subject } }),
  } satisfies AdminPorts)
}
