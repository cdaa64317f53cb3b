import type { IncomingMessage } from 'node:http'
import getRawBody from 'raw-body'
import { RequestProblem } from './problems.ts'

/** Field names and values as they were sent. Has no prototype, so `__proto__` is a name like any other. */
export type Fields = Readonly<Record<string, string>>

/** Bytes. The longest form of ours is a password of 1000 characters, at most 12 bytes each when encoded. */
export const formLimit = 16 * 1024
const fieldLimit = 64

/**
 * Reads a form strictly (WHATWG URL, application/x-www-form-urlencoded).
 *
 * Checks the content type, the size, UTF-8, percent escapes, and that no name comes twice. Does NOT check what the
 * fields mean: the route's schema does, and `csrf.ts` asks whether the form is ours.
 * @throws {RequestProblem} `unsupported_media_type`, `too_large`, `connection_closed`, `malformed`, `duplicate_parameter`
 */
export async function readForm(request: IncomingMessage): Promise<Fields> {
  return parseFields(await readFormText(request))
}

/**
 * The text of a form, checked like {@link readForm} but not taken apart yet.
 * @throws {RequestProblem} `unsupported_media_type`, `too_large`, `connection_closed`, `malformed`
 */
export const readFormText = (request: IncomingMessage, limit = formLimit): Promise<string> =>
  readBodyText(request, { type: 'application/x-www-form-urlencoded', limit })

/**
 * The text of a body of one media type, in UTF-8, uncompressed, and at most `limit` bytes long.
 * @throws {RequestProblem} `unsupported_media_type`, `too_large`, `connection_closed`, `malformed`
 */
export async function readBodyText(request: IncomingMessage, { type, limit }: { type: string; limit: number }): Promise<string> {
  requireType(request.headers['content-type'], type)
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RequestProblem('unsupported_media_type', { detail: 'compressed body' })
  }
  const length = request.headers['content-length']
  const body = await getRawBody(request, { limit, ...(length === undefined ? {} : { length }) }).catch(refuseBody)
  return decodeUtf8(body)
}

function requireType(header: string | undefined, wanted: string): void {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase())
  const foreign = parameters.filter((parameter) => parameter !== '' && !/^charset="?utf-8"?$/.test(parameter))
  if (type !== wanted || foreign.length > 0) {
    throw new RequestProblem('unsupported_media_type', { detail: `not ${wanted} in UTF-8` })
  }
}

function refuseBody(cause: unknown): never {
  const type = cause instanceof Error && 'type' in cause ? cause.type : undefined
  if (type === 'entity.too.large') throw new RequestProblem('too_large', { cause })
  if (type === 'request.size.invalid' || type === 'request.aborted') throw new RequestProblem('connection_closed', { cause })
  // A connection that breaks while it is read surfaces as ECONNRESET or as an aborted stream, depending on the moment.
  throw new RequestProblem('connection_closed', { detail: 'the body could not be read', cause })
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (cause) {
    throw new RequestProblem('malformed', { detail: 'not UTF-8', cause })
  }
}

/**
 * Reads `a=1&b=2`. Also used for query strings.
 * @throws {RequestProblem} `malformed`, `duplicate_parameter`
 */
export function parseFields(encoded: string): Fields {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of parsePairs(encoded)) {
    if (name in fields) throw new RequestProblem('duplicate_parameter', { detail: 'a name came twice' })
    fields[name] = value
  }
  return Object.freeze(fields)
}

/**
 * The names and values of a form or query in their order; a name may come twice.
 * @throws {RequestProblem} `malformed`
 */
export function parsePairs(encoded: string): readonly (readonly [name: string, value: string])[] {
  const pairs = encoded.split('&').filter((pair) => pair !== '')
  if (pairs.length > fieldLimit) throw new RequestProblem('malformed', { detail: 'too many fields' })
  return pairs.map((pair) => {
    const equals = pair.indexOf('=')
    return equals === -1 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
  })
}

function decode(part: string): string {
  if (!part.includes('%') && !part.includes('+')) return part
  try {
    return decodeURIComponent(part.replaceAll('+', ' '))
  } catch (cause) {
    throw new RequestProblem('malformed', { detail: 'broken percent escape', cause })
  }
}
