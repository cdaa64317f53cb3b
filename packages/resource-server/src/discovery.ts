/**
 * discovery is the client's side: from the 401 of an unknown mail server to the issuer whose tokens it accepts.
 *
 * It owns the order of the steps and which document may speak for whom. What may be asked at all: guarded-fetch.ts. It obtains
 * no token, and does not decide whether a person trusts the issuer: `issuerAllowed` does.
 * @module
 */
import { type AuthorizationServer, findAuthorizationServer, findIssuerBehind } from './authorization-server.ts'
import { type Challenge, parseChallenges } from './challenge-parser.ts'
import { DiscoveryError } from './errors.ts'
import { type FetchGuards, guardedGet, type ResolvedAddress, resolveBySystem, type ServerAnswer } from './guarded-fetch.ts'
import { type JsonObject, parseStrictObject } from './strict-json.ts'

export type DiscoveryOptions = Readonly<{
  /** Sent as `X-User-Identity`, so that a server of several domains answers for this mailbox. */
  userIdentity?: string
  /** May this issuer be used? Default: every issuer whose documents agree with each other. */
  issuerAllowed?: (issuer: string) => boolean
  /** For the whole walk, in milliseconds; default 10000. */
  timeoutMs?: number
  /** For each answer; default 262144. */
  maxBytes?: number
  /** Speak http and https to this very machine, for development. */
  allowInsecureLoopback?: boolean
  /** Speak https to addresses of private networks: for clients inside one. */
  allowPrivateNetwork?: boolean
  /** Default: a connection of our own that is made to the checked address. With another, the name is checked before the call only. */
  fetch?: typeof fetch
  resolveHost?: (hostname: string) => Promise<readonly ResolvedAddress[]>
}>

export type Discovered = Readonly<{
  /** The address that answered 401; differs from the one asked after a redirect. */
  url: string
  /** The Bearer challenge. */
  challenge: Challenge
  /** Every challenge, for clients that can do something else. */
  challenges: readonly Challenge[]
  /** The RFC 9728 document, if the server has one. */
  resourceMetadata?: JsonObject
  /** The resource identifier to ask tokens for (`resource`, RFC 8707), if the server names one. */
  resource?: string
  issuer: string
  authorizationServer: AuthorizationServer
}>

function guardsOf(options: DiscoveryOptions): FetchGuards {
  return Object.freeze({
    fetch: options.fetch,
    allowInsecureLoopback: options.allowInsecureLoopback ?? false,
    allowPrivateNetwork: options.allowPrivateNetwork ?? false,
    resolveHost: options.resolveHost ?? resolveBySystem,
    maxBytes: options.maxBytes ?? 262_144,
    signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
  })
}

function readChallenges(answer: ServerAnswer): readonly Challenge[] {
  try {
    return parseChallenges(answer.header('www-authenticate'))
  } catch (cause) {
    throw new DiscoveryError('challenge_malformed', { cause })
  }
}

/** https may not lead to http, not even to this machine. */
function requireNoDowngrade(from: URL, to: string): string {
  const url = URL.parse(to, from.href)
  if (url === null || (from.protocol === 'https:' && url.protocol !== 'https:')) {
    throw new DiscoveryError('url_not_allowed', { detail: `${from.origin} named ${to.slice(0, 200)}` })
  }
  return url.href
}

/**
 * True if `resource` is `asked` or a parent of it, segment by segment, on the same origin. RFC 9728 section 3.3 asks for equality;
 * a mail server is one resource with many addresses, and a foreign origin is still refused.
 */
export function coversUrl(resource: string, asked: URL): boolean {
  const parent = URL.parse(resource)
  if (parent === null || parent.origin !== asked.origin || parent.hash !== '') return false
  if (parent.search !== '') return parent.href === asked.href
  const path = parent.pathname.endsWith('/') ? parent.pathname : `${parent.pathname}/`
  return `${asked.pathname}/`.startsWith(path)
}

async function readResourceMetadata(address: string, asked: URL, guards: FetchGuards): Promise<JsonObject> {
  const answer = await guardedGet(requireNoDowngrade(asked, address), { accept: 'application/json' }, guards)
  if (answer.status !== 200)
    throw new DiscoveryError('status_unexpected', { detail: `${answer.url.href} answered ${answer.status}` })
  const parsed = parseStrictObject(answer.body.toString('utf8'))
  if (!parsed.ok) throw new DiscoveryError('document_malformed', { detail: `${answer.url.href}: ${parsed.reason}` })
  const { resource } = parsed.value
  if (typeof resource !== 'string' || !coversUrl(resource, asked)) {
    throw new DiscoveryError('resource_mismatch', { detail: `resource ${JSON.stringify(resource)?.slice(0, 200)}` })
  }
  return Object.freeze(parsed.value)
}

function chooseIssuer(document: JsonObject, allowed: (issuer: string) => boolean): string {
  const servers = document.authorization_servers
  const named = Array.isArray(servers) ? servers.filter((server) => typeof server === 'string') : []
  if (named.length === 0)
    throw new DiscoveryError('challenge_incomplete', { detail: 'the resource metadata names no authorization server' })
  const issuer = named.find(allowed)
  if (issuer === undefined) throw new DiscoveryError('issuer_not_allowed', { detail: named.join(' ').slice(0, 400) })
  return issuer
}

function requireAllowed(issuer: string, allowed: (issuer: string) => boolean): string {
  if (!allowed(issuer)) throw new DiscoveryError('issuer_not_allowed', { detail: issuer })
  return issuer
}

/**
 * Asks `url` with an empty `Authorization: Bearer` and follows the challenge to the authorization server: by
 * `resource_metadata` (RFC 9728) if it is there, otherwise by `authorization_uri` ([MS-XOAUTH]) and the well-known documents near it.
 *
 * Checks addresses at the connection, sizes, one deadline, redirects, that no step goes from https to http, that the resource
 * metadata speaks of this server, and that the metadata's `issuer` is the one asked for. Does NOT check who runs the issuer.
 * @throws {DiscoveryError}
 * @throws {TypeError} if `userIdentity` cannot stand in a header
 */
export async function discover(url: string, options: DiscoveryOptions = {}): Promise<Discovered> {
  const { userIdentity } = options
  if (userIdentity !== undefined && !/^[\x21-\x7e]{1,320}$/.test(userIdentity))
    throw new TypeError('userIdentity must be printable ASCII')
  const guards = guardsOf(options)
  const allowed = options.issuerAllowed ?? (() => true)
  const answer = await guardedGet(
    url,
    {
      authorization: 'Bearer ',
      accept: 'application/json',
      ...(userIdentity === undefined ? {} : { 'x-user-identity': userIdentity }),
    },
    guards,
  )
  if (answer.status !== 401)
    throw new DiscoveryError('status_unexpected', { detail: `${answer.url.href} answered ${answer.status}` })
  const challenges = readChallenges(answer)
  const challenge = challenges.find(({ scheme, token68 }) => scheme === 'bearer' && token68 === undefined)
  if (challenge === undefined) throw new DiscoveryError('challenge_missing', { detail: answer.url.href })

  const found = { url: answer.url.href, challenge, challenges }
  const metadataAddress = challenge.parameters.get('resource_metadata')
  if (metadataAddress !== undefined) {
    const resourceMetadata = await readResourceMetadata(metadataAddress, answer.url, guards)
    const issuer = chooseIssuer(resourceMetadata, allowed)
    const authorizationServer = await findAuthorizationServer(requireNoDowngrade(answer.url, issuer) && issuer, guards)
    return Object.freeze({ ...found, resourceMetadata, resource: String(resourceMetadata.resource), issuer, authorizationServer })
  }
  const authorizationUri = challenge.parameters.get('authorization_uri')
  if (authorizationUri === undefined) {
    const refused = answer.header('x-ms-diagnostics').some((line) => line.startsWith('4000000'))
    throw new DiscoveryError(refused ? 'oauth_not_offered' : 'challenge_incomplete', { detail: answer.url.href })
  }
  const authorizationServer = await findIssuerBehind(requireNoDowngrade(answer.url, authorizationUri), guards)
  return Object.freeze({ ...found, issuer: requireAllowed(authorizationServer.issuer, allowed), authorizationServer })
}
