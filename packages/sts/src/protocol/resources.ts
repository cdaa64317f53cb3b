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

/** The active resource called `name`, or `undefined`. One optional trailing slash is the only freedom. */
export const findResource = (resources: readonly Resource[], name: string): Resource | undefined =>
  resources.find((one) => one.status === 'active' && one.names.some((known) => withoutSlash(known) === withoutSlash(name)))

/** The scopes of `resource` that this client may ask for, by their short names. */
export function grantableScopes(resource: Resource, access: ClientRegistration['access']): readonly string[] {
  const granted = access.find((one) => one.resourceId === resource.id)
  return granted ? resource.scopes.filter((scope) => granted.scopes.includes(scope)) : []
}

/** Made once: every request asks for them several times, and a resource is replaced when anything of it changes. */
const madeSpellings = new WeakMap<Resource, ReadonlyMap<string, readonly string[]>>()

/** Every spelling of `scope`, which is one of `resource` or `.default`. */
function spellings(resource: Resource, scope: string): readonly string[] {
  const made = madeSpellings.get(resource) ?? makeSpellings(resource)
  return made.get(scope) ?? []
}

function makeSpellings(resource: Resource): ReadonlyMap<string, readonly string[]> {
  const behindNames = (scope: string) =>
    resource.names.flatMap((name) => [`${withoutSlash(name)}/${scope}`, `${withoutSlash(name)}//${scope}`])
  const made = new Map(resource.scopes.map((scope) => [scope, Object.freeze([scope, ...behindNames(scope)])] as const))
  made.set(DEFAULT_SCOPE, Object.freeze(behindNames(DEFAULT_SCOPE)))
  madeSpellings.set(resource, made)
  return made
}

/** Every spelling of every scope that this client may ask `resource` for. Empty: it may ask for nothing. */
export function acceptedSpellings(resource: Resource, access: ClientRegistration['access']): readonly string[] {
  const scopes = grantableScopes(resource, access)
  return scopes.length === 0 ? [] : [...scopes, DEFAULT_SCOPE].flatMap((scope) => spellings(resource, scope))
}

/** The resources that the scopes of a request name, in order of appearance. */
export function resourcesOfScopes(
  resources: readonly Resource[],
  access: ClientRegistration['access'],
  scopes: readonly string[],
): readonly Resource[] {
  const named: Resource[] = []
  const candidates = resources.filter((one) => one.status === 'active' && access.some((granted) => granted.resourceId === one.id))
  for (const scope of scopes) {
    const matching = candidates.filter((one) => acceptedSpellings(one, access).includes(scope))
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
  const asked = new Set(scope.split(' '))
  const grantable = grantableScopes(resource, access)
  if (spellings(resource, DEFAULT_SCOPE).some((one) => asked.has(one))) return grantable
  return grantable.filter((short) => spellings(resource, short).some((one) => asked.has(one)))
}

/**
 * The first scope that stands behind the name of a known resource and that this client may not have. Short names are not
 * looked at: they may be anybody's, and what nobody knows is ignored (RFC 6749 section 3.3).
 */
export function findUngranted(
  resources: readonly Resource[],
  access: ClientRegistration['access'],
  scopes: readonly string[],
): string | undefined {
  const accepted = new Set(resources.filter((one) => one.status === 'active').flatMap((one) => acceptedSpellings(one, access)))
  return scopes.find((scope) => {
    const resource = findResource(resources, scope.slice(0, scope.lastIndexOf('/')).replace(/\/$/, ''))
    return resource !== undefined && !accepted.has(scope)
  })
}
