/** What tests of operations stand on: a real store, which they open, and the real parts, with a clock that they set. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createAccessPasses, createAttemptGate, createFactorLife, createMethods } from '@postern/mfa'
import type { Store } from '@postern/storage'
import { createAccounts, createHashing, createHashQueue } from '../../accounts/accounts.ts'
import { createAudit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { createAdminPorts } from '../admin-ports.ts'
import type { AdminPorts } from '../operation.ts'

export interface AdminStage {
  readonly store: Store
  readonly ports: AdminPorts
  now: Date
}

export async function openAdminStage(openStore: (clock: Clock) => Promise<Store>): Promise<AdminStage> {
  const clock = () => stage.now
  const store = await openStore(clock)
  const gate = createAttemptGate({ clock })
  const digest = (...values: readonly string[]) => new Uint8Array(createHash('sha256').update(values.join('\0')).digest())
  const methods = createMethods({
    clock,
    random: randomBytes,
    digest,
    messages: { send: async () => ({ outcome: 'undeliverable', because: 'no_sender' }) },
    relyingParty: { id: 'login.contoso.com', origins: ['https://login.contoso.com'] },
  })
  // As weak as argon2 goes: what is proved here is not how slow it is.
  const hashing = createHashing({ queue: createHashQueue({ clock }), parameters: { memoryKibibytes: 8, passes: 1, lanes: 1 } })
  const ports = createAdminPorts({
    store,
    clock,
    newId: randomUUID,
    random: randomBytes,
    accounts: createAccounts({ gate, hashing, clock, names: (name) => name, guesses: (...one) => one.join() }),
    factors: createFactorLife({ gate, methods }),
    passes: createAccessPasses({ clock, random: randomBytes, digest, newId: randomUUID }),
    notices: { tell: async () => undefined },
    audit: createAudit({ clock, newId: randomUUID }),
    baseUrl: 'https://login.contoso.com',
  })
  const stage: AdminStage = { store, ports, now: new Date('2027-03-01T10:00:00Z') }
  return stage
}
