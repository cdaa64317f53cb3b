/**
 * client-metadata reads what an app says of itself when it registers (RFC 7591 section 2, OpenID Connect Dynamic Client
 * Registration 1.0 section 2). Pure.
 *
 * It owns which members are understood and what they may be. What would change how the app is treated and is not offered is
 * refused, so that no app believes in a protection that it has not got; what is only told about the app is ignored. No address
 * in it is ever fetched (R19, R136). It does not know who may register.
 * @module
 */
import type { Client, Resource } from '@postern/storage'
import { z } from 'zod'
import { PublicKeyRefused } from '../../partners/errors.ts'
import { readPublicKey } from '../../partners/public-key.ts'
import { acceptedSpellings, shortScopes } from '../resources.ts'
import { RegistrationRefused } from './errors.ts'
import { findOwnRedirectUriProblem } from './redirect-uris.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** Every client may ask for these; `offline_access` with the grant for refreshing. */
export const OPENID_SCOPES = ['openid', 'profile', 'email'] as const

/** What becomes of it: a client without an id, its keys as public JWKs, and what was asked of no interest left out. */
export interface AskedClient {
  readonly client: Pick<
    Client,
    | 'displayName'
    | 'applicationType'
    | 'authenticationMethod'
    | 'redirectUris'
    | 'postLogoutRedirectUris'
    | 'grantTypes'
    | 'dpopBoundAccessTokens'
    | 'pushedAuthorizationRequired'
    | 'access'
  >
  readonly keys: readonly string[]
}

/** With an effect that is not offered. */
const UNSUPPORTED = [
  'jwks_uri',
  'sector_identifier_uri',
  'software_statement',
  'request_uris',
  'request_object_signing_alg',
  'request_object_encryption_alg',
  'request_object_encryption_enc',
  'require_signed_request_object',
  'id_token_encrypted_response_alg',
  'id_token_encrypted_response_enc',
  'userinfo_signed_response_alg',
  'userinfo_encrypted_response_alg',
  'userinfo_encrypted_response_enc',
  'introspection_signed_response_alg',
  'introspection_encrypted_response_alg',
  'introspection_encrypted_response_enc',
  'authorization_signed_response_alg',
  'authorization_encrypted_response_alg',
  'authorization_encrypted_response_enc',
  'tls_client_certificate_bound_access_tokens',
  'backchannel_logout_uri',
  'backchannel_client_notification_endpoint',
  'frontchannel_logout_uri',
  'initiate_login_uri',
  'default_max_age',
  'default_acr_values',
] as const

const addresses = z.array(z.string()).max(10)
const algorithms = { RSA: ['RS256', 'PS256'], EC: ['ES256'] } as const

/** Said to people, in quotation marks and beside words of ours: it must not be able to look like those. */
const clientName = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .refine((name) => /[\p{L}\p{N}]/u.test(name) && !/[\p{C}\p{Zl}\p{Zp}"“”„‟«»‹›\u115f\u1160\u3164\uffa0]|\p{M}{3}/u.test(name))

const metadata = z.object({
  client_name: clientName,
  redirect_uris: addresses.default([]),
  post_logout_redirect_uris: addresses.default([]),
  application_type: z.enum(['native', 'web']).optional(),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    .default('client_secret_basic'),
  token_endpoint_auth_signing_alg: z.enum(['RS256', 'PS256', 'ES256']).optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', DEVICE_GRANT]))
    .min(1)
    .max(3)
    .default(['authorization_code']),
  response_types: z.array(z.literal('code')).max(1).optional(),
  scope: z.string().min(1).max(4000).optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(10) }).optional(),
  id_token_signed_response_alg: z.literal('RS256').optional(),
  subject_type: z.literal('public').optional(),
  require_auth_time: z.literal(false).optional(),
  dpop_bound_access_tokens: z.boolean().default(false),
  require_pushed_authorization_requests: z.boolean().default(false),
})
type Metadata = z.output<typeof metadata>

/** What each member must be, for whoever wrote the app. */
const demands: Readonly<Record<keyof Metadata, string>> = {
  client_name: 'must be given: 1 to 60 characters, with a letter or digit and without quotation marks or control characters',
  redirect_uris: 'must be an array of at most 10 strings',
  post_logout_redirect_uris: 'must be an array of at most 10 strings',
  application_type: 'must be native or web',
  token_endpoint_auth_method: 'must be none, client_secret_basic, client_secret_post or private_key_jwt',
  token_endpoint_auth_signing_alg: 'must be RS256, PS256 or ES256',
  grant_types: `must be of authorization_code, refresh_token and ${DEVICE_GRANT}`,
  response_types: 'must be code alone',
  scope: 'must be a string',
  jwks: 'must be a JWK set of 1 to 10 keys',
  id_token_signed_response_alg: 'must be RS256',
  subject_type: 'must be public',
  require_auth_time: 'must be false: ask for max_age instead',
  dpop_bound_access_tokens: 'must be true or false',
  require_pushed_authorization_requests: 'must be true or false',
}

/** The members of which RFC 7591 section 3.2.2 has a code of its own. */
const ABOUT_ADDRESSES: ReadonlySet<string> = new Set(['redirect_uris', 'post_logout_redirect_uris'])
const problem = (member: string, says: string): RegistrationRefused =>
  new RegistrationRefused(
    ABOUT_ADDRESSES.has(member.replace(/\[.*/, '')) ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    `${member} ${says}`,
  )

/**
 * Reads the JSON text of a registration. `isInvited`: an administrator gave the app an initial access token; without one it is a
 * native public client. `resources`: those of the realm; only what is open to registered apps is given.
 * @throws {RegistrationRefused} `invalid_redirect_uri`, `invalid_client_metadata`: the first thing that is wrong
 */
export function parseClientMetadata(
  text: string,
  { isInvited, resources }: { readonly isInvited: boolean; readonly resources: readonly Resource[] },
): AskedClient {
  const given = readMembers(text)
  const unsupported = UNSUPPORTED.find((name) => Object.hasOwn(given, name))
  if (unsupported !== undefined) throw problem(unsupported, 'is not supported here')
  const parsed = metadata.safeParse(given)
  if (!parsed.success) {
    const member = String(parsed.error.issues[0]?.path[0] ?? '')
    throw problem(member, Object.hasOwn(demands, member) ? demands[member as keyof Metadata] : 'is malformed') // hasOwn looked
  }
  const asked = parsed.data
  const method = asked.token_endpoint_auth_method
  const applicationType = asked.application_type ?? (method === 'none' ? 'native' : 'web')
  if (!isInvited && method !== 'none')
    throw problem('token_endpoint_auth_method', 'must be none: without an initial access token there are public clients alone')
  if (!isInvited && applicationType !== 'native')
    throw problem('application_type', 'must be native: without an initial access token there are native clients alone')
  requireGrantsFit(asked)
  for (const member of ['redirect_uris', 'post_logout_redirect_uris'] as const)
    for (const [index, uri] of asked[member].entries()) {
      const says = findOwnRedirectUriProblem(uri, { applicationType, isInvited })
      if (says !== undefined) throw problem(`${member}[${index}]`, says)
    }
  return Object.freeze({
    client: Object.freeze({
      displayName: asked.client_name,
      applicationType,
      authenticationMethod: method,
      redirectUris: Object.freeze([...new Set(asked.redirect_uris)]),
      postLogoutRedirectUris: Object.freeze([...new Set(asked.post_logout_redirect_uris)]),
      grantTypes: Object.freeze([...new Set(asked.grant_types)]),
      dpopBoundAccessTokens: asked.dpop_bound_access_tokens,
      pushedAuthorizationRequired: asked.require_pushed_authorization_requests,
      access: decideAccess(asked, resources),
    }),
    keys: readKeys(asked),
  })
}

/** RFC 7592 section 2.2: a member that is null is one that is not there. */
function readMembers(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RegistrationRefused('invalid_client_metadata', 'the body is no JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RegistrationRefused('invalid_client_metadata', 'the body is no JSON object')
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
}

function requireGrantsFit({ grant_types: grants, redirect_uris: uris, response_types: responses, scope }: Metadata): void {
  const hasCode = grants.includes('authorization_code')
  if (!hasCode && !grants.includes(DEVICE_GRANT))
    throw problem('grant_types', `must hold authorization_code or ${DEVICE_GRANT}: a refresh token begins with one of them`)
  if (hasCode && uris.length === 0) throw problem('redirect_uris', 'must name one at least for the grant authorization_code')
  if (!hasCode && uris.length > 0) throw problem('redirect_uris', 'need the grant authorization_code')
  if (responses !== undefined && responses.length > 0 !== hasCode)
    throw problem('response_types', 'must be code with the grant authorization_code, and empty without it')
  if (scope?.split(' ').includes('offline_access') && !grants.includes('refresh_token'))
    throw problem('scope', 'holds offline_access, which needs the grant refresh_token')
}

/** What is open to registered apps; of that, what they ask for. */
export const openAccess = (resources: readonly Resource[]): Client['access'] =>
  resources
    .filter(({ openToRegistered, status }) => openToRegistered === true && status === 'active')
    .map(({ id, scopes }) => Object.freeze({ resourceId: id, scopes }))

function decideAccess({ scope }: Metadata, resources: readonly Resource[]): Client['access'] {
  const open = openAccess(resources)
  if (scope === undefined) return open
  const known = new Set<string>([...OPENID_SCOPES, 'offline_access', ...resources.flatMap((one) => acceptedSpellings(one, open))])
  if (!scope.split(' ').every((one) => known.has(one)))
    throw problem('scope', 'holds a scope that is not open to apps that register themselves')
  return open.flatMap(({ resourceId }) => {
    const resource = resources.find(({ id }) => id === resourceId)
    const scopes = resource === undefined ? [] : shortScopes(resource, open, scope)
    return scopes.length === 0 ? [] : [Object.freeze({ resourceId, scopes })]
  })
}

function readKeys({
  jwks,
  token_endpoint_auth_method: method,
  token_endpoint_auth_signing_alg: wanted,
}: Metadata): readonly string[] {
  if (method !== 'private_key_jwt') {
    if (jwks !== undefined) throw problem('jwks', 'is for private_key_jwt')
    return []
  }
  if (jwks === undefined) throw problem('jwks', 'must be given for private_key_jwt')
  const keys = jwks.keys.map((key, index) => readKey(key, `jwks.keys[${index}]`, wanted))
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw problem('jwks', 'names two keys alike')
  return Object.freeze(keys.map((key) => JSON.stringify(key)))
}

interface ClientKey {
  readonly kty: 'RSA' | 'EC'
  readonly kid: string
}

/** The public members, the name that the app calls it by, and the one algorithm that it is for. */
function readKey(given: Readonly<Record<string, unknown>>, at: string, wanted: string | undefined): ClientKey {
  let key: ClientKey
  try {
    key = JSON.parse(readPublicKey(JSON.stringify(given)).jwk) as ClientKey // written by readPublicKey
  } catch (cause) {
    if (cause instanceof PublicKeyRefused) throw problem(at, 'must be a public RSA key of 2048 bits or more, or one on P-256')
    throw cause
  }
  const { kid = key.kid, alg, use = 'sig' } = given
  if (typeof kid !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(kid))
    throw problem(at, 'must have a kid of visible ASCII characters')
  if (use !== 'sig') throw problem(at, 'must be for signatures')
  const fitting: readonly string[] = algorithms[key.kty]
  const chosen = alg ?? (wanted !== undefined && fitting.includes(wanted) ? wanted : fitting[0])
  if (typeof chosen !== 'string' || !fitting.includes(chosen)) throw problem(at, `must be for ${fitting.join(' or ')}`)
  if (wanted !== undefined && wanted !== chosen) throw problem(at, 'is not for token_endpoint_auth_signing_alg')
  return Object.freeze({ ...key, kid, alg: chosen, use: 'sig' })
}
