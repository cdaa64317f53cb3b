/**
 * token-request gets one actor token from one token service: finds the endpoint, proves who we are, reads the answer.
 *
 * It owns the request on the wire (F§1.5) and the one second try where the clocks differ. What is kept for how long: actor-tokens.ts.
 * @module
 */
import type { Clock } from '../clock.ts'
import { type MetadataDocument, parseMetadataDocument } from '../server-to-server/metadata-document.ts'
import { formatPrincipal, securityTokenServiceId } from '../server-to-server/principal.ts'
import { allowedUrl } from '../web-address.ts'
import { makeSelfIssuedAssertion, type TrustedIssuer } from './assertions.ts'
import { type ClockOffset, createClockOffset } from './clock-offset.ts'
import { ServerClientError } from './errors.ts'
import { askIssuer, type IssuerAnswer, type Send } from './exchange.ts'
import type { SigningIdentity } from './signing-identity.ts'
import { type ReadActorToken, readTokenAnswer } from './token-answer.ts'

/** The oldest name of the grant: Exchange-like token services know no other. */
const grantType = 'http://oauth.net/grant_type/jwt/1.0/bearer'
const metadataHours = 8

/** One token service, as this server asks it. */
export interface TokenSource {
  readonly issuer: TrustedIssuer
  /** The service's time, which outer tokens are dated by as well. */
  now(): Date
  /** One actor token for `resource`. @throws {ServerClientError} */
  request(resource: string): Promise<ReadActorToken>
}

export type TokenSourceOptions = Readonly<{
  identity: SigningIdentity
  /** Our realm, in `iss` and `nameid`. */
  realm: string
  issuer: TrustedIssuer & Readonly<{ tokenEndpoint?: string }>
  send: Send
  clock: Clock
  newId: () => string
  timeoutMs: number
  allowInsecureLoopback: boolean
}>

/** The one endpoint that issues. On the issuer's own origin: an assertion is worth as much as the client's key to who gets it first. */
function endpointIn(document: MetadataDocument, { realm, issuer }: TrustedIssuer): string {
  const self = formatPrincipal({ clientId: securityTokenServiceId, realm })
  if (document.realm !== realm || document.issuer !== self)
    throw new ServerClientError('metadata_refused', { detail: `${issuer} calls itself ${document.issuer}` })
  const found = document.endpoints.filter(({ protocol, usage }) => protocol === 'OAuth2' && usage === 'issuance')
  const [endpoint] = found
  if (endpoint === undefined || found.length > 1)
    throw new ServerClientError('metadata_refused', { detail: `${issuer} has ${found.length} OAuth2 issuance endpoints` })
  if (URL.parse(endpoint.location)?.origin !== new URL(issuer).origin)
    throw new ServerClientError('metadata_refused', { detail: `${issuer} sends us to ${endpoint.location}` })
  return endpoint.location
}

function parseDocument(answer: IssuerAnswer, issuer: string): MetadataDocument {
  if (answer.status !== 200)
    throw new ServerClientError(answer.status >= 500 ? 'issuer_unavailable' : 'metadata_refused', {
      status: answer.status,
      detail: issuer,
    })
  try {
    return parseMetadataDocument(answer.text)
  } catch (cause) {
    throw new ServerClientError('metadata_refused', { detail: issuer, cause })
  }
}

/** The endpoint that is configured, or else the one that the metadata names; that is read again after eight hours. */
function createEndpointFinder(options: TokenSourceOptions): () => Promise<string> {
  const { issuer, send, clock, timeoutMs } = options
  let known: { location: string; until: number } | undefined
  return async () => {
    if (issuer.tokenEndpoint !== undefined) return issuer.tokenEndpoint
    const now = clock().getTime()
    if (known !== undefined && now < known.until) return known.location
    const url = `${issuer.issuer}/metadata/json/1`
    const headers = new Headers({ accept: 'application/json' })
    const answer = await askIssuer(send, { purpose: 'metadata', url, method: 'GET', headers }, timeoutMs)
    const location = endpointIn(parseDocument(answer, issuer.issuer), issuer)
    known = { location, until: now + metadataHours * 3_600_000 }
    return location
  }
}

/** @throws {TypeError} if an address may not be asked: it must be https, or http on this machine where that is allowed */
function requireAddresses({ issuer, allowInsecureLoopback }: TokenSourceOptions): void {
  for (const address of [issuer.issuer, issuer.tokenEndpoint ?? issuer.issuer]) {
    const url = allowedUrl(address, allowInsecureLoopback)
    if (url === undefined || url.search !== '' || url.hash !== '')
      throw new TypeError(`the issuer ${issuer.issuer} must have https addresses`)
  }
  if (issuer.issuer.endsWith('/')) throw new TypeError(`the issuer ${issuer.issuer} must not end with a slash`)
}

/** @throws {TypeError} if the issuer is not one that may be asked */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  requireAddresses(options)
  const { identity, realm, issuer, send, newId, timeoutMs } = options
  const offset: ClockOffset = createClockOffset(options.clock)
  const findEndpoint = createEndpointFinder(options)

  const ask = async (url: string, resource: string): Promise<IssuerAnswer> => {
    const assertion = makeSelfIssuedAssertion(identity, { realm, issuer, now: offset.now(), jti: newId() })
    const bodyText = new URLSearchParams({ grant_type: grantType, assertion, resource }).toString()
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' })
    return askIssuer(send, { purpose: 'token', url, method: 'POST', headers, body: bodyText, bodyText }, timeoutMs)
  }
  return Object.freeze({
    issuer,
    now: () => offset.now(),
    async request(resource: string) {
      const url = await findEndpoint()
      const answer = await ask(url, resource)
      // A refusal whose Date is far from ours is most likely about the time: once more, by the service's clock.
      const again = answer.status >= 400 && answer.status < 500 && offset.learn(answer.headers)
      const asked = { clientId: identity.clientId, resource, realm: issuer.realm }
      return readTokenAnswer(again ? await ask(url, resource) : answer, asked)
    },
  })
}
