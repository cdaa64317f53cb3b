/**
 * request-rewriting turns what recorded mail clients send into what oidc-provider understands. Pure.
 *
 * It adds nothing that the client did not mean, and grants nothing: registration, policy and oidc-provider still decide.
 * Sources of the spellings: MS-OAPX, recorded requests of Apple Mail, Evolution, DavMail and ADAL.
 * @module
 */
import type { Resource } from '@postern/storage'
import { DEFAULT_SCOPE, findResource } from './resources.ts'

/** Names and values in the order received. */
export type Parameters = readonly (readonly [name: string, value: string])[]

/** Parameters of ours that travel inside oidc-provider; nobody may bring them along. */
const PRIVATE = new Set(['postern_offline', 'postern_v1'])
const PROTOCOL_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access', 'address', 'phone'])
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export const findParameter = (parameters: Parameters, name: string): string | undefined =>
  parameters.find(([one]) => one === name)?.[1]

/** As a form or query. */
export const encode = (parameters: Parameters): string =>
  new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString()

const without = (parameters: Parameters, name: string): Parameters => parameters.filter(([one]) => one !== name)

const withValue = (parameters: Parameters, name: string, value: string): Parameters => [
  ...without(parameters, name),
  [name, value],
]

/** A registered resource under its canonical name; an unknown one stays as it is and is refused later. */
const withCanonicalResources = (parameters: Parameters, resources: readonly Resource[]): Parameters =>
  parameters.map(([name, value]) =>
    name === 'resource' ? [name, findResource(resources, value)?.audience ?? value] : [name, value],
  )

const defaultScopeOf = (audience: string): string =>
  `${audience.endsWith('/') ? audience.slice(0, -1) : audience}/${DEFAULT_SCOPE}`

const scopesOf = (parameters: Parameters): readonly string[] =>
  (findParameter(parameters, 'scope') ?? '').split(' ').filter((scope) => scope !== '')

/** A request to authorize, from the browser, the back channel (PAR) or a device. */
export function rewriteAuthorization(received: Parameters, context: { resources: readonly Resource[]; v1: boolean }): Parameters {
  let parameters: Parameters = received.filter(([name]) => !PRIVATE.has(name))
  // Asked by reference: what is asked was rewritten when it was pushed.
  if (findParameter(parameters, 'request_uri') !== undefined) return parameters
  parameters = withReadableClaims(withCanonicalResources(parameters, context.resources))
  // oidc-provider knows no account chooser; signing in anew lets the person choose.
  if (findParameter(parameters, 'prompt') === 'select_account') parameters = withValue(parameters, 'prompt', 'login')
  if (context.v1) parameters = withValue(withV1Scopes(parameters), 'postern_v1', '1')
  return scopesOf(parameters).includes('offline_access') ? withValue(parameters, 'postern_offline', '1') : parameters
}

/** The v1 endpoints know `resource` instead of scopes: it means all that the client may have there, and a refresh token. */
function withV1Scopes(parameters: Parameters): Parameters {
  const asked = scopesOf(parameters)
  const resource = findParameter(parameters, 'resource')
  const scopes = new Set([...asked, 'openid', 'profile', 'email', 'offline_access'])
  if (resource !== undefined && asked.every((scope) => PROTOCOL_SCOPES.has(scope))) scopes.add(defaultScopeOf(resource))
  return withValue(parameters, 'scope', [...scopes].join(' '))
}

/**
 * oidc-provider refuses claims requests for access tokens. Microsoft's clients send them to tell what they can do, which is
 * dropped; and to pass on the challenge of a mail API (`insufficient_claims`), whose `acrs` or `acr` asks for what the essential
 * `acr` of an ID token does (OpenID Connect Core section 5.5.1.1), so it becomes one. oidc-provider puts `acr_values` in
 * the place of that claim; where one is essential, the mere wish is left out.
 */
function withReadableClaims(parameters: Parameters): Parameters {
  const claims = findParameter(parameters, 'claims')
  if (claims === undefined) return parameters
  try {
    const parsed: unknown = JSON.parse(claims)
    if (!isObject(parsed)) return parameters
    const { access_token: ofAccessToken, ...rest } = parsed
    const demanded = isObject(ofAccessToken) ? (essentialOf(ofAccessToken.acrs) ?? essentialOf(ofAccessToken.acr)) : undefined
    const ofIdToken = isObject(rest.id_token) ? rest.id_token : {}
    const own = essentialOf(ofIdToken.acr)
    const isAdded = demanded !== undefined && own === undefined
    const kept = isAdded ? { ...rest, id_token: { ...ofIdToken, acr: demanded } } : rest
    const wished = own === undefined && !isAdded ? parameters : without(parameters, 'acr_values')
    if (ofAccessToken === undefined) return wished
    return Object.keys(kept).length > 0 ? withValue(wished, 'claims', JSON.stringify(kept)) : without(wished, 'claims')
  } catch {
    return parameters // no JSON, or too deep to be written again: it is refused when it is read
  }
}

/** A claim of which the request insists on a value. */
const essentialOf = (claim: unknown): Readonly<Record<string, unknown>> | undefined =>
  isObject(claim) && claim.essential === true && (typeof claim.value === 'string' || Array.isArray(claim.values))
    ? claim
    : undefined

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A request to the token endpoint. */
export function rewriteTokenRequest(received: Parameters, context: { resources: readonly Resource[] }): Parameters {
  let parameters = withCanonicalResources(received, context.resources)
  const grantType = findParameter(parameters, 'grant_type')
  // Microsoft-style clients call the device code `code`.
  const code = findParameter(parameters, 'code')
  if (grantType === DEVICE_GRANT && code !== undefined && findParameter(parameters, 'device_code') === undefined)
    parameters = withValue(without(parameters, 'code'), 'device_code', code)
  const resource = findParameter(parameters, 'resource')
  if (grantType === 'client_credentials' && resource !== undefined && scopesOf(parameters).length === 0)
    parameters = withValue(parameters, 'scope', defaultScopeOf(resource))
  return parameters
}
