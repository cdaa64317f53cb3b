/**
 * The authorization code grant as a native mail client does it: PKCE, `state`, and the check of `iss`.
 *
 * It owns the request, the reading of the answer, and the exchange of the code. How a person gets from the
 * one to the other is not its business: a browser window (client.ts) or the forms themselves (sign-in.ts).
 * Sources: RFC 6749 section 4.1, RFC 7636, RFC 8252, RFC 8707, RFC 9207.
 */
import { createHash, randomBytes } from 'node:crypto'

/** A client as it is registered. With a secret it authenticates by HTTP Basic, without one it is public. */
export type Client = Readonly<{ clientId: string; clientSecret?: string }>

/** The part of the discovery document that the grant needs. */
export type Endpoints = Readonly<{
  issuer: string
  authorizationEndpoint: string
  tokenEndpoint: string
  sendsIssuer: boolean
  jwksUri?: string
}>

/** `expiresIn` is in seconds. `scope` is what was granted, when the service said so. */
export type Tokens = Readonly<{
  accessToken: string
  tokenType: string
  expiresIn: number
  refreshToken?: string
  idToken?: string
  scope?: string
}>

export type AuthorizationErrorCode =
  | 'metadata_invalid'
  | 'response_foreign'
  | 'authorization_refused'
  | 'token_refused'
  | 'token_response_invalid'
  | 'id_token_refused'

/** The service refused, or answered in a way that a careful client must not accept. Holds no code and no token. */
export class AuthorizationError extends Error {
  readonly code: AuthorizationErrorCode
  /** The `error` member of the service's answer, when there was one. */
  readonly error: string | undefined

  constructor(code: AuthorizationErrorCode, message: string, error?: string) {
    super(message)
    this.name = 'AuthorizationError'
    this.code = code
    this.error = error
  }
}

/** `nonce` is sent with `openid` alone: it comes back in the ID token. */
export type PendingAuthorization = Readonly<{ url: URL; state: string; verifier: string; redirectUri: string; nonce?: string }>

/**
 * Reads `{issuer}/.well-known/openid-configuration`.
 * Checks that the document names the very issuer that was asked (OpenID Connect Discovery 1.0 section 4.3).
 */
export async function fetchEndpoints(issuer: string, request: typeof fetch = fetch): Promise<Endpoints> {
  const response = await request(`${issuer}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
    redirect: 'error',
  })
  const document = await jsonObject(response, 'metadata_invalid')
  const { issuer: named, authorization_endpoint: authorize, token_endpoint: token } = document
  if (response.status !== 200 || typeof authorize !== 'string' || typeof token !== 'string') {
    throw new AuthorizationError('metadata_invalid', `${issuer} has no usable discovery document (HTTP ${response.status})`)
  }
  if (named !== issuer)
    throw new AuthorizationError('metadata_invalid', `asked ${issuer}, but the discovery document is that of ${String(named)}`)
  const sendsIssuer = document.authorization_response_iss_parameter_supported === true
  const jwksUri = typeof document.jwks_uri === 'string' ? { jwksUri: document.jwks_uri } : {}
  return Object.freeze({ issuer, authorizationEndpoint: authorize, tokenEndpoint: token, sendsIssuer, ...jwksUri })
}

/** Builds the address that a person opens. `scope` and `resource` go out only when they are given. */
export function beginAuthorization(options: {
  endpoints: Endpoints
  client: Client
  redirectUri: string
  scope?: string
  resource?: string
  loginHint?: string
  /** More of it: `acr_values`, `claims`. */
  more?: Readonly<Record<string, string>>
  random?: (bytes: number) => Buffer
}): PendingAuthorization {
  const random = options.random ?? randomBytes
  const verifier = random(32).toString('base64url')
  const state = random(16).toString('base64url')
  const nonce = options.scope?.split(' ').includes('openid') === true ? random(16).toString('base64url') : undefined
  const url = new URL(options.endpoints.authorizationEndpoint)
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['response_type', 'code'],
    ['client_id', options.client.clientId],
    ['redirect_uri', options.redirectUri],
    ['scope', options.scope],
    ['resource', options.resource],
    ['state', state],
    ['code_challenge', createHash('sha256').update(verifier).digest('base64url')],
    ['code_challenge_method', 'S256'],
    ['nonce', nonce],
    ['login_hint', options.loginHint],
    ...Object.entries(options.more ?? {}),
  ]
  for (const [name, value] of parameters) if (value !== undefined) url.searchParams.set(name, value)
  return Object.freeze({ url, state, verifier, redirectUri: options.redirectUri, ...(nonce !== undefined && { nonce }) })
}

/**
 * Takes the code out of the address that the service redirected to.
 * Checks `state` and, when the service promises it, `iss`: an answer of another service is refused (RFC 9207 section 2.4).
 */
export function readAuthorizationResponse(answer: URL, pending: PendingAuthorization, endpoints: Endpoints): string {
  const { searchParams } = answer
  const one = (name: string): string | undefined => {
    const all = searchParams.getAll(name)
    if (all.length > 1) throw new AuthorizationError('response_foreign', `the answer names ${name} twice`)
    return all[0]
  }
  if (one('state') !== pending.state)
    throw new AuthorizationError('response_foreign', 'the answer belongs to another request: state differs')
  const issuer = one('iss')
  if (issuer === undefined ? endpoints.sendsIssuer : issuer !== endpoints.issuer) {
    throw new AuthorizationError(
      'response_foreign',
      `the answer is not that of ${endpoints.issuer}: iss is ${issuer ?? 'missing'}`,
    )
  }
  const error = one('error')
  if (error !== undefined) {
    throw new AuthorizationError(
      'authorization_refused',
      `the service refused: ${error} ${one('error_description') ?? ''}`.trim(),
      error,
    )
  }
  const code = one('code')
  if (code === undefined || code === '')
    throw new AuthorizationError('response_foreign', 'the answer holds neither a code nor an error')
  return code
}

/** Exchanges the code for tokens. `resource` must be what the request asked for, or a part of it (RFC 8707 section 2.2). */
export async function redeemCode(options: {
  endpoints: Endpoints
  client: Client
  pending: PendingAuthorization
  code: string
  resource?: string
  fetch?: typeof fetch
}): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: options.code,
    redirect_uri: options.pending.redirectUri,
    code_verifier: options.pending.verifier,
  })
  if (options.resource !== undefined) form.set('resource', options.resource)
  return requestTokens({ ...options, form })
}

/** One request to the token endpoint, the client authenticated as it is registered. */
export async function requestTokens(options: {
  endpoints: Endpoints
  client: Client
  form: URLSearchParams
  fetch?: typeof fetch
}): Promise<Tokens> {
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' })
  const form = new URLSearchParams(options.form)
  const { clientId, clientSecret } = options.client
  if (clientSecret === undefined) form.set('client_id', clientId)
  else {
    // RFC 6749 section 2.3.1: both halves are form-encoded before Basic joins them.
    const pair = [clientId, clientSecret].map((half) => new URLSearchParams([['', half]]).toString().slice(1)).join(':')
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
  }
  const request = options.fetch ?? fetch
  const response = await request(options.endpoints.tokenEndpoint, {
    method: 'POST',
    headers,
    body: form.toString(),
    redirect: 'error',
  })
  const answer = await jsonObject(response, 'token_response_invalid')
  if (response.status !== 200) {
    const error = typeof answer.error === 'string' ? answer.error : undefined
    const description = typeof answer.error_description === 'string' ? ` (${answer.error_description})` : ''
    throw new AuthorizationError('token_refused', `no token: HTTP ${response.status} ${error ?? ''}${description}`, error)
  }
  return readTokens(answer)
}

function readTokens(answer: Readonly<Record<string, unknown>>): Tokens {
  const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn } = answer
  if (typeof accessToken !== 'string' || typeof tokenType !== 'string' || tokenType.toLowerCase() !== 'bearer') {
    throw new AuthorizationError('token_response_invalid', 'the answer holds no bearer token')
  }
  const text = (name: string): string | undefined => (typeof answer[name] === 'string' ? answer[name] : undefined)
  const [refreshToken, idToken, scope] = [text('refresh_token'), text('id_token'), text('scope')]
  return Object.freeze({
    accessToken,
    tokenType,
    // v1 endpoints send numbers as strings.
    expiresIn: Number(expiresIn),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(idToken === undefined ? {} : { idToken }),
    ...(scope === undefined ? {} : { scope }),
  })
}

async function jsonObject(response: Response, code: AuthorizationErrorCode): Promise<Readonly<Record<string, unknown>>> {
  const text = await response.text()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>> // an object that is no array has string keys
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
  }
  throw new AuthorizationError(code, `HTTP ${response.status} from ${response.url} holds no JSON object`)
}
