/** The authorization endpoint of the breakable issuer: decides what a request still lacks, and answers the client. */
import { createPublicKey, verify } from 'node:crypto'
import { consentPage, formPostPage, page, type Reply, redirect, signInPage } from './pages.ts'
import { type Grant, type IssuerClient, type IssuerSession, issuerKeys, newId, newSecret, type World } from './world.ts'

export interface Visit {
  readonly session: IssuerSession | undefined
  /** The person has just shown a password for this very request. */
  readonly isFresh: boolean
  readonly hasConsent: boolean
  readonly isPost: boolean
}

const KNOWN = new Set(
  'client_id response_type redirect_uri scope state nonce code_challenge code_challenge_method response_mode display prompt max_age ui_locales claims_locales id_token_hint login_hint acr_values claims request request_uri'.split(
    ' ',
  ),
)

const readJwt = (token: string, part: 0 | 1): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    return undefined // refused by whoever asked
  }
}

/** Whether a compact JWS was signed by one of these keys. */
export function isSignedBy(token: string, keys: unknown): boolean {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const list = (keys as { keys?: object[] } | undefined)?.keys ?? []
  return list.some((jwk) => {
    const key = createPublicKey({ key: jwk as never, format: 'jwk' })
    const data = Buffer.from(`${head}.${payload}`)
    return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  })
}

/** One of our own ID tokens, expired or not. */
export function readHint(world: World, hint: string): Record<string, unknown> | undefined {
  const keys = { keys: [issuerKeys().signing.publicKey.export({ format: 'jwk' })] }
  const claims = readJwt(hint, 1)
  if (world.has('believes-changed-hints')) return claims
  return isSignedBy(hint, keys) && claims?.iss === world.issuer ? claims : undefined
}

async function readRequestObject(world: World, client: IssuerClient, parameters: URLSearchParams) {
  const address = parameters.get('request_uri')
  const token = address === null ? (parameters.get('request') ?? '') : await (await fetch(address)).text()
  if (
    client.requestObjectAlgorithm === 'RS256' &&
    !world.has('believes-forged-request-objects') &&
    !isSignedBy(token, client.keys)
  )
    return undefined
  return readJwt(token, 1)
}

const withoutQuery = (uri: string): string => uri.replace(/\?.*$/s, '')

function isRegistered(world: World, client: IssuerClient, uri: string): boolean {
  if (world.has('redirects-anywhere')) return true
  if (world.has('ignores-queries-of-addresses')) return client.redirectUris.some((one) => withoutQuery(one) === withoutQuery(uri))
  return client.redirectUris.includes(uri)
}

const refusedPage = (world: World, why: string): Reply =>
  page(world.has('says-nothing-of-wrong-addresses') ? 200 : 400, 'This does not work', `<p>${why}</p>`)

/** Answers the client in the mode that was asked for. */
function answerClient(world: World, parameters: URLSearchParams, redirectUri: string, told: Record<string, string>): Reply {
  const { has } = world
  const state = parameters.get('state')
  const all = {
    ...told,
    ...(state !== null && !has('forgets-state') && { state }),
    iss: has('names-another-issuer-in-answers') ? `${world.issuer}/other` : world.issuer,
  }
  if (parameters.get('response_mode') === 'form_post' && !has('answers-in-the-query-always')) {
    const reply = formPostPage(redirectUri, all, {
      submits: !has('waits-for-a-click'),
      method: has('posts-answers-by-get') ? 'get' : 'post',
    })
    return has('lets-posted-answers-be-kept') ? { ...reply, headers: { ...reply.headers, 'cache-control': 'max-age=60' } } : reply
  }
  const url = new URL(has('loses-queries-of-addresses') ? withoutQuery(redirectUri) : redirectUri)
  if (has('answers-in-the-fragment')) url.hash = new URLSearchParams(all).toString()
  else for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
  return redirect(url.href)
}

/** What an issuer may refuse a request for; undefined: nothing. */
function refusalOf(world: World, parameters: URLSearchParams): string | undefined {
  const { has } = world
  const scopes = parameters.get('scope')?.split(' ') ?? []
  if (has('refuses-everybody')) return 'access_denied'
  if (!parameters.has('response_type') && !has('takes-a-missing-response-type-for-code'))
    return has('forgets-what-is-wrong') ? 'server_error' : 'invalid_request'
  if (has('refuses-unknown-parameters') && [...parameters.keys()].some((name) => !KNOWN.has(name))) return 'invalid_request'
  if (has('wants-openid-first') && scopes[0] !== 'openid') return 'invalid_scope'
  if (has('refuses-displays') && parameters.has('display')) return 'invalid_request'
  if (has('demands-a-nonce') && !parameters.has('nonce')) return 'invalid_request'
  if (has('refuses-hints') && parameters.has('id_token_hint')) return 'invalid_request'
  if (has('refuses-login-hints') && parameters.has('login_hint')) return 'invalid_request'
  if (has('refuses-locales') && (parameters.has('ui_locales') || parameters.has('claims_locales'))) return 'invalid_request'
  if (has('refuses-acr-values') && parameters.has('acr_values')) return 'invalid_request'
  if (has('refuses-scopes') && scopes.length > 1) return 'invalid_scope'
  if (has('refuses-claims-by-name') && parameters.has('claims')) return 'invalid_request'
  if (has('breaks-on-claims-of-id-tokens') && parameters.get('claims')?.includes('id_token')) return 'invalid_request'
  if (has('refuses-offline-access') && scopes.includes('offline_access')) return 'invalid_scope'
  return undefined
}

/** Whether the person must show a password although there is a session. */
function isTooOld(world: World, parameters: URLSearchParams, session: IssuerSession): boolean {
  const { has } = world
  const maxAge = parameters.get('max_age')
  if (parameters.get('prompt')?.split(' ').includes('login') && !has('ignores-prompt-login')) return true
  if (maxAge === null || has('ignores-max-age')) return false
  return has('asks-again-too-soon') || world.now() - session.authTime > Number(maxAge)
}

export async function authorize(world: World, sent: URLSearchParams, visit: Visit): Promise<Reply> {
  const { has } = world
  if (has('refuses-posted-requests') && visit.isPost) return page(405, 'Not so', '')
  const client = world.clients.get(sent.get('client_id') ?? '')
  if (client === undefined) return refusedPage(world, 'unknown client')
  let parameters = sent
  if (sent.has('request') || sent.has('request_uri')) {
    const address = sent.get('request_uri')
    const isUnknownAddress = address !== null && client.requestUris !== undefined && !client.requestUris.includes(address)
    const follows = world.options.followsRequestObjects !== false
    if (has('fetches-request-addresses') && address !== null) await fetch(address)
    if (!follows && has('overlooks-request-objects')) return decide(world, client, sent, visit)
    if (!follows || isUnknownAddress) {
      const unsupported = address === null ? 'request_not_supported' : 'request_uri_not_supported'
      const named = has('names-errors-of-requests-freely') ? 'invalid_request' : unsupported
      const error = follows ? 'invalid_request_uri' : named
      const uri = sent.get('redirect_uri') ?? ''
      if (has('breaks-on-request-objects')) return page(500, 'Broken', '')
      return isRegistered(world, client, uri) ? answerClient(world, sent, uri, { error }) : refusedPage(world, error)
    }
    const object = await readRequestObject(world, client, sent)
    if (object === undefined) return refusedPage(world, 'invalid request object')
    parameters = new URLSearchParams(sent)
    if (!has('ignores-request-objects'))
      for (const [name, value] of Object.entries(object)) if (KNOWN.has(name)) parameters.set(name, String(value))
    if (has('redirects-by-the-address-alone')) parameters.set('redirect_uri', sent.get('redirect_uri') ?? '')
  }
  return decide(world, client, parameters, visit)
}

function decide(world: World, client: IssuerClient, parameters: URLSearchParams, visit: Visit): Reply {
  const { has } = world
  const redirectUri =
    parameters.get('redirect_uri') ?? (has('guesses-the-redirect-address') ? (client.redirectUris[0] ?? '') : '')
  const isSent = has('redirects-by-the-address-alone') && parameters.has('request')
  if (!isSent && !isRegistered(world, client, redirectUri)) return refusedPage(world, 'this redirect address is not registered')
  const back = (told: Record<string, string>) => answerClient(world, parameters, redirectUri, told)
  const refusal = refusalOf(world, parameters)
  if (refusal !== undefined) return back({ error: refusal })

  const { session } = visit
  const hint = parameters.get('id_token_hint')
  const hinted = hint === null ? undefined : readHint(world, hint)
  const isNone = parameters.get('prompt') === 'none'
  const mustSignIn =
    session === undefined ||
    (hint !== null && hinted?.sub !== session.sub) ||
    (!visit.isFresh && isTooOld(world, parameters, session)) ||
    (has('never-remembers-anybody') && !visit.isFresh)
  if (has('refuses-max-age-of-sessions') && parameters.has('max_age') && session !== undefined && !visit.isFresh)
    return back({ error: 'invalid_request' })
  if (mustSignIn) {
    if (isNone && !has('shows-pages-for-prompt-none')) {
      if (has('calls-strangers-denied')) return back({ error: 'invalid_scope' })
      return back({ error: 'login_required' })
    }
    return signInPage(keep(world, parameters, visit), client, parameters.get('login_hint') ?? '')
  }
  const asksForNothing = isNone && has('asks-for-consent-at-prompt-none')
  if ((parameters.get('prompt')?.includes('consent') || asksForNothing) && !visit.hasConsent)
    return consentPage(keep(world, parameters, visit), client)
  const aged = has('renews-auth-time') && !visit.isFresh ? { ...session, authTime: session.authTime + 1 } : session
  const named = has('forgets-whom-hints-name') && hint !== null ? { ...aged, sub: 'somebody' } : aged
  return giveCode(world, client, parameters, redirectUri, named, back)
}

export function keep(world: World, parameters: URLSearchParams, visit: Visit): string {
  const id = newId()
  world.pending.set(id, { parameters, isFresh: visit.isFresh, hasConsent: visit.hasConsent })
  return id
}

function giveCode(
  world: World,
  client: IssuerClient,
  parameters: URLSearchParams,
  redirectUri: string,
  session: IssuerSession,
  back: (told: Record<string, string>) => Reply,
): Reply {
  const claims = namesOf(parameters.get('claims'))
  const grant: Grant = {
    clientId: client.id,
    redirectUri,
    sub: world.has('gives-somebody-else-a-code') ? `${session.sub}-${newId()}` : session.sub,
    scope: parameters.get('scope')?.split(' ') ?? [],
    nonce: parameters.get('nonce') ?? undefined,
    authTime: session.authTime,
    sid: session.sid,
    acr: world.has('omits-acr') ? undefined : parameters.get('acr_values')?.split(' ')[0],
    challenge: parameters.get('code_challenge') ?? undefined,
    idTokenClaims: claims.id_token,
    userinfoClaims: claims.userinfo,
    wantsAuthTime: true,
    isRevoked: false,
  }
  session.clients.add(client.id)
  const code = newSecret()
  world.codes.set(code, { grant, uses: 0 })
  return back({ code })
}

function namesOf(text: string | null): { id_token: string[]; userinfo: string[] } {
  const asked = text === null ? {} : (JSON.parse(text) as Record<string, object | undefined>)
  return { id_token: Object.keys(asked.id_token ?? {}), userinfo: Object.keys(asked.userinfo ?? {}) }
}
