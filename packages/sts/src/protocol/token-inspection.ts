/**
 * token-inspection fronts introspection (RFC 7662) and revocation (RFC 7009) for our structured tokens.
 *
 * oidc-provider refuses structured tokens at both endpoints. So the token is verified here, and oidc-provider is asked
 * about its handle: it authenticates the client, looks at the grant, and decides who may know. An opaque token is a handle
 * already. Whatever else is not a living token of ours becomes a handle that nobody has, so the answers are equal and the client is authenticated all the same.
 * @module
 */

import type { Context, Middleware, Next } from 'koa'
import { type Inspected, type Inspecting, inspect, isExcepted, isLiving } from './inspected-token.ts'
import { ROUTES } from './provider.ts'
import { replayBody } from './provider-internals.ts'
import { refuse } from './request-front.ts'
import { encode, findParameter, type Parameters } from './request-rewriting.ts'
import { requestState } from './request-state.ts'

/** A handle that is never given out: too short, and with a character that handles lack. */
const NOBODYS = 'not.ours'
/** What no JWT is: an opaque access token, for our own userinfo endpoint, is its handle. */
const OPAQUE = /^[\w-]{20,128}$/

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
