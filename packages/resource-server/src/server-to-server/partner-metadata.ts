/**
 * partner-metadata keeps the certificates of partners that publish them: read from their metadata documents, pinned, cached.
 *
 * It owns the times (again after 8 hours, for an unknown thumbprint at most once a minute) and the pin: a document that comes to speak of
 * another issuer or realm is refused. Asked only for a partner whose actor token was verified, so that a stranger causes no fetch.
 * @module
 */
import type { Clock } from '../clock.ts'
import { reasonOf } from '../errors.ts'
import type { CertifiedKey } from './certificates.ts'
import { readCertificate } from './certificates.ts'
import { type MetadataDocument, type MetadataReadingOptions, readMetadataDocument } from './metadata-document.ts'
import { parsePrincipal } from './principal.ts'

/** In seconds. */
export const metadataTimes = Object.freeze({
  /** Shortest time between two readings of one document, whatever tokens say. */
  floor: 60,
  /** From this age on it is read again, while requests go on with what is known. */
  refresh: 8 * 3600,
  /** What is older than this, because no reading has succeeded since, is forgotten. */
  forget: 24 * 3600,
})

/** `name`: `client_id@realm`, so that servers of two realms share nothing that was read. */
export type PublishingPartner = Readonly<{ name: string; clientId: string; metadataUrl: string }>

export interface PartnerMetadata {
  /** The certificate that the partner publishes; reads the document where that is due or allowed. */
  find(partner: PublishingPartner, x5t: string): Promise<CertifiedKey | 'unknown' | 'unavailable'>
}

type Kept = {
  keys: ReadonlyMap<string, CertifiedKey> | undefined
  readAt: number
  triedAt: number
  pin: Readonly<{ issuer: string; realm: string }> | undefined
  inFlight: Promise<void> | undefined
}

type Options = Readonly<{
  reading: MetadataReadingOptions
  clock: Clock
  onProblem: (problem: string) => void
}>

/** A document that may not be believed; caught here, told to `onProblem`. */
class PartnerMetadataError extends Error {}

function requirePin(document: MetadataDocument, clientId: string, pin: Kept['pin']): void {
  if (document.serviceName !== clientId || parsePrincipal(document.issuer)?.clientId !== clientId) {
    throw new PartnerMetadataError('it speaks for another server')
  }
  if (pin !== undefined && (pin.issuer !== document.issuer || pin.realm !== document.realm)) {
    throw new PartnerMetadataError('its issuer or realm is another than before')
  }
}

export function createPartnerMetadata({ reading, clock, onProblem }: Options): PartnerMetadata {
  const kept = new Map<string, Kept>()
  /** Whose a thumbprint is: one certificate belongs to one server (R72). */
  const owners = new Map<string, string>()
  const seconds = (): number => Math.floor(clock().getTime() / 1000)
  const age = (since: number, now: number): number => (now < since ? Number.POSITIVE_INFINITY : now - since)

  function readKeys(document: MetadataDocument, name: string): ReadonlyMap<string, CertifiedKey> {
    const keys = new Map<string, CertifiedKey>()
    for (const { x5t, certificate } of document.keys) {
      if ((owners.get(x5t) ?? name) !== name) {
        onProblem(`certificate ${x5t} of ${name} ignored: another partner has it`)
        continue
      }
      try {
        keys.set(x5t, readCertificate(certificate))
        owners.set(x5t, name)
      } catch (cause) {
        onProblem(`certificate ${x5t} of ${name} ignored: ${reasonOf(cause)}`)
      }
    }
    return keys
  }

  async function read({ name, clientId, metadataUrl }: PublishingPartner, entry: Kept): Promise<void> {
    try {
      const document = await readMetadataDocument(metadataUrl, reading)
      requirePin(document, clientId, entry.pin)
      entry.pin ??= Object.freeze({ issuer: document.issuer, realm: document.realm })
      entry.keys = readKeys(document, name)
      entry.readAt = seconds()
    } catch (cause) {
      onProblem(`metadata of ${name} not read: ${reasonOf(cause)}`)
    } finally {
      entry.inFlight = undefined
    }
  }

  return Object.freeze({
    async find(partner: PublishingPartner, x5t: string) {
      const now = seconds()
      const key = `${partner.name} ${partner.metadataUrl}`
      let entry = kept.get(key)
      if (entry === undefined) {
        const never = Number.NEGATIVE_INFINITY
        entry = { keys: undefined, readAt: never, triedAt: never, pin: undefined, inFlight: undefined }
        kept.set(key, entry)
      }
      const mayRead = entry.inFlight === undefined && age(entry.triedAt, now) >= metadataTimes.floor
      const isOld = age(entry.readAt, now) >= metadataTimes.refresh
      const isForgotten = age(entry.readAt, now) >= metadataTimes.forget
      if (mayRead && (isOld || entry.keys?.has(x5t) !== true)) {
        entry.triedAt = now
        entry.inFlight = read(partner, entry)
      }
      if (entry.inFlight !== undefined && (isForgotten || entry.keys?.has(x5t) !== true)) await entry.inFlight
      if (entry.keys === undefined || age(entry.readAt, seconds()) >= metadataTimes.forget) return 'unavailable'
      return entry.keys.get(x5t) ?? 'unknown'
    },
  })
}
