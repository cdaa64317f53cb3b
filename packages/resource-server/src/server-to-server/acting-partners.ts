/**
 * acting-partners knows which servers may present tokens here, and with which certificates they sign user tokens.
 *
 * It owns the look-up by name and by thumbprint. A server is its client id in its realm: what one realm's server was granted is not for
 * whoever has the same id in another (CVE-2025-55241). A thumbprint is looked for among the certificates of the one partner that the actor
 * token names, never among all: the certificate of one server is no proof of another (CVE-2025-53786).
 * @module
 */
import type { Actor, ActorPartner, ActorTokenUser, ActorTokenValidatorOptions } from './actor-token-contract.ts'
import { type CertifiedKey, readCertificate } from './certificates.ts'
import { refusal } from './errors.ts'
import type { PartnerMetadata } from './partner-metadata.ts'

export interface ActingPartners {
  /** `undefined`: not known here. */
  find(clientId: string, realm: string): Promise<ActorPartner | undefined> | ActorPartner | undefined
  /** `found` if it is the partner that the actor token names. @throws {ActorTokenError} `partner_unknown` */
  requirePartner(found: ActorPartner | undefined, actor: Actor): ActorPartner
  /** The key of that thumbprint among this partner's certificates. @throws {ActorTokenError} `key_unknown`, `keys_unavailable` */
  requireKey(partner: ActorPartner, x5t: string): Promise<CertifiedKey> | CertifiedKey
}

const part = 'user token'
const mostCertificates = 10_000

/** Certificates by their own bytes, so that a partner read afresh for each request costs no parsing. Bounded: emptied when full. */
function createCertificateMemory(): (certificate: string | Uint8Array) => CertifiedKey {
  const known = new Map<string, CertifiedKey>()
  return (certificate) => {
    const name = typeof certificate === 'string' ? certificate : Buffer.from(certificate).toString('base64')
    let read = known.get(name)
    if (read === undefined) {
      read = readCertificate(certificate)
      if (known.size >= mostCertificates) known.clear()
      known.set(name, read)
    }
    return read
  }
}

type ReadCertificate = (certificate: string | Uint8Array) => CertifiedKey

const keysOf = ({ certificates = [], keys = [] }: ActorPartner, read: ReadCertificate): readonly CertifiedKey[] => [
  ...certificates.map(read),
  ...keys,
]

/** The name of a server among all realms, as actor tokens spell it. */
const nameOf = (clientId: string, realm: string): string => `${clientId}@${realm}`

/** The realm that a listed partner is of. @throws {TypeError} if it does not say so where it must, or no issuer speaks for it */
function requireRealm({ clientId, realm }: ActorPartner, realms: readonly string[]): string {
  const [first] = realms
  const found = realm ?? (realms.length === 1 ? first : undefined)
  if (found === undefined) throw new TypeError(`partner ${clientId} must have a realm, because there are several issuers`)
  if (!realms.includes(found)) throw new TypeError(`partner ${clientId} is of realm ${found}, which has no issuer`)
  return found
}

function indexStatic(
  list: readonly ActorPartner[],
  realms: readonly string[],
  read: ReadCertificate,
): ReadonlyMap<string, ActorPartner> {
  const byName = new Map<string, ActorPartner>()
  const owners = new Map<string, string>()
  const claim = (what: string, name: string): void => {
    const owner = owners.get(what) ?? name
    if (owner !== name) throw new TypeError(`${what} is given to ${owner} and ${name}`)
    owners.set(what, owner)
  }
  for (const partner of list) {
    const name = nameOf(partner.clientId, requireRealm(partner, realms))
    if (byName.has(name)) throw new TypeError(`partner ${name} is given twice`)
    byName.set(name, partner)
    for (const { x5t } of keysOf(partner, read)) claim(`certificate ${x5t}`, name)
    if (partner.metadataUrl !== undefined) claim(`metadata document ${partner.metadataUrl}`, name)
  }
  return byName
}

const findIn =
  (listed: ReadonlyMap<string, ActorPartner>) =>
  (clientId: string, realm: string): ActorPartner | undefined =>
    listed.get(nameOf(clientId, realm))

const isSame = (before: readonly unknown[], now: readonly unknown[]): boolean =>
  before.length === now.length && before.every((one, at) => one === now[at])

/** The keys of a partner by thumbprint. Made once for each object, and anew where what is in the object has changed. */
function createKeyIndex(read: ReadCertificate): (partner: ActorPartner) => ReadonlyMap<string, CertifiedKey> {
  type Indexed = Readonly<{
    certificates: readonly unknown[]
    keys: readonly unknown[]
    byX5t: ReadonlyMap<string, CertifiedKey>
  }>
  const known = new WeakMap<ActorPartner, Indexed>()
  return (partner) => {
    const { certificates = [], keys = [] } = partner
    const before = known.get(partner)
    if (before !== undefined && isSame(before.certificates, certificates) && isSame(before.keys, keys)) return before.byX5t
    const byX5t = new Map(keysOf(partner, read).map((key) => [key.x5t, key]))
    // Copies: the lists of the caller may be changed in place.
    known.set(partner, { certificates: [...certificates], keys: [...keys], byX5t })
    return byX5t
  }
}

/**
 * @param metadata reads the documents of partners that publish their certificates
 * @param realms of the issuers, spelt as in their actor tokens
 * @throws {TypeError} if a listed partner has no realm among `realms`, or a certificate cannot be used or belongs to two partners (R72)
 */
export function createActingPartners<User extends ActorTokenUser>(
  partners: ActorTokenValidatorOptions<User>['partners'],
  metadata: PartnerMetadata,
  realms: readonly string[],
): ActingPartners {
  const read = createCertificateMemory()
  const keysByX5t = createKeyIndex(read)
  const onlyRealm = realms.length === 1 ? realms[0] : undefined

  async function requirePublished(partner: ActorPartner, metadataUrl: string, x5t: string): Promise<CertifiedKey> {
    const { clientId, realm = onlyRealm } = partner
    if (realm === undefined) throw new TypeError(`partner ${clientId} has no realm`)
    const found = await metadata.find({ name: nameOf(clientId, realm), clientId, metadataUrl }, x5t)
    if (found === 'unavailable') throw refusal('keys_unavailable', part, `metadata of ${clientId}`)
    if (found === 'unknown') throw refusal('key_unknown', part, `x5t ${x5t} is not of ${clientId}`)
    return found
  }

  return Object.freeze({
    find: typeof partners === 'function' ? partners : findIn(indexStatic(partners, realms, read)),
    requirePartner(found: ActorPartner | undefined, { clientId, realm, nameid }: Actor) {
      if (found?.clientId !== clientId) throw refusal('partner_unknown', 'actor token', nameid)
      // A function that forgets the realm would hand out what another realm's server was granted.
      const of = found.realm ?? onlyRealm
      if (of !== realm) {
        const why = of === undefined ? 'the partner found has no realm' : `the partner found is of ${of}`
        throw refusal('partner_unknown', 'actor token', `${nameid}: ${why}`)
      }
      return found
    },
    requireKey(partner: ActorPartner, x5t: string) {
      const key = keysByX5t(partner).get(x5t)
      if (key !== undefined) return key
      if (partner.metadataUrl !== undefined) return requirePublished(partner, partner.metadataUrl, x5t)
      throw refusal('key_unknown', part, `x5t ${x5t} is not of ${partner.clientId}`)
    },
  })
}
