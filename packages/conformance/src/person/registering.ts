/** Registers clients of the kit's own at the issuer (RFC 7591, OpenID Connect Dynamic Client Registration 1.0). */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Checks } from '../conformance-module.ts'
import type { Answer, KnownClient, Target } from '../target.ts'
import { isOnThisMachine } from './listener.ts'

export interface RegisteredClient {
  readonly answer: Answer
  /** Undefined when the issuer refused. */
  readonly client: KnownClient | undefined
}

export const KIT_REDIRECT_URI = 'https://client.kit.example/callback'

/** The endpoint, or undefined with a finding that says why nothing could be tried. */
export async function findRegistration(
  target: Target,
  checks: Checks,
  clause: string,
  expected: string,
): Promise<string | undefined> {
  const endpoint = await target.findEndpoint('registration_endpoint')
  if (endpoint === undefined) checks.skip(clause, expected, 'the metadata names no registration_endpoint')
  return endpoint
}

/** Why documents of the kit cannot be fetched, said as a finding; true: they can. */
export function canServe(target: Target, checks: Checks, clause: string, expected: string): boolean {
  if (isOnThisMachine(target.issuer)) return true
  checks.skip(clause, expected, 'the issuer is not on this machine, so it cannot fetch a document of the kit')
  return false
}

/** Sends one registration; `wish` over what a plain web client asks for. */
export async function registerClient(
  target: Target,
  endpoint: string,
  wish: Readonly<Record<string, unknown>> = {},
  keys: { readonly privateKey?: string; readonly keyId?: string } = {},
): Promise<RegisteredClient> {
  const { initialAccessToken } = target.registration
  const asked = {
    client_name: 'Conformance kit',
    redirect_uris: [KIT_REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
    ...wish,
  }
  const answer = await target.send({
    method: 'POST',
    url: endpoint,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(initialAccessToken !== undefined && { authorization: `Bearer ${initialAccessToken}` }),
    },
    body: JSON.stringify(asked),
  })
  const { client_id: clientId, client_secret: secret } = answer.json ?? {}
  if ((answer.status !== 201 && answer.status !== 200) || typeof clientId !== 'string') return { answer, client: undefined }
  const client: KnownClient = {
    clientId,
    redirectUri: asked.redirect_uris[0] ?? KIT_REDIRECT_URI,
    authentication: asked.token_endpoint_auth_method as NonNullable<KnownClient['authentication']>, // one of the four: modules ask for no other
    ...(typeof secret === 'string' && { secret }),
    ...keys,
  }
  return { answer, client }
}

/** Takes a registration back where the issuer lets (RFC 7592 section 2.3), so that a run leaves little behind. */
export async function forgetClient(target: Target, { answer }: RegisteredClient): Promise<void> {
  const { registration_client_uri: url, registration_access_token: token } = answer.json ?? {}
  if (typeof url !== 'string' || typeof token !== 'string') return
  await target.send({ method: 'DELETE', url, headers: { authorization: `Bearer ${token}` } })
}

export interface ClientKey {
  readonly privateKey: string
  readonly keyId: string
  /** A JWK set with the public half. */
  readonly published: string
  readonly key: KeyObject
}

/** A P-256 key of a client: cheap to make, known to every issuer that takes assertions. */
export function makeClientKey(keyId: string): ClientKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: keyId, alg: 'ES256', use: 'sig' }
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keyId,
    published: JSON.stringify({ keys: [jwk] }),
    key: privateKey,
  }
}

/** Whether the issuer understood what was asked and does not offer it (RFC 7591 section 3.2.2). */
export const isRefusal = ({ status, json }: Answer): boolean => status === 400 && json?.error === 'invalid_client_metadata'

/** What a refused registration says, and what an accepted one is. */
export const describeRegistration = ({ answer }: RegisteredClient): string =>
  `${answer.status} ${answer.json?.error ?? (answer.json?.client_id === undefined ? 'without client_id' : 'registered')}`
