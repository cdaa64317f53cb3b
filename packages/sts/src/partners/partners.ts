/**
 * partners keeps the certificates of other servers up to date, from the metadata documents that they publish.
 *
 * It owns when a document is read (every 8 hours, and when an assertion names a certificate that is not its partner's, at most
 * once a minute for each partner), and from which hosts. What a document may say, reading.ts decides; what it changes,
 * following.ts commits. It connects to nobody itself: `readDocument` does. Who may ask for what with a certificate is the
 * protocol's.
 * @module
 */
import type { MetadataDocument } from '@postern/resource-server'
import type { ClientId, Partner, Realm, RealmStore } from '@postern/storage'
import { LRUCache } from 'lru-cache'
import { isAllowedAddress } from './allowed-address.ts'
import { claimedPrincipal } from './claimed-principal.ts'
import {
  createFollowing,
  type Failure,
  type FollowingOptions,
  type Reading,
  type RefreshOutcome,
  type WhyRefresh,
} from './following.ts'
import { type AssertionTerms, provesPossession } from './possession.ts'
import { problemOfReading } from './problem-of-reading.ts'
import { type ReadCertificate, readCertificate } from './public-key.ts'

export type { RefreshOutcome, WhyRefresh } from './following.ts'
export type { AssertionTerms } from './possession.ts'
export { isFromMetadata, METADATA_CREDENTIAL } from './reading.ts'

/** Between two readings of one document, when nothing else calls for one (F 1.12). */
const refreshMilliseconds = 8 * 3_600_000
/** After a reading that failed, or of which something was left out. */
const retryMilliseconds = 15 * 60_000
/** However many unknown certificates are shown. */
const floorMilliseconds = 60_000

export interface Partners {
  /**
   * Reads the metadata of one partner and follows it: new certificates are added, those that came by it and are in it no
   * more are removed, and then what was issued so far is withdrawn. One transaction with the audit row; a refused or
   * failed reading keeps the last good certificates, until their own ends, and says why in `metadataProblem`. A certificate
   * that somebody else has is left out, and stands there too.
   */
  refresh(realm: RealmStore, clientId: ClientId, why: WhyRefresh): Promise<RefreshOutcome>
  /**
   * For an assertion whose certificate nobody is known to have, or somebody else than its `iss` claims: reads the metadata of
   * the client that it claims, of which nothing is verified. At most one reading a minute for each partner, over all
   * processes; those who come while it runs wait for it. Where the certificate is in that document and somebody else has it
   * because he published it too, the assertion is checked, and if it holds in `terms`, the certificate moves to the client
   * that signs with it. Whether it is worth judging the assertion again.
   */
  lookAgain(realm: RealmStore, assertion: string, terms: AssertionTerms): Promise<boolean>
  /** Reads what is due in every realm. Returns how many were read. Never throws, and never runs twice at a time. */
  run(): Promise<number>
}

export interface PartnersOptions extends FollowingOptions {
  /** Names of hosts that may be asked, `name` (port 443) or `name:port`, in lower case. */
  readonly allowHosts: readonly string[]
  /** Bounded in time and size. Throws a {@link DiscoveryError} or one like it for what the other side does. */
  readonly readDocument: (url: string) => Promise<MetadataDocument>
}

/** A reading of which certificates were left out because somebody else has them; these, by thumbprint. */
type Contest = Readonly<{
  reading: Reading
  document: MetadataDocument
  contested: ReadonlyMap<string, ReadCertificate>
}>

export function createPartners(options: PartnersOptions): Partners {
  const { store, clock, log, allowHosts, readDocument } = options
  const { settle } = createFollowing(options)
  /** Readings under way, and when this process tried last: an attack must not even cost a statement each. */
  const underWay = new Map<string, Promise<RefreshOutcome>>()
  const triedHere = new LRUCache<string, Date>({ max: 1000 })
  /** So that who has the key is heard within the minute too, and nobody can keep him out by being first in every minute. */
  const contests = new LRUCache<string, Contest>({ max: 100 })
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
    const brought = await ask(url)
    const reading = { realm, clientId, url, why, at: clock() }
    const outcome = await settle(reading, brought)
    const left = 'contested' in outcome ? (outcome.contested ?? []) : []
    if ('outcome' in brought || left.length === 0) contests.delete(keyOf(realm, clientId))
    else contests.set(keyOf(realm, clientId), { reading, document: brought, contested: pick(brought, left) })
    return outcome
  }

  async function ask(url: string): Promise<MetadataDocument | Failure> {
    if (!isAllowedAddress(url, allowHosts)) return { outcome: 'refused', code: 'host_not_allowed', detail: url }
    try {
      return await readDocument(url)
    } catch (error) {
      const problem = problemOfReading(error)
      if (problem === undefined) throw error
      return problem
    }
  }

  async function lookAgain(realm: RealmStore, assertion: string, terms: AssertionTerms): Promise<boolean> {
    const claimed = claimedPrincipal(assertion)
    if (claimed === undefined) return false
    const clientId = claimed.clientId as ClientId // a brand has no runtime part; an unknown one is not found
    const result = await readOnceAMinute(realm, clientId)
    if (claimed.x5t !== undefined && (await moveToItsKey({ realm, clientId, x5t: claimed.x5t }, { assertion, terms })))
      return true
    return result?.outcome === 'read' && result.added > 0
  }

  async function readOnceAMinute(realm: RealmStore, clientId: ClientId): Promise<RefreshOutcome | undefined> {
    const key = keyOf(realm, clientId)
    const known = underWay.get(key)
    if (known !== undefined) return known
    const tried = triedHere.get(key)
    if (tried !== undefined && clock().getTime() - tried.getTime() < floorMilliseconds) return undefined
    triedHere.set(key, clock())
    const reading = refresh(realm, clientId, 'unknown_certificate').finally(() => underWay.delete(key))
    underWay.set(key, reading)
    return reading
  }

  /** By the document that was read here within the minute. The signature is looked at when all else is as it must be. */
  async function moveToItsKey(
    { realm, clientId, x5t }: { realm: RealmStore; clientId: ClientId; x5t: string },
    { assertion, terms }: { assertion: string; terms: AssertionTerms },
  ): Promise<boolean> {
    const contest = contests.get(keyOf(realm, clientId))
    const certificate = contest?.contested.get(x5t)
    if (contest === undefined || certificate === undefined) return false
    const { reading, document } = contest
    if (clock().getTime() - reading.at.getTime() >= floorMilliseconds) return false
    if (!(await provesPossession(assertion, { clientId, certificate, terms, clock }))) return false
    const outcome = await settle(reading, document, x5t)
    // Or somebody who came at the same time had it moved already.
    return outcome.outcome === 'read' && outcome.contested?.includes(x5t) !== true
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

const keyOf = ({ realmId }: RealmStore, clientId: ClientId): string => `${realmId} ${clientId}`

/** Those of a document that was accepted, so that each of its certificates can be read. */
const pick = ({ keys }: MetadataDocument, thumbprints: readonly string[]): ReadonlyMap<string, ReadCertificate> =>
  new Map(
    keys
      .map(({ certificate }) => readCertificate(certificate))
      .flatMap((one) => (thumbprints.includes(one.x5t) ? [[one.x5t, one]] : [])),
  )

const waitOf = ({ metadataProblem }: Partner): number => (metadataProblem === undefined ? refreshMilliseconds : retryMilliseconds)

function isDue(partner: Partner, now: Date): boolean {
  if (partner.metadataUrl === undefined) return false
  return partner.metadataTriedAt === undefined || now.getTime() - partner.metadataTriedAt.getTime() >= waitOf(partner)
}
