/**
 * replayable-request takes what a caller gives to `fetch` and makes of it a request that can be sent more than once.
 *
 * It owns what may be asked for at all: an address, a body, and no `Authorization` and no following of redirects, which are this
 * client's own business. It sends nothing.
 * @module
 */
import { allowedUrl } from '../web-address.ts'
import { ServerClientError } from './errors.ts'
import type { ExchangePurpose, SentRequest } from './exchange.ts'

export interface ReplayableRequest {
  readonly url: URL
  /** False for a body that is a stream: it can be sent once. */
  readonly replayable: boolean
  readonly signal: AbortSignal | undefined
  /** The request with this value of `Authorization`. */
  with(authorization: string, purpose: ExchangePurpose): SentRequest
}

/** A stream can be sent once, and read by nobody else. */
const isStream = (body: RequestInit['body']): boolean =>
  typeof body === 'object' && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body)

type Body = Readonly<{ sent: RequestInit['body']; type: string | null; text: string | undefined }>

/** The body as bytes of our own, which can be sent again and which nobody changes meanwhile; a stream as it is. */
async function readBody(body: RequestInit['body'], from: Request | undefined): Promise<Body> {
  if (isStream(body)) return { sent: body, type: null, text: undefined }
  const none = body === undefined || body === null
  if (none && !from?.body) return { sent: undefined, type: null, text: undefined }
  // Response knows every kind of body, and the content type that `fetch` would say of it.
  const encoded = none && from !== undefined ? from : new Response(body)
  const bytes = new Uint8Array(await encoded.arrayBuffer())
  return { sent: bytes, type: encoded.headers.get('content-type'), text: Buffer.from(bytes).toString('utf8') }
}

function readUrl(input: string | URL | Request, allowInsecureLoopback: boolean): URL {
  const address = input instanceof Request ? input.url : String(input)
  const url = allowedUrl(address, allowInsecureLoopback)
  // What is not allowed may hold a password: only the origin is told.
  if (url === undefined) throw new ServerClientError('url_not_allowed', { detail: URL.parse(address)?.origin })
  return url
}

/**
 * Reads what `fetch` takes. https only, or http to this machine where that is allowed.
 * @throws {ServerClientError} `url_not_allowed`
 * @throws {TypeError} for an `Authorization` header, or `redirect` other than `manual`
 */
export async function readRequest(
  input: string | URL | Request,
  init: RequestInit = {},
  options: { allowInsecureLoopback: boolean },
): Promise<ReplayableRequest> {
  const url = readUrl(input, options.allowInsecureLoopback)
  const from = input instanceof Request ? input : undefined
  const { method, headers: given, body: givenBody, signal, redirect, ...rest } = init
  const headers = new Headers(given ?? from?.headers)
  if (headers.has('authorization')) throw new TypeError('Authorization is what this client is for: leave it out')
  if (redirect !== undefined && redirect !== 'manual')
    throw new TypeError('Redirects are never followed with a token: look at the answer, and call again')
  const body = await readBody(givenBody, from)
  if (body.type !== null && !headers.has('content-type')) headers.set('content-type', body.type)
  const ended = signal ?? from?.signal
  return Object.freeze({
    url,
    replayable: !isStream(body.sent),
    signal: ended,
    with(authorization: string, purpose: ExchangePurpose) {
      const sent = new Headers(headers)
      sent.set('authorization', authorization)
      return {
        purpose,
        url: url.href,
        method: method ?? from?.method ?? 'GET',
        headers: sent,
        body: body.sent,
        bodyText: body.text,
        init: { ...rest, ...(ended === undefined ? {} : { signal: ended }) },
      }
    },
  })
}
