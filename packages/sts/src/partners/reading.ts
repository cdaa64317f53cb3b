/**
 * reading decides what a partner's metadata document changes here. Pure.
 *
 * A document may only speak for the client that it is read for: the first one pins issuer and realm, and a certificate that
 * came by a document goes with it. What was registered by hand is never touched. Sources: F 2.1, F 2.2, R72.
 * @module
 */
import { type MetadataDocument, parsePrincipal } from '@postern/resource-server'
import type { ClientCredential, Partner, Realm } from '@postern/storage'
import { PublicKeyRefused, type ReadingRefusalCode } from './errors.ts'
import { type ReadCertificate, readCertificate } from './public-key.ts'

/** What the id of a credential begins with that came by a metadata document; those of others are random. */
export const METADATA_CREDENTIAL = 'metadata:'

/** Of those, what the ids begin with that a client got by the proof that it has the key. */
export const PROVED_CREDENTIAL = `${METADATA_CREDENTIAL}proved:`

export const isFromMetadata = ({ id }: Pick<ClientCredential, 'id'>): boolean => id.startsWith(METADATA_CREDENTIAL)

/**
 * Whether a client may lose this credential to another one that has proved to have the key of `certificate`. What it was given
 * by hand, or got by such a proof itself, it keeps: of two who both have the key, neither can be told from the other (R72).
 */
export function isOpenToProof(credential: ClientCredential, certificate: Pick<ReadCertificate, 'x5tS256'>): boolean {
  if (credential.kind !== 'key' || credential.x5tS256 !== certificate.x5tS256) return false
  return isFromMetadata(credential) && !credential.id.startsWith(PROVED_CREDENTIAL)
}

/** One that is read again and again must not fill the table. Real ones publish one to five. */
const mostCertificates = 20

export interface ReadingBasis {
  readonly partner: Partner
  readonly realm: Pick<Realm, 'id' | 'domains'>
  /** All of this client. */
  readonly credentials: readonly ClientCredential[]
  readonly document: Pick<MetadataDocument, 'realm' | 'serviceName' | 'issuer' | 'keys'>
  readonly now: Date
}

export type ReadingDecision =
  | {
      readonly outcome: 'accepted'
      readonly pinned: NonNullable<Partner['pinned']>
      readonly add: readonly ReadCertificate[]
      /** How many of its good certificates this client has already. */
      readonly present: number
      /** Ids of credentials. */
      readonly remove: readonly string[]
      /** Whether what was issued so far ends: a certificate was taken back before its own end. */
      readonly withdraws: boolean
    }
  | { readonly outcome: 'refused'; readonly code: ReadingRefusalCode; readonly detail: string }

/**
 * Checks that the document is of this principal and of a realm that is ours or pinned, that nothing pinned has changed, and
 * its certificates. Those that are not RSA, or not good at this moment, are left out. Does NOT know the certificates of
 * other clients: following.ts finds out when it adds one.
 *
 * A pin that an administrator has put before the first reading states who the document is of, where that is not the id of
 * the client: several real servers publish the same well-known id.
 */
export function decideReading(basis: ReadingBasis): ReadingDecision {
  const { partner, document, credentials, now } = basis
  const wrong = mismatchOf(basis)
  if (wrong !== undefined) return wrong
  if (document.keys.length > mostCertificates)
    return refused('document_refused', `it has ${document.keys.length} keys; at most ${mostCertificates} are read`)
  const named = new Map<string, ReadCertificate>()
  for (const { x5t, certificate } of document.keys) {
    try {
      const read = readCertificate(certificate)
      named.set(read.x5t, read)
    } catch (error) {
      if (!(error instanceof PublicKeyRefused)) throw error
      return refused('key_refused', `certificate ${x5t}: ${error.message}`)
    }
  }
  const good = [...named.values()].filter(
    ({ kind, notBefore, expiresAt }) => kind === 'rsa' && notBefore <= now && now < expiresAt,
  )
  // A document without any would end all that works; whoever wants that disables the client.
  if (good.length === 0) return refused('no_certificate', `none of its ${document.keys.length} keys is good now`)
  const present = new Set(credentials.map((one) => (one.kind === 'key' ? one.x5t : undefined)))
  const add = good.filter(({ x5t }) => !present.has(x5t))
  const goodOnes = new Set<string | undefined>(good.map(({ x5t }) => x5t))
  const gone = credentials.filter((one) => isFromMetadata(one) && !(one.kind === 'key' && goodOnes.has(one.x5t)))
  return Object.freeze({
    outcome: 'accepted',
    pinned: partner.pinned ?? Object.freeze({ issuer: document.issuer, realm: document.realm }),
    add: Object.freeze(add),
    present: good.length - add.length,
    remove: Object.freeze(gone.map(({ id }) => id)),
    withdraws: gone.some(({ expiresAt }) => expiresAt === undefined || now < expiresAt),
  })
}

function mismatchOf({ partner, realm, document }: ReadingBasis): ReadingDecision | undefined {
  const { pinned } = partner
  const issuer = parsePrincipal(document.issuer)
  const named = `serviceName ${document.serviceName}, issuer ${document.issuer}, realm ${document.realm}`
  if (pinned !== undefined && (document.issuer !== pinned.issuer || document.realm !== pinned.realm))
    return refused('pin_mismatch', `${named}; pinned are issuer ${pinned.issuer}, realm ${pinned.realm}`)
  const expected = pinned === undefined ? partner.clientId : parsePrincipal(pinned.issuer)?.clientId
  if (document.serviceName !== expected || issuer?.clientId !== expected || issuer?.host !== undefined)
    return refused('principal_mismatch', `${named}; expected ${expected ?? 'a principal'}`)
  // A pin is an administrator's word or was ours when it was made.
  const isOurs = document.realm === realm.id || realm.domains.includes(document.realm.toLowerCase())
  if (issuer.realm !== document.realm || document.realm.includes('*') || (pinned === undefined && !isOurs))
    return refused('realm_mismatch', named)
  return undefined
}

const refused = (code: ReadingRefusalCode, detail: string): ReadingDecision => Object.freeze({ outcome: 'refused', code, detail })
