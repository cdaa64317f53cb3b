/** The way from a signed-in person to tokens (RFC 6749 section 4.1 with RFC 7636), each step changeable. Judges nothing. */
import { randomBytes } from 'node:crypto'
import { authorizationUrl } from '../authorization-request.ts'
import { ConformanceError } from '../errors.ts'
import { type AuthorizationAnswer, describeAnswer, parametersOf } from '../person/person-browser.ts'
import { proofKey } from '../person/proof-key.ts'
import { signedIn } from '../person/signed-in.ts'
import type { Answer, KnownClient, Target } from '../target.ts'
import { applyChange, askTokenAs, type Change, type Fields, isGranted, textOf, verdictOf } from './asking.ts'

export interface AuthorizationRequest {
  readonly url: string
  readonly parameters: Fields
  readonly verifier: string
}

/** A request that is right in everything but what `change` spoils. Asks for all that the client may have. */
export async function authorizationRequest(
  target: Target,
  client: KnownClient,
  change: Change = {},
): Promise<AuthorizationRequest> {
  const { verifier, challenge } = proofKey()
  const random = () => randomBytes(12).toString('base64url')
  const asked = applyChange(
    {
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
      scope: client.scope ?? 'openid',
      state: random(),
      nonce: random(),
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(client.resource !== undefined && { resource: client.resource }),
    },
    change,
  )
  // OpenID Connect Core 1.0 section 3.1.2.1: a nonce belongs to OpenID requests, and issuers may refuse it elsewhere.
  const isOpenId = (asked.scope ?? '').split(' ').includes('openid')
  const { nonce, ...rest } = asked
  const parameters = nonce === undefined || isOpenId || 'nonce' in change ? asked : rest
  return { url: authorizationUrl(await target.endpoint('authorization_endpoint'), parameters), parameters, verifier }
}

export interface IssuedCode {
  readonly client: KnownClient
  readonly code: string
  readonly verifier: string
  readonly redirectUri: string
  /** What was asked for; it may be named again with the code (RFC 8707 section 2.2). */
  readonly resource: string | undefined
}

/** What the person's browser brings back, be it a code or not. */
export async function authorize(
  target: Target,
  request: AuthorizationRequest,
): Promise<AuthorizationAnswer & { readonly code: string | undefined }> {
  const answer = await (await signedIn(target)).authorize(request.url)
  return { ...answer, code: parametersOf(answer).get('code') }
}

/** @throws {ConformanceError} `not_given` without a person; `answer_malformed` when no code comes. */
export async function newCode(target: Target, client: KnownClient, change: Change = {}): Promise<IssuedCode> {
  const request = await authorizationRequest(target, client, change)
  const answer = await authorize(target, request)
  if (answer.code === undefined) throw new ConformanceError('answer_malformed', `no code came, but ${describeAnswer(answer)}`)
  const redirectUri = request.parameters.redirect_uri ?? client.redirectUri
  return { client, code: answer.code, verifier: request.verifier, redirectUri, resource: request.parameters.resource }
}

/** Presents a code. `options.as`: another client than the one that it was issued to. */
export const redeem = (
  target: Target,
  issued: IssuedCode,
  options: { readonly change?: Change; readonly as?: KnownClient; readonly headers?: Fields } = {},
): Promise<Answer> => {
  const fields = {
    grant_type: 'authorization_code',
    code: issued.code,
    redirect_uri: issued.redirectUri,
    code_verifier: issued.verifier,
    ...(issued.resource !== undefined && { resource: issued.resource }),
  }
  return askTokenAs(target, options.as ?? issued.client, applyChange(fields, options.change ?? {}), options.headers)
}

export interface Tokens {
  readonly client: KnownClient
  readonly answer: Answer
  readonly access: string
  readonly refresh: string | undefined
  readonly idToken: string | undefined
}

export function readTokens(client: KnownClient, answer: Answer): Tokens {
  const access = textOf(answer, 'access_token')
  if (!isGranted(answer) || access === undefined)
    throw new ConformanceError('answer_malformed', `no token came, but ${verdictOf(answer)}`)
  return { client, answer, access, refresh: textOf(answer, 'refresh_token'), idToken: textOf(answer, 'id_token') }
}

/** Signs in, where nobody is yet, and brings tokens. */
export const newTokens = async (target: Target, client: KnownClient, change: Change = {}): Promise<Tokens> =>
  readTokens(client, await redeem(target, await newCode(target, client, change)))

/** Tokens with a refresh token among them; OpenID Connect Core 1.0 section 11 may ask for consent to that. Undefined: there is none. */
export async function newFamily(
  target: Target,
  client: KnownClient,
  change: Change = {},
): Promise<(Tokens & { readonly refresh: string }) | undefined> {
  for (const more of [{}, { prompt: 'consent' }]) {
    const tokens = await newTokens(target, client, { ...change, ...more })
    const { refresh } = tokens
    if (refresh !== undefined) return { ...tokens, refresh }
    if (!(client.scope ?? '').split(' ').includes('offline_access')) return undefined
  }
  return undefined
}

export const refreshWith = (
  target: Target,
  client: KnownClient,
  token: string,
  options: { readonly change?: Change; readonly headers?: Fields } = {},
): Promise<Answer> =>
  askTokenAs(
    target,
    client,
    applyChange({ grant_type: 'refresh_token', refresh_token: token }, options.change ?? {}),
    options.headers,
  )

/** Whether userinfo answers for the token; undefined when there is no such endpoint. */
export async function userinfoStatus(target: Target, token: string): Promise<number | undefined> {
  const url = await target.findEndpoint('userinfo_endpoint')
  return url === undefined ? undefined : (await target.get(url, { authorization: `Bearer ${token}` })).status
}
