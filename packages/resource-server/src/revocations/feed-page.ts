/**
 * feed-page asks for one page of the revocation feed and reads what comes, bounded in time and size.
 *
 * It owns the question and the form of the answer. It verifies no event: security-event.ts does.
 * @module
 */
import { readBounded } from '../read-bounded.ts'
import { parseStrictObject } from '../strict-json.ts'

export type FeedPage = Readonly<{ events: readonly string[]; next: number; resync: boolean }>

/** No page. `retryAfter` in seconds, where the service said so. */
export class FeedError extends Error {
  readonly code = 'feed_unavailable'
  readonly retryAfter: number

  constructor(message: string, options: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'FeedError'
    this.retryAfter = options.retryAfter ?? 0
  }
}

const mostEvents = 100
const longestPage = 1_048_576
/** What the service may take beyond the time for which it was asked to wait. */
const patienceMs = 10_000

function readPage(text: string): FeedPage {
  const parsed = parseStrictObject(text)
  if (!parsed.ok) throw new FeedError(`the answer is ${parsed.reason}`)
  const { events, next, resync } = parsed.value
  const isNumber = typeof next === 'number' && Number.isSafeInteger(next) && next >= 0
  if (!Array.isArray(events) || events.length > mostEvents || !isNumber || (resync !== undefined && typeof resync !== 'boolean'))
    throw new FeedError('the answer is not a page of events')
  const tokens = (events as readonly unknown[]).filter((one) => typeof one === 'string')
  if (tokens.length !== events.length) throw new FeedError('an event is not a token')
  return Object.freeze({ events: tokens, next, resync: resync === true })
}

function retryAfterOf(response: Response): number {
  const told = response.headers.get('retry-after') ?? ''
  return /^\d{1,4}$/.test(told) ? Math.min(Number(told), 300) : 0
}

export type PageQuestion = Readonly<{
  fetch: typeof fetch
  url: string
  authorization: string
  after: number
  /** Seconds for which the service may wait for something to happen. */
  wait: number
  closing: AbortSignal
}>

/** @throws {FeedError} where there is no page; no text holds the secret */
export async function askForPage({ fetch: ask, url, authorization, after, wait, closing }: PageQuestion): Promise<FeedPage> {
  let response: Response
  let body: Buffer | undefined
  try {
    response = await ask(`${url}?after=${after}&wait=${wait}`, {
      headers: { authorization, accept: 'application/json' },
      redirect: 'manual', // the secret is for this address alone
      signal: AbortSignal.any([closing, AbortSignal.timeout(wait * 1000 + patienceMs)]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new FeedError(`the service answered ${response.status}`, { retryAfter: retryAfterOf(response) })
    }
    body = await readBounded(response, longestPage)
  } catch (cause) {
    if (cause instanceof FeedError) throw cause
    throw new FeedError('the service did not answer', { cause })
  }
  const isJson = /^application\/json(?:\s*;|$)/i.test(response.headers.get('content-type') ?? '')
  if (!isJson) throw new FeedError('the answer is not JSON by its type')
  if (body === undefined) throw new FeedError('the answer is too large')
  return readPage(body.toString('utf8'))
}
