import type { RealmSettings, Resource } from '@postern/storage'
import type { ClientRegistration } from './clients.ts'

/**
 * Which resource a request means, and which of its scopes the client may have. Pure.
 *
 * A resource is called by any of its names, with or without one trailing slash. A scope may stand alone
 * (`EAS.AccessAsUser.All`) or behind a name (`https://mail.contoso.com/EAS.AccessAsUser.All`, also with the double
 * slash that AD FS asks for); `.default` behind a name means all that the client may have.
 */
export const DEFAULT_SCOPE = '.default'

const withoutSlash = (name: string): string => (name.endsWith('/') ? name.slice(0, -1) : name)

/** What a resource is called, and what its scopes are called. Made once: every request asks, and a changed resource is another object. */
interface Spelled {
  readonly names: ReadonlySet<string>
  /** By spelling the short name of the scope, or `.default`. */
  readonly scopes: ReadonlyMap<string, string>
}

const made = new WeakMap<Resource, Spelled>()

const spelledOf = (resource: Resource): Spelled => made.get(resource) ?? spell(resource)

function spell(resource: Resource): Spelled {
  const names = new Set(resource.names.map(withoutSlash))
  const behindNames = (scope: string) => [...names].flatMap((name) => [`${name}/${scope}`, `${name}//${scope}`])
  const scopes = new Map<string, string>()
  for (const scope of resource.scopes) for (const one of [scope, ...behindNames(scope)]) scopes.set(one, scope)
  for (const one of behindNames(DEFAULT_SCOPE)) scopes.set(one, DEFAULT_SCOPE)
  const spelled = Object.freeze({ names, scopes })
  made.set(resource, spelled)
  return spelled
}

/** The active resource called `name`, or `undefined`. One optional trailing slash is the only freedom. */
export function findResource(resources: readonly Resource[], name: string): Resource | undefined {
  const bare = withoutSlash(name)
  return resources.find((one) => one.status === 'active' && spelledOf(one).names.has(bare))
}

const grantedScopes = (resource: Resource, access: ClientRegistration['access']): readonly string[] =>
  access.find((one) => one.resourceId === resource.id)?.scopes ?? []

/** The scopes of `resource` that this client may ask for, by their short names. */
export function grantableScopes(resource: Resource, access: ClientRegistration['access']): readonly string[] {
  const granted = grantedScopes(resource, access)
  return granted.length === 0 ? [] : resource.scopes.filter((scope) => granted.includes(scope))
}

/** Whether this client may ask `resource` for the scope that is spelled so. */
export function accepts(resource: Resource, access: ClientRegistration['access'], spelled: string): boolean {
  const short = spelledOf(resource).scopes.get(spelled)
  if (short === undefined) return false
  return short === DEFAULT_SCOPE ? grantableScopes(resource, access).length > 0 : grantedScopes(resource, access).includes(short)
}

/** Every spelling of every scope that this client may ask `resource` for. Empty: it may ask for nothing. */
export const acceptedSpellings = (resource: Resource, access: ClientRegistration['access']): readonly string[] =>
  [...spelledOf(resource).scopes.keys()].filter((spelled) => accepts(resource, access, spelled))

/** The resources that the scopes of a request name, in order of appearance. */
export function resourcesOfScopes(
  resources: readonly Resource[],
  access: ClientRegistration['access'],
  scopes: readonly string[],
): readonly Resource[] {
  const named: Resource[] = []
  const candidates = resources.filter((one) => one.status === 'active' && access.some((granted) => granted.resourceId === one.id))
  for (const scope of scopes) {
    const matching = candidates.filter((one) => accepts(one, access, scope))
    // A short name that several resources know is ambiguous: the client has to say which it means.
    const [only] = matching
    if (only && matching.length === 1 && !named.includes(only)) named.push(only)
  }
  return named
}

/** Where a request names no `resource`, its scopes do; of several granted ones (`oneOf`), the one they name or else the first. */
export function decideResource(
  resources: readonly Resource[],
  access: ClientRegistration['access'],
  asked: { readonly scopes: readonly string[]; readonly oneOf?: readonly string[] | undefined },
): string | readonly string[] | undefined {
  const named = resourcesOfScopes(resources, access, asked.scopes).map((one) => one.audience)
  if (asked.oneOf) return named.find((one) => asked.oneOf?.includes(one)) ?? asked.oneOf[0]
  return named.length > 1 ? named : named[0]
}

/** How long access tokens for it live. */
export const accessTokenSeconds = (resource: Resource, settings: RealmSettings): number =>
  resource.accessTokenSeconds ?? settings.accessTokenSeconds

/** The short names behind the spellings in `scope`, each once; `.default` becomes all that the client may have. */
export function shortScopes(resource: Resource, access: ClientRegistration['access'], scope: string): readonly string[] {
  const { scopes } = spelledOf(resource)
  const asked = new Set(scope.split(' ').map((one) => scopes.get(one)))
  const grantable = grantableScopes(resource, access)
  return asked.has(DEFAULT_SCOPE) ? grantable : grantable.filter((short) => asked.has(short))
}

/**
 * The first scope that stands behind the name of a known resource and that this client may not have. Short names are not
 * looked at: they may be anybody's, and what nobody knows is ignored (RFC 6749 section 3.3).
 */
export const findUngranted = (
  resources: readonly Resource[],
  access: ClientRegistration['access'],
  scopes: readonly string[],
): string | undefined =>
  scopes.find(
    (scope) =>
      findResource(resources, scope.slice(0, scope.lastIndexOf('/')).replace(/\/$/, '')) !== undefined &&
      !resources.some((one) => one.status === 'active' && accepts(one, access, scope)),
  )
