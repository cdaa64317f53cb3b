/**
 * The issuer on the kit's stage: it signs everybody in at once and asks nobody. A script changes its answers.
 *
 * It owns metadata, the authorization, token and device endpoints, and what it gave out. It listens nowhere (client-stage.ts).
 * Codes are bound to their proof keys and used once, refresh tokens rotate: a client that does wrong gets nothing even here.
 */
import { createHash, randomUUID } from 'node:crypto'
import { atHashOf, type StageKeys, signIdToken } from './id-tokens.ts'
import {
  type Asked,
  type Heard,
  type Issued,
  isReply,
  type Json,
  type Party,
  type Reply,
  type Script,
  tokenError,
} from './script.ts'

export const ISSUER_PATH = '/kit'
const WELL_KNOWN = `${ISSUER_PATH}/.well-known/openid-configuration`
const RFC_8414 = `/.well-known/oauth-authorization-server${ISSUER_PATH}`

/** What the issuer remembers during one scene. */
export interface IssuerMemory {
  /** What each code and each device code was asked for. */
  readonly codes: Map<string, URLSearchParams>
  readonly devices: Map<string, URLSearchParams>
  /** Refresh tokens that are good now, and what the family was asked for. */
  readonly refreshTokens: Map<string, URLSearchParams>
  /** One list for the whole scene. */
  readonly issued: Issued[]
  /** Access tokens that the mail server takes now. */
  readonly good: Set<string>
}

export const emptyMemory = (shared: Pick<IssuerMemory, 'issued' | 'good'>): IssuerMemory => ({
  codes: new Map(),
  devices: new Map(),
  refreshTokens: new Map(),
  ...shared,
})

/** Which endpoint of an issuer a path is. */
export function findIssuerPlace(path: string): Heard['place'] | undefined {
  if (path === WELL_KNOWN || path === RFC_8414) return 'metadata'
  if (path === `${ISSUER_PATH}/keys`) return 'keys'
  if (path === `${ISSUER_PATH}/authorize`) return 'authorize'
  if (path.startsWith(`${ISSUER_PATH}/token`)) return 'token'
  return path === `${ISSUER_PATH}/device` ? 'device' : undefined
}

interface Issuer {
  readonly base: string
  readonly script: Script
  readonly memory: IssuerMemory
  readonly keys: StageKeys
}

const NO_STORE = { 'cache-control': 'no-store' } as const
const give = (memory: IssuerMemory, kind: Issued['kind'], by: Party, value = `${kind}-${randomUUID()}`): string => {
  memory.issued.push(Object.freeze({ kind, value, by }))
  if (kind === 'access' && by === 'issuer') memory.good.add(value)
  return value
}

const metadataOf = (base: string): Json => ({
  issuer: base,
  authorization_endpoint: `${base}/authorize`,
  token_endpoint: `${base}/token`,
  device_authorization_endpoint: `${base}/device`,
  jwks_uri: `${base}/keys`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  token_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
})

function answerMetadata({ base, script }: Issuer, asked: Asked): Reply {
  const said = script.metadata?.(metadataOf(base), asked) ?? metadataOf(base)
  return isReply(said) ? said : { status: 200, body: said }
}

function authorize({ base, script, memory }: Issuer, asked: Asked): Reply {
  const parameters = asked.heard.url.searchParams
  const redirect = URL.parse(parameters.get('redirect_uri') ?? '')
  if (redirect === null || parameters.get('response_type') !== 'code')
    return { status: 400, body: 'This is no request for a code.' }
  const code = give(memory, 'code', asked.heard.party)
  memory.codes.set(code, parameters)
  const state = parameters.get('state')
  const good = new URLSearchParams({ code, ...(state !== null && { state }), iss: base })
  const answer = script.authorization?.(good, asked) ?? good
  if (isReply(answer)) return answer
  for (const [name, value] of answer as URLSearchParams) redirect.searchParams.append(name, value)
  return { status: 302, headers: { location: redirect.href, ...NO_STORE } }
}

function takeGrant({ memory }: Issuer, { form }: Heard): URLSearchParams | string {
  const grant = form.get('grant_type')
  if (grant === 'authorization_code') {
    const code = form.get('code') ?? ''
    const wanted = memory.codes.get(code)
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const challenge = wanted?.get('code_challenge') ?? null
    const plain = wanted?.get('code_challenge_method') === 'plain' && challenge === form.get('code_verifier')
    if (wanted === undefined || (challenge !== null && challenge !== proof && !plain)) return 'invalid_grant'
    memory.codes.delete(code)
    return wanted
  }
  const [store, value] =
    grant === 'refresh_token'
      ? [memory.refreshTokens, form.get('refresh_token')]
      : [memory.devices, grant?.endsWith(':device_code') === true ? form.get('device_code') : null]
  if (value === null) return 'unsupported_grant_type'
  const wanted = store.get(value)
  if (wanted === undefined) return 'invalid_grant'
  store.delete(value)
  return wanted
}

function answerToken(issuer: Issuer, asked: Asked): Reply {
  const { base, script, memory, keys } = issuer
  const { heard, world } = asked
  const refused = script.token?.(asked)
  if (refused !== undefined) return refused
  if (heard.method !== 'POST') return tokenError('invalid_request', 405)
  const wanted = takeGrant(issuer, heard)
  if (typeof wanted === 'string') return tokenError(wanted)
  const accessToken = give(memory, 'access', heard.party)
  const refreshToken = give(memory, 'refresh', heard.party)
  memory.refreshTokens.set(refreshToken, wanted)
  const scope = wanted.get('scope') ?? ''
  const nonce = wanted.get('nonce')
  const now = world.now()
  const good = {
    header: { alg: 'RS256', kid: keys.own.kid, typ: 'JWT' },
    claims: {
      iss: base,
      sub: 'person-1',
      aud: world.clientId,
      iat: now,
      exp: now + 600,
      at_hash: atHashOf(accessToken),
      ...(nonce !== null && { nonce }),
    },
    key: 'own',
  } as const
  const withIdToken = scope.split(' ').includes('openid')
  const idToken = withIdToken ? signIdToken(script.idToken?.(good, asked) ?? good, keys, world.clientId) : undefined
  if (idToken !== undefined) give(memory, 'id', heard.party, idToken)
  const answer: Json = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: refreshToken,
    ...(scope !== '' && { scope }),
    ...(idToken !== undefined && { id_token: idToken }),
  }
  return { status: 200, headers: NO_STORE, body: script.tokens?.(answer, asked) ?? answer }
}

function answerDevice({ base, script, memory }: Issuer, asked: Asked): Reply {
  const code = give(memory, 'device', asked.heard.party)
  memory.devices.set(code, asked.heard.form)
  const answer: Json = {
    device_code: code,
    user_code: 'KITK-KITK',
    verification_uri: `${base}/activate`,
    expires_in: 600,
    interval: 2,
  }
  return { status: 200, headers: NO_STORE, body: script.device?.(answer, asked) ?? answer }
}

/** Answers as an issuer at `base`, where the path is one of its own. */
export function answerAsIssuer(issuer: Issuer, asked: Asked): Reply | undefined {
  if (asked.heard.place === 'metadata') return answerMetadata(issuer, asked)
  if (asked.heard.place === 'keys') return { status: 200, body: { keys: [issuer.keys.own.jwk] } }
  if (asked.heard.place === 'authorize') return authorize(issuer, asked)
  if (asked.heard.place === 'token') return answerToken(issuer, asked)
  return asked.heard.place === 'device' ? answerDevice(issuer, asked) : undefined
}
