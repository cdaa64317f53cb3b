/** The token endpoint and userinfo of the breakable issuer. */
import { createHash } from 'node:crypto'
import { isSignedBy } from './authorize.ts'
import { json, type Reply } from './pages.ts'
import { claimsOf, makeIdToken, signAsIssuer } from './tokens.ts'
import { CLAIMS_OF_SCOPE, type Grant, type IssuerClient, newSecret, type World } from './world.ts'

const refuse = (error: string, status = 400): Reply =>
  json(status, { error }, status === 401 ? { 'www-authenticate': 'Basic realm="issuer"' } : {})

const readClaims = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>

/** Keys as they were first seen, for the issuer that never looks again. */
const seenKeys = new Map<string, unknown>()

async function keysOf(world: World, client: IssuerClient): Promise<unknown> {
  const { keysUri } = client
  if (keysUri === undefined) return client.keys
  if (world.has('never-reads-keys-of-clients')) return { keys: [] }
  const kept = seenKeys.get(keysUri)
  if (world.has('keeps-old-keys-of-clients') && kept !== undefined) return kept
  const keys: unknown = await (await fetch(keysUri)).json()
  seenKeys.set(keysUri, keys)
  return keys
}

async function isAsserted(world: World, client: IssuerClient, assertion: string): Promise<boolean> {
  const { iss, aud, exp } = readClaims(assertion)
  const isForUs = aud === world.issuer && !world.has('refuses-assertions-for-its-name')
  return isForUs && iss === client.id && Number(exp) > world.now() && isSignedBy(assertion, await keysOf(world, client))
}

async function authenticate(world: World, form: URLSearchParams, authorization: string): Promise<IssuerClient | undefined> {
  const [basicId = '', basicSecret = ''] = authorization.startsWith('Basic ')
    ? Buffer.from(authorization.slice(6), 'base64').toString('utf8').split(':').map(decodeURIComponent)
    : []
  const client = world.clients.get(basicId || (form.get('client_id') ?? ''))
  if (client === undefined) return undefined
  const secret = basicId ? basicSecret : form.get('client_secret')
  if (world.has('takes-every-secret')) return client
  switch (client.method) {
    case 'none':
      return client
    case 'private_key_jwt':
      return (await isAsserted(world, client, form.get('client_assertion') ?? '')) ? client : undefined
    case 'client_secret_post':
      return secret === client.secret && !world.has('refuses-secrets-in-the-form') ? client : undefined
    case 'client_secret_basic':
      return secret === client.secret ? client : undefined
  }
}

function answer(world: World, client: IssuerClient, grant: Grant, occasion: { code?: string; refreshToken?: string }): Reply {
  const { has } = world
  const isRefresh = occasion.refreshToken !== undefined
  const accessToken = isRefresh && has('gives-the-same-access-token') ? firstTokenOf(world, grant) : newSecret()
  const refreshToken = newSecret()
  world.accessTokens.set(accessToken, grant)
  if (grant.scope.includes('offline_access') && !has('gives-no-refresh-token'))
    world.refreshTokens.set(refreshToken, { grant, isUsed: false })
  const { code } = occasion
  return json(
    200,
    {
      access_token: accessToken,
      token_type: has('writes-an-odd-token-type') ? 'mac' : 'Bearer',
      expires_in: has('writes-lifetimes-as-text') ? 'soon' : 600,
      ...(world.refreshTokens.has(refreshToken) && { refresh_token: refreshToken }),
      ...(!has('omits-id-tokens') && {
        id_token: makeIdToken(world, client, grant, { accessToken, isRefresh, ...(code !== undefined && { code }) }),
      }),
    },
    has('lets-token-answers-be-kept') ? { 'cache-control': 'private' } : {},
  )
}

const firstTokenOf = (world: World, grant: Grant): string =>
  [...world.accessTokens].find(([, one]) => one === grant)?.[0] ?? newSecret()

/** Where the clock stood when a code was first used, for the issuer that forgets. */
const firstUses = new WeakMap<Grant, number>()

function redeem(world: World, client: IssuerClient, form: URLSearchParams): Reply {
  const { has } = world
  const code = form.get('code') ?? ''
  const kept = world.codes.get(code)
  if (kept === undefined || kept.grant.clientId !== client.id || has('redeems-no-code')) return refuse('invalid_grant')
  const { grant } = kept
  const age = world.now() - (firstUses.get(grant) ?? world.now())
  const isForgotten = has('forgets-used-codes') && age >= 20
  if (kept.uses > 0 && !has('redeems-codes-again') && !isForgotten) {
    if (!has('keeps-tokens-of-a-reused-code')) grant.isRevoked = true
    return refuse(has('calls-reuse-a-fault') ? 'server_error' : 'invalid_grant')
  }
  if (form.get('redirect_uri') !== grant.redirectUri) return refuse('invalid_grant')
  const verifier = form.get('code_verifier') ?? ''
  const isProved = grant.challenge === createHash('sha256').update(verifier).digest('base64url')
  if (grant.challenge !== undefined && has('refuses-proof-keys')) return refuse('invalid_request')
  if (grant.challenge !== undefined && !isProved && !has('ignores-proof-keys')) return refuse('invalid_grant')
  kept.uses += 1
  if (!firstUses.has(grant)) firstUses.set(grant, world.now())
  return answer(world, client, grant, { code })
}

function refresh(world: World, client: IssuerClient, form: URLSearchParams): Reply {
  const { has } = world
  const token = form.get('refresh_token') ?? ''
  const kept = world.refreshTokens.get(token)
  const isTheirs = kept?.grant.clientId === client.id || has('refreshes-for-anybody')
  if (kept === undefined || !isTheirs || kept.isUsed || kept.grant.isRevoked || has('refuses-to-refresh'))
    return refuse('invalid_grant')
  kept.isUsed = true
  return answer(world, client, kept.grant, { refreshToken: token })
}

export async function giveTokens(world: World, form: URLSearchParams, authorization: string): Promise<Reply> {
  const client = await authenticate(world, form, authorization)
  if (client === undefined) return refuse('invalid_client', 401)
  if (form.get('grant_type') === 'authorization_code') return redeem(world, client, form)
  if (form.get('grant_type') === 'refresh_token') return refresh(world, client, form)
  return refuse('unsupported_grant_type')
}

/** @param body of a POST. */
export function tellUserinfo(world: World, method: string, authorization: string, body: URLSearchParams): Reply {
  const { has } = world
  const inHeader = authorization.replace(/^Bearer /, '')
  const token = inHeader || (has('refuses-tokens-in-the-body') ? '' : (body.get('access_token') ?? ''))
  const grant = world.accessTokens.get(token)
  const isRefusing =
    (has('refuses-userinfo-by-get') && method === 'GET') || (has('refuses-userinfo-by-post') && method === 'POST')
  if ((grant === undefined || grant.isRevoked || isRefusing) && !has('tells-userinfo-to-everybody'))
    return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' })
  if (grant === undefined || grant.isRevoked) return json(200, { sub: 'somebody' })
  const ofScope = (scope: string): object =>
    has('omits-claims-of-scopes') || world.options.knowsScopes === false ? {} : (CLAIMS_OF_SCOPE[scope] ?? {})
  const claims = {
    ...claimsOf(world, grant, grant.userinfoClaims, ofScope),
    sub: has('tells-of-another-person') ? 'somebody' : grant.sub,
    ...(has('writes-odd-claims') && {
      email_verified: 'yes',
      updated_at: 'today',
      address: 'somewhere',
      phone_number: 1,
      name: 7,
    }),
  }
  const client = world.clients.get(grant.clientId)
  if (client?.userinfoAlgorithm === 'RS256' && !has('answers-userinfo-unsigned')) {
    const signed = has('signs-userinfo-for-nobody') ? claims : { ...claims, iss: world.issuer, aud: client.id }
    return { status: 200, headers: { 'content-type': 'application/jwt' }, body: signAsIssuer(world, 'RS256', signed) }
  }
  if (has('writes-userinfo-as-text'))
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: JSON.stringify(claims) }
  return json(200, claims)
}
