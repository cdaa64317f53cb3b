/**
 * principals answers who may ask for actor tokens, by which certificate, and for whom. Pure, but for reading keys.
 *
 * A service principal is a client with a certificate. What it may be asked for by are the names of resources that name it as
 * their principal; what it may ask for is its access; whether it may act for people there is its delegation. It knows no
 * token: grants/s2s.ts and token-inspection.ts do. Source of the names: [MS-XOAUTH], RFC 8693 section 1.1.
 * @module
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { formatPrincipal, parsePrincipal, securityTokenServiceId } from '@postern/resource-server'
import type { Delegation, Realm, Resource, ServicePrincipal } from '@postern/storage'
import { findResource } from './resources.ts'

/** A certificate that is registered, ready to verify with. */
export interface KnownCertificate {
  readonly principal: ServicePrincipal
  readonly x5t: string
  readonly key: KeyObject
  readonly notAfter: Date | undefined
}

/** The principals of one realm, by id and by thumbprint. Disabled ones are in it: whoever asks looks at the status. */
export interface PrincipalDirectory {
  find(clientId: string): ServicePrincipal | undefined
  findCertificate(x5t: string): KnownCertificate | undefined
}

/**
 * The `jti` of an actor token: the thumbprint of the certificate that it was given for, and a number of its own. So a token
 * ends with its certificate, whatever the clocks say and whoever was asking at the moment when that was taken away.
 */
export const actorTokenNumber = (x5t: string, id: string): string => `${x5t}:${id}`

/** Whether an actor token is withdrawn: its certificate is gone, or it is as old as {@link isWithdrawnSince} says. */
export function isWithdrawn(
  directory: PrincipalDirectory,
  principal: ServicePrincipal,
  { jti, iat }: { readonly jti: string; readonly iat: number },
): boolean {
  const certificate = directory.findCertificate(jti.slice(0, Math.max(0, jti.indexOf(':'))))
  return certificate?.principal !== principal || isWithdrawnSince(principal, iat)
}

/**
 * Whether what a server got at that moment (`iat`, seconds) is withdrawn. A client that was removed and added again under its
 * old id is another one: what the first was given does not come to life with it.
 */
export function isWithdrawnSince({ client, partner }: ServicePrincipal, iat: number): boolean {
  const { tokensValidFrom } = partner
  if (tokensValidFrom !== undefined && iat * 1000 < tokensValidFrom.getTime()) return true
  return iat < Math.floor(client.createdAt.getTime() / 1000)
}

/** Reads each key once. A key that is not RSA is left out: actor tokens and their assertions are RS256 (F 1.5). */
export function createPrincipalDirectory(principals: readonly ServicePrincipal[]): PrincipalDirectory {
  const byId = new Map<string, ServicePrincipal>(principals.map((one) => [one.client.id, one]))
  const certificates = new Map<string, KnownCertificate>()
  for (const principal of principals) {
    for (const { x5t, jwk, expiresAt } of principal.certificates) {
      const key = createPublicKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' }) // written by readPublicKey alone
      if (key.asymmetricKeyType === 'rsa') certificates.set(x5t, Object.freeze({ principal, x5t, key, notAfter: expiresAt }))
    }
  }
  return Object.freeze({
    find: (clientId: string) => byId.get(clientId),
    findCertificate: (x5t: string) => certificates.get(x5t),
  })
}

/** `00000001-…@{GUID}`: the `iss` of actor tokens, and how a challenge names this realm among its trusted issuers. */
export const serviceIssuer = (realm: Pick<Realm, 'id'>): string =>
  formatPrincipal({ clientId: securityTokenServiceId, realm: realm.id })

/**
 * What a self-issued assertion may name as its audience: `00000001-…/{host}@{GUID}`, where the host is the base URL's, and
 * where that has a port, its name alone as well.
 */
export function serviceAudiences(realm: Pick<Realm, 'id'>, baseUrl: string): readonly string[] {
  const { host, hostname } = new URL(baseUrl)
  const audience = (name: string) => formatPrincipal({ clientId: securityTokenServiceId, host: name, realm: realm.id })
  return Object.freeze([...new Set([audience(host), audience(hostname)])])
}

/** The realm part of a principal, as callers may spell this realm: its GUID or one of its verified domains. */
export const realmSpellings = (realm: Pick<Realm, 'id' | 'domains'>): readonly string[] =>
  Object.freeze([realm.id, ...realm.domains])

/** Whom an actor token is asked for: a registered server, or this service itself. */
export type Target =
  | Readonly<{ kind: 'resource'; resource: Resource; audience: string }>
  | Readonly<{ kind: 'service'; audience: string }>

/**
 * Finds whom `asked` means: `client_id/host@realm`, or a registered URI. The audience is always written
 * `client_id/host@{GUID}`, whatever spelling was asked for. Nothing matches by a wildcard or by a part.
 */
export function findTarget(
  asked: string,
  at: { readonly realm: Pick<Realm, 'id' | 'domains'>; readonly resources: readonly Resource[]; readonly baseUrl: string },
): Target | undefined {
  const byUri = asked.includes('://') ? findResource(at.resources, asked) : undefined
  if (byUri !== undefined) {
    const host = URL.parse(asked)?.hostname
    if (byUri.principalId === undefined || host === undefined || host === '') return undefined
    return targetAt(byUri, byUri.principalId, host, at.realm)
  }
  const named = parsePrincipal(asked)
  if (named?.host === undefined || named.realm === undefined || !isOwnRealm(named.realm, at.realm)) return undefined
  const { clientId } = named
  const host = named.host.toLowerCase()
  if (clientId === securityTokenServiceId) {
    const { host: own, hostname } = new URL(at.baseUrl)
    const [audience = ''] = serviceAudiences(at.realm, at.baseUrl)
    return host === own || host === hostname ? Object.freeze({ kind: 'service', audience }) : undefined
  }
  const resource = at.resources.find(
    (one) => one.status === 'active' && one.principalId === clientId && one.names.some((name) => isAt(name, clientId, host)),
  )
  return resource && targetAt(resource, clientId, host, at.realm)
}

const targetAt = (resource: Resource, clientId: string, host: string, realm: Pick<Realm, 'id'>): Target =>
  Object.freeze({
    kind: 'resource',
    resource,
    audience: formatPrincipal({ clientId, host: host.toLowerCase(), realm: realm.id }),
  })

/** Domains are compared as names of hosts are, the GUID to the letter. */
const isOwnRealm = (named: string, realm: Pick<Realm, 'id' | 'domains'>): boolean =>
  named === realm.id || realm.domains.includes(named.toLowerCase())

/** Whether a registered name, `client_id/host` or a URI, is of this very host. */
function isAt(name: string, clientId: string, host: string): boolean {
  if (name.includes('://')) return URL.parse(name)?.hostname === host
  const slash = name.indexOf('/')
  return slash > 0 && name.slice(0, slash) === clientId && name.slice(slash + 1).toLowerCase() === host
}

/** The grant by which `clientId` may act for people at the resource. */
export const findDelegation = (
  delegations: readonly Delegation[],
  clientId: string,
  resourceId: string,
): Delegation | undefined => delegations.find((one) => one.clientId === clientId && one.resourceId === resourceId)

/** Whether an actor token for this target may say `trustedfordelegation`. For the service itself: with any delegation. */
export const isTrustedForDelegation = (delegations: readonly Delegation[], clientId: string, target: Target): boolean =>
  target.kind === 'service'
    ? delegations.some((one) => one.clientId === clientId)
    : findDelegation(delegations, clientId, target.resource.id) !== undefined
