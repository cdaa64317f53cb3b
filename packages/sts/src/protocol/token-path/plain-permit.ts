import type { Resource } from '@postern/storage'
import type { ClientRegistration } from '../clients.ts'
import { accepts, findResource } from '../resources.ts'
import type { PlainGrant } from './refreshed-facts.ts'
import { LongWay } from './short-way.ts'

/** What a code or refresh token may still give. */
export interface PlainPermit {
  readonly resource: Resource
  /** In the spelling in which it was granted. */
  readonly scope: string
  /** Of OpenID Connect. Empty: an ID token was never asked for. */
  readonly idScopes: readonly string[]
}

/** No more than was asked for, is granted, and the client may still have. @throws {LongWay} where nothing of the resource is left */
export function capPlainly(
  { resources, access }: { readonly resources: readonly Resource[]; readonly access: ClientRegistration['access'] },
  asked: { readonly resource: string; readonly scopes: ReadonlySet<string>; readonly grant: PlainGrant },
): PlainPermit {
  const { scopes, grant } = asked
  const resource = findResource(resources, asked.resource)
  if (resource === undefined) throw new LongWay()
  const scope = grant.ofResource.filter((one) => scopes.has(one) && accepts(resource, access, one)).join(' ')
  if (scope === '') throw new LongWay()
  if (scopes.has('openid') && !grant.ofOpenId.includes('openid')) throw new LongWay()
  const idScopes = scopes.has('openid') ? grant.ofOpenId.filter((one) => scopes.has(one)) : []
  return { resource, scope, idScopes }
}
