/** Sends a header in several lines, which `fetch` would join into one. Only the status counts; nothing else is kept. */
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { ConformanceError } from '../errors.ts'

const TIMEOUT_MS = 10_000

/** GETs `url` with one `Authorization` line for each value, and gives the status. */
export function sendLines(url: string, values: readonly string[]): Promise<number> {
  const { origin, pathname, protocol } = new URL(url)
  const request = protocol === 'https:' ? requestSecure : requestPlain
  const unreachable = (cause: unknown) =>
    new ConformanceError('target_unreachable', `no answer from ${origin}${pathname}`, { cause })
  return new Promise((resolve, reject) => {
    const sent = request(url, { timeout: TIMEOUT_MS }, (answer) => {
      answer.resume()
      answer.once('error', (cause) => reject(unreachable(cause)))
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('timeout', () => sent.destroy(unreachable('time-out')))
    sent.once('error', (cause) => reject(unreachable(cause)))
    sent.setHeader('authorization', values).end()
  })
}
