/**
 * The one module that knows oidc-provider beyond its documented API. When an upgrade moves something, this file breaks
 * and no other. Each name is given the type that we rely on, since upstream ships none.
 */
import type { Context } from 'koa'
import { Provider } from 'oidc-provider'
import { findRequestState, type RequestState } from './request-state.ts'

/** Payload of a model as oidc-provider stores it. */
export type StoredPayload = Record<string, unknown>

interface RefreshTokenModel {
  prototype: { getValueAndPayload(): Promise<{ value: string; payload?: StoredPayload }> }
  find(value: string, options?: { ignoreExpiration?: boolean }): Promise<unknown>
}

/**
 * Makes refresh tokens structured: `wrap` builds the token string around a stored token, `unwrap` gives back the handle
 * of a presented one or `undefined`. Rotation and reuse detection work on handles as before.
 */
export function structureRefreshTokens(
  provider: Provider,
  codec: { wrap: (payload: StoredPayload) => Promise<string>; unwrap: (presented: string) => string | undefined },
): void {
  const model = provider.RefreshToken as unknown as RefreshTokenModel // upstream's types hide the storage format
  const inner = model.prototype.getValueAndPayload
  model.prototype.getValueAndPayload = async function getValueAndPayload() {
    const { payload } = await inner.call(this)
    if (!payload) throw new TypeError('oidc-provider gave a refresh token without payload')
    return { value: await codec.wrap(payload), payload }
  }
  const find = model.find
  model.find = async function findByHandle(value, options) {
    const handle = typeof value === 'string' ? codec.unwrap(value) : undefined
    return handle === undefined ? undefined : find.call(this, handle, options)
  }
}

/**
 * oidc-provider defines its view of a request once, for good, on the object that it is handed. Where something is defined there
 * already that may be defined anew, so may its own: then the same request can be handed to it again.
 */
export function forgetView(ctx: Context): void {
  Object.defineProperty(ctx, 'oidc', { configurable: true, value: undefined })
}

/** What a request has claimed, and what it had claimed when it began again, which is its own once more. */
const claims = new WeakMap<RequestState, { claimed: Set<string>; own: Set<string> }>()

/** The request begins again, as the transaction around it was rolled back; its claims were made outside of that. */
export function keepClaims(state: RequestState): void {
  const { claimed, own } = claims.get(state) ?? { claimed: new Set(), own: new Set() }
  claims.set(state, { claimed: new Set(), own: new Set([...claimed, ...own]) })
}

/** Replaces find-then-save, which lets two racing requests through, by one atomic claim. */
export function guardReplays(
  provider: Provider,
  claim: (issuer: string, jti: string, expiresAt: Date) => Promise<boolean>,
): void {
  const model = provider.ReplayDetection as unknown as { unique(iss: string, jti: string, exp: number): Promise<boolean> }
  model.unique = async (iss, jti, exp) => {
    const state = findRequestState()
    const known = (state && claims.get(state)) ?? { claimed: new Set(), own: new Set() }
    const name = JSON.stringify([iss, jti])
    const unique = known.own.delete(name) || (await claim(iss, jti, new Date(exp * 1000)))
    if (unique && state) {
      known.claimed.add(name)
      claims.set(state, known)
    }
    return unique
  }
}

/** What oidc-provider asks a client about itself, answered by our own registration, which it carries as `postern`. */
export interface ClientBehaviour<Registration> {
  redirectUriAllowed(registration: Registration, uri: string): boolean
  postLogoutRedirectUriAllowed(registration: Registration, uri: string): boolean
  /** `to`: oidc-provider's name of the route; `in`: where the request carries the secret. */
  secretMatches(registration: Registration, secret: string, sent: { to: string; in: 'header' | 'body' }): boolean
}

/** Upstream's client schema is too narrow for the redirects of recorded mail clients and keeps secrets in clear. */
export function replaceClientBehaviour<Registration>(provider: Provider, behaviour: ClientBehaviour<Registration>): void {
  interface ClientPrototype {
    postern: Registration
    redirectUriAllowed(uri: string): boolean
    postLogoutRedirectUriAllowed(uri: string): boolean
    compareClientSecret(secret: string): boolean
  }
  const prototype = provider.Client.prototype as unknown as ClientPrototype
  prototype.redirectUriAllowed = function redirectUriAllowed(uri) {
    return behaviour.redirectUriAllowed(this.postern, uri)
  }
  prototype.postLogoutRedirectUriAllowed = function postLogoutRedirectUriAllowed(uri) {
    return behaviour.postLogoutRedirectUriAllowed(this.postern, uri)
  }
  prototype.compareClientSecret = function compareClientSecret(secret) {
    const ctx = Provider.ctx
    return behaviour.secretMatches(this.postern, secret, {
      to: ctx?.oidc.route ?? '',
      in: ctx?.headers.authorization === undefined ? 'body' : 'header',
    })
  }
}

/** Assertions of clients must name the issuer, and nothing else (RFC 10070). */
export function expectAssertionAudience(provider: Provider, audience: string): void {
  const { prototype } = (provider as unknown as { OIDCContext: { prototype: Record<string, unknown> } }).OIDCContext
  prototype.clientJwtAuthExpectedAudience = () => new Set([audience])
}

/** The grant that the request in hand works with, saved or not. */
export const grantInHand = (ctx: Context): { jti: string; exp?: number; save(ttl?: number): Promise<string> } | undefined =>
  (ctx as unknown as { oidc?: { entities?: { Grant?: { jti: string; exp?: number; save(ttl?: number): Promise<string> } } } })
    .oidc?.entities?.Grant

/** Whether the session in hand is just being kept under another id in place of `id`: saving it begins with ending that one. */
export const isNewIdOf = (ctx: Context, id: string): boolean =>
  (ctx as unknown as { oidc?: { session?: { oldId?: string } } }).oidc?.session?.oldId === id

/**
 * Hands a body that was read already to oidc-provider, which reads the request's stream by itself and offers no other
 * way in that does not warn. Also used to hand it a body that differs from the one received.
 */
export function replayBody(ctx: Context, body: string): void {
  const bytes = Buffer.from(body, 'utf8')
  Object.defineProperty(ctx.req, 'readable', { configurable: true, value: true })
  Object.defineProperty(ctx.req, 'iterator', {
    configurable: true,
    value: async function* iterate() {
      yield bytes
    },
  })
  ctx.req.headers['content-length'] = String(bytes.length)
  ctx.req.headers['content-type'] = 'application/x-www-form-urlencoded'
  delete ctx.req.headers['transfer-encoding']
}
