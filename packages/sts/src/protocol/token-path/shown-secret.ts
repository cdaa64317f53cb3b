import type { Context } from 'koa'
import { findParameter, type Parameters } from '../request-rewriting.ts'

/** A client that says who it is and shows a secret, and where in the request the secret stands. */
export interface ShownSecret {
  readonly clientId: string
  readonly secret: string
  readonly in: 'header' | 'body'
}

/** RFC 3986 section 2.3: these mean themselves, whether or not a client encodes what it sends (RFC 6749 section 2.3.1). */
const plain = /^[\w.~-]+$/

/** The client that a request seems to be of: a guess, good enough to read ahead and for nothing else. */
export const guessClientId = (ctx: Context, parameters: Parameters): string | undefined =>
  findParameter(parameters, 'client_id') ?? findShownSecret(ctx, parameters)?.clientId

/**
 * What a token request shows, in the one spelling that can be read in one way only: `Basic` with canonical base64 of plain
 * characters, or both parameters in the form. `undefined` for whatever else there is, right or wrong: oidc-provider reads that.
 */
export function findShownSecret(ctx: Context, parameters: Parameters): ShownSecret | undefined {
  const { authorization } = ctx.req.headers
  const clientId = findParameter(parameters, 'client_id')
  const secret = findParameter(parameters, 'client_secret')
  if (authorization === undefined)
    return clientId !== undefined && secret !== undefined && plain.test(clientId) && secret !== ''
      ? { clientId, secret, in: 'body' }
      : undefined
  if (secret !== undefined || !authorization.startsWith('Basic ')) return undefined
  const bytes = Buffer.from(authorization.slice(6), 'base64')
  if (bytes.toString('base64') !== authorization.slice(6)) return undefined
  const text = bytes.toString('latin1')
  const colon = text.indexOf(':')
  const shown = { clientId: text.slice(0, colon), secret: text.slice(colon + 1), in: 'header' } as const
  if (colon === -1 || !plain.test(shown.clientId) || !plain.test(shown.secret)) return undefined
  return clientId === undefined || clientId === shown.clientId ? shown : undefined
}
