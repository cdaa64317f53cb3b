/**
 * token-inspection fronts introspection (RFC 7662) and revocation (RFC 7009) for our structured tokens.
 *
 * oidc-provider refuses structured tokens at both endpoints. So the token is verified here, and oidc-provider is asked
 * about its handle: it authenticates the client, looks at the grant, and decides who may know. An opaque token is a handle
 * already. Whatever else is not a living token of ours becomes a handle that nobody has, so the answers are equal and the client is authenticated all the same.
 * @module
 */

import { parsePrincipal } from '@postern/resource-server'
import type { AccountId, ClientId, Resource } from '@postern/storage'
import type { Context, Middleware, Next } from 'koa'
import type { Clock } from '../clock.ts'
import { isExceptedGroup } from './grants/delegation-rules.ts'
import { readJwt } from './issued-jwt.ts'
import { findDelegation, findTarget, isTrustedForDelegation, isWithdrawn, isWithdrawnSince, serviceIssuer } from './principals.ts'
import { ROUTES } from './provider.ts'
import { replayBody } from './provider-internals.ts'
import { REFRESH_TYPE } from './refresh-tokens.ts'
import { refuse } from './request-front.ts'
import { encode, findParameter, type Parameters } from './request-rewriting.ts'
import { type PresentedToken, requestState } from './request-state.ts'

/** A handle that is never given out: too short, and with a character that handles lack. */
const NOBODYS = 'not.ours'
/** What no JWT is: an opaque access token, for our own userinfo endpoint, is its handle. */
const OPAQUE = /^[\w-]{20,128}$/

interface Inspected {
  readonly presented: PresentedToken
  readonly claims: Readonly<Record<string, unknown>>
}

interface Inspecting {
  readonly clock: Clock
  readonly baseUrl: string
}

export function createTokenInspection(options: Inspecting): Middleware {
  return async (ctx, next) => {
    if (ctx.path === ROUTES.introspection) return introspect(ctx, next, options)
    if (ctx.path === ROUTES.revocation && ctx.method === 'POST')
      return askByHandle(ctx, next, requestState().parameters ?? [], options)
    return next()
  }
}

/** POST as RFC 7662 says; GET as Dovecot's `get` and `auth` modes do. */
async function introspect(ctx: Context, next: Next, options: Inspecting): Promise<void> {
  const state = requestState()
  if (ctx.method === 'POST') {
    const inspected = await askByHandle(ctx, next, state.parameters ?? [], options)
    return render(ctx, inspected)
  }
  if (ctx.method !== 'GET') return next()
  const bearer = /^bearer +(\S+)$/i.exec(ctx.get('Authorization'))?.[1]
  if (bearer !== undefined) return introspectOneself(ctx, bearer, options)
  const token = ctx.query.token
  if (typeof token !== 'string') return refuse(ctx, 400, "parameter 'token' is missing or comes twice")
  ctx.method = 'POST'
  ctx.querystring = ''
  const inspected = await askByHandle(ctx, next, [['token', token]], options)
  await render(ctx, inspected)
}

/** Lets oidc-provider answer about the handle of the token in `parameters`. */
async function askByHandle(
  ctx: Context,
  next: Next,
  parameters: Parameters,
  options: Inspecting,
): Promise<Inspected | undefined> {
  const token = findParameter(parameters, 'token')
  const inspected = token === undefined ? undefined : inspect(token, options)
  const hint = inspected?.presented.kind === 'RefreshToken' ? 'refresh_token' : 'access_token'
  if (inspected) requestState().presented = inspected.presented
  const rest = parameters.filter(([name]) => name !== 'token' && name !== 'token_type_hint')
  const asked: Parameters =
    token === undefined ? rest : [...rest, ['token', inspected?.presented.handle ?? opaqueOf(token)], ['token_type_hint', hint]]
  replayBody(ctx, encode(asked))
  await next()
  return inspected
}

/** Found among the kept access tokens or not at all: handles of the other kinds are only ever inside of a token. */
const opaqueOf = (token: string): string => (OPAQUE.test(token) ? token : NOBODYS)

/** Reads a token of ours that has not expired. Does NOT know whether it was withdrawn: the database does. */
function inspect(token: string, options: Inspecting): Inspected | undefined {
  const { ring, issuer, resources } = requestState().runtime
  const now = Math.floor(options.clock().getTime() / 1000)
  const claims = readJwt(ring, token, { types: [REFRESH_TYPE, 'at+jwt', 'jwt'], issuer })
  if (!claims) return inspectActorToken(token, now, options)
  if (typeof claims.exp !== 'number' || claims.exp <= now || typeof claims.jti !== 'string') return undefined
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
async function isExcepted({ act, appid, aud, sub }: Readonly<Record<string, unknown>>): Promise<boolean> {
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

/** An active access token is told about with its own claims, so that mail servers find `email`, `upn` and `scope`. */
async function render(ctx: Context, inspected: Inspected | undefined): Promise<void> {
  const body = ctx.body as { active?: unknown } | undefined
  if (ctx.status !== 200 || body?.active !== true || !inspected || inspected.presented.kind === 'RefreshToken') return
  ctx.body = (await isExcepted(inspected.claims)) ? { active: false } : describe(inspected.claims)
}

const describe = (claims: Readonly<Record<string, unknown>>) => ({
  active: true,
  ...claims,
  ...(typeof claims.upn === 'string' ? { username: claims.upn } : {}),
  token_type: claims.cnf ? 'DPoP' : 'Bearer',
})

/**
 * The bearer of an access token asks about it (Dovecot's `auth` mode, which cannot authenticate itself). The holder
 * learns no more than the token says, and whether it still counts.
 */
async function introspectOneself(ctx: Context, token: string, options: Inspecting): Promise<void> {
  const inspected = inspect(token, options)
  ctx.status = 200
  ctx.set('Cache-Control', 'no-store')
  ctx.body = inspected && (await isLiving(inspected)) ? describe(inspected.claims) : { active: false }
}

async function isLiving({ presented, claims }: Inspected): Promise<boolean> {
  const { store } = requestState().runtime
  if (presented.kind === 'RefreshToken' || claims.cnf !== undefined) return false
  if (await store.artifacts.find('WithdrawnToken', presented.handle)) return false
  if ((await store.clients.find(String(claims.client_id) as ClientId))?.status !== 'active') return false
  if (presented.kind === 'ClientCredentials') return true
  if (await isExcepted(claims)) return false
  const grant = await store.artifacts.find('Grant', String(claims.grant_id))
  return grant !== undefined && (await store.accounts.find(String(claims.sub) as AccountId))?.status === 'active'
}
