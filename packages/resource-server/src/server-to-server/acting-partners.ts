/**
 * acting-partners knows which servers may present tokens here, and with which certificates they sign user tokens.
 *
 * It owns the look-up by name and by thumbprint. A thumbprint is looked for among the certificates of the one partner that the actor token
 * names, never among all: the certificate of one server is no proof of another (CVE-2025-53786).
 * @module
 */
import type { ActorPartner, ActorTokenUser, ActorTokenValidatorOptions } from './actor-token-contract.ts'
import { type CertifiedKey, readCertificate } from './certificates.ts'
import { refusal } from './errors.ts'
import type { PartnerMetadata } from './partner-metadata.ts'

export interface ActingPartners {
  /** `undefined`: not known here. */
  find(clientId: string, realm: string): Promise<ActorPartner | undefined> | ActorPartner | undefined
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

const keysOf = (
  { certificates = [], keys = [] }: ActorPartner,
  read: (certificate: string | Uint8Array) => CertifiedKey,
): readonly CertifiedKey[] => [...certificates.map(read), ...keys]

function indexStatic(
  list: readonly ActorPartner[],
  read: (certificate: string | Uint8Array) => CertifiedKey,
): ReadonlyMap<string, ActorPartner> {
  const byId = new Map<string, ActorPartner>()
  const owners = new Map<string, string>()
  for (const partner of list) {
    if (byId.has(partner.clientId)) throw new TypeError(`partner ${partner.clientId} is given twice`)
    byId.set(partner.clientId, partner)
    for (const { x5t } of keysOf(partner, read)) {
      const owner = owners.get(x5t) ?? partner.clientId
      if (owner !== partner.clientId) throw new TypeError(`certificate ${x5t} is given to ${owner} and ${partner.clientId}`)
      owners.set(x5t, owner)
    }
  }
  return byId
}

/**
 * @param metadata reads the documents of partners that publish their certificates
 * @throws {TypeError} if a listed certificate cannot be used, or belongs to two partners (R72)
 */
export function createActingPartners<User extends ActorTokenUser>(
  partners: ActorTokenValidatorOptions<User>['partners'],
  metadata: PartnerMetadata,
): ActingPartners {
  const read = createCertificateMemory()
  /** By the object that the caller hands out; a listed partner is the same object for ever. */
  const certificates = new WeakMap<ActorPartner, ReadonlyMap<string, CertifiedKey>>()

  function certificatesOf(partner: ActorPartner): ReadonlyMap<string, CertifiedKey> {
    let index = certificates.get(partner)
    if (index === undefined) {
      index = new Map(keysOf(partner, read).map((key) => [key.x5t, key]))
      certificates.set(partner, index)
    }
    return index
  }

  async function requirePublished(clientId: string, metadataUrl: string, x5t: string): Promise<CertifiedKey> {
    const found = await metadata.find({ clientId, metadataUrl }, x5t)
    if (found === 'unavailable') throw refusal('keys_unavailable', part, `metadata of ${clientId}`)
    if (found === 'unknown') throw refusal('key_unknown', part, `x5t ${x5t} is not of ${clientId}`)
    return found
  }

  const listed = typeof partners === 'function' ? undefined : indexStatic(partners, read)
  return Object.freeze({
    find: typeof partners === 'function' ? partners : (clientId: string) => listed?.get(clientId),
    requireKey(partner: ActorPartner, x5t: string) {
      const key = certificatesOf(partner).get(x5t)
      if (key !== undefined) return key
      if (partner.metadataUrl !== undefined) return requirePublished(partner.clientId, partner.metadataUrl, x5t)
      throw refusal('key_unknown', part, `x5t ${x5t} is not of ${partner.clientId}`)
    },
  })
}
