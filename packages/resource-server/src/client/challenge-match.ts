/**
 * challenge-match decides from a 401 which of our own token services to ask, and for what.
 *
 * Pure. The challenge is a stranger's word: it chooses among the issuers that are configured and can never add one. The host of the
 * resource is the host that was asked, so a token that a stranger has us fetch is good for that stranger's host alone. Audiences know no
 * port: all servers on the ports of one host are one to this, and each could use what another one of them was sent.
 * @module
 */
import { type Challenge, parseChallenges } from '../challenge-parser.ts'
import { formatPrincipal, parsePrincipal, securityTokenServiceId } from '../server-to-server/principal.ts'
import type { TrustedIssuer } from './assertions.ts'
import { ServerClientError } from './errors.ts'

/** Where to get a token, and for whom. */
export type Target<Issuer extends TrustedIssuer = TrustedIssuer> = Readonly<{
  issuer: Issuer
  /** `client_id/host@realm`: the `resource` of the token request. */
  resource: string
}>

/** Characters of all challenges together, and issuers in one list. Servers' own are a fraction of it. */
const longestChallenge = 16_384
const mostIssuers = 64

function readChallenges(header: string, status: number): readonly Challenge[] {
  try {
    return parseChallenges(header, { longest: longestChallenge })
  } catch (cause) {
    throw new ServerClientError('challenge_malformed', { status, cause })
  }
}

/** The realms in which the list trusts the token service; `undefined` stands for any (`@*`, or no realm). */
function trustedRealms(list: string): readonly (string | undefined)[] {
  const entries = list.split(',')
  if (entries.length > mostIssuers) throw new ServerClientError('challenge_malformed', { detail: `${entries.length} issuers` })
  return entries.flatMap((entry) => {
    const text = entry.trim()
    const named = parsePrincipal(text.endsWith('@') ? text.slice(0, -1) : text)
    if (named?.clientId !== securityTokenServiceId || named.host !== undefined) return []
    return [named.realm === '*' ? undefined : named.realm]
  })
}

/** A parameter that says something: not there, empty and `*` all leave the realm open. */
const realmNamedBy = (challenge: Challenge): string | undefined => {
  const realm = challenge.parameters.get('realm')
  return realm === '' || realm === '*' ? undefined : realm
}

function matchOne<Issuer extends TrustedIssuer>(challenge: Challenge, issuers: readonly Issuer[]): Issuer | undefined {
  const realms = trustedRealms(challenge.parameters.get('trusted_issuers') ?? '')
  const named = realmNamedBy(challenge)
  return issuers.find(({ realm }) => (named === undefined || named === realm) && realms.some((one) => (one ?? realm) === realm))
}

/**
 * Reads the `WWW-Authenticate` value of a 401 from `url` and chooses the issuer: the first configured one that a Bearer challenge
 * trusts, by the exact principal of the token service and the exact realm. Where the server leaves the realm open, ours is meant
 * ([MS-XOAUTH] section 3.1.5; F§1.8); where it names another in `realm`, none of ours is. A server that calls itself the token service is
 * passed over.
 * @throws {ServerClientError} `challenge_missing`, `challenge_malformed`, `issuer_not_trusted`
 */
export function matchChallenge<Issuer extends TrustedIssuer>(
  header: string | null,
  { url, issuers }: { url: URL; issuers: readonly Issuer[] },
): Target<Issuer> {
  const offered = readChallenges(header ?? '', 401).filter(
    ({ scheme, token68, parameters }) => scheme === 'bearer' && token68 === undefined && parameters.has('client_id'),
  )
  if (offered.length === 0) throw new ServerClientError('challenge_missing', { status: 401, detail: url.origin })
  for (const challenge of offered) {
    const issuer = matchOne(challenge, issuers)
    const clientId = challenge.parameters.get('client_id') ?? ''
    // A token for the token service itself opens more than a server's mail; no mail server is one.
    if (issuer === undefined || clientId.toLowerCase() === securityTokenServiceId) continue
    const resource = `${clientId}/${url.hostname}@${issuer.realm}`
    const parsed = parsePrincipal(resource)
    if (parsed === undefined || formatPrincipal(parsed) !== resource)
      throw new ServerClientError('challenge_malformed', { status: 401, detail: `client_id of ${url.origin}` })
    return Object.freeze({ issuer, resource })
  }
  const said = offered.map(({ parameters }) => {
    const [self, trusted, realm] = ['client_id', 'trusted_issuers', 'realm'].map((name) => parameters.get(name))
    return `${trusted} in ${realm} for ${self}`
  })
  throw new ServerClientError('issuer_not_trusted', { status: 401, detail: `${url.origin} trusts ${said.join('; ')}` })
}
