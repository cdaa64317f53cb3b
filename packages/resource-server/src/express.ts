/**
 * express guards Express routes: who was let in is in `res.locals`, everything else is answered here.
 *
 * It owns the hand-over between guard.ts and Express 4 and 5. It needs no import of express, so that the library does not bring one.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TokenError } from './errors.ts'
import type { Admitted, Guard, RouteDemands } from './guard.ts'
import type { RequestFacts } from './legacy-auth/legacy-auth-contract.ts'
import { authorizationLines, claimsOf, requestFacts, sendRefusal } from './node-http.ts'

/** The part of Express' request that is used here. `ip` and `secure` follow the setting `trust proxy`. */
export type BearerRequest = IncomingMessage & {
  readonly originalUrl: string
  readonly ip?: string | undefined
  readonly secure: boolean
}
export type BearerResponse = ServerResponse & { readonly locals: object }
type Next = (error?: unknown) => void

/** Demands of a route, or how to tell them from the request. */
export type RequestDemands<Request> = RouteDemands | ((req: Request) => RouteDemands)

/** With `trust proxy`, what the proxy says; a plain connection to this machine itself says nothing about encryption. */
function factsOf(req: BearerRequest, known: Partial<RequestFacts> | undefined): RequestFacts {
  const express = { url: req.originalUrl, source: req.ip, ...(req.secure ? { secure: true } : {}) }
  return requestFacts(req, { ...express, ...known })
}

/**
 * Express middleware. An accepted token's claims are `res.locals.token`, and `res.locals.admitted` says who was let in; with legacyAuth,
 * `token` is undefined where that is an app with a password. A refusal is answered here. For a TokenError that a handler throws
 * (requireScope), mount {@link bearerRefusals} behind the routes.
 */
export function bearer<Request extends BearerRequest = BearerRequest, Let extends Admitted = Admitted>(
  guard: Guard<Let>,
  demands: RequestDemands<Request> = {},
) {
  return async (req: Request, res: BearerResponse, next: Next): Promise<void> => {
    try {
      const asked = typeof demands === 'function' ? demands(req) : demands
      const judged = await guard.check(authorizationLines(req), { ...asked, request: factsOf(req, asked.request) })
      if (judged.outcome === 'refused') return sendRefusal(res, judged)
      Object.assign(res.locals, { token: claimsOf(judged), admitted: judged })
    } catch (fault) {
      return next(fault)
    }
    next()
  }
}

/** Express error handler: answers a TokenError as the guard does, and hands everything else on. */
export function bearerRefusals<Let extends Admitted = Admitted>(guard: Guard<Let>, demands: RouteDemands = {}) {
  return (error: unknown, _req: IncomingMessage, res: ServerResponse, next: Next): void => {
    if (error instanceof TokenError && !res.headersSent) sendRefusal(res, guard.refuse(error, demands))
    else next(error)
  }
}
