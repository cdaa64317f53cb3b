/**
 * Reads the body of a request, bounded. It does not look at what is inside.
 */
import type { IncomingMessage } from 'node:http'

export class BodyTooLarge extends Error {
  readonly code = 'body_too_large'

  constructor(limit: number) {
    super(`The body is larger than ${limit} bytes.`)
    this.name = 'BodyTooLarge'
  }
}

/** @throws {BodyTooLarge} as soon as more than `limit` bytes have come; the rest is not read. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > limit) throw new BodyTooLarge(limit)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
