/**
 * One walk through the authorization code flow, from the request to the tokens, with every rule that it met on the way.
 *
 * It owns how the kit asks and what any answer of this flow must be. Modules choose the parameters, and say what follows.
 */
import { randomBytes } from 'node:crypto'
import type { Checks } from '../conformance-module.ts'
import { ConformanceError } from '../errors.ts'
import type { Answer, Form, KnownClient, Target } from '../target.ts'
import { type Rule, readIdToken } from './id-token.ts'
import {
  type AuthorizationAnswer,
  type AuthorizeOptions,
  describeAnswer,
  type PersonBrowser,
  parametersOf,
} from './person-browser.ts'
import { proofKey } from './proof-key.ts'
import { signedIn } from './signed-in.ts'

/** Parameters to add or to replace; `undefined` leaves one out. */
export type Change = Readonly<Record<string, string | undefined>>

export interface CodeRequest {
  readonly url: string
  readonly client: KnownClient
  /** As sent. */
  readonly parameters: ReadonlyMap<string, string>
  readonly verifier: string
}

export interface CodeFlow {
  readonly request: CodeRequest
  readonly answer: AuthorizationAnswer
  readonly code: string | undefined
  /** Undefined without a code. */
  readonly tokens: Answer | undefined
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** In the order in which they were met. After a broken one of the first there may be no more. */
  readonly rules: readonly Rule[]
}

export interface FlowOptions extends AuthorizeOptions {
  /** Default: {@link openIdClient}. */
  readonly client?: KnownClient
  /** Default: the one in which the person is signed in. */
  readonly browser?: PersonBrowser
  readonly change?: Change
  /** What the client believes to have sent, where it is not what the address says: a request object. */
  readonly effective?: Change
}

/** The client of the OpenID plans: one with a secret, else a public one. @throws {ConformanceError} `not_given` */
export function openIdClient(target: Target): KnownClient {
  const known = [target.clients.confidential, target.clients.public].filter((one) => one !== undefined)
  const client = known.find((one) => target.whyRefused(one) === undefined) ?? known[0]
  if (client !== undefined) return client
  throw new ConformanceError('not_given', 'clients.confidential or clients.public was not given')
}

/** An authorization request with everything that a careful client sends: state, nonce, and a proof key. */
export async function requestCode(target: Target, client: KnownClient, change: Change = {}): Promise<CodeRequest> {
  const { verifier, challenge } = proofKey()
  const all: Change = {
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: client.redirectUri,
    scope: 'openid',
    state: randomBytes(12).toString('base64url'),
    nonce: randomBytes(12).toString('base64url'),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    response_mode: target.responseMode === 'form_post' ? 'form_post' : undefined,
    ...change,
  }
  const parameters = new Map(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined))
  const url = new URL(await target.endpoint('authorization_endpoint'))
  for (const [name, value] of parameters) url.searchParams.set(name, value)
  return { url: url.href, client, parameters, verifier }
}

/** Redeems a code as its client; `change` as for requests. */
export async function redeemCode(target: Target, request: CodeRequest, code: string, change: Change = {}): Promise<Answer> {
  const proof = target.as(request.client)
  const fields: Change = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: request.parameters.get('redirect_uri') ?? request.client.redirectUri,
    code_verifier: request.parameters.has('code_challenge') ? request.verifier : undefined,
    ...change,
  }
  return target.post(await target.endpoint('token_endpoint'), [...formOf(fields), ...proof.form], proof.headers)
}

export const formOf = (fields: Change): Form =>
  Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined)

/** What any answer to an authorization request must be, when it is one. */
async function judgeAnswer(target: Target, request: CodeRequest, sent: ReadonlyMap<string, string>, answer: AuthorizationAnswer) {
  const rules: Rule[] = []
  const rule = (clause: string, expected: string, holds: boolean, seen: unknown = describeAnswer(answer)) => {
    rules.push({ clause, expected, holds, seen })
  }
  const got = parametersOf(answer)
  const mode = sent.get('response_mode') ?? 'query'
  rule('OpenID Connect Core 1.0 section 3.1.2.5', 'the request is answered with a code', got.has('code'))
  rule(
    'OAuth 2.0 Multiple Response Type Encoding Practices section 2.1',
    'the answer comes in the response mode of the request',
    answer.kind === 'answered' && answer.mode === mode,
  )
  rule('RFC 6749 section 4.1.2', 'state comes back as it was sent', got.get('state') === sent.get('state'))
  const namesItself = (await target.metadata()).authorization_response_iss_parameter_supported === true
  rule(
    'RFC 9207 section 2',
    'iss of the answer is the issuer where the metadata promises it',
    got.has('iss') || namesItself ? got.get('iss') === target.issuer : true,
  )
  return { rules, code: got.get('code'), client: request.client }
}

/** What the token endpoint must answer to a good code (Core section 3.1.3.3, RFC 6749 section 5.1). */
export function judgeTokens(answer: Answer): readonly Rule[] {
  const { json = {}, status, headers } = answer
  const seen = { status, error: json.error, error_description: json.error_description, token_type: json.token_type }
  return [
    {
      clause: 'OpenID Connect Core 1.0 section 3.1.3.3',
      expected: 'the code is redeemed for an access token of type Bearer',
      holds: status === 200 && typeof json.access_token === 'string' && /^bearer$/i.test(String(json.token_type)),
      seen,
    },
    {
      clause: 'RFC 6749 section 5.1',
      expected: 'expires_in of a token answer, if it is there, is a number of seconds',
      holds: json.expires_in === undefined || (typeof json.expires_in === 'number' && json.expires_in > 0),
      seen: { expires_in: json.expires_in },
    },
    {
      clause: 'OpenID Connect Core 1.0 section 3.1.3.3',
      expected: 'nothing keeps a token answer: no-store',
      holds: /\bno-store\b/i.test(headers.get('cache-control') ?? ''),
      seen: headers.get('cache-control'),
    },
  ]
}

/** Reads an ID token against the metadata and the published keys, both as they are now. */
export async function judgeIdToken(
  target: Target,
  token: unknown,
  wanted: { clientId: string; nonce: string | undefined; accessToken?: string; code?: string; wantsAuthTime?: boolean },
) {
  const metadata = await target.metadata()
  const algorithms = metadata.id_token_signing_alg_values_supported
  return readIdToken(token, {
    ...wanted,
    issuer: target.issuer,
    keys: (await target.get(await target.endpoint('jwks_uri'))).json,
    now: target.now(),
    ...(Array.isArray(algorithms) && { algorithms: algorithms.filter((one) => one !== 'none').map(String) }),
  })
}

/** Asks, signs in where asked, redeems the code, reads the ID token. A target that misbehaves is a broken rule, never an error. */
export async function walkCodeFlow(target: Target, options: FlowOptions = {}): Promise<CodeFlow> {
  const client = options.client ?? openIdClient(target)
  const browser = options.browser ?? (await signedIn(target))
  const request = await requestCode(target, client, options.change)
  const answer = await browser.authorize(request.url, options)
  const sent = new Map([...request.parameters, ...formOf(options.effective ?? {})])
  const judged = await judgeAnswer(target, request, sent, answer)
  const { code } = judged
  const nothing = { accessToken: '', refreshToken: undefined, idToken: '', header: {}, claims: {} }
  if (code === undefined) return { request, answer, code, tokens: undefined, ...nothing, rules: judged.rules }
  const redeemed = { redirect_uri: sent.get('redirect_uri') ?? client.redirectUri }
  const tokens = await redeemCode(target, request, code, redeemed)
  const accessToken = String(tokens.json?.access_token ?? '')
  const rules = [...judged.rules, ...judgeTokens(tokens)]
  if (tokens.status !== 200) return { request, answer, code, tokens, ...nothing, rules }
  const read = await judgeIdToken(target, tokens.json?.id_token, {
    clientId: client.clientId,
    nonce: sent.get('nonce'),
    accessToken,
    code,
    wantsAuthTime: sent.has('max_age'),
  })
  const refreshToken = tokens.json?.refresh_token
  return {
    request,
    answer,
    code,
    tokens,
    accessToken,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    idToken: String(tokens.json?.id_token ?? ''),
    header: read.header,
    claims: read.claims,
    rules: [...rules, ...read.rules],
  }
}

/** Whether every rule held; what was seen is the first that did not. */
export function outcomeOf(flow: Pick<CodeFlow, 'rules'>): { readonly holds: boolean; readonly seen: string } {
  const broken = flow.rules.find(({ holds }) => !holds)
  if (broken === undefined) return { holds: true, seen: 'a code and a valid ID token' }
  const seen = typeof broken.seen === 'string' ? broken.seen : JSON.stringify(broken.seen)
  return { holds: false, seen: `not so: ${broken.expected}; ${seen}` }
}

/** One finding for a whole walk: the way of modules that look at something else. Returns whether it went well. */
export function mustSucceed(checks: Checks, clause: string, expected: string, flow: CodeFlow): boolean {
  const { holds, seen } = outcomeOf(flow)
  checks.must(clause, expected, holds, seen)
  return holds
}

/** Userinfo by GET with the token in the header (Core section 5.3.1). */
export const askUserinfo = async (target: Target, accessToken: string): Promise<Answer> =>
  target.get(await target.endpoint('userinfo_endpoint'), { authorization: `Bearer ${accessToken}` })

/** Whether an answer of the token endpoint refuses as RFC 6749 section 5.2 says. */
export const refuses = (answer: Answer, ...errors: readonly string[]): boolean =>
  (answer.status === 400 || answer.status === 401) &&
  errors.includes(String(answer.json?.error)) &&
  answer.json?.access_token === undefined

/** What a token answer says, without its tokens. */
export const describeTokens = (answer: Answer): string =>
  `${answer.status} ${answer.json?.error ?? (typeof answer.json?.access_token === 'string' ? 'with tokens' : 'no error named')}`
