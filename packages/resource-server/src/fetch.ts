/**
 * fetch guards a handler of web standards, from Request to Response: Deno, Bun, Hono, edge servers with Node's modules, and Node itself.
 *
 * It owns the hand-over between guard.ts and such servers. It routes nothing and reads no body.
 * @module
 */
import { TokenError } from './errors.ts'
import type { Accepted, Admitted, Guard, Refused, RefusedApp, RouteDemands } from './guard.ts'
import type { RequestFacts } from './legacy-auth/legacy-auth-contract.ts'
import { type ClaimsOf, claimsOf, refusalText } from './node-http.ts'

/** `rest`: what the server hands over beside the request, such as Deno's connection information or the environment of an edge. */
export type GuardedFetchHandler<Rest extends readonly unknown[], Let extends Admitted = Accepted> = (
  request: Request,
  admitted: Readonly<{ claims: ClaimsOf<Let>; admitted: Let }>,
  ...rest: Rest
) => Response | Promise<Response>

function respond(refused: Refused | RefusedApp): Response {
  const text = refusalText(refused)
  const headers = new Headers(
    text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  )
  for (const [name, value] of refused.headers) headers.append(name, value)
  return new Response(text === '' ? null : text, { status: refused.status, headers })
}

/**
 * Wraps `handler` so that it runs only for those who were let in. Refusals, and a TokenError that the handler throws, become answers of
 * the guard. Every other error passes through to the server.
 *
 * A Request does not know where it comes from: for passwords of apps (legacyAuth), `options.request` says so from what the server hands
 * over. Several `Authorization` lines arrive as one, joined with a comma: the guard refuses that.
 */
export function guarded<Rest extends readonly unknown[] = [], Let extends Admitted = Accepted>(
  guard: Guard<Let>,
  handler: GuardedFetchHandler<Rest, Let>,
  options: Omit<RouteDemands, 'request'> & {
    request?: (request: Request, ...rest: Rest) => Partial<RequestFacts>
  } = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { request: know, ...demands } = options
  return async (request, ...rest) => {
    const facts = { url: request.url, method: request.method, headers: request.headers, ...know?.(request, ...rest) }
    const judged = await guard.check(request.headers.get('authorization') ?? undefined, { ...demands, request: facts })
    if (judged.outcome === 'refused') return respond(judged)
    try {
      return await handler(request, Object.freeze({ claims: claimsOf(judged), admitted: judged }), ...rest)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return respond(guard.refuse(error, demands))
    }
  }
}
