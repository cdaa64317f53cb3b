/**
 * partners keeps the certificates of other servers up to date, from the metadata documents that they publish.
 *
 * It owns when a document is read (every 8 hours, and when an assertion names a certificate that nobody knows, at most once a
 * minute for each partner), from which hosts, and that all of it changes or nothing. What a document may say, reading.ts
 * decides. It connects to nobody itself: `readDocument` does. Who may ask for what with a certificate is the protocol's.
 * @module
 */
import type { MetadataDocument } from '@postern/resource-server'
import type { ClientCredential, ClientId, Partner, Realm, RealmStore, Store } from '@postern/storage'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { isAllowedAddress } from './allowed-address.ts'
import { claimedPrincipal } from './claimed-principal.ts'
import type { ReadingRefusalCode } from './errors.ts'
import { problemOfReading } from './problem-of-reading.ts'
import { decideReading, METADATA_CREDENTIAL, type ReadingDecision } from './reading.ts'

export { isFromMetadata, METADATA_CREDENTIAL } from './reading.ts'

/** Between two readings of one document, when nothing else calls for one (F 1.12). */
const refreshMilliseconds = 8 * 3_600_000
/** After a reading that failed. */
const retryMilliseconds = 15 * 60_000
/** However many unknown certificates are shown. */
const floorMilliseconds = 60_000

/** `due`: the worker. `unknown_certificate`: an assertion came with one. `asked`: an administrator, who waits for nothing. */
export type WhyRefresh = 'due' | 'unknown_certificate' | 'asked'

export type RefreshOutcome =
  | { readonly outcome: 'read'; readonly added: number; readonly removed: number }
  | { readonly outcome: 'refused'; readonly code: ReadingRefusalCode; readonly detail: string }
  /** Nobody answered, or not well. It is tried again by itself. */
  | { readonly outcome: 'unavailable'; readonly detail: string }
  /** Somebody read it a moment ago, or changed its address meanwhile. */
  | { readonly outcome: 'not_due' }
  /** No such client, a disabled one, or one without an address of metadata. */
  | { readonly outcome: 'nothing_to_read' }

export interface Partners {
  /**
   * Reads the metadata of one partner and follows it: new certificates are added, those that came by it and are in it no
   * more are removed, and then what was issued so far is withdrawn. One transaction with the audit row; a refused or
   * failed reading keeps the last good certificates, until their own ends, and says why in `metadataProblem`.
   */
  refresh(realm: RealmStore, clientId: ClientId, why: WhyRefresh): Promise<RefreshOutcome>
  /**
   * For an assertion whose certificate nobody knows: reads the metadata of the client that its `iss` claims, of which nothing
   * is verified. Whether certificates came, so that it is worth looking again. At most one reading a minute for each
   * partner, over all processes; those who come while it runs wait for it.
   */
  lookAgain(realm: RealmStore, assertion: string): Promise<boolean>
  /** Reads what is due in every realm. Returns how many were read. Never throws, and never runs twice at a time. */
  run(): Promise<number>
}

export interface PartnersOptions {
  readonly store: Pick<Store, 'realms' | 'realm' | 'transaction'>
  readonly clock: Clock
  readonly audit: Audit
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Names of hosts that may be asked, `name` (port 443) or `name:port`, in lower case. */
  readonly allowHosts: readonly string[]
  /** Bounded in time and size. Throws a {@link DiscoveryError} or one like it for what the other side does. */
  readonly readDocument: (url: string) => Promise<MetadataDocument>
  /** Correlation id: of the request in hand, or a new one. */
  readonly reference: () => string
}

export function createPartners(options: PartnersOptions): Partners {
  const { store, clock, audit, log, allowHosts, readDocument } = options
  /** Readings under way, and when this process tried last: an attack must not even cost a statement each. */
  const underWay = new Map<string, Promise<RefreshOutcome>>()
  const triedHere = new LRUCache<string, Date>({ max: 1000 })
  let running: Promise<number> | undefined

  async function refresh(realm: RealmStore, clientId: ClientId, why: WhyRefresh): Promise<RefreshOutcome> {
    const [partner, client] = [await realm.partners.find(clientId), await realm.clients.find(clientId)]
    const url = partner?.metadataUrl
    if (partner === undefined || url === undefined || client?.status !== 'active') return { outcome: 'nothing_to_read' }
    const now = clock()
    if (why !== 'asked') {
      const wait = why === 'due' ? waitOf(partner) : floorMilliseconds
      const notTriedSince = new Date(now.getTime() - wait)
      if (!(await realm.partners.claimReading(clientId, { now, notTriedSince }))) return { outcome: 'not_due' }
    }
    if (!isAllowedAddress(url, allowHosts))
      return settle({ realm, clientId, url, why }, { outcome: 'refused', code: 'host_not_allowed', detail: url })
    let document: MetadataDocument
    try {
      document = await readDocument(url)
    } catch (error) {
      const problem = problemOfReading(error)
      if (problem === undefined) throw error
      return settle({ realm, clientId, url, why }, problem)
    }
    return settle({ realm, clientId, url, why }, document)
  }

  type Reading = Readonly<{ realm: RealmStore; clientId: ClientId; url: string; why: WhyRefresh }>
  type Failure = Extract<RefreshOutcome, { outcome: 'refused' | 'unavailable' }>

  /** Commits what a reading has brought, against the partner as it is now: it may have changed while we waited. */
  const settle = (reading: Reading, brought: MetadataDocument | Failure): Promise<RefreshOutcome> =>
    store.transaction(async () => {
      const { realm, clientId, url } = reading
      const partner = await realm.partners.find(clientId, { lock: true })
      if (partner?.metadataUrl !== url) return { outcome: 'not_due' }
      if ('outcome' in brought) return keepProblem(reading, partner, brought)
      const found = await store.realms.find(realm.realmId)
      if (found === undefined) return { outcome: 'nothing_to_read' }
      const now = clock()
      const credentials = await realm.clients.credentials(clientId)
      const decision = decideReading({ partner, realm: found, credentials, document: brought, now })
      if (decision.outcome === 'refused') return keepProblem(reading, partner, decision)
      return follow(reading, { partner, decision, now })
    })

  async function follow(
    reading: Reading,
    at: { partner: Partner; decision: Extract<ReadingDecision, { outcome: 'accepted' }>; now: Date },
  ): Promise<RefreshOutcome> {
    const { realm, clientId } = reading
    const { partner, decision, now } = at
    const conflict = await addAll(realm, clientId, at)
    if (conflict !== undefined) {
      const detail = `certificate ${conflict} belongs to somebody else`
      return keepProblem(reading, partner, { outcome: 'refused', code: 'certificate_conflict', detail })
    }
    for (const id of decision.remove) await realm.clients.removeCredential(clientId, id)
    const { metadataProblem: _over, ...kept } = partner
    await realm.partners.put({ ...kept, pinned: decision.pinned, metadataReadAt: now, metadataTriedAt: now })
    if (decision.withdraws) await realm.partners.withdrawTokens(clientId, now)
    const changed = { added: decision.add.length, removed: decision.remove.length }
    if (changed.added + changed.removed > 0)
      await audit.record(realm, { event: 'partner.metadata_read', reference: options.reference(), clientId, detail: changed })
    return { outcome: 'read', ...changed }
  }

  /** Adds all or none, also where a caller's transaction goes on after us. Returns the thumbprint that is taken. */
  async function addAll(
    realm: RealmStore,
    clientId: ClientId,
    { decision, now }: { decision: Extract<ReadingDecision, { outcome: 'accepted' }>; now: Date },
  ): Promise<string | undefined> {
    const added: string[] = []
    for (const { jwk, x5t, x5tS256, expiresAt } of decision.add) {
      const id = `${METADATA_CREDENTIAL}${x5tS256}`
      const credential: ClientCredential = { id, clientId, kind: 'key', createdAt: now, jwk, x5t, x5tS256, expiresAt }
      if ((await realm.clients.addCredential(credential)) === 'added') {
        added.push(id)
        continue
      }
      for (const one of added) await realm.clients.removeCredential(clientId, one)
      return x5t
    }
    return undefined
  }

  /** The trail gets a row when the answer is a new one, not each time that it is the same. */
  async function keepProblem({ realm, clientId, why }: Reading, partner: Partner, failure: Failure): Promise<RefreshOutcome> {
    const reason = `${failure.outcome === 'refused' ? failure.code : failure.outcome}: ${failure.detail}`.slice(0, 500)
    await realm.partners.put({ ...partner, metadataTriedAt: clock(), metadataProblem: reason })
    if (reason !== partner.metadataProblem || why === 'asked')
      await audit.record(realm, {
        event: 'partner.metadata_refused',
        reference: options.reference(),
        clientId,
        detail: { reason },
      })
    log.warn({ clientId, realm: realm.realmId, reason }, 'the metadata of a partner was not taken')
    return failure
  }

  async function lookAgain(realm: RealmStore, assertion: string): Promise<boolean> {
    const claimed = claimedPrincipal(assertion)
    if (claimed === undefined) return false
    const clientId = claimed as ClientId // a brand has no runtime part; an unknown one is not found
    const key = `${realm.realmId} ${clientId}`
    const tried = triedHere.get(key)
    let reading = underWay.get(key)
    if (reading === undefined) {
      if (tried !== undefined && clock().getTime() - tried.getTime() < floorMilliseconds) return false
      triedHere.set(key, clock())
      reading = refresh(realm, clientId, 'unknown_certificate').finally(() => underWay.delete(key))
      underWay.set(key, reading)
    }
    const result = await reading
    return result.outcome === 'read' && result.added > 0
  }

  async function readAllDue(): Promise<number> {
    let read = 0
    try {
      for (const realm of await store.realms.list()) if (realm.status === 'active') read += await readDueOf(realm)
    } catch (fault) {
      log.error({ err: fault }, 'the metadata of partners could not be worked on')
    }
    return read
  }

  async function readDueOf({ id }: Realm): Promise<number> {
    const realm = store.realm(id)
    let read = 0
    for (const { client, partner } of await realm.partners.principals()) {
      if (client.status !== 'active' || !isDue(partner, clock())) continue
      try {
        if ((await refresh(realm, client.id, 'due')).outcome === 'read') read += 1
      } catch (fault) {
        // One partner must not keep us from the others.
        log.error({ err: fault, clientId: client.id, realm: id }, 'the metadata of a partner could not be read')
      }
    }
    return read
  }

  return Object.freeze({
    refresh,
    lookAgain,
    run() {
      running ??= readAllDue().finally(() => {
        running = undefined
      })
      return running
    },
  } satisfies Partners)
}

const waitOf = ({ metadataProblem }: Partner): number => (metadataProblem === undefined ? refreshMilliseconds : retryMilliseconds)

function isDue(partner: Partner, now: Date): boolean {
  if (partner.metadataUrl === undefined) return false
  return partner.metadataTriedAt === undefined || now.getTime() - partner.metadataTriedAt.getTime() >= waitOf(partner)
}
