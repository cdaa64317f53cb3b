import type { Client, Delegation, Partner, Realm, RealmStore, Resource } from '@postern/storage'
import { type HybridRecord, readRecord } from './made.ts'

/** Everything that setting up, taking back and looking at a hybrid is decided from. */
export interface Snapshot {
  readonly realm: Realm
  /** Every client of the realm: whoever else uses a resource counts as well. */
  readonly clients: ReadonlyMap<string, Client>
  readonly resources: readonly Resource[]
  readonly delegations: readonly Delegation[]
  readonly partners: ReadonlyMap<string, Partner>
  /** Certificates of the realm's clients. */
  readonly certificates: readonly {
    readonly client: string
    readonly credential: string
    readonly x5t: string
    readonly expiresAt: Date | undefined
  }[]
  readonly record: HybridRecord | undefined
}

export async function loadSnapshot(kept: RealmStore, realm: Realm, name: string): Promise<Snapshot> {
  const principals = await kept.partners.principals()
  const hybrid = await kept.hybrids.find(name)
  return Object.freeze({
    realm,
    clients: new Map((await everyClient(kept)).map((one) => [one.id, one])),
    resources: await kept.resources.list(),
    delegations: await kept.delegations.list(),
    partners: new Map(principals.map(({ partner }) => [partner.clientId, partner])),
    certificates: principals.flatMap(({ client, certificates }) =>
      certificates.map(({ id, x5t, expiresAt }) => ({ client: client.id, credential: id, x5t, expiresAt })),
    ),
    record: hybrid && readRecord(hybrid.made),
  })
}

async function everyClient(kept: RealmStore): Promise<readonly Client[]> {
  const limit = 1000
  const all: Client[] = []
  for (let after: string | undefined; ; ) {
    const page = await kept.clients.list({ limit, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < limit) return all
    after = page.at(-1)?.id
  }
}

/** What is there of `wanted`, and what is not. Pure. */
export const missingOf = (wanted: readonly string[], present: readonly string[] | undefined): readonly string[] =>
  wanted.filter((one) => !present?.includes(one))

export const accessOf = (client: Client | undefined, resource: string): readonly string[] | undefined =>
  client?.access.find(({ resourceId }) => resourceId === resource)?.scopes

export const delegationOf = ({ delegations }: Snapshot, client: string, resource: string): Delegation | undefined =>
  delegations.find((one) => one.clientId === client && one.resourceId === resource)
