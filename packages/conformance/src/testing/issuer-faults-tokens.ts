/** The token endpoint of the breakable issuer, and what revocation and introspection know of its tokens. */
import { createHash } from 'node:crypto'
import { SignJWT } from 'jose'
import { authenticate } from './issuer-faults-clients.ts'
import { judgeProof, NONCE } from './issuer-faults-dpop.ts'
import {
  type Family,
  type IssuerClient,
  isRefusal,
  keys,
  OTHER_RESOURCE,
  type Parts,
  RESOURCE,
  type Reply,
  type Request,
  randomText,
  refuse,
  repeats,
  SCOPE,
  TOKEN_SECONDS,
} from './issuer-faults-parts.ts'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const words = (text: string): readonly string[] => text.split(' ').filter((one) => one !== '')
const INACTIVE = { active: false }

async function writeToken(parts: Parts, family: Family, scope: string, lifetime: number): Promise<string> {
  const { has, now, issuer } = parts
  if (family.resource === undefined) return randomText()
  const omits = has('omits-claims')
  const asPeople = has('names-clients-as-people')
  const claims = {
    iss: issuer,
    sub: asPeople ? family.client : 'mary',
    aud: asPeople ? [family.resource, OTHER_RESOURCE] : family.resource,
    client_id: family.client,
    iat: now(),
    exp: now() + (asPeople ? 86_400 : lifetime),
    jti: randomText(),
    scope,
    ...(family.jkt !== undefined && { cnf: { jkt: family.jkt } }),
  }
  const secret = new TextEncoder().encode('a secret that is long enough for it')
  const byFault = has('signs-by-a-secret')
  return new SignJWT(omits ? { hint: randomText() } : claims)
    .setProtectedHeader({ alg: byFault ? 'HS256' : 'ES256', kid: 'k1', ...(!omits && { typ: 'at+jwt' }) })
    .sign(byFault ? secret : (await keys.own).privateKey)
}

/** Writes tokens for a family. `scope` is what this answer gives. */
async function give(
  parts: Parts,
  family: Family,
  scope: string,
  more: { readonly refresh?: string; readonly isLast?: boolean } = {},
): Promise<Reply> {
  const { has, now, access, refresh } = parts
  const lifetime = has('gives-tokens-for-a-year') ? 365 * 86_400 : TOKEN_SECONDS
  const token = await writeToken(parts, family, scope, lifetime)
  access.set(token, { family, expiresAt: has('keeps-tokens-for-ever') ? Number.POSITIVE_INFINITY : now() + lifetime })
  const next = more.refresh ?? randomText()
  if (more.refresh === undefined)
    refresh.set(next, { family, expiresAt: Number.POSITIVE_INFINITY, isUsed: false, usedAt: 0, answer: undefined })
  const answer = {
    access_token: token,
    token_type: family.jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: lifetime,
    scope,
    ...(words(family.scope).includes('offline_access') && more.isLast !== true && { refresh_token: next }),
    ...(words(scope).includes('openid') && { id_token: await writeIdToken(parts, family) }),
  }
  return { status: 200, headers: { 'cache-control': has('lets-tokens-be-cached') ? 'private' : 'no-store' }, body: answer }
}

const writeIdToken = async ({ issuer, now }: Parts, family: Family): Promise<string> =>
  new SignJWT({ iss: issuer, sub: 'mary', aud: family.client, iat: now(), exp: now() + 300 })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign((await keys.own).privateKey)

/** What a token for a resource may have of a list of scopes: the scopes of OpenID Connect go to userinfo, and stay in the list. */
const known = (scope: string): string =>
  words(scope)
    .filter((one) => words(SCOPE).includes(one))
    .join(' ')

const makeFamily = (client: string, scope: string, resource: string | undefined, jkt: string | undefined): Family => ({
  client,
  scope: known(scope),
  resource,
  jkt,
  isAlive: true,
})

async function redeemCode(parts: Parts, client: IssuerClient, form: URLSearchParams, jkt: string | undefined): Promise<Reply> {
  const { has, codes, now } = parts
  const code = codes.get(form.get('code') ?? '')
  if (has('refuses-every-verifier') || code === undefined) return refuse(400, 'invalid_grant')
  const asked = code.parameters
  if (asked.get('client_id') !== client.id && !has('gives-codes-to-any-client')) return refuse(400, 'invalid_grant')
  if (code.family !== undefined && !has('redeems-codes-twice')) {
    code.family.isAlive = false
    return has('breaks-on-used-codes') ? refuse(500, 'server_error') : refuse(400, 'invalid_grant')
  }
  if (code.expiresAt <= now() && !has('keeps-codes-for-ever')) return refuse(400, 'invalid_grant')
  const sameAddress = form.get('redirect_uri') === asked.get('redirect_uri')
  if (!sameAddress && !has('ignores-the-redirect-address-of-a-code') && !has('gives-codes-to-any-client'))
    return refuse(400, 'invalid_grant')
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (challenge !== asked.get('code_challenge') && !has('ignores-verifiers') && !has('gives-codes-to-any-client'))
    return refuse(400, 'invalid_grant')
  const resource = asked.get('resource')
  const wanted = form.get('resource') ?? resource
  if (wanted !== resource && !has('takes-any-resource')) return refuse(400, 'invalid_target')
  code.family = makeFamily(client.id, asked.get('scope') ?? '', wanted, jkt)
  return give(parts, code.family, code.family.scope)
}

async function useRefreshToken(
  parts: Parts,
  client: IssuerClient,
  form: URLSearchParams,
  jkt: string | undefined,
): Promise<Reply> {
  const { has, refresh, now } = parts
  const token = form.get('refresh_token') ?? ''
  const kept = refresh.get(token)
  if (kept === undefined || has('refuses-refreshes')) return refuse(400, 'invalid_grant')
  const { family } = kept
  const isOwn = family.client === client.id || has('gives-refreshes-to-any-client')
  if (!isOwn || !family.isAlive || (family.jkt !== undefined && family.jkt !== jkt)) return refuse(400, 'invalid_grant')
  if (has('repeats-lost-answers') && kept.answer !== undefined && now() - kept.usedAt < 10) return kept.answer
  if (kept.isUsed && !has('forgets-rotation') && !has('never-rotates')) {
    family.isAlive = false
    return has('breaks-on-used-refresh-tokens') ? refuse(500, 'server_error') : refuse(400, 'invalid_grant')
  }
  const resource = form.get('resource') ?? family.resource
  const widens = has('widens-on-refresh')
  if (resource !== family.resource && !widens) return refuse(400, 'invalid_target')
  const wanted = form.get('scope') ?? family.scope
  if (words(wanted).some((one) => !words(family.scope).includes(one)) && !widens) return refuse(400, 'invalid_scope')
  kept.isUsed = true
  const scope = has('never-narrows') ? family.scope : wanted
  kept.usedAt = now()
  kept.answer = await give(parts, family, scope, {
    isLast: has('gives-no-next-refresh-token'),
    ...(has('never-rotates') && { refresh: token }),
  })
  return kept.answer
}

async function pollForDevice(parts: Parts, client: IssuerClient, form: URLSearchParams, jkt: string | undefined): Promise<Reply> {
  const { has, devices, now } = parts
  const odd = has('answers-devices-oddly')
  if (!form.has('device_code')) return refuse(400, odd ? 'invalid_grant' : 'invalid_request')
  const device = devices.get(form.get('device_code') ?? '')
  if (device === undefined) return refuse(400, odd ? 'authorization_pending' : 'invalid_grant')
  if (device.client !== client.id && !has('gives-device-codes-to-any-client')) return refuse(400, 'invalid_grant')
  if (device.state === 'denied' && !has('ignores-denials')) return refuse(400, 'access_denied')
  if (device.state === 'used' && !has('redeems-device-codes-twice'))
    return has('breaks-on-used-device-codes') ? refuse(500, 'server_error') : refuse(400, 'invalid_grant')
  const isApproved = device.state === 'approved' || device.state === 'used' || device.state === 'denied'
  if (!isApproved || has('never-approves-devices')) {
    if (odd) return refuse(400, 'server_error')
    const isEarly = now() - device.askedAt < 5
    device.askedAt = now()
    return refuse(400, isEarly ? 'slow_down' : 'authorization_pending')
  }
  device.state = 'used'
  return give(parts, makeFamily(client.id, device.scope, device.resource, jkt), known(device.scope))
}

export async function answerToken(parts: Parts, request: Request): Promise<Reply> {
  const { has, base } = parts
  const { form } = request
  if (repeats(form) && !has('takes-the-first-duplicate')) return refuse(400, 'invalid_request')
  const client = await authenticate(parts, request)
  if (isRefusal(client)) return client
  if (has('takes-anything-for-anything')) return give(parts, makeFamily(client.id, SCOPE, RESOURCE, undefined), SCOPE)
  const bound = await judgeProof(parts, request, `${base}/token`)
  if (bound === 'broken') return refuse(500, 'server_error')
  if (bound === 'nonce') return refuse(400, 'use_dpop_nonce', { 'dpop-nonce': NONCE })
  if (bound === 'wrong') return refuse(400, 'invalid_dpop_proof')
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return redeemCode(parts, client, form, bound?.jkt)
    case 'refresh_token':
      return useRefreshToken(parts, client, form, bound?.jkt)
    case DEVICE_GRANT:
      return pollForDevice(parts, client, form, bound?.jkt)
    case 'password':
      return has('judges-passwords') ? refuse(403, 'invalid_grant') : refuse(400, 'unsupported_grant_type')
    case 'client_credentials':
      if (has('gives-everybody-client-credentials')) return give(parts, makeFamily(client.id, SCOPE, undefined, undefined), SCOPE)
      return refuse(400, 'unauthorized_client')
    default:
      return refuse(400, has('knows-every-grant') ? 'invalid_grant' : 'unsupported_grant_type')
  }
}

export async function answerRevocation(parts: Parts, request: Request): Promise<Reply> {
  const { has, access, refresh } = parts
  if (has('errs-on-revocation')) return { status: 503 }
  const client = await authenticate(parts, request)
  if (isRefusal(client)) return client
  const token = request.form.get('token')
  if (token === null) return refuse(400, 'invalid_request')
  const issued = refresh.get(token) ?? access.get(token)
  const isOwn = issued?.family.client === client.id || has('revokes-for-others')
  if (issued !== undefined && isOwn && !has('revokes-nothing')) issued.family.isAlive = false
  return { status: 200 }
}

export async function answerIntrospection(parts: Parts, request: Request): Promise<Reply> {
  const { has, access, refresh, now } = parts
  const client = await authenticate(parts, request)
  if (isRefusal(client)) return client
  const headers = { 'cache-control': has('lets-tokens-be-cached') ? 'private' : 'no-store' }
  const token = request.form.get('token') ?? ''
  const issued = access.get(token) ?? refresh.get(token)
  const isOwn = issued?.family.client === client.id || has('tells-anybody-about-tokens')
  const isLiving = issued?.family.isAlive === true && issued.expiresAt > now() && !has('knows-no-token')
  if (issued === undefined || !isOwn || !isLiving)
    return { status: 200, headers, body: has('says-more-of-dead-tokens') ? { ...INACTIVE, why: 'unknown' } : INACTIVE }
  const { scope } = issued.family
  return { status: 200, headers, body: { active: true, client_id: issued.family.client, exp: now() + TOKEN_SECONDS, scope } }
}
