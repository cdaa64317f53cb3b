import type { IncomingMessage, ServerResponse } from 'node:http'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/**
 * What a request line may ask for: a path and perhaps a query (origin form, RFC 9112 section 3.2.1), with neither a
 * fragment nor white space, which parsers cut off in different ways.
 */
const originForm = /^\/[^#\s\u{feff}]*$/u

/**
 * Refuses every other request target with 400, before anything reads it. A host in the request line (absolute form, RFC
 * 9112 section 3.2.2) is for proxies; here it would only be believed by whoever makes addresses from it (R37), and a path
 * that two readers find differently gets past whoever guards it.
 */
export const requireOriginForm =
  (handle: Handle): Handle =>
  (request, response) => {
    if (originForm.test(request.url ?? '')) return handle(request, response)
    response
      .writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' })
      .end('The request line must name a path that begins with a slash.\n')
  }

/** The path that the app routes by. Of a target that {@link requireOriginForm} let through, it is what stands before `?`. */
export const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? ''
