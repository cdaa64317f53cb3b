/** What the breakable issuer signs: ID tokens, logout tokens and userinfo. */
import { createHash, sign } from 'node:crypto'
import { type Grant, type IssuerClient, issuerKeys, newId, PROFILE, type World } from './world.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const halfOf = (text: string): string => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

/** A compact JWS by the published RSA key, or without signature. */
export function signAsIssuer(world: World, algorithm: string, claims: object, type = 'JWT'): string {
  const { signing, stranger, curve } = issuerKeys()
  const alg = world.has('signs-by-an-unlisted-algorithm') ? 'ES256' : algorithm
  if (alg === 'none') return `${encode({ alg })}.${encode(claims)}.`
  const kid = alg === 'ES256' ? 'k2' : 'k1'
  const header = { alg, typ: type, ...(!world.has('names-no-key') && { kid }) }
  const text = `${encode(header)}.${encode(claims)}`
  const { privateKey } = alg === 'ES256' ? curve : world.has('signs-by-an-unpublished-key') ? stranger : signing
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/** Claims of a grant's scopes and of those asked for by name. */
export function claimsOf(world: World, grant: Grant, byName: readonly string[], ofScope: (scope: string) => object): object {
  const all = Object.assign({}, ...grant.scope.map(ofScope)) as Record<string, unknown>
  for (const name of byName) if (name in PROFILE && !world.has('ignores-claims-by-name')) all[name] = PROFILE[name]
  return all
}

export function makeIdToken(
  world: World,
  client: IssuerClient,
  grant: Grant,
  occasion: { readonly accessToken: string; readonly code?: string; readonly isRefresh?: boolean },
): string {
  const { has, now } = world
  const refreshed = (fault: Parameters<typeof has>[0]) => occasion.isRefresh === true && has(fault)
  const withAuthTime = grant.wantsAuthTime && !has('forgets-auth-time')
  const claims = {
    iss: has('writes-another-iss') || refreshed('refreshes-for-another-issuer') ? `${world.issuer}/other` : world.issuer,
    sub: has('writes-no-sub') ? '' : refreshed('refreshes-for-another-person') ? 'somebody' : grant.sub,
    aud: has('writes-another-aud') || refreshed('refreshes-for-another-client') ? 'somebody-else' : client.id,
    ...(has('writes-another-azp') && { azp: 'somebody-else' }),
    exp: now() + (has('writes-expired-id-tokens') ? -60 : 600),
    iat: now() - (has('writes-an-old-iat') ? 3600 : 0),
    ...(grant.nonce !== undefined && !has('forgets-the-nonce') && { nonce: grant.nonce }),
    ...(grant.nonce === undefined && has('invents-a-nonce') && { nonce: 'invented' }),
    ...(withAuthTime && { auth_time: authTimeOf(world, grant, occasion.isRefresh === true) }),
    ...(grant.acr !== undefined && { acr: has('writes-an-odd-acr') ? 1 : grant.acr }),
    ...(has('writes-an-odd-acr') && { acr: 1 }),
    ...(refreshed('refreshes-with-another-azp') && { azp: client.id }),
    amr: ['pwd'],
    sid: grant.sid,
    at_hash: halfOf(has('writes-another-at-hash') ? 'another' : occasion.accessToken),
    ...(occasion.code !== undefined && { c_hash: halfOf(has('writes-another-c-hash') ? 'another' : occasion.code) }),
    ...claimsOf(world, grant, grant.idTokenClaims, () => ({})),
  }
  return signAsIssuer(world, algorithmFor(world, client), claims)
}

function algorithmFor(world: World, client: IssuerClient): string {
  if (world.has('signs-nothing')) return 'none'
  if (world.has('ignores-registered-algorithms')) return client.idTokenAlgorithm === 'none' ? 'RS256' : 'ES256'
  return client.idTokenAlgorithm
}

function authTimeOf(world: World, grant: Grant, isRefresh: boolean): number {
  if (world.has('signs-in-tomorrow')) return world.now() + 86_400
  return world.has('forgets-when-on-refresh') && isRefresh ? world.now() - 1 - grant.authTime / 2 : grant.authTime
}

export function makeLogoutToken(
  world: World,
  client: IssuerClient,
  session: { readonly sub: string; readonly sid: string },
): string {
  const { has, now } = world
  const claims = {
    iss: has('logs-out-for-another-issuer') ? `${world.issuer}/other` : world.issuer,
    aud: has('logs-out-for-another-client') ? 'somebody-else' : client.id,
    iat: now() - (has('logs-out-long-ago') ? 7200 : 0),
    exp: now() + (has('logs-out-long-ago') ? -7000 : 120),
    ...(!has('logs-out-without-a-number') && { jti: newId() }),
    ...(!has('logs-out-nobody') && { sub: session.sub, sid: has('logs-out-another-session') ? 'another' : session.sid }),
    ...(has('logs-out-with-a-nonce') && { nonce: 'n' }),
    events: has('logs-out-without-an-event') ? {} : { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  if (has('logs-out-unsigned')) return `${encode({ alg: 'none' })}.${encode(claims)}.`
  return signAsIssuer(world, 'RS256', claims, has('types-logout-tokens-as-jwt') ? 'JWT' : 'logout+jwt')
}
