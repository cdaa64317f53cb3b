/** Does the steps of a plan, one by one, inside the caller's transaction; and remembers what was made. */
import { isDeepStrictEqual } from 'node:util'
import type { Client, ClientId, Partner, Resource, ResourceId } from '@postern/storage'
import { OperationRefused } from '../errors.ts'
import type { RealmPorts } from '../operation.ts'
import { followAudience } from '../resource-names.ts'
import { mailServerGrants, withdrawActorTokens } from '../server-grants.ts'
import type { Made } from './made.ts'
import { missingOf } from './snapshot.ts'
import type { Step } from './steps.ts'

/** @throws {OperationRefused} `conflict`, where somebody else has what was still free when it was planned */
export async function applyStep(at: RealmPorts, step: Step): Promise<void> {
  const { kept, clock } = at
  switch (step.kind) {
    case 'make':
      return applyMade(at, step.made)
    case 'make-certificate': {
      const { client, credential: id, x5t } = step.made
      const { jwk, x5tS256, expiresAt } = step.key
      const clientId = client as ClientId // the client was found or made before
      const outcome = await kept.clients.addCredential({
        id,
        clientId,
        kind: 'key',
        createdAt: clock(),
        jwk,
        x5t,
        x5tS256,
        expiresAt,
      })
      if (outcome === 'conflict')
        throw new OperationRefused(
          'conflict',
          `The certificate ${x5t} is in use elsewhere in this installation. Make a key and a certificate for ${client} alone.`,
        )
      return
    }
    case 'drop-certificate': {
      const client = await requireClient(at, step.client)
      await kept.clients.removeCredential(client.id, step.credential)
      return withdrawActorTokens(kept, client, clock())
    }
    case 'move': {
      await changeResource(at, step.resource, () => ({ audience: step.to, names: step.names }))
      return followAudience(at, { from: step.from, to: step.to })
    }
    case 'drop-names':
      return changeResource(at, step.resource, ({ names }) => ({ names: names.filter((one) => !step.names.includes(one)) }))
    case 'drop-access': {
      await withdrawActorTokens(kept, await requireClient(at, step.client), clock())
      return changeClient(at, step.client, ({ access }) => ({ access: withoutAccess(access, step) }))
    }
    case 'delegate':
      return delegate(at, step)
    case 'note-reading': {
      const partner = await kept.partners.find(step.client as ClientId, { lock: true }) // as it was found
      if (partner !== undefined) await kept.partners.put(readNow(partner, clock()))
      return
    }
  }
}

/** Read well at this moment: whatever was wrong before is over. */
function readNow({ metadataProblem: _over, ...partner }: Partner, now: Date): Partner {
  return { ...partner, metadataReadAt: now, metadataTriedAt: now }
}

async function applyMade(at: RealmPorts, made: Extract<Step, { kind: 'make' }>['made']): Promise<void> {
  const { kept, clock } = at
  switch (made.kind) {
    case 'domain': {
      if ((await at.store.realms.addDomain(at.realm.id, made.domain)) === 'conflict')
        throw new OperationRefused('conflict', `Another realm has the domain ${made.domain}. See: postern realm list`)
      return
    }
    case 'client':
      return addClient(at, made)
    case 'grant-types':
      return changeClient(at, made.client, ({ grantTypes }) => ({ grantTypes: union(grantTypes, made.grantTypes) }))
    case 'metadata': {
      const clientId = made.client as ClientId // the client was found or made before
      const held: Partner = (await kept.partners.find(clientId, { lock: true })) ?? { clientId, acceptsUnsignedUserTokens: false }
      await kept.partners.put({ ...readNow(held, clock()), metadataUrl: made.url, pinned: made.pinned })
      return
    }
    case 'resource':
      return addResource(at, made)
    case 'resource-names':
      return changeResource(at, made.resource, ({ names }) => ({ names: union(names, made.names) }))
    case 'resource-principal':
      return changeResource(at, made.resource, () => ({ principalId: made.client }))
    case 'resource-scopes':
      return changeResource(at, made.resource, ({ scopes }) => ({ scopes: union(scopes, made.scopes) }))
    case 'access':
      return changeClient(at, made.client, ({ access }) => ({ access: withAccess(access, made) }))
  }
}

async function addClient({ kept, clock }: RealmPorts, made: Extract<Made, { kind: 'client' }>): Promise<void> {
  const now = clock()
  const client: Client = Object.freeze({
    id: made.client as ClientId, // checked as a client id before anything was planned
    displayName: made.displayName,
    status: 'active',
    authenticationMethod: 'private_key_jwt',
    applicationType: 'web',
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes: mailServerGrants,
    pkce: 'required',
    consent: 'implicit',
    dpopBoundAccessTokens: false,
    pushedAuthorizationRequired: false,
    access: [],
    createdAt: now,
    updatedAt: now,
  })
  if ((await kept.clients.add(client)) === 'conflict')
    throw new OperationRefused('conflict', `Somebody has just registered the client ${client.id}. Run it again.`)
}

async function addResource({ kept, clock }: RealmPorts, made: Extract<Made, { kind: 'resource' }>): Promise<void> {
  const now = clock()
  const resource: Resource = Object.freeze({
    id: made.resource as ResourceId, // a new UUID
    displayName: made.displayName,
    audience: made.audience,
    names: made.names,
    principalId: made.client,
    scopes: made.scopes,
    algorithm: 'RS256',
    tokenType: 'at+jwt',
    status: 'active',
    createdAt: now,
    updatedAt: now,
  })
  if ((await kept.resources.add(resource)) === 'conflict')
    throw new OperationRefused(
      'conflict',
      `Somebody has just given a resource one of the names ${made.names.join(', ')}. Run it again.`,
    )
}

/** An actor token says that its holder may act for people: one from before must not outlive what it may do now. */
async function delegate(at: RealmPorts, { made, to, narrows }: Extract<Step, { kind: 'delegate' }>): Promise<void> {
  const { kept, clock } = at
  const key = { clientId: made.client as ClientId, resourceId: made.resource as ResourceId } // both were found or made before
  const present = await kept.delegations.find(key.clientId, key.resourceId)
  const outcome = await kept.delegations.grant({ ...(present ?? { ...key, createdAt: clock() }), ...to })
  if (outcome === 'missing')
    throw new OperationRefused('conflict', `The client ${made.client} or its resource has just gone. Run it again.`)
  if (narrows) await withdrawActorTokens(kept, await requireClient(at, made.client), clock())
}

/** Also for taking back. @throws {OperationRefused} `conflict` */
export async function requireClient({ kept }: Pick<RealmPorts, 'kept'>, id: string): Promise<Client> {
  const client = await kept.clients.find(id as ClientId) // whether one has it is what is asked
  if (client === undefined) throw new OperationRefused('conflict', `The client ${id} has just gone. Run it again.`)
  return client
}

export async function changeClient(
  { kept, clock }: Pick<RealmPorts, 'kept' | 'clock'>,
  id: string,
  change: (client: Client) => Partial<Client>,
): Promise<void> {
  const client = await requireClient({ kept }, id)
  await kept.clients.replace(Object.freeze({ ...client, ...change(client), updatedAt: clock() }))
}

/** A `principalId` of `undefined` takes it away. @throws {OperationRefused} `conflict` */
export async function changeResource(
  { kept, clock }: Pick<RealmPorts, 'kept' | 'clock'>,
  id: string,
  change: (resource: Resource) => Partial<Omit<Resource, 'principalId'>> & { principalId?: string | undefined },
): Promise<void> {
  const found = await kept.resources.find(id as ResourceId) // whether one has it is what is asked
  if (found === undefined) throw changedMeanwhile(id)
  const { principalId, ...resource } = { ...found, ...change(found) }
  const outcome = await kept.resources.replace(
    Object.freeze({ ...resource, updatedAt: clock(), ...(principalId === undefined ? {} : { principalId }) }),
  )
  if (outcome !== 'replaced') throw changedMeanwhile(found.audience)
}

const changedMeanwhile = (resource: string) =>
  new OperationRefused('conflict', `The resource ${resource} has just been changed. Run it again.`)

const union = (some: readonly string[], more: readonly string[]): readonly string[] => [...new Set([...some, ...more])]

function withAccess(
  access: Client['access'],
  { resource, scopes }: { resource: string; scopes: readonly string[] },
): Client['access'] {
  const resourceId = resource as ResourceId // it was found or made before
  return access.some((one) => one.resourceId === resourceId)
    ? access.map((one) => (one.resourceId === resourceId ? { ...one, scopes: union(one.scopes, scopes) } : one))
    : [...access, { resourceId, scopes: [...scopes] }]
}

/** Without these scopes of a resource; without any it is not asked for at all. Pure. */
export const withoutAccess = (
  access: Client['access'],
  { resource, scopes: gone }: { resource: string; scopes: readonly string[] },
): Client['access'] =>
  access.flatMap((one) => {
    const scopes = one.resourceId === resource ? missingOf(one.scopes, gone) : one.scopes
    return scopes.length === 0 ? [] : [{ ...one, scopes }]
  })

/** The record after a step: what is made joins it, what is followed is changed in it. Pure. */
export function remember(record: readonly Made[], step: Step): readonly Made[] {
  switch (step.kind) {
    case 'make':
    case 'make-certificate':
    case 'delegate': {
      const { made } = step
      const others = record.filter((one) => !isReplacedBy(one, made))
      return [...others, made]
    }
    case 'drop-certificate':
      return record.filter((one) => !(one.kind === 'certificate' && one.credential === step.credential))
    case 'move':
      return record.map((one) =>
        one.kind === 'resource' && one.resource === step.resource ? { ...one, audience: step.to, names: [...step.names] } : one,
      )
    case 'drop-names':
      return record.flatMap((one) => {
        if (one.kind !== 'resource-names' || one.resource !== step.resource) return [one]
        const names = one.names.filter((name) => !step.names.includes(name))
        return names.length === 0 ? [] : [{ ...one, names }]
      })
    case 'drop-access':
      return record.flatMap((one) => {
        if (one.kind !== 'access' || one.client !== step.client || one.resource !== step.resource) return [one]
        const scopes = one.scopes.filter((scope) => !step.scopes.includes(scope))
        return scopes.length === 0 ? [] : [{ ...one, scopes }]
      })
    case 'note-reading':
      return record
  }
}

/** Made again, because it was gone; or said anew, because it is elsewhere now. */
const isReplacedBy = (one: Made, made: Made): boolean =>
  isDeepStrictEqual(one, made) ||
  (made.kind === 'delegation' && one.kind === made.kind && one.client === made.client && one.resource === made.resource) ||
  ((made.kind === 'metadata' || made.kind === 'client') && one.kind === made.kind && one.client === made.client)
