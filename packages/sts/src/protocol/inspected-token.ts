/**
 * What a token of ours says, and whether it still counts: for introspection, for revocation, and for features that must
 * judge a token themselves.
 */
import { parsePrincipal } from '@postern/resource-server'
import type { AccountId, ClientId, Realm, Resource } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { isExceptedGroup } from './grants/delegation-rules.ts'
import { readJwt } from './issued-jwt.ts'
import { findDelegation, findTarget, isTrustedForDelegation, isWithdrawn, isWithdrawnSince, serviceIssuer } from './principals.ts'
import { REFRESH_TYPE } from './refresh-tokens.ts'
import { type PresentedToken, requestState } from './request-state.ts'

export interface Inspected {
  readonly presented: PresentedToken
  readonly claims: Readonly<Record<string, unknown>>
}

export interface Inspecting {
  readonly clock: Clock
  readonly baseUrl: string
}

/** Whether it is from before the realm's database was put back: what was withdrawn in the time that was lost is not known. */
const isOfLostTime = ({ iat }: Inspected['claims'], { notBefore }: Realm): boolean =>
  notBefore !== undefined && !(typeof iat === 'number' && iat * 1000 >= notBefore.getTime())

/** Reads a token of ours that has not expired and is of the time that our database knows. Does NOT know whether it was withdrawn: the database does. */
export function inspect(token: string, options: Inspecting): Inspected | undefined {
  const { ring, issuer, realm, resources } = requestState().runtime
  const now = Math.floor(options.clock().getTime() / 1000)
  const claims = readJwt(ring, token, { types: [REFRESH_TYPE, 'at+jwt', 'jwt'], issuer })
  if (!claims) return inspectActorToken(token, now, options)
  if (typeof claims.exp !== 'number' || claims.exp <= now || typeof claims.jti !== 'string') return undefined
  if (isOfLostTime(claims, realm)) return undefined
  if (claims.aud === issuer) return { claims, presented: { kind: 'RefreshToken', handle: claims.jti } }
  // ID tokens say `typ: JWT` as well, but their audience is a client and they carry no `appid`.
  const resource = resources.find((one) => one.audience === claims.aud)
  if (!resource || typeof claims.appid !== 'string') return undefined
  if (claims.act !== undefined && !isStillDelegated(claims, resource)) return undefined
  const ofPerson = claims.idtyp === 'user'
  const stored = {
    kind: ofPerson ? 'AccessToken' : 'ClientCredentials',
    jti: claims.jti,
    clientId: claims.client_id,
    aud: claims.aud,
    scope: claims.scope,
    iat: claims.iat,
    exp: claims.exp,
    ...(ofPerson ? { accountId: claims.sub, grantId: claims.grant_id } : {}),
  }
  return { claims, presented: { kind: ofPerson ? 'AccessToken' : 'ClientCredentials', handle: claims.jti, stored } }
}

/**
 * Whether a client may still act for a person as this token says: the delegation stands and covers its scopes, and what the
 * client got at that time is not withdrawn. Whether the person is excepted by now, {@link isExcepted} asks.
 */
function isStillDelegated(claims: Readonly<Record<string, unknown>>, resource: Resource): boolean {
  const { delegations, principals } = requestState().runtime
  const clientId = String(claims.appid)
  const delegation = findDelegation(delegations, clientId, resource.id)
  const scopes = typeof claims.scope === 'string' ? claims.scope.split(' ') : []
  if (delegation === undefined || !scopes.every((scope) => delegation.scopes.includes(scope))) return false
  const principal = principals.find(clientId)
  return principal === undefined || (typeof claims.iat === 'number' && !isWithdrawnSince(principal, claims.iat))
}

/** Whether the person of a delegated token has come into a group that nobody may act for. */
export async function isExcepted({ act, appid, aud, sub }: Readonly<Record<string, unknown>>): Promise<boolean> {
  if (act === undefined) return false
  const { delegations, resources, store } = requestState().runtime
  const resource = resources.find((one) => one.audience === aud)
  const delegation = resource && findDelegation(delegations, String(appid), resource.id)
  const account = await store.accounts.find(String(sub) as AccountId)
  return account === undefined || delegation === undefined || isExceptedGroup(delegation, account.groups)
}

/**
 * An actor token lives while the server that it was given to may still get one like it: the client is active, its tokens of
 * that time are not withdrawn, it may still ask for that target, and the delegation that the token speaks of still stands.
 */
function inspectActorToken(token: string, now: number, { baseUrl }: Inspecting): Inspected | undefined {
  const { ring, realm, resources, principals, delegations } = requestState().runtime
  const claims = readJwt(ring, token, { types: ['jwt'], issuer: serviceIssuer(realm) })
  if (!claims || typeof claims.exp !== 'number' || claims.exp <= now || typeof claims.jti !== 'string') return undefined
  if (isOfLostTime(claims, realm)) return undefined
  const clientId = parsePrincipal(String(claims.nameid))?.clientId
  const principal = clientId === undefined ? undefined : principals.find(clientId)
  const target = findTarget(String(claims.aud), { realm, resources, baseUrl })
  if (principal?.client.status !== 'active' || target?.kind !== 'resource') return undefined
  const { client } = principal
  const { jti, iat } = claims
  if (typeof iat !== 'number' || isWithdrawn(principals, principal, { jti, iat })) return undefined
  if (!client.access.some(({ resourceId }) => resourceId === target.resource.id)) return undefined
  if (claims.trustedfordelegation !== undefined && !isTrustedForDelegation(delegations, client.id, target)) return undefined
  const stored = {
    kind: 'ClientCredentials',
    jti: claims.jti,
    clientId: client.id,
    // By this audience the resource is known that may ask about the token (R62).
    aud: target.resource.audience,
    iat: claims.iat,
    exp: claims.exp,
  }
  return { claims: { ...claims, client_id: client.id }, presented: { kind: 'ClientCredentials', handle: claims.jti, stored } }
}

/** Whether it was withdrawn, with its client, its person or what they agreed on. Tokens bound to a key count for nobody who cannot check that. */
export async function isLiving({ presented, claims }: Inspected): Promise<boolean> {
  const { store } = requestState().runtime
  if (presented.kind === 'RefreshToken' || claims.cnf !== undefined) return false
  if (await store.artifacts.find('WithdrawnToken', presented.handle)) return false
  if ((await store.clients.find(String(claims.client_id) as ClientId))?.status !== 'active') return false
  if (presented.kind === 'ClientCredentials') return true
  if (await isExcepted(claims)) return false
  const grant = await store.artifacts.find('Grant', String(claims.grant_id))
  return grant !== undefined && (await store.accounts.find(String(claims.sub) as AccountId))?.status === 'active'
}
