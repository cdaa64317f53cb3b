/**
 * authorization-server reads the metadata of an issuer (OpenID Discovery, RFC 8414), and finds the issuer behind a bare
 * authorization address.
 *
 * It owns the rule that a document may only speak for the issuer it was asked about. It asks only through guarded-fetch.ts.
 * @module
 */
import { DiscoveryError } from './errors.ts'
import { type FetchGuards, guardedGet } from './guarded-fetch.ts'
import { type JsonObject, parseStrictObject } from './strict-json.ts'
import { allowedUrl, insertWellKnown, openidConfigurationUrl } from './web-address.ts'

export type AuthorizationServer = Readonly<{
  issuer: string
  authorizationEndpoint: string
  tokenEndpoint: string
  deviceAuthorizationEndpoint?: string
  registrationEndpoint?: string
  jwksUri?: string
  /** The whole document, frozen. Only the members above were checked. */
  metadata: JsonObject
}>

/** Most path prefixes of an authorization address that are tried as an issuer. */
const mostCandidates = 4

/** Optional ones are left out when they may not be asked; the two that a client cannot do without are required. */
function readEndpoint(metadata: JsonObject, name: string, issuer: URL, guards: FetchGuards): string | undefined {
  const value = metadata[name]
  const url = typeof value === 'string' ? allowedUrl(value, guards.allowInsecureLoopback) : undefined
  if (url === undefined || (issuer.protocol === 'https:' && url.protocol !== 'https:')) return undefined
  return url.href
}

function toAuthorizationServer(metadata: JsonObject, issuer: URL, guards: FetchGuards): AuthorizationServer {
  const endpoint = (name: string): string | undefined => readEndpoint(metadata, name, issuer, guards)
  const required = (name: string): string => {
    const found = endpoint(name)
    if (found === undefined)
      throw new DiscoveryError('document_malformed', { detail: `${issuer.href}: ${name} is missing or not allowed` })
    return found
  }
  const device = endpoint('device_authorization_endpoint')
  const registration = endpoint('registration_endpoint')
  const jwksUri = endpoint('jwks_uri')
  return Object.freeze({
    issuer: String(metadata.issuer),
    authorizationEndpoint: required('authorization_endpoint'),
    tokenEndpoint: required('token_endpoint'),
    ...(device === undefined ? {} : { deviceAuthorizationEndpoint: device }),
    ...(registration === undefined ? {} : { registrationEndpoint: registration }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    metadata: Object.freeze(metadata),
  })
}

/** The first document found at the two well-known addresses of `issuer`; undefined if there is none. */
async function findMetadata(issuer: URL, guards: FetchGuards): Promise<JsonObject | undefined> {
  for (const url of [openidConfigurationUrl(issuer), insertWellKnown(issuer, 'oauth-authorization-server')]) {
    const answer = await guardedGet(url.href, { accept: 'application/json' }, guards)
    if (answer.status !== 200) continue
    const parsed = parseStrictObject(answer.body.toString('utf8'))
    if (!parsed.ok) throw new DiscoveryError('document_malformed', { detail: `${url.href}: ${parsed.reason}` })
    return parsed.value
  }
  return undefined
}

/**
 * The metadata of `issuer`, whose own `issuer` must equal it character by character (RFC 8414 section 3.3).
 * @throws {DiscoveryError}
 */
export async function findAuthorizationServer(issuer: string, guards: FetchGuards): Promise<AuthorizationServer> {
  const url = allowedUrl(issuer, guards.allowInsecureLoopback)
  if (url === undefined || url.search !== '' || url.hash !== '')
    throw new DiscoveryError('url_not_allowed', { detail: issuer.slice(0, 200) })
  const metadata = await findMetadata(url, guards)
  if (metadata === undefined) throw new DiscoveryError('status_unexpected', { detail: `${issuer} publishes no metadata` })
  if (metadata.issuer !== issuer) {
    throw new DiscoveryError('issuer_mismatch', {
      detail: `asked ${issuer}, got ${JSON.stringify(metadata.issuer)?.slice(0, 200)}`,
    })
  }
  return toAuthorizationServer(metadata, url, guards)
}

/** Path prefixes of an authorization address, the likeliest issuer first. */
export function issuerCandidates(authorizationUri: URL): readonly string[] {
  const { origin, pathname } = authorizationUri
  const usual = pathname.replace(/\/oauth2(\/v[\d.]+)?\/authorize\/?$|\/authorize\/?$/, '')
  const segments = pathname.split('/').filter((segment) => segment !== '')
  const prefixes = segments
    .map((_, count) => segments.slice(0, count))
    .map((some) => some.map((segment) => `/${segment}`).join(''))
  const candidates = usual === pathname ? prefixes.toReversed() : [usual, ...prefixes.toReversed()]
  return [...new Set(candidates)].slice(0, mostCandidates).map((path) => `${origin}${path}`)
}

/**
 * The issuer behind an `authorization_uri`: the metadata nearest to that address, of the same origin. Where a document names
 * another spelling of the issuer (a GUID for a domain), that one is asked again and must then name itself.
 * @throws {DiscoveryError}
 */
export async function findIssuerBehind(authorizationUri: string, guards: FetchGuards): Promise<AuthorizationServer> {
  const asked = allowedUrl(authorizationUri, guards.allowInsecureLoopback)
  if (asked === undefined) throw new DiscoveryError('url_not_allowed', { detail: authorizationUri.slice(0, 200) })
  for (const candidate of issuerCandidates(asked)) {
    const metadata = await findMetadata(new URL(candidate), guards)
    if (metadata === undefined) continue
    const named = typeof metadata.issuer === 'string' ? metadata.issuer : ''
    if (URL.parse(named)?.origin !== asked.origin) {
      throw new DiscoveryError('issuer_mismatch', { detail: `${candidate} names ${JSON.stringify(named.slice(0, 200))}` })
    }
    return named === candidate ? toAuthorizationServer(metadata, asked, guards) : await findAuthorizationServer(named, guards)
  }
  throw new DiscoveryError('challenge_incomplete', { detail: `no metadata near ${authorizationUri.slice(0, 200)}` })
}
