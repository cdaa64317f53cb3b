import type { Context, Middleware } from 'koa'
import { parsePairs, readFormText } from '../http/form.ts'
import { RequestProblem } from '../http/problems.ts'
import { asksForActorToken } from './grants/s2s.ts'
import { digestRequest } from './kept-answer.ts'
import { ROUTES } from './provider.ts'
import { replayBody } from './provider-internals.ts'
import { encode, findParameter, type Parameters, rewriteAuthorization, rewriteTokenRequest } from './request-rewriting.ts'
import { requestState } from './request-state.ts'

/** Same endpoints under the addresses of the v1 family and of OpenID discovery below `v2.0`. */
const TWINS: ReadonlyMap<string, { path: string; v1: boolean }> = new Map([
  ['/oauth2/authorize', { path: ROUTES.authorization, v1: true }],
  ['/oauth2/token', { path: ROUTES.token, v1: true }],
  // Where servers ask for actor tokens (F 1.5); whatever else the token endpoint gives, it gives here too.
  ['/tokens/OAuth/2', { path: ROUTES.token, v1: true }],
  ['/oauth2/devicecode', { path: ROUTES.device_authorization, v1: true }],
  ['/v2.0/.well-known/openid-configuration', { path: '/.well-known/openid-configuration', v1: false }],
])

/** Endpoints for programs whose forms are read strictly before oidc-provider sees them. */
const FORMS: ReadonlySet<string> = new Set([
  ROUTES.token,
  ROUTES.device_authorization,
  ROUTES.pushed_authorization_request,
  ROUTES.introspection,
  ROUTES.revocation,
])
/** Methods of the endpoints for programs: the form, and what browsers ask beforehand (CORS). */
const ANSWERED: ReadonlySet<string> = new Set(['POST', 'OPTIONS'])
const BROWSER: ReadonlySet<string> = new Set([ROUTES.authorization, ROUTES.end_session])
const AUTHORIZING: ReadonlySet<string> = new Set([ROUTES.device_authorization, ROUTES.pushed_authorization_request])
/** Bytes. Request objects and assertions fit; oidc-provider itself stops at 56 KiB. */
const FORM_LIMIT = 48 * 1024
/** May come twice: RFC 8707 section 2 asks for one `resource` a parameter. */
const REPEATABLE = new Set(['resource'])

/**
 * Reads requests strictly and rewrites what recorded clients send, before oidc-provider sees them.
 *
 * Refuses with `invalid_request` (RFC 6749 section 5.2): a body that is no form, is too large or not UTF-8, and a
 * parameter that comes twice; `refused` hears of it before the answer leaves. Does NOT authenticate anybody nor know what the parameters mean.
 */
export function createRequestFront(options: { refused: (ctx: Context, reason: string) => Promise<void> }): Middleware {
  return async (ctx, next) => {
    const state = requestState()
    const twin = TWINS.get(ctx.path)
    if (twin) {
      ctx.path = twin.path
      state.v1 = twin.v1
    }
    if (FORMS.has(ctx.path) && !ANSWERED.has(ctx.method) && !(ctx.path === ROUTES.introspection && ctx.method === 'GET')) {
      ctx.set('Allow', 'OPTIONS, POST')
      refuse(ctx, 405, 'this endpoint takes POST')
      return
    }
    if (BROWSER.has(ctx.path) && ctx.method === 'POST') return redirectPost(ctx)
    if (ctx.path === ROUTES.authorization && ctx.method === 'GET')
      ctx.querystring = encode(
        rewriteAuthorization(parsePairs(ctx.querystring), { resources: state.runtime.resources, v1: state.v1 }),
      )
    else if (ctx.method === 'POST' && FORMS.has(ctx.path) && !(await rewriteForm(ctx, options.refused))) return
    return next()
  }
}

/**
 * Both endpoints must take POST (OpenID Connect Core section 3.1.2.1), but a browser that posts from another site leaves
 * our cookies out. So the form becomes a GET of the same address, which brings them.
 */
async function redirectPost(ctx: Context): Promise<void> {
  const form = encode(parsePairs(await readFormText(ctx.req, FORM_LIMIT)))
  const { runtime, v1 } = requestState()
  const path = v1 ? '/oauth2/authorize' : ctx.path
  ctx.status = 303
  ctx.set('Location', `${runtime.issuer}${path}?${form}`)
  ctx.body = ''
}

/** `false`: refused, and answered. */
async function rewriteForm(ctx: Context, refused: (ctx: Context, reason: string) => Promise<void>): Promise<boolean> {
  const state = requestState()
  const { resources } = state.runtime
  let received: Parameters
  try {
    received = parsePairs(await readFormText(ctx.req, FORM_LIMIT))
  } catch (thrown) {
    if (!(thrown instanceof RequestProblem)) throw thrown
    const reason = describe(thrown)
    await refused(ctx, reason)
    refuse(ctx, thrown.status, reason)
    return false
  }
  const twice = findTwice(received)
  if (twice) {
    const reason = `parameter '${twice.replaceAll(/[^\w-]/g, '?').slice(0, 40)}' must not come twice`
    await refused(ctx, reason)
    refuse(ctx, 400, reason)
    return false
  }
  state.received = received
  // oidc-provider never sees these, so there is nothing to hand it.
  if (ctx.path === ROUTES.token && asksForActorToken(received)) {
    state.parameters = received
    return true
  }
  const rewritten =
    ctx.path === ROUTES.token
      ? rewriteTokenRequest(received, { resources })
      : AUTHORIZING.has(ctx.path)
        ? rewriteAuthorization(received, { resources, v1: state.v1 })
        : received
  state.parameters = rewritten
  // Only a refresh that is repeated gets the answer that was kept (0008).
  if (ctx.path === ROUTES.token && findParameter(rewritten, 'grant_type') === 'refresh_token')
    state.form = digestRequest(grouped(rewritten), state.v1 ? 'v1' : 'v2')
  replayBody(ctx, encode(rewritten))
  return true
}

/** The name of a parameter that must not come twice, and does. */
function findTwice(parameters: Parameters): string | undefined {
  const names = new Set<string>()
  for (const [name] of parameters) {
    if (names.has(name) && !REPEATABLE.has(name)) return name
    names.add(name)
  }
  return undefined
}

function grouped(parameters: Parameters): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of parameters) groups.set(name, [...(groups.get(name) ?? []), value])
  return groups
}

function describe(problem: RequestProblem): string {
  if (problem.code === 'too_large') return `the form is larger than ${FORM_LIMIT} bytes`
  if (problem.code === 'unsupported_media_type') return 'the body must be application/x-www-form-urlencoded in UTF-8'
  return 'the form cannot be read'
}

/** The one answer of the endpoints for programs to what cannot be read. */
export function refuse(ctx: Context, status: number, description: string): void {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  // What is left of a body that was too large is not worth reading.
  if (status === 413) ctx.set('Connection', 'close')
  ctx.body = { error: 'invalid_request', error_description: description }
}
