/** A new realm for each test of operations, on the stage of admin-stage.ts, and the operations called on it by name. */
import { randomUUID } from 'node:crypto'
import type { AccountId, ClientId, FamilyId, Realm, RealmStore, Store } from '@postern/storage'
import type { Clock } from '../../clock.ts'
import type { AdminPorts } from '../operation.ts'
import { operations } from '../operations.ts'
import { type AdminStage, openAdminStage } from './admin-stage.ts'

export const start = new Date('2027-03-01T10:00:00Z')

/** Members that the tests read, of whichever operation. */
type Given = Readonly<Record<'id' | 'upn' | 'password' | 'secret' | 'credential' | 'certificate', string>> & {
  readonly access: unknown
}

export interface RealmStage {
  readonly stage: AdminStage
  /** For a test that needs another part; `begin` puts the stage's own back. */
  ports: AdminPorts
  readonly realm: Realm
  /** Number of the realm, which its domain has too. */
  readonly number: number
  readonly kept: RealmStore
  /** Makes a new realm at the first hour. */
  begin(): Promise<void>
  /** Within the realm unless told otherwise; `null`: within none. */
  call(name: string, input?: Record<string, unknown>, within?: Realm | null): Promise<Given>
  domain(): string
  mary(): Promise<Given>
  /** A living sign-in of a mail client. */
  signIn(accountId: string, clientId: string): Promise<FamilyId>
  trail(): Promise<readonly Readonly<Record<string, unknown>>[]>
  fromNow(seconds: number): Date
}

export async function openRealmStage(openStore: (clock: Clock) => Promise<Store>): Promise<RealmStage> {
  const stage = await openAdminStage(openStore)
  let number = 0
  let realm: Realm | undefined
  const begun = (): Realm => {
    if (realm === undefined) throw new TypeError('no realm')
    return realm
  }

  const at: RealmStage = {
    stage,
    ports: stage.ports,
    get realm() {
      return begun()
    },
    get number() {
      return number
    },
    get kept() {
      return stage.store.realm(begun().id)
    },
    async begin() {
      stage.now = start
      at.ports = stage.ports
      number += 1
      await at.call('realm.add', { domain: `r${number}.contoso.com`, displayName: 'Contoso' }, null)
      realm = await stage.store.realms.findByDomain(`r${number}.contoso.com`)
    },
    async call(name, input = {}, within = begun()) {
      const operation = operations.find((one) => one.name === name)
      if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
      const output = await operation.execute(at.ports, {
        input,
        actor: 'test',
        reference: 'ref',
        ...(within === null ? {} : { realm: within }),
      })
      return output as Given // each test reads what its operation gives
    },
    domain: () => begun().domains[0] ?? '',
    mary: () => at.call('account.add', { upn: `mary@${at.domain()}`, displayName: 'Mary', generatePassword: true }),
    async signIn(accountId, clientId) {
      const familyId = randomUUID() as FamilyId
      await at.kept.refreshTokens.start({
        handle: randomUUID(),
        familyId,
        accountId: accountId as AccountId,
        clientId: clientId as ClientId,
        payload: {},
        issuedAt: stage.now,
        expiresAt: at.fromNow(3600),
        familyEndsAt: at.fromNow(7200),
      })
      const session = {
        kind: 'Session',
        id: randomUUID(),
        payload: {},
        expiresAt: at.fromNow(3600),
        keys: { accountId },
      } as const
      await at.kept.artifacts.upsert(session)
      return familyId
    },
    trail: async () => (await at.kept.audit.list({ limit: 100 })).map(({ detail }) => detail),
    fromNow: (seconds) => new Date(stage.now.getTime() + seconds * 1000),
  }
  return at
}
