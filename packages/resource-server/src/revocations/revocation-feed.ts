/**
 * revocation-feed follows what ends at the token service, so that tokens and remembered answers from before stop counting here.
 *
 * It owns the loop: ask, verify, mark, go on; pauses after trouble; where it stands. At least once: it goes on only behind events
 * that were marked. What counts as revoked: revocation-marks.ts. It ends no connection: whoever holds one open asks again.
 * @module
 */
import { randomInt } from 'node:crypto'
import { type Clock, machineClock } from '../clock.ts'
import { TokenError } from '../errors.ts'
import { createIssuerKeys } from '../issuer-keys.ts'
import { basicAuthorization } from '../legacy-auth/basic-credentials.ts'
import { requireRange } from '../option-range.ts'
import { type SetTimer, systemTimer } from '../system-timer.ts'
import { allowedUrl } from '../web-address.ts'
import { askForPage, FeedError, type FeedPage } from './feed-page.ts'
import { createRevocationMarks } from './revocation-marks.ts'
import type { Revocations } from './revocations-contract.ts'
import { verifySecurityEvent } from './security-event.ts'

export type RevocationFeedOptions = Readonly<{
  /** `https://sts/GUID`, as its own metadata spells it. */
  issuer: string
  /** Of this mail server at the token service; the events are made for it. */
  clientId: string
  clientSecret: string
  /**
   * Where an earlier feed stood. Marks live in memory: start from 0, the default, unless every token from before has expired by now. From 0,
   * all that the service has kept (seven days) is read first.
   */
  cursor?: number
  /** No accepted token lives longer, in seconds; default 86400, as in the validator. Marks are kept for as long. */
  maxLifetimeSeconds?: number
  /** Of each sort; default 100000. With more, tokens from before the oldest are refused for everybody. */
  mostMarks?: number
  fetch?: typeof fetch
  clock?: Clock
  /** From 0 to below 1, for the jitter of pauses. */
  random?: () => number
  /** Calls `work` later, once; returns what calls that off. Default is a timer that keeps no process alive. */
  setTimer?: SetTimer
  /** Told of pages that could not be had, events that were refused, and gaps. No secrets. Default: nobody. */
  onProblem?: (problem: string) => void
  /** Told of each event once it counts here, so that a server can end connections of its own. */
  onRevoked?: (event: RevokedAccess) => void
  allowInsecureLoopback?: boolean
}>

/** What ended, in the words of the service: `kind` is e.g. `signed-out`, `session`, `mail-app`. */
export type RevokedAccess = Readonly<{ number: number; kind: string; accountId?: string; id?: string }>

export interface RevocationFeed {
  /** For `revocations` of createTokenValidator and createLegacyAuth. */
  readonly revocations: Revocations
  /** The number of the last event that counts here. */
  readonly cursor: number
  /** Begins. Resolves when everything that had ended so far counts here, or when the feed is closed before that; never rejects. */
  start(): Promise<void>
  /** Ends; what is marked stays marked. */
  close(): Promise<void>
}

const waitSeconds = 25
const shortestPauseMs = 1000
const longestPauseMs = 60_000
/** After a page without events, so that a service that does not wait is not asked without end. */
const emptyPauseMs = 250

/** From 0 to below 1. */
const systemRandom = (): number => randomInt(2 ** 32) / 2 ** 32

function reasonOf(error: unknown): string {
  if (error instanceof TokenError) return `an event was refused: ${error.code} ${error.detail ?? ''}`.trimEnd()
  if (error instanceof FeedError) return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
  // A fault, ours or of onRevoked. To stop here would leave revoked tokens good: it is told, and the feed goes on.
  return `fault: ${error instanceof Error ? error.message : 'unknown'}`
}

/**
 * Creates the feed. Nothing is asked before {@link RevocationFeed.start}. While the service cannot be asked, nothing new is known here:
 * tokens hold until they expire, and that is told to `onProblem`.
 * @throws {TypeError} if an option makes no sense
 */
export function createRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { issuer, clientId, clock = machineClock, random = systemRandom, setTimer = systemTimer } = options
  const onProblem = (problem: string): void => options.onProblem?.(`revocation feed: ${problem}`)
  const address = allowedUrl(issuer, options.allowInsecureLoopback ?? false)
  if (address === undefined || issuer.endsWith('/'))
    throw new TypeError('issuer must be an https address without a slash at its end')
  if (clientId === '' || options.clientSecret === '') throw new TypeError('clientId and clientSecret must not be empty')
  const keys = createIssuerKeys({
    issuer,
    jwksUri: undefined,
    algorithms: new Set(['RS256']),
    clock,
    fetch: options.fetch ?? fetch,
    allowInsecureLoopback: options.allowInsecureLoopback ?? false,
    onProblem,
  })
  const from = { keys, audience: clientId, realm: address.pathname.split('/').at(-1) ?? '' }
  const marks = createRevocationMarks({
    longestTokenLife: requireRange('maxLifetimeSeconds', options.maxLifetimeSeconds ?? 86_400, 1, 31_536_000),
    most: requireRange('mostMarks', options.mostMarks ?? 100_000, 1, 10_000_000),
    onProblem,
  })
  const authorization = basicAuthorization(clientId, options.clientSecret)
  const closing = new AbortController()
  const ready = Promise.withResolvers<void>()
  let cursor = requireRange('cursor', options.cursor ?? 0, 0, Number.MAX_SAFE_INTEGER)
  let running: Promise<void> | undefined
  let caughtUp = false

  /** Marks what is on the page, in order, and moves the cursor behind each. */
  async function take({ events, next, resync }: FeedPage): Promise<void> {
    const now = clock().getTime()
    const isBehind = next < cursor // the service has lost what it told: it was put back to an older state
    if (isBehind || (resync && cursor > 0)) {
      marks.forgetAnswers(now)
      onProblem(`events after ${cursor} are gone: remembered answers are dropped, tokens hold until they expire`)
    }
    if (isBehind) cursor = 0
    for (const token of events) {
      const { number, ended, kind } = await verifySecurityEvent(token, from)
      if (number <= cursor || number > next) throw new FeedError(`event ${number} is out of order`)
      marks.mark(ended, clock().getTime())
      cursor = number
      const { accountId, id } = ended
      options.onRevoked?.(
        Object.freeze({ number, kind, ...(accountId === undefined ? {} : { accountId }), ...(id === undefined ? {} : { id }) }),
      )
    }
    cursor = next
    if (events.length === 0) {
      caughtUp = true
      ready.resolve()
    }
  }

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      if (closing.signal.aborted) return resolve()
      const callOff = setTimer(done, milliseconds)
      function done(): void {
        closing.signal.removeEventListener('abort', ended)
        resolve()
      }
      function ended(): void {
        callOff()
        resolve()
      }
      closing.signal.addEventListener('abort', ended, { once: true })
    })

  /** One page, and how long to wait before the next, in milliseconds. */
  async function step(failures: number): Promise<{ failures: number; pauseMs: number }> {
    try {
      const wait = caughtUp ? waitSeconds : 0
      const url = `${issuer}/mailgate/events`
      const page = await askForPage({
        fetch: options.fetch ?? fetch,
        url,
        authorization,
        after: cursor,
        wait,
        closing: closing.signal,
      })
      await take(page)
      return { failures: 0, pauseMs: page.events.length === 0 && wait > 0 ? emptyPauseMs : 0 }
    } catch (error) {
      if (closing.signal.aborted) return { failures, pauseMs: 0 }
      onProblem(reasonOf(error))
      const longest = Math.min(shortestPauseMs * 2 ** Math.min(failures, 10), longestPauseMs)
      const retryAfterMs = error instanceof FeedError ? error.retryAfter * 1000 : 0
      return { failures: failures + 1, pauseMs: Math.max(retryAfterMs, longest * (0.5 + random() / 2)) }
    }
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!closing.signal.aborted) {
      const done = await step(failures)
      failures = done.failures
      if (done.pauseMs > 0) await pause(done.pauseMs)
    }
  }

  return Object.freeze({
    revocations: Object.freeze({ isRevoked: marks.isRevoked, mustAskAgain: marks.mustAskAgain }),
    get cursor() {
      return cursor
    },
    start() {
      running ??= run()
      return ready.promise
    },
    async close() {
      closing.abort()
      ready.resolve()
      await running
    },
  })
}
