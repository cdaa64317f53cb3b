/**
 * following commits what a reading of a partner's metadata has brought: its certificates, the pin, the withdrawal, the trail.
 *
 * It owns that all of it is one transaction, and who has a certificate that two partners publish. Its holder keeps it, and the
 * rest of the other's document is followed without it; unless that other one has proved to have the key, and the holder has
 * it from a document alone. What a document may say, reading.ts decides; what is a proof, possession.ts. It asks no server.
 * @module
 */
import type { MetadataDocument } from '@postern/resource-server'
import type { ClientCredential, ClientId, Partner, RealmStore, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import type { ReadingRefusalCode } from './errors.ts'
import type { ReadCertificate } from './public-key.ts'
import { decideReading, isOpenToProof, METADATA_CREDENTIAL, PROVED_CREDENTIAL, type ReadingDecision } from './reading.ts'

export type RefreshOutcome =
  /** `contested`: thumbprints of its certificates that somebody else has, and that were left out; absent: none. */
  | { readonly outcome: 'read'; readonly added: number; readonly removed: number; readonly contested?: readonly string[] }
  | {
      readonly outcome: 'refused'
      readonly code: ReadingRefusalCode
      readonly detail: string
      readonly contested?: readonly string[]
    }
  /** Nobody answered, or not well. It is tried again by itself. */
  | { readonly outcome: 'unavailable'; readonly detail: string }
  /** Somebody read it a moment ago, or changed its address meanwhile. */
  | { readonly outcome: 'not_due' }
  /** No such client, a disabled one, or one without an address of metadata. */
  | { readonly outcome: 'nothing_to_read' }

/** `due`: the worker. `unknown_certificate`: an assertion came with one. `asked`: an administrator, who waits for nothing. */
export type WhyRefresh = 'due' | 'unknown_certificate' | 'asked'

/** One reading: whose, from where, why, and when the answer was there. */
export type Reading = Readonly<{ realm: RealmStore; clientId: ClientId; url: string; why: WhyRefresh; at: Date }>

export type Failure = Extract<RefreshOutcome, { outcome: 'refused' | 'unavailable' }>
type Accepted = Extract<ReadingDecision, { outcome: 'accepted' }>
type Side = Readonly<{ realm: RealmStore; clientId: ClientId }>

/** A certificate that the partner has proved to have the key of, and the side that had it when the rows were locked. */
type Proof = Readonly<{ x5t: string; holder: Side; row: Partner | undefined }>

export interface FollowingOptions {
  readonly store: Pick<Store, 'realms' | 'realm' | 'transaction'>
  readonly clock: Clock
  readonly audit: Audit
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Correlation id: of the request in hand, or a new one. */
  readonly reference: () => string
}

export interface Following {
  /**
   * Commits what a reading has brought, against the partner as it is now: it may have changed while we waited. `proved`: the
   * thumbprint of a certificate of the document that this partner has proved to have the key of.
   */
  settle(reading: Reading, brought: MetadataDocument | Failure, proved?: string): Promise<RefreshOutcome>
}

export function createFollowing(options: FollowingOptions): Following {
  const { store, clock, audit, log } = options

  const settle: Following['settle'] = (reading, brought, proved) =>
    store.transaction(async () => {
      const { realm, clientId, url, at } = reading
      const { partner, proof } = await hold(reading, proved)
      if (partner?.metadataUrl !== url) return { outcome: 'not_due' }
      if ('outcome' in brought) return keepProblem(reading, partner, brought)
      // A document that is settled a second time must still be the last one.
      if (proved !== undefined && partner.metadataTriedAt !== undefined && partner.metadataTriedAt > at)
        return { outcome: 'not_due' }
      const [found, client] = [await store.realms.find(realm.realmId), await realm.clients.find(clientId)]
      if (found === undefined || client?.status !== 'active') return { outcome: 'nothing_to_read' }
      const now = clock()
      const credentials = await realm.clients.credentials(clientId)
      const decision = decideReading({ partner, realm: found, credentials, document: brought, now })
      if (decision.outcome === 'refused') return keepProblem(reading, partner, decision)
      return follow(reading, { partner, decision, proof, now })
    })

  /**
   * Locks the row of the partner, and that of the client that has the certificate which it has proved. In one order whoever
   * comes, so that two who take from each other do not wait for each other.
   */
  async function hold(reading: Side, proved: string | undefined): Promise<{ partner?: Partner; proof?: Proof }> {
    const lock = ({ realm, clientId }: Side) => realm.partners.find(clientId, { lock: true })
    const found = proved === undefined ? undefined : await store.realms.findCertificateHolder(proved)
    const holder = found && { realm: store.realm(found.realmId), clientId: found.credential.clientId }
    const isHoldersFirst = holder !== undefined && nameOf(holder) < nameOf(reading)
    const early = isHoldersFirst ? await lock(holder) : undefined
    const partner = await lock(reading)
    if (proved === undefined || holder === undefined || nameOf(holder) === nameOf(reading)) return partner ? { partner } : {}
    const row = isHoldersFirst ? early : await lock(holder)
    return { ...(partner && { partner }), proof: { x5t: proved, holder, row } }
  }

  async function follow(
    reading: Reading,
    by: { partner: Partner; decision: Accepted; proof: Proof | undefined; now: Date },
  ): Promise<RefreshOutcome> {
    const { realm, clientId, at } = reading
    const { partner, decision, now } = by
    const contested = await addAll(reading, by)
    // None is its own: as with a document without any, following it would end all that works.
    if (contested.length > 0 && contested.length === decision.add.length && decision.present === 0)
      return keepProblem(reading, partner, { outcome: 'refused', ...conflictOf(contested), contested })
    for (const id of decision.remove) await realm.clients.removeCredential(clientId, id)
    const { metadataProblem: before, ...kept } = partner
    const problem = contested.length === 0 ? undefined : reasonOf(conflictOf(contested))
    await realm.partners.put({
      ...kept,
      pinned: decision.pinned,
      metadataReadAt: at,
      metadataTriedAt: at,
      ...(problem === undefined ? {} : { metadataProblem: problem }),
    })
    if (decision.withdraws) await realm.partners.withdrawTokens(clientId, now)
    const changed = { added: decision.add.length - contested.length, removed: decision.remove.length }
    if (changed.added + changed.removed > 0)
      await audit.record(realm, { event: 'partner.metadata_read', reference: options.reference(), clientId, detail: changed })
    if (problem !== undefined && problem !== before) await tellRefused(reading, problem)
    return { outcome: 'read', ...changed, ...(contested.length === 0 ? {} : { contested }) }
  }

  /** Adds what is free, or may be taken. Returns the thumbprints that somebody else has, in order. */
  async function addAll(
    side: Side,
    { decision, proof, now }: { decision: Accepted; proof: Proof | undefined; now: Date },
  ): Promise<readonly string[]> {
    const contested: string[] = []
    for (const certificate of decision.add) {
      if ((await side.realm.clients.addCredential(credentialOf(side.clientId, certificate, now))) === 'added') continue
      if (proof?.x5t === certificate.x5t && (await take(side, { certificate, proof, now }))) continue
      contested.push(certificate.x5t)
    }
    return Object.freeze(contested.toSorted())
  }

  /** Moves a certificate from its holder to the side that has proved to have its key. `false`: it stays, and nothing is changed. */
  async function take(
    side: Side,
    { certificate, proof, now }: { certificate: ReadCertificate; proof: Proof; now: Date },
  ): Promise<boolean> {
    const { holder, row } = proof
    const found = await store.realms.findCertificateHolder(certificate.x5t)
    if (found === undefined || !isOpenToProof(found.credential, certificate)) return false
    // It is not there if somebody else has it since the rows were locked.
    if (!(await holder.realm.clients.removeCredential(holder.clientId, found.credential.id))) return false
    const credential = { ...credentialOf(side.clientId, certificate, now), id: `${PROVED_CREDENTIAL}${certificate.x5tS256}` }
    if ((await side.realm.clients.addCredential(credential)) !== 'added') {
      await holder.realm.clients.addCredential(found.credential)
      return false
    }
    await holder.realm.partners.withdrawTokens(holder.clientId, now)
    // What its next reading will find: so that tells nothing new.
    if (row !== undefined) {
      const problem = reasonOf(conflictOf([certificate.x5t]))
      await holder.realm.partners.put({ ...row, metadataProblem: problem })
    }
    // It may be of another realm, whose administrators need not know who this is.
    await tellRefused(
      holder,
      `certificate_conflict: certificate ${certificate.x5t} was taken away: somebody else who publishes it proved to have its key`,
    )
    return true
  }

  /** The trail gets a row when the answer is a new one, not each time that it is the same. */
  async function keepProblem(reading: Reading, partner: Partner, failure: Failure): Promise<RefreshOutcome> {
    const reason = reasonOf(failure)
    await reading.realm.partners.put({ ...partner, metadataTriedAt: reading.at, metadataProblem: reason })
    if (reason !== partner.metadataProblem || reading.why === 'asked') await tellRefused(reading, reason)
    return failure
  }

  async function tellRefused({ realm, clientId }: Side, reason: string): Promise<void> {
    const detail = { reason }
    await audit.record(realm, { event: 'partner.metadata_refused', reference: options.reference(), clientId, detail })
    log.warn({ clientId, realm: realm.realmId, reason }, 'the metadata of a partner was not taken, or not all of it')
  }

  return Object.freeze({ settle })
}

const nameOf = ({ realm, clientId }: Side): string => `${realm.realmId} ${clientId}`

/** For the partner's row and the trail. */
const reasonOf = (failure: { code?: ReadingRefusalCode; outcome?: string; detail: string }): string =>
  `${failure.code ?? failure.outcome}: ${failure.detail}`.slice(0, 500)

function conflictOf(contested: readonly string[]): { readonly code: 'certificate_conflict'; readonly detail: string } {
  const [names, belong] = [contested.join(', '), contested.length === 1 ? 'belongs' : 'belong']
  const detail = `certificate${contested.length === 1 ? '' : 's'} ${names} ${belong} to somebody else`
  return { code: 'certificate_conflict', detail }
}

function credentialOf(clientId: ClientId, { jwk, x5t, x5tS256, expiresAt }: ReadCertificate, now: Date): ClientCredential {
  return { id: `${METADATA_CREDENTIAL}${x5tS256}`, clientId, kind: 'key', createdAt: now, jwk, x5t, x5tS256, expiresAt }
}
