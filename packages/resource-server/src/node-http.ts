/**
 * node-http guards a plain `node:http` request handler: it is called only for those who were let in.
 *
 * It owns the hand-over between guard.ts and Node's server, and what a Node request tells about itself. It parses no path and no body.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessTokenClaims } from './claims.ts'
import { TokenError } from './errors.ts'
import type { Accepted, Admitted, Guard, Refused, RefusedApp, RouteDemands } from './guard.ts'
import type { RequestFacts } from './legacy-auth/legacy-auth-contract.ts'

/**
 * Every `Authorization` line of a request. Node keeps only the first in `headers`, so that a second one, which a proxy may
 * have judged instead, would go unseen.
 */
export function authorizationLines(req: IncomingMessage): readonly string[] | undefined {
  return req.headersDistinct?.authorization ?? (req.headers.authorization === undefined ? undefined : [req.headers.authorization])
}

/**
 * What the gate is told about a Node request, with `known` before it. The address is that of the connection: behind a proxy, give the
 * one that the proxy names. A plain connection from this very machine says nothing about encryption: a proxy may end it.
 */
export function requestFacts(req: IncomingMessage, known: Partial<RequestFacts> = {}): RequestFacts {
  const { remoteAddress: source } = req.socket
  const isEncrypted = 'encrypted' in req.socket && req.socket.encrypted === true
  const isLocal = source === '::1' || /^(?:::ffff:)?127\./i.test(source ?? '')
  const secure = isEncrypted ? true : isLocal ? undefined : false
  return { url: req.url ?? '', method: req.method, headers: req.headers, source, secure, ...known }
}

/** Claims, where only tokens are let in; with legacyAuth they are missing for apps that know only a password. */
export type ClaimsOf<Let extends Admitted> =
  AcceptedByTokenOnly<Let> extends true ? AccessTokenClaims : AccessTokenClaims | undefined
type AcceptedByTokenOnly<Let> = [Let] extends [Accepted] ? true : false

/** The claims of what was let in, in the type that fits its guard. */
export const claimsOf = <Let extends Admitted>(admitted: Let): ClaimsOf<Let> =>
  (admitted.via === 'token' ? admitted.claims : undefined) as ClaimsOf<Let> // undefined only where Let holds apps

/** `admitted` is who was let in: with legacyAuth, `via: 'app'` has no claims but an account. */
export type GuardedHandler<Let extends Admitted = Accepted> = (
  req: IncomingMessage,
  res: ServerResponse,
  claims: ClaimsOf<Let>,
  admitted: Let,
) => void | Promise<void>

/** What the refusal of an app says in its body; of a token, nothing. */
export const refusalText = (refused: Refused | RefusedApp): string => ('text' in refused ? `${refused.text}\n` : '')

/** Sends a refusal. */
export function sendRefusal(res: ServerResponse, refused: Refused | RefusedApp): void {
  const body = Buffer.from(refusalText(refused))
  res.statusCode = refused.status
  for (const [name, value] of refused.headers) res.appendHeader(name, value)
  if (body.length > 0) res.setHeader('Content-Type', 'text/plain; charset=utf-8').setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Content-Length', String(body.length))
  res.end(body)
}

/**
 * Wraps `handler` so that it runs only for those who were let in. Refusals, and a TokenError that the handler throws before it
 * answers, are answered by the guard. Any other error is a fault: 500 if nothing was sent, the connection closed if
 * something was, and `onFault` told (default: a process warning).
 */
export function guarded<Let extends Admitted = Accepted>(
  guard: Guard<Let>,
  handler: GuardedHandler<Let>,
  options: Omit<RouteDemands, 'request'> & {
    onFault?: (fault: unknown) => void
    /** What the server knows better than its socket, such as the address behind its proxy. */
    request?: Partial<RequestFacts> | ((req: IncomingMessage) => Partial<RequestFacts>)
  } = {},
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const onFault = options.onFault ?? ((fault: unknown) => process.emitWarning(fault instanceof Error ? fault : String(fault)))
  return async (req, res) => {
    try {
      const known = typeof options.request === 'function' ? options.request(req) : options.request
      const demands = { ...options, request: requestFacts(req, known) }
      const judged = await guard.check(authorizationLines(req), demands)
      if (judged.outcome === 'refused') return sendRefusal(res, judged)
      await handler(req, res, claimsOf(judged), judged)
    } catch (error) {
      if (error instanceof TokenError && !res.headersSent) {
        const { request: _notNeeded, ...demands } = options
        return sendRefusal(res, guard.refuse(error, demands))
      }
      onFault(error)
      if (res.headersSent) res.destroy()
      else res.writeHead(500, { 'Content-Length': '0' }).end()
    }
  }
}
