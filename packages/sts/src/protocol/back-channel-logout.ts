/**
 * back-channel-logout tells apps that a person is signed out (OpenID Connect Back-Channel Logout 1.0), from the revocation
 * feed: whoever ended the session or the account, a page, a command line or another process, need not know the apps.
 *
 * A session is told with `sid` to the app that it was for; the end of an account with `sub` alone to every app that has an
 * address for it. An app that is away is told again, after growing pauses and nine times at most in about ten
 * minutes, with a new token each time; after that, and after an end of this process, its tokens end by themselves. Does NOT
 * tell of a sign-out at our own page the first time: oidc-provider does, before the event is written, which then names those
 * apps alone that did not take the news.
 */
import type { Client, Realm, RealmId, Revocation, RevocationKind, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { type KeyRing, signJwt } from './issued-jwt.ts'
import type { RealmRuntime } from './realm-parts.ts'

const READER = 'back-channel-logout'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** OpenID Connect Back-Channel Logout 1.0 section 2.4 asks for a short life, two minutes at most. */
const lifeSeconds = 120
const turnSeconds = 60
const eventsAtOnce = 100
const pageOfClients = 200
/** Seconds before each further try, and so how many there are. */
const pauses = [2, 5, 10, 20, 40, 80, 160, 300] as const
/** More that wait are given up, oldest first: an app that is away must not fill the memory. */
const mostUntold = 10_000

const ofAccount: ReadonlySet<RevocationKind> = new Set(['account-disabled', 'account-removed', 'signed-out'])

export interface BackChannelLogout {
  /** Tells what is new. Returns how many apps were told. Never throws: what went wrong is logged and tried at the next run. */
  run(): Promise<number>
}

export function createBackChannelLogout(parts: {
  store: Store
  runtimeOf: (realm: Realm) => Promise<RealmRuntime>
  clock: Clock
  newId: () => string
  fetch: (url: URL, init: RequestInit) => Promise<Response>
  log: Logger
}): BackChannelLogout {
  const { store, runtimeOf, clock, newId, log } = parts
  /** Up to where each realm is done, so that a quiet one costs one read. */
  const done = new Map<string, number>()
  /** What an app has not taken yet. */
  let untold: Untold[] = []

  /** Tells again where it is time. Returns how many took it. */
  async function tellAgain(): Promise<number> {
    const now = clock().getTime()
    const due = untold.filter(({ at }) => at <= now)
    if (due.length === 0) return 0
    // Taken out first: a run that begins meanwhile must not tell the same.
    untold = untold.filter(({ at }) => at > now)
    const taken = await Promise.all(
      due.map(async (one) => {
        try {
          const realm = await store.realms.find(one.realmId)
          const client = realm?.status === 'active' ? await store.realm(one.realmId).clients.find(one.client.id) : undefined
          if (realm === undefined || client?.status !== 'active' || client.backchannelLogoutUri === undefined) return false
          return await tellOrKeep(client, await runtimeOf(realm), one)
        } catch (err) {
          // Nobody was told: it counts as no try.
          log.warn({ client: one.client.id, err }, 'an app could not be told again of a sign-out yet')
          untold.push(one)
          return false
        }
      }),
    )
    return taken.filter(Boolean).length
  }

  async function tellOrKeep(
    client: Client,
    runtime: { ring: KeyRing; issuer: string },
    one: Pick<Untold, 'realmId' | 'subject' | 'tries'>,
  ): Promise<boolean> {
    if (await tell(client, runtime, one.subject)) return true
    const pause = pauses[one.tries]
    if (pause === undefined) {
      log.error({ client: client.id, tries: one.tries + 1 }, 'an app was not told of a sign-out: given up')
      return false
    }
    untold.push({ ...one, client, tries: one.tries + 1, at: clock().getTime() + pause * 1000 })
    untold = untold.slice(-mostUntold)
    return false
  }

  async function tell(client: Client, { ring, issuer }: { ring: KeyRing; issuer: string }, about: Subject): Promise<boolean> {
    const iat = Math.floor(clock().getTime() / 1000)
    const claims = { iss: issuer, aud: client.id, iat, exp: iat + lifeSeconds, jti: newId(), ...about, events: { [EVENT]: {} } }
    const body = new URLSearchParams({ logout_token: await signJwt(ring, 'logout+jwt', claims) })
    try {
      const answer = await parts.fetch(new URL(String(client.backchannelLogoutUri)), { method: 'POST', body })
      await answer.body?.cancel()
      if (answer.ok) return true
      log.warn({ client: client.id, status: answer.status }, 'an app did not take the news of a sign-out')
    } catch (err) {
      log.warn({ client: client.id, err }, 'an app could not be told of a sign-out')
    }
    return false
  }

  async function readRealm(realm: Realm): Promise<number> {
    const { revocations, clients } = store.realm(realm.id)
    const { last } = await revocations.bounds()
    if (done.get(realm.id) === last) return 0
    const now = clock()
    const from = await revocations.takeTurn(READER, { now, until: new Date(now.getTime() + turnSeconds * 1000) })
    if (from === undefined) return 0
    const news = await revocations.since(from, eventsAtOnce)
    const told = news.flatMap(subjectOf)
    const listening = told.length === 0 ? [] : await listeners(clients)
    const runtime = listening.length === 0 ? undefined : await runtimeOf(realm)
    const answers = runtime
      ? await Promise.all(
          told.flatMap(({ clientId, subject }) =>
            listening
              .filter(({ id }) => clientId === undefined || id === clientId)
              .map((client) => tellOrKeep(client, runtime, { realmId: realm.id, subject, tries: 0 })),
          ),
        )
      : []
    const readUntil = news.at(-1)?.number ?? last
    await revocations.endTurn(READER, readUntil)
    done.set(realm.id, readUntil)
    return answers.filter(Boolean).length
  }

  return Object.freeze({
    async run() {
      try {
        let count = await tellAgain()
        for (const realm of await store.realms.list()) if (realm.status === 'active') count += await readRealm(realm)
        return count
      } catch (err) {
        log.warn({ err }, 'the revocation feed could not be read for back-channel logout')
        return 0
      }
    },
  })
}

interface Untold {
  readonly realmId: RealmId
  readonly client: Pick<Client, 'id'>
  readonly subject: Subject
  readonly tries: number
  /** When to try again, in milliseconds. */
  readonly at: number
}

type Subject = Readonly<{ sub: string; sid?: string }>

/** Whom an event concerns, for which app; nobody for what ends no sign-in at an app. */
function subjectOf({
  kind,
  accountId,
  clientId,
  sessionId,
}: Revocation): readonly { readonly clientId?: string; readonly subject: Subject }[] {
  if (accountId === undefined) return []
  if (ofAccount.has(kind)) return [{ subject: { sub: accountId } }]
  if (kind !== 'session' || clientId === undefined || sessionId === undefined) return []
  return [{ clientId, subject: { sub: accountId, sid: sessionId } }]
}

/** Active apps with an address for such news. */
async function listeners(clients: {
  list(page: { after?: string; limit: number }): Promise<readonly Client[]>
}): Promise<readonly Client[]> {
  const found: Client[] = []
  for (let after: string | undefined; ; ) {
    const page = await clients.list({ limit: pageOfClients, ...(after === undefined ? {} : { after }) })
    found.push(...page.filter(({ status, backchannelLogoutUri }) => status === 'active' && backchannelLogoutUri !== undefined))
    after = page.at(-1)?.id
    if (page.length < pageOfClients) return found
  }
}
