/**
 * undo takes back what a set-up has made, and nothing else.
 *
 * It owns the order (the last first) and what stands in the way. What is gone already is left alone; of a list, only what the
 * set-up had added goes. A client or a resource that it made goes whole, with what was added to it since.
 * @module
 */
import type { ClientId, Partner, RealmStore, ResourceId } from '@postern/storage'
import { isFromMetadata } from '../../partners/partners.ts'
import { findDomainUser } from '../domain-users.ts'
import { OperationRefused } from '../errors.ts'
import type { RealmPorts } from '../operation.ts'
import { withdrawActorTokens } from '../server-grants.ts'
import { changeClient, changeResource, requireClient, withoutAccess } from './apply.ts'
import { describeMade } from './describe.ts'
import { type HybridRecord, type Made, readRecord } from './made.ts'
import { rightsBefore } from './rights.ts'
import { accessOf, delegationOf, missingOf, type Snapshot } from './snapshot.ts'

/** How much of what was made is still there: `all`, `some` (of a list), or `none`. Pure. */
export function presenceOf(snapshot: Snapshot, made: Made): 'all' | 'some' | 'none' {
  const { realm, clients, resources, partners, certificates } = snapshot
  const of = (is: boolean) => (is ? 'all' : 'none')
  const ofList = (wanted: readonly string[], present: readonly string[] | undefined) => {
    const missing = missingOf(wanted, present).length
    return missing === 0 ? 'all' : missing < wanted.length ? 'some' : 'none'
  }
  const resource = 'resource' in made ? resources.find(({ id }) => id === made.resource) : undefined
  switch (made.kind) {
    case 'domain':
      return of(realm.domains.includes(made.domain))
    case 'client':
      return of(clients.has(made.client))
    case 'grant-types':
      return ofList(made.grantTypes, clients.get(made.client)?.grantTypes)
    case 'certificate':
      return of(certificates.some(({ credential }) => credential === made.credential))
    case 'metadata':
      return of(partners.get(made.client)?.metadataUrl === made.url)
    case 'resource':
      return of(resource !== undefined)
    case 'resource-names':
      return ofList(made.names, resource?.names)
    case 'resource-principal':
      return of(resource?.principalId === made.client)
    case 'resource-scopes':
      return ofList(made.scopes, resource?.scopes)
    case 'access':
      return ofList(made.scopes, accessOf(clients.get(made.client), made.resource))
    case 'delegation': {
      const present = delegationOf(snapshot, made.client, made.resource)
      return present === undefined ? 'none' : made.before === undefined ? ofList(made.scopes, present.scopes) : 'all'
    }
  }
}

/**
 * What others have built on what was made. They must not lose it by this.
 * @throws {OperationRefused} `in_use`
 */
export async function refuseUse(kept: RealmStore, snapshot: Snapshot, { made }: HybridRecord): Promise<void> {
  const domains = made.flatMap((one) => (one.kind === 'domain' ? [one.domain] : []))
  const user = await findDomainUser(kept, domains)
  if (user !== undefined)
    throw new OperationRefused(
      'in_use',
      `The account ${user.upn} has an address under ${user.domain}. First change or remove it: postern account change`,
    )
  const parties = new Set(made.flatMap((one) => (one.kind === 'client' || one.kind === 'access' ? [one.client] : [])))
  for (const one of made) {
    if (one.kind !== 'resource') continue
    const other = [...snapshot.clients.values()].find(
      ({ id, access }) => !parties.has(id) && access.some(({ resourceId }) => resourceId === one.resource),
    )
    if (other !== undefined)
      throw new OperationRefused(
        'in_use',
        `The client ${other.id} has access to ${one.audience}. First: postern client withdraw ${other.id} ${one.audience}`,
      )
  }
}

/**
 * A hybrid that was set up later found what this one had made, and relies on it. One that was set up earlier does not, so of
 * two there is always one that can go first.
 * @throws {OperationRefused} `in_use`
 */
export async function refuseLaterHybrid(kept: RealmStore, snapshot: Snapshot, name: string): Promise<void> {
  const all = await kept.hybrids.list()
  const own = all.find((one) => one.name === name)
  if (own === undefined) return
  const left = readRecord(own.made).made.filter((made) => presenceOf(snapshot, made) !== 'none')
  for (const other of all) {
    const { onPremises, cloud } = readRecord(other.made)
    const needed = left.find((made) => isNeededBy([onPremises.client, cloud.client], made, snapshot))
    if (other.name === name || other.createdAt <= own.createdAt || needed === undefined) continue
    throw new OperationRefused(
      'in_use',
      `The hybrid ${other.name} (${onPremises.url} and ${cloud.url}) was set up later and relies on what ${name} made, for one: ${describeMade(needed, (id) => snapshot.resources.find((one) => one.id === id)?.audience ?? id)}. First: postern hybrid undo --name ${other.name}`,
    )
  }
}

/** Whether something is of one of these servers, or a right of one at the other. A domain is of the realm. */
function isNeededBy(servers: readonly string[], made: Made, { resources }: Snapshot): boolean {
  const isServers = (client: string | undefined) => client !== undefined && servers.includes(client)
  if (made.kind === 'domain') return false
  const isClients = 'client' in made && isServers(made.client)
  if (!('resource' in made)) return isClients
  const isResources = isServers(resources.find(({ id }) => id === made.resource)?.principalId)
  return made.kind === 'access' || made.kind === 'delegation' ? isClients && isResources : isClients || isResources
}

/** Takes one thing back that {@link presenceOf} has found, in the caller's transaction. */
export async function takeBack(at: RealmPorts & { readonly snapshot: Snapshot }, made: Made): Promise<void> {
  const { kept, clock } = at
  const without = (present: readonly string[], gone: readonly string[]) => missingOf(present, gone)
  switch (made.kind) {
    case 'domain':
      await at.store.realms.removeDomain(at.realm.id, made.domain)
      return
    case 'client': {
      const { id } = await requireClient(at, made.client)
      await kept.refreshTokens.revokeByClient(id, { at: clock(), because: 'hybrid undone' })
      await kept.clients.remove(id)
      return
    }
    case 'grant-types': {
      await withdraw(at, made.client)
      return changeClient(at, made.client, ({ grantTypes }) => ({ grantTypes: without(grantTypes, made.grantTypes) }))
    }
    case 'certificate': {
      const client = await requireClient(at, made.client)
      await kept.clients.removeCredential(client.id, made.credential)
      return withdraw(at, client.id)
    }
    case 'metadata':
      return forgetMetadata(at, made)
    case 'resource':
      return removeResource(at, made.resource as ResourceId) // as it was made
    case 'resource-names':
      return changeResource(at, made.resource, ({ names }) => ({ names: without(names, made.names) }))
    case 'resource-principal':
      return changeResource(at, made.resource, () => ({ principalId: undefined }))
    case 'resource-scopes':
      return changeResource(at, made.resource, ({ scopes }) => ({ scopes: without(scopes, made.scopes) }))
    case 'access': {
      await kept.refreshTokens.revokeByClient(made.client as ClientId, { at: clock(), because: 'hybrid undone' }) // as it was made
      await withdraw(at, made.client)
      return changeClient(at, made.client, ({ access }) => ({ access: withoutAccess(access, made) }))
    }
    case 'delegation':
      return takeBackDelegation(at, made)
  }
}

/** With what its own two servers were given there since. Of others {@link refuseUse} has made sure. */
async function removeResource(at: RealmPorts & { readonly snapshot: Snapshot }, id: ResourceId): Promise<void> {
  for (const { id: client, access } of at.snapshot.clients.values())
    if (access.some(({ resourceId }) => resourceId === id) && (await at.kept.clients.find(client)) !== undefined)
      await changeClient(at, client, (now) => ({ access: now.access.filter(({ resourceId }) => resourceId !== id) }))
  await at.kept.resources.remove(id)
}

const withdraw = async (at: RealmPorts, client: string): Promise<void> =>
  withdrawActorTokens(at.kept, await requireClient(at, client), at.clock())

async function takeBackDelegation(
  at: RealmPorts & { readonly snapshot: Snapshot },
  made: Extract<Made, { kind: 'delegation' }>,
): Promise<void> {
  const { delegations } = at.kept
  const present = await delegations.find(made.client as ClientId, made.resource as ResourceId) // as they were made
  if (present === undefined) return
  const left = rightsBefore(present, made, at.snapshot.record?.wish)
  if (left.scopes.length === 0) await delegations.revoke(present.clientId, present.resourceId)
  else await delegations.grant({ ...present, ...left })
  await withdraw(at, made.client)
}

/** The address that was there before comes back; without one, what the document vouched for goes. */
async function forgetMetadata({ kept, clock }: RealmPorts, made: Extract<Made, { kind: 'metadata' }>): Promise<void> {
  const client = await requireClient({ kept }, made.client)
  const held = await kept.partners.find(client.id, { lock: true })
  if (held === undefined) return
  const {
    metadataUrl: _url,
    pinned: _pinned,
    metadataReadAt: _read,
    metadataTriedAt: _tried,
    metadataProblem: _why,
    ...rest
  } = held
  const before = made.before
  const partner: Partner = {
    ...rest,
    ...(before === undefined ? {} : { metadataUrl: before.url }),
    ...(before?.pinned === undefined ? {} : { pinned: before.pinned }),
  }
  await kept.partners.put(partner)
  if (before !== undefined) return
  const read = (await kept.clients.credentials(client.id)).filter(isFromMetadata)
  for (const { id } of read) await kept.clients.removeCredential(client.id, id)
  if (read.length > 0) await withdrawActorTokens(kept, client, clock())
}
