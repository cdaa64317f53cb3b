/**
 * metadata-documents publishes the realm's documents for other servers: whose issuer it is, which certificates sign, and where
 * tokens are asked for. Both hold nothing that is secret, and the same for everybody who asks.
 *
 * It owns the addresses and their answers; the documents themselves are exchange-document.ts and federation-document.ts. The
 * documents of OAuth and OpenID Connect are oidc-provider's.
 * @module
 */
import { createHash } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import { RequestProblem } from '../../http/problems.ts'
import { requestState } from '../request-state.ts'
import { EXCHANGE_DOCUMENT_PATH, renderExchangeDocument } from './exchange-document.ts'
import { FEDERATION_DOCUMENT_PATH, renderFederationDocument } from './federation-document.ts'
import { type PublishedRealm, publishedRealm } from './published-realm.ts'

const documents: ReadonlyMap<string, { readonly type: string; readonly render: (realm: PublishedRealm) => string }> = new Map([
  [EXCHANGE_DOCUMENT_PATH, { type: 'application/json; charset=utf-8', render: renderExchangeDocument }],
  // The type that AD FS answers with (SAML 2.0 Metadata appendix A).
  [FEDERATION_DOCUMENT_PATH, { type: 'application/samlmetadata+xml; charset=utf-8', render: renderFederationDocument }],
])

/** Answers below the issuer's path, for GET and HEAD. `baseUrl`: what this service calls itself, whatever a request says. */
export function createMetadataDocuments({ baseUrl }: { baseUrl: string }): Middleware {
  return async (ctx, next) => {
    const document = documents.get(ctx.path)
    if (document === undefined) return next()
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD')
      throw new RequestProblem('method_not_allowed')
    }
    const { runtime } = requestState()
    if (ctx.path === EXCHANGE_DOCUMENT_PATH) requireSameRealm(ctx, runtime.realmSpellings)
    const text = document.render(publishedRealm(runtime, baseUrl))
    ctx.status = 200
    // As long as the JWKS: a key is announced for longer than that before it signs.
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.set('ETag', `"${createHash('sha256').update(text).digest('base64url')}"`)
    ctx.type = document.type
    if (ctx.fresh) ctx.status = 304
    else ctx.body = text
  }
}

/**
 * The address without a realm in its path names it in its query: `{base}/metadata/json/1?realm=contoso.com` (F 2.2). Returns
 * the realm's name and the path below its issuer, or `undefined` for any other address.
 * @throws {RequestProblem} `malformed`: no realm, an empty one, or two
 */
export function findRealmOfQuery(ctx: Pick<Context, 'path' | 'querystring'>): { name: string; path: string } | undefined {
  if (ctx.path !== EXCHANGE_DOCUMENT_PATH) return undefined
  const name = readRealm(ctx)
  if (name === undefined) throw new RequestProblem('malformed', { detail: 'no realm in the query' })
  return { name, path: EXCHANGE_DOCUMENT_PATH }
}

/**
 * Who names a realm in the query gets that one's document or none, also where the path names one: a server that was set up
 * for another realm must not take this one's keys for those.
 * @param spellings lower case: the GUID and the domains
 * @throws {RequestProblem} `not_found`: another realm; `malformed`, `duplicate_parameter`: none that can be told
 */
export function requireSameRealm(ctx: Pick<Context, 'querystring'>, spellings: readonly string[]): void {
  const name = readRealm(ctx)
  if (name !== undefined && !spellings.includes(name.toLowerCase()))
    throw new RequestProblem('not_found', { detail: 'the query names another realm than the path' })
}

/** @throws {RequestProblem} `malformed`: an empty one; `duplicate_parameter`: two */
function readRealm({ querystring }: Pick<Context, 'querystring'>): string | undefined {
  const [name, ...more] = new URLSearchParams(querystring).getAll('realm')
  if (name === '') throw new RequestProblem('malformed', { detail: 'an empty realm in the query' })
  if (more.length > 0) throw new RequestProblem('duplicate_parameter', { detail: 'more than one realm in the query' })
  return name
}
