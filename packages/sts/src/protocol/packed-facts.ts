import type { Client, ClientId, MailHosts, Realm, RealmStore, Resource } from '@postern/storage'
import type { ClientPackFacts, PackedClient, PackedClientIds } from '../client-pack/client-pack.ts'
import { findResource, grantableScopes } from './resources.ts'

/** Of a realm, as it is kept. */
interface PackedRealm {
  readonly realm: Pick<Realm, 'id' | 'displayName' | 'domains' | 'settings'>
  readonly issuer: string
  readonly kept: { readonly clients: Pick<RealmStore['clients'], 'find'> }
  readonly resources: readonly Resource[]
}

/** Reads the two clients; everything else is decided by {@link decideFacts}. */
export async function loadClientPackFacts(
  of: PackedRealm,
  { ids, person }: { ids: PackedClientIds; person?: ClientPackFacts['person'] | undefined },
): Promise<ClientPackFacts> {
  const find = (id: string) => of.kept.clients.find(id as ClientId) // whether one has it is what is asked
  const [thunderbird, apple] = [await find(ids.thunderbird), await find(ids.apple)]
  return decideFacts({ ...of, thunderbird, apple, person })
}

/** Pure: which clients and which resource the files may name. A client that is disabled, or may ask for nothing, is as good as none. */
export function decideFacts(
  given: Omit<PackedRealm, 'kept'> & {
    readonly thunderbird: Client | undefined
    readonly apple: Client | undefined
    readonly person?: ClientPackFacts['person'] | undefined
  },
): ClientPackFacts {
  const { realm, issuer, resources, person } = given
  const hosts = realm.settings.mailHosts ?? {}
  const thunderbird = packThunderbird(given.thunderbird, resources, hosts)
  const apple = packApple(given.apple, resources, hosts)
  const resource =
    thunderbird?.resource ?? apple?.resource ?? resources.find((one) => one.status === 'active' && isAt(one, hosts))
  return Object.freeze({
    realm: Object.freeze({ id: realm.id, displayName: realm.displayName, domains: realm.domains }),
    issuer,
    hosts,
    clients: Object.freeze({
      ...(thunderbird === undefined ? {} : { thunderbird: thunderbird.client }),
      ...(apple === undefined ? {} : { apple: apple.client }),
    }),
    ...(resource === undefined ? {} : { resource: Object.freeze({ audience: resource.audience, scopes: resource.scopes }) }),
    ...(person === undefined ? {} : { person }),
  })
}

interface Packed {
  readonly client: PackedClient
  readonly resource: Resource
}

/** Scopes as Exchange names them (F 3.1), and the protocol that each opens. */
const protocolOfScope: Readonly<Record<string, keyof MailHosts>> = {
  'IMAP.AccessAsUser.All': 'imap',
  'POP.AccessAsUser.All': 'pop',
  'SMTP.Send': 'smtp',
  'EAS.AccessAsUser.All': 'activesync',
  'EWS.AccessAsUser.All': 'ews',
}
const protocolOf = (scope: string): keyof MailHosts | undefined =>
  Object.hasOwn(protocolOfScope, scope) ? protocolOfScope[scope] : undefined

/** Those for these protocols; where a realm has names of its own, all of them, since nobody else knows what they open. */
function scopesFor(granted: readonly string[], protocols: readonly (keyof MailHosts)[], hosts: MailHosts): readonly string[] {
  const fitting = granted.filter((scope) => {
    const protocol = protocolOf(scope)
    return protocol !== undefined && protocols.includes(protocol) && hosts[protocol] !== undefined
  })
  return fitting.length > 0 ? fitting : granted.filter((scope) => protocolOf(scope) === undefined)
}

/**
 * Thunderbird asks once for all of its servers, and a token is for one resource. So of several the one that opens most is
 * taken, at equal terms the one that is called as a mail server is. Scopes stand behind the audience, so that no other
 * resource with a scope of that name is meant.
 */
function packThunderbird(client: Client | undefined, resources: readonly Resource[], hosts: MailHosts): Packed | undefined {
  if (client?.status !== 'active') return undefined
  const [best] = resources
    .filter(({ status }) => status === 'active')
    .map((resource) => ({
      resource,
      scopes: scopesFor(grantableScopes(resource, client.access), ['imap', 'pop', 'smtp', 'ews'], hosts),
    }))
    .filter(({ scopes }) => scopes.length > 0)
    .toSorted((one, other) => rank(other, hosts) - rank(one, hosts))
  if (best === undefined) return undefined
  const behind = best.resource.audience.replace(/\/$/, '')
  const scope = [...best.scopes.map((one) => `${behind}/${one}`), 'offline_access'].join(' ')
  return { client: Object.freeze({ clientId: client.id, scope }), resource: best.resource }
}

const rank = ({ resource, scopes }: { resource: Resource; scopes: readonly string[] }, hosts: MailHosts): number =>
  scopes.filter((scope) => protocolOf(scope) !== undefined).length * 2 + (isAt(resource, hosts) ? 1 : 0)

/** Apple Mail names no scope; it asks for the resource that is called like its server (F 3.1), and gets what it was granted there. */
function packApple(client: Client | undefined, resources: readonly Resource[], hosts: MailHosts): Packed | undefined {
  if (client?.status !== 'active' || hosts.activesync === undefined) return undefined
  const resource = findResource(resources, new URL(hosts.activesync).origin)
  if (resource === undefined) return undefined
  const scopes = scopesFor(grantableScopes(resource, client.access), ['activesync'], hosts)
  return scopes.length === 0 ? undefined : { client: Object.freeze({ clientId: client.id, scope: scopes.join(' ') }), resource }
}

/** Whether one of its names is an address on the host of a mail server. */
function isAt({ names }: Resource, hosts: MailHosts): boolean {
  const known = new Set([
    ...[hosts.imap, hosts.pop, hosts.smtp].map((at) => at?.host),
    ...[hosts.activesync, hosts.ews, hosts.jmap].map((address) => address && new URL(address).hostname),
  ])
  return names.some((name) => {
    const hostname = URL.parse(name)?.hostname
    return hostname !== undefined && hostname !== '' && known.has(hostname)
  })
}
