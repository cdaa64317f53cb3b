/**
 * exchange sends one HTTP request, follows no redirect, and shows it to whoever wants to watch.
 *
 * It owns recording and the bounds of what is read. It knows no token: what is sent, and what an answer means, its callers know.
 * @module
 */
import { readBounded } from '../read-bounded.ts'
import { ServerClientError } from './errors.ts'

/** What the exchange was for: the anonymous question, the issuer's metadata, a token, the request itself with one; the status of a token, a report of uses. */
export type ExchangePurpose = 'challenge' | 'metadata' | 'token' | 'request' | 'status' | 'report'

/** One exchange as it was on the wire. It HOLDS TOKENS: whoever watches must keep it secret. Bodies are cut at 64 Ki characters. */
export type ServerExchange = Readonly<{
  purpose: ExchangePurpose
  method: string
  url: string
  /** Names in lower case. */
  requestHeaders: Readonly<Record<string, string>>
  requestBody: string
  status: number
  /** Names in lower case. */
  responseHeaders: Readonly<Record<string, string>>
  responseBody: string
}>

export type SentRequest = Readonly<{
  purpose: ExchangePurpose
  url: string
  method: string
  headers: Headers
  body?: RequestInit['body'] | undefined
  /** For the log: the body as text, where it is text. */
  bodyText?: string | undefined
  init?: RequestInit | undefined
}>

/** Sends; never follows a redirect. Rejects as `fetch` does. */
export type Send = (request: SentRequest) => Promise<Response>

const longestShown = 65_536

/** The beginning of the body; the caller reads its own copy. */
async function beginningOf(response: Response): Promise<string> {
  const { body } = response.clone()
  if (body === null) return ''
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
    if (length <= longestShown) continue
    // Not waited for: it is over only when the caller has read the other copy, and the caller waits for us.
    reader.cancel().catch(() => undefined)
    break
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, longestShown)
}

/** A sender over `ask`. With a watcher, an answer is handed on when its beginning was read, so that what is watched keeps its order. */
export function createSend(ask: typeof fetch, watch: ((exchange: ServerExchange) => void) | undefined): Send {
  return async ({ purpose, url, method, headers, body, bodyText, init }) => {
    const sent: RequestInit & { duplex?: 'half' } = { ...init, method, headers, redirect: 'manual' }
    if (body !== undefined && body !== null) sent.body = body
    if (body instanceof ReadableStream) sent.duplex = 'half'
    const response = await ask(url, sent)
    if (watch === undefined) return response
    watch(
      Object.freeze({
        purpose,
        method,
        url,
        requestHeaders: Object.freeze(Object.fromEntries(headers)),
        requestBody: (bodyText ?? '').slice(0, longestShown),
        status: response.status,
        responseHeaders: Object.freeze(Object.fromEntries(response.headers)),
        responseBody: await beginningOf(response),
      }),
    )
    return response
  }
}

/** An answer that is not wanted: its connection is let go. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel()
}

const longestAnswer = 262_144

/** An answer of a token service, read whole. */
export type IssuerAnswer = Readonly<{ status: number; headers: Headers; text: string }>

/**
 * Asks a token service, with a deadline of its own. A redirect is an answer like any other, and none that is wanted.
 * @throws {ServerClientError} `issuer_unavailable`, `answer_malformed` where it is too large
 */
export async function askIssuer(send: Send, request: SentRequest, timeoutMs: number): Promise<IssuerAnswer> {
  let response: Response
  let body: Buffer | undefined
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    response = await send({ ...request, init: { ...request.init, signal } })
    body = await readBounded(response, longestAnswer)
  } catch (cause) {
    throw new ServerClientError('issuer_unavailable', { detail: new URL(request.url).origin, cause })
  }
  if (body === undefined) throw new ServerClientError('answer_malformed', { detail: 'too large', status: response.status })
  return Object.freeze({ status: response.status, headers: response.headers, text: body.toString('utf8') })
}
