/**
 * node-http guards a plain `node:http` request handler: it is called only with accepted claims.
 *
 * It owns the hand-over between guard.ts and Node's server. It parses no path and no body.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessTokenClaims } from './claims.ts'
import { TokenError } from './errors.ts'
import type { Guard, Refused, RouteDemands } from './guard.ts'

/**
 * Every `Authorization` line of a request. Node keeps only the first in `headers`, so that a second one, which a proxy may
 * have judged instead, would go unseen.
 */
export function authorizationLines(req: IncomingMessage): readonly string[] | undefined {
  return req.headersDistinct?.authorization ?? (req.headers.authorization === undefined ? undefined : [req.headers.authorization])
}

export type GuardedHandler = (req: IncomingMessage, res: ServerResponse, claims: AccessTokenClaims) => void | Promise<void>

function send(res: ServerResponse, refused: Refused): void {
  res.statusCode = refused.status
  for (const [name, value] of refused.headers) res.appendHeader(name, value)
  res.setHeader('Content-Length', '0')
  res.end()
}

/**
 * Wraps `handler` so that it runs only for accepted tokens. Refusals, and a TokenError that the handler throws before it
 * answers, are answered by the guard. Any other error is a fault: 500 if nothing was sent, the connection closed if
 * something was, and `onFault` told (default: a process warning).
 */
export function guarded(
  guard: Guard,
  handler: GuardedHandler,
  options: RouteDemands & { onFault?: (fault: unknown) => void } = {},
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const onFault = options.onFault ?? ((fault: unknown) => process.emitWarning(fault instanceof Error ? fault : String(fault)))
  return async (req, res) => {
    try {
      const judged = await guard.check(authorizationLines(req), options)
      if (judged.outcome === 'refused') send(res, judged)
      else await handler(req, res, judged.claims)
    } catch (error) {
      if (error instanceof TokenError && !res.headersSent) return send(res, guard.refuse(error, options))
      onFault(error)
      if (res.headersSent) res.destroy()
      else res.writeHead(500, { 'Content-Length': '0' }).end()
    }
  }
}
