/**
 * event-feed tells mail servers what has ended: signed, in order, to be asked for from any point on, and waited for.
 *
 * It owns the address, who may read, the pages and the waiting. It does not know what ends anything: the rows are written with
 * that (storage), and security-event.ts says how they read. A reader keeps its own cursor, so it gets everything at least once.
 *
 * `GET {issuer}/mailgate/events?after=0..&wait=0..30`, HTTP Basic of a mail server or of a client that is a resource's principal.
 * 200 `{ events: SET[], next, resync? }`; 400 for other parameters, 401 for anybody else, 503 when busy.
 * @module
 */
import type { Revocation } from '@postern/storage'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { RequestProblem } from '../http/problems.ts'
import { type Answer, type Feature, json, type Request, route } from '../http/route.ts'
import type { RealmRuntime } from '../protocol/realm-parts.ts'
import { requestState } from '../protocol/request-state.ts'
import { signSecurityEvent } from '../protocol/security-event-tokens.ts'
import { MailgateError } from './errors.ts'
import { createEventWaiting } from './event-feed-waiting.ts'
import type { ServerAuthentication } from './mail-server-authentication.ts'
import { basicChallenge } from './refusals.ts'
import { renderSecurityEvent } from './security-event.ts'

/** Events of one page. */
const most = 100
/** Requests of one process that wait at a time. */
const mostWaiting = 1_000
/** Signed events that are kept, for the readers of one server that ask for the same. */
const mostSigned = 2_000

const question = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .default('0')
    .transform(Number),
  wait: z
    .string()
    .regex(/^\d{1,2}$/)
    .default('0')
    .transform(Number)
    .pipe(z.number().max(30)),
})

export interface EventFeed extends Feature {
  /** Answers everybody who waits, so that a service which stops need not wait for them. Call it before requests are drained. */
  close(): void
}

export interface EventFeedParts {
  readonly authentication: ServerAuthentication
  readonly clock: Clock
}

interface Page {
  readonly news: readonly Revocation[]
  readonly next: number
  readonly resync: boolean
}

export function createEventFeed({ authentication, clock }: EventFeedParts): EventFeed {
  const waiting = createEventWaiting({ most: mostWaiting })
  const signed = new LRUCache<string, Promise<string>>({ max: mostSigned })

  async function answer({ ctx }: Pick<Request, 'ctx'>): Promise<Answer> {
    const { runtime, source } = requestState()
    const audience = await authentication.authenticate(runtime.store, { authorization: ctx.get('Authorization'), source })
    if (!isReader(runtime, audience))
      throw new MailgateError('unknown_mail_server', 'This client is neither a mail server nor the principal of a resource.')
    const asked = question.safeParse({ ...ctx.query })
    if (!asked.success)
      throw new MailgateError('request_malformed', 'after is the number of the last event that was read, wait 0 to 30 seconds.')
    const { after, wait } = asked.data
    let page = await readPage(runtime, after)
    if (page.news.length === 0 && !page.resync && wait > 0) {
      const gone = new AbortController()
      const leave = () => gone.abort()
      ctx.res.once('close', leave)
      const waited = waiting.wait(runtime.store, { after, milliseconds: wait * 1000, signal: gone.signal })
      if (waited === undefined) throw new RequestProblem('busy', { retryAfterSeconds: 5 })
      await waited.finally(() => ctx.res.removeListener('close', leave))
      if (!gone.signal.aborted) page = await readPage(runtime, after)
    }
    const events = await Promise.all(page.news.map((one) => sign(runtime, audience, one)))
    return json({ events, next: page.next, ...(page.resync ? { resync: true } : {}) })
  }

  function sign(runtime: RealmRuntime, audience: string, event: Revocation): Promise<string> {
    const { realm, issuer, ring } = runtime
    const key = `${realm.id} ${event.number} ${ring.signing.kid} ${audience}`
    const known = signed.get(key)
    if (known !== undefined) return known
    const made = signSecurityEvent(runtime, renderSecurityEvent(event, { issuer, realmId: realm.id, audience }), clock())
    signed.set(key, made)
    made.catch(() => signed.delete(key))
    return made
  }

  return Object.freeze({
    name: 'event-feed',
    routes: [
      route('GET /mailgate/events', {}, async (request) => {
        try {
          return await answer(request)
        } catch (error) {
          if (error instanceof MailgateError) return refuse(request, error)
          throw error
        }
      }),
    ],
    close: () => waiting.close(),
  })
}

/**
 * What comes after `after`. `resync`: there is more between than what is kept, or `after` was never given out by this
 * database; then it begins with the oldest that is kept.
 */
async function readPage({ store: { revocations } }: Pick<RealmRuntime, 'store'>, after: number): Promise<Page> {
  const { first, last } = await revocations.bounds()
  const resync = after < first - 1 || after > last
  const from = resync ? first - 1 : after
  const news = last > from ? await revocations.since(from, most) : []
  return { news, next: news.at(-1)?.number ?? from, resync }
}

const isReader = ({ mail, resources }: Pick<RealmRuntime, 'mail' | 'resources'>, clientId: string): boolean =>
  mail.servers.has(clientId) || resources.some(({ principalId }) => principalId === clientId)

function refuse({ ctx, realm, reference }: Request, error: MailgateError): Answer {
  if (error.status === 401) ctx.set('WWW-Authenticate', basicChallenge(realm.displayName))
  if (error.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(error.retryAfterSeconds))
  return json({ error: error.code, error_description: error.message, reference }, error.status)
}
