/** Pushed authorization requests (RFC 9126): pushing one and following what came of it. Judges nothing. */
import { authorizationUrl } from '../authorization-request.ts'
import { type AuthorizationAnswer, parametersOf } from '../person/person-browser.ts'
import { signedIn } from '../person/signed-in.ts'
import type { Answer, KnownClient, Target } from '../target.ts'
import { askAs, type Change, type Fields, textOf } from './asking.ts'
import { authorizationRequest } from './code-flow.ts'

export const PAR = 'pushed_authorization_request_endpoint'

export interface PushedRequest {
  readonly answer: Answer
  readonly requestUri: string
  readonly parameters: Fields
  readonly verifier: string
}

export async function push(target: Target, client: KnownClient, change: Change = {}): Promise<PushedRequest> {
  const request = await authorizationRequest(target, client, change)
  const { client_id: _, ...fields } = request.parameters // the proof of the client names it
  const answer = await askAs(target, client, { url: await target.endpoint(PAR), fields })
  return { answer, requestUri: textOf(answer, 'request_uri') ?? '', parameters: request.parameters, verifier: request.verifier }
}

/** Opens the authorization endpoint with a pushed request; `more` is what somebody adds in the browser. */
export async function follow(
  target: Target,
  client: KnownClient,
  requestUri: string,
  more: Fields = {},
): Promise<AuthorizationAnswer & { readonly code: string | undefined }> {
  const endpoint = await target.endpoint('authorization_endpoint')
  const url = authorizationUrl(endpoint, { client_id: client.clientId, request_uri: requestUri, ...more })
  const answer = await (await signedIn(target)).authorize(url)
  return { ...answer, code: parametersOf(answer).get('code') }
}
