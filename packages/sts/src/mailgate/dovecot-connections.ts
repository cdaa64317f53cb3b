/**
 * dovecot-connections ends the open connections of people whose access has ended, at every Dovecot that is set up for it.
 *
 * It owns who is put out, that no event is passed over while a Dovecot is away, and that two processes do not do it twice. It
 * reads what has ended from the revocation feed, whoever ended it. How Dovecot is asked is in doveadm.ts. Whoever is put out may
 * come again at once: whether he is let in is for the gate.
 * @module
 */
import type { ClientId, MailServer, RealmId, RealmStore, Revocation, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { createDoveadm, type Fetch } from './doveadm.ts'

/** Between two looks for servers that were set up, changed or removed. */
const lookMilliseconds = 5_000
const turnMilliseconds = 30_000
/** With less of the turn left nobody else is put out: one question may take five seconds, and it has to be noted. */
const longestKick = 10_000
const batch = 100
/** Whoever was let in before has long been put out, or come anew. */
const oldestMilliseconds = 24 * 3_600_000
const longestPause = 15_000

export interface DovecotConnections {
  /**
   * Puts out whoever has to be since the last run. Returns how many connections ended, as far as Dovecot tells. Never throws. A
   * server that is being asked still is left alone, so one that does not answer holds up no other.
   */
  run(): Promise<number>
}

export interface DovecotConnectionsParts {
  readonly store: Pick<Store, 'realms' | 'realm'>
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly audit: Audit
  /** Makes a correlation id. */
  readonly reference: () => string
}

/** A mail server with doveadm, and what this process remembers of it. */
interface Watched {
  readonly kept: RealmStore
  readonly clientId: ClientId
  /** Up to where it has been told, as far as this process knows. */
  readUntil: number | undefined
  isBusy: boolean
  failures: number
  pausedUntil: Date
}

/** Pure: how long after the `failures`-th failure in a row the next try is made: 1, 2, 4, 8, 15 seconds. */
const pauseAfter = (failures: number): number => Math.min(longestPause, 1000 * 2 ** Math.max(0, failures - 1))

/**
 * At least once: how far a Dovecot was told is noted after it has answered. While it is away its events wait, for a day at most;
 * one that was never heard of begins with what ends from now on.
 */
export function createDovecotConnections(parts: DovecotConnectionsParts): DovecotConnections {
  const { store, clock, log, audit } = parts
  const doveadm = createDoveadm({ fetch: parts.fetch })
  const watched = new Map<string, Watched>()
  const versions = new Map<RealmId, number>()
  let lookedAt: number | undefined
  let looking: Promise<void> | undefined

  /** Which servers there are: read anew for a realm that has changed. One look at a time, so that no server is there twice. */
  async function look(): Promise<void> {
    const now = clock().getTime()
    if (lookedAt !== undefined && Math.abs(now - lookedAt) < lookMilliseconds) return
    looking ??= lookAt(now).finally(() => {
      looking = undefined
    })
    await looking
  }

  async function lookAt(now: number): Promise<void> {
    const realms = await store.realms.list()
    for (const { id, version } of realms) {
      if (versions.get(id) === version) continue
      const kept = store.realm(id)
      const servers = (await kept.mailServers.list()).filter(({ doveadm: address }) => address !== undefined)
      const keys = new Set(servers.map(({ clientId }) => `${id} ${clientId}`))
      for (const key of watched.keys()) if (key.startsWith(`${id} `) && !keys.has(key)) watched.delete(key)
      for (const { clientId } of servers) {
        const key = `${id} ${clientId}`
        if (watched.has(key)) continue
        watched.set(key, { kept, clientId, readUntil: undefined, isBusy: false, failures: 0, pausedUntil: new Date(0) })
      }
      versions.set(id, version)
    }
    lookedAt = now
  }

  async function runAll(): Promise<number> {
    await look()
    const due = [...watched.values()].filter(({ isBusy, pausedUntil }) => !isBusy && pausedUntil <= clock())
    const ended = await Promise.all(due.map((one) => serveOne(one)))
    return ended.reduce((sum, one) => sum + one, 0)
  }

  async function serveOne(one: Watched): Promise<number> {
    one.isBusy = true
    try {
      return await catchUp(one)
    } catch (fault) {
      log.error({ err: fault, server: one.clientId }, 'the revocation feed could not be read for a Dovecot')
      return 0
    } finally {
      one.isBusy = false
    }
  }

  async function catchUp(one: Watched): Promise<number> {
    const { kept, clientId } = one
    const { last } = await kept.revocations.bounds()
    if (one.readUntil !== undefined && last <= one.readUntil) return 0
    const now = clock()
    const until = new Date(now.getTime() + turnMilliseconds)
    const reader = readerOf(clientId)
    let reached = await kept.revocations.takeTurn(reader, { now, until })
    if (reached === undefined) return 0
    const server = await kept.mailServers.find(clientId)
    let ended = 0
    try {
      for (;;) {
        const news = await kept.revocations.since(reached, batch)
        const done = await putOut(one, { server, news, until })
        ended += done.ended
        reached = done.reached ?? reached
        if (!done.isComplete || news.length < batch) return ended
      }
    } finally {
      await kept.revocations.endTurn(reader, reached)
      one.readUntil = reached
    }
  }

  /** Goes through the events in order, but through each name once. `reached`: the last event that is done with. */
  async function putOut(
    one: Watched,
    work: { server: MailServer | undefined; news: readonly Revocation[]; until: Date },
  ): Promise<{ ended: number; isComplete: boolean; reached?: number }> {
    const address = work.server?.doveadm
    const oldest = clock().getTime() - oldestMilliseconds
    const people = new Set<string>()
    const told = new Set<string>()
    let ended = 0
    let reached: number | undefined
    const stopped = () => ({ ended, isComplete: false, ...(reached === undefined ? {} : { reached }) })
    for (const event of work.news) {
      const person = event.accountId ?? event.upn
      const isOurs = address !== undefined && person !== undefined && event.at.getTime() >= oldest
      // Of a person who is done with, an event may still bring a name that was theirs.
      const known = !isOurs ? [] : people.has(person) ? formerName(event) : await namesOf(one.kept, event)
      const names = known.filter((name) => !told.has(name))
      if (isOurs && names.length > 0) {
        if (work.until.getTime() - clock().getTime() < longestKick) return stopped()
        const kicked = await doveadm.kick(address, names)
        if (kicked.outcome === 'failed') {
          pause(one, kicked.because)
          return stopped()
        }
        if (kicked.refused > 0)
          log.error({ server: one.clientId, accountId: event.accountId }, 'Dovecot cannot end connections of such a name')
        resume(one)
        people.add(person)
        for (const name of names) told.add(name)
        ended += kicked.count
        if (kicked.count > 0) await tell(one, event, kicked.count)
      }
      reached = event.number
    }
    return { ended, isComplete: true, ...(reached === undefined ? {} : { reached }) }
  }

  async function tell({ kept, clientId }: Watched, event: Revocation, count: number): Promise<void> {
    await audit.record(kept, {
      event: 'connections.ended',
      reference: parts.reference(),
      ...(event.accountId === undefined ? {} : { accountId: event.accountId }),
      detail: { server: clientId, because: event.kind, count },
    })
  }

  function pause(one: Watched, because: string): void {
    one.failures += 1
    one.pausedUntil = new Date(clock().getTime() + pauseAfter(one.failures))
    if (one.failures > 1) return
    log.warn({ server: one.clientId, because }, 'a Dovecot cannot be told to end connections; it is tried again until it can')
  }

  function resume(one: Watched): void {
    if (one.failures > 0) log.info({ server: one.clientId, failures: one.failures }, 'a Dovecot ends connections again')
    one.failures = 0
  }

  return Object.freeze({
    async run() {
      try {
        return await runAll()
      } catch (fault) {
        log.error({ err: fault }, 'connections could not be ended')
        return 0
      }
    },
  })
}

/** Its name among the readers of the revocation feed. */
const readerOf = (clientId: ClientId): string => `dovecot ${clientId}`

const formerName = ({ upn }: Revocation): readonly string[] => (upn === undefined ? [] : [upn.toLowerCase()])

/** All by which the person may have signed in: as the account is now, and as it was called then. */
async function namesOf(kept: RealmStore, event: Revocation): Promise<readonly string[]> {
  const account = event.accountId === undefined ? undefined : await kept.accounts.find(event.accountId)
  const now = account === undefined ? [] : [account.upn, account.address, ...account.furtherAddresses]
  return [...new Set([...formerName(event), ...now.map((name) => name.toLowerCase())])]
}
