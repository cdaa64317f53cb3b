/**
 * plan decides what is missing so that two mail servers can ask each other for tokens. Pure.
 *
 * It owns what belongs to a hybrid, and what is refused before anything is changed. Whatever is there already stays as it is,
 * whoever made it, but for rights, which become what is wanted (rights.ts); what an earlier set-up made for an address or a
 * certificate that is no more is followed.
 * @module
 */
import type { Client, Resource } from '@postern/storage'
import { METADATA_CREDENTIAL } from '../../partners/partners.ts'
import { OperationRefused } from '../errors.ts'
import { namesOf } from '../resource-names.ts'
import { mailServerGrants } from '../server-grants.ts'
import { toTargetName } from '../target-names.ts'
import { describeMade } from './describe.ts'
import type { Made } from './made.ts'
import { planRights } from './rights.ts'
import { missingOf, type Snapshot } from './snapshot.ts'
import { type Item, make, type Named, toItem } from './steps.ts'
import type { Side, Wanted } from './wanted.ts'

/** Credentials that were handed in to a set-up; those of a document are named by `partners`. */
const HANDED_IN = 'hybrid:'

/**
 * Everything that belongs to the hybrid, in the order in which it is made. Nothing is left to do when no item has a step.
 * @throws {OperationRefused} `conflict`
 */
export function planHybrid(snapshot: Snapshot, wanted: Wanted): readonly Item[] {
  const { onPremises, cloud } = wanted
  refuseClash(snapshot, wanted)
  const resources = { onPremises: findOwnResource(snapshot, onPremises), cloud: findOwnResource(snapshot, cloud) }
  const [idOnPremises, idCloud] = [resources.onPremises?.id ?? onPremises.newResource, resources.cloud?.id ?? cloud.newResource]
  const named = {
    ...snapshot,
    audienceOf: (id: string) =>
      ({ [onPremises.newResource]: onPremises.url, [cloud.newResource]: cloud.url })[id] ??
      snapshot.resources.find((one) => one.id === id)?.audience ??
      id,
  }
  return Object.freeze([
    ...planDomains(named, wanted.domains),
    ...[onPremises, cloud].flatMap((side) => [
      ...planClient(named, side),
      ...planCertificates(named, side),
      ...planMetadata(named, side),
    ]),
    ...planResource(named, onPremises, { present: resources.onPremises, scopes: wanted.scopes }),
    ...planResource(named, cloud, { present: resources.cloud, scopes: wanted.scopes }),
    ...planRights(named, wanted, { client: onPremises.client, resource: idCloud }),
    ...planRights(named, wanted, { client: cloud.client, resource: idOnPremises }),
  ])
}

const refused = (message: string) => new OperationRefused('conflict', message)

/** What two servers must not share, and what an earlier set-up of this name says otherwise. */
function refuseClash({ record }: Snapshot, { onPremises, cloud }: Wanted): void {
  if (onPremises.client === cloud.client)
    throw refused(
      `Both sides are called ${onPremises.client}. Two servers must not be one principal: whoever held the key of one could be the other (CVE-2025-53786). Give one of them an id of its own: --cloud-client-id or --on-premises-client-id`,
    )
  if (onPremises.url === cloud.url) throw refused(`Both sides have the address ${cloud.url}. A hybrid is between two servers.`)
  const shared = onPremises.certificates.find(({ x5t }) => cloud.certificates.some((one) => one.x5t === x5t))
  if (shared !== undefined)
    throw refused(
      `Both sides show the certificate ${shared.x5t}. Whoever held its key could be either of them (CVE-2025-53786). Give each server a key of its own, e.g. by --make-certificates <dir>`,
    )
  for (const [before, now] of record === undefined
    ? []
    : ([
        [record.onPremises, onPremises],
        [record.cloud, cloud],
      ] as const))
    if (before.client !== now.client)
      throw refused(
        `This hybrid was set up with ${before.client}, and now it is to be ${now.client}. First: postern hybrid undo, or give the new one another --name`,
      )
}

const planDomains = (at: Named, domains: readonly string[]): readonly Item[] =>
  domains.map((domain) => make(at, { kind: 'domain', domain }, !at.realm.domains.includes(domain)))

function planClient(at: Named, { client: id, displayName }: Side): readonly Item[] {
  const present = at.clients.get(id)
  if (present === undefined) return [make(at, { kind: 'client', client: id, displayName }, true)]
  refuseUnfit(present)
  const missing = missingOf(mailServerGrants, present.grantTypes)
  return [
    make(at, { kind: 'client', client: id, displayName: present.displayName }, false),
    ...(missing.length === 0 ? [] : [make(at, { kind: 'grant-types', client: id, grantTypes: [...missing] }, true)]),
  ]
}

function refuseUnfit({ id, status, authenticationMethod: method }: Client): void {
  if (status === 'disabled') throw refused(`The client ${id} is disabled. If that is over: postern client enable ${id}`)
  if (method !== 'private_key_jwt')
    throw refused(
      `There is a client ${id}, and it proves itself by ${method}. A server proves itself by its key alone: postern client change ${id} --authentication-method private_key_jwt, or another id for this server`,
    )
}

function planCertificates(at: Named, { client, certificates, metadata }: Side): readonly Item[] {
  const thumbprints = new Set(certificates.map(({ x5t }) => x5t))
  const outdated = (at.record?.made ?? []).filter(
    (made) =>
      made.kind === 'certificate' &&
      made.client === client &&
      certificates.length > 0 &&
      !thumbprints.has(made.x5t) &&
      at.certificates.some(({ credential }) => credential === made.credential),
  )
  return [
    ...certificates.map((key) => {
      const holder = at.certificates.find(({ x5t }) => x5t === key.x5t)?.client
      if (holder !== undefined && holder !== client)
        throw refused(
          `The certificate ${key.x5t} of ${client} belongs to the client ${holder}. Whoever held its key could be both (CVE-2025-53786). Give each server a key of its own.`,
        )
      const credential = `${metadata === undefined ? HANDED_IN : METADATA_CREDENTIAL}${key.x5tS256}`
      const made = { kind: 'certificate', client, credential, x5t: key.x5t } as const
      return toItem(at, made, holder === undefined ? { kind: 'make-certificate', made, key } : undefined)
    }),
    ...outdated.flatMap((made) =>
      made.kind === 'certificate'
        ? [
            {
              what: `${describeMade(made, at.audienceOf)} goes, because its server has it no more`,
              step: { kind: 'drop-certificate', client, credential: made.credential, x5t: made.x5t } as const,
            },
          ]
        : [],
    ),
  ]
}

function planMetadata(at: Named, { client, metadata }: Side): readonly Item[] {
  if (metadata === undefined) return []
  const present = at.partners.get(client)
  const isPresent = present?.metadataUrl === metadata.url && present.pinned !== undefined
  const own = at.record?.made.find((made) => made.kind === 'metadata' && made.client === client)
  const before =
    own?.kind === 'metadata'
      ? own.before
      : present?.metadataUrl === undefined
        ? undefined
        : { url: present.metadataUrl, ...(present.pinned === undefined ? {} : { pinned: present.pinned }) }
  const { url, pinned } = metadata
  const problem = present?.metadataProblem
  if (isPresent && problem !== undefined)
    return [
      {
        what: `metadata of ${client} is read from ${url} again, after: ${problem}`,
        step: { kind: 'note-reading', client },
      },
    ]
  return [make(at, { kind: 'metadata', client, url, pinned, ...(before === undefined ? {} : { before }) }, !isPresent)]
}

/** The resource that is this server already. @throws {OperationRefused} `conflict` where that cannot be told */
function findOwnResource({ resources, record }: Snapshot, { client, url }: Side): Resource | undefined {
  const known = new Set(record?.made.flatMap((made) => (made.kind === 'resource' ? [made.resource] : [])))
  const named = resources.find(({ names }) => names.includes(url))
  const own = resources.filter(({ principalId }) => principalId === client)
  if (named?.principalId !== undefined && named.principalId !== client)
    throw refused(
      `${url} is the resource of the principal ${named.principalId}, not of ${client}. See: postern resource show ${url}`,
    )
  const found = named ?? own.find(({ id }) => known.has(id)) ?? own[0]
  if (named === undefined && !(found !== undefined && known.has(found.id)) && own.length > 1)
    throw refused(
      `Several resources have the principal ${client}, and none the name ${url}. Give it to the right one: postern resource change`,
    )
  if (found?.status === 'disabled')
    throw refused(`The resource ${found.audience} is disabled. If that is over: postern resource enable ${found.audience}`)
  return found
}

function planResource(
  at: Named,
  { client, url, displayName, newResource }: Side,
  { present, scopes }: { present: Resource | undefined; scopes: readonly string[] },
): readonly Item[] {
  const names = namesOf(url, [toTargetName(client, new URL(url).hostname)])
  const taken = at.resources.find((one) => one.id !== present?.id && one.names.some((name) => names.includes(name)))
  if (taken !== undefined)
    throw refused(`The resource ${taken.audience} has the name ${names.find((name) => taken.names.includes(name))} already.`)
  if (present === undefined)
    return [
      make(
        at,
        { kind: 'resource', resource: newResource, audience: url, names: [...names], displayName, client, scopes: [...scopes] },
        true,
      ),
    ]
  const { id: resource, audience } = present
  const own = at.record?.made.find((made) => made.kind === 'resource' && made.resource === resource)
  const shown: Extract<Made, { kind: 'resource' }> = {
    kind: 'resource',
    resource,
    audience,
    names: [...present.names],
    displayName,
    client,
    scopes: [...scopes],
  }
  const missingScopes = missingOf(scopes, present.scopes)
  return [
    ...(own?.kind === 'resource' && own.audience === audience && audience !== url
      ? [moveItem(present, { to: url, names: [...missingOf(present.names, own.names), ...names] })]
      : [make(at, shown, false), ...planNames(at, present, names)]),
    ...(present.principalId === undefined ? [make(at, { kind: 'resource-principal', resource, client }, true)] : []),
    ...(missingScopes.length === 0 ? [] : [make(at, { kind: 'resource-scopes', resource, scopes: [...missingScopes] }, true)]),
  ]
}

const moveItem = ({ id, audience }: Resource, { to, names }: { to: string; names: readonly string[] }): Item =>
  Object.freeze<Item>({
    what: `resource ${audience} is at ${to} now`,
    step: { kind: 'move', resource: id, from: audience, to, names: [...new Set(names)] },
  })

/** The names that it needs now, and without those that were made for another address. */
function planNames(at: Named, { id: resource, names: present, audience }: Resource, names: readonly string[]): readonly Item[] {
  const missing = missingOf(names, present)
  const outdated = (at.record?.made ?? [])
    .flatMap((made) => (made.kind === 'resource-names' && made.resource === resource ? made.names : []))
    .filter((name) => present.includes(name) && !names.includes(name) && !namesOf(audience, []).includes(name))
  return [
    ...(missing.length === 0 ? [] : [make(at, { kind: 'resource-names', resource, names: [...missing] }, true)]),
    ...(outdated.length === 0
      ? []
      : [
          {
            what: `names ${outdated.join(', ')} of resource ${audience} go, because its server is elsewhere now`,
            step: { kind: 'drop-names', resource, names: outdated } as const,
          },
        ]),
  ]
}
