/** Requests that name a host of their own choice: fetch always writes the host of the address, so these go by node:http. */
import { request as askHttp } from 'node:http'
import { request as askHttps } from 'node:https'
import { ConformanceError } from '../errors.ts'

export interface PlainAnswer {
  readonly status: number
  readonly location: string
  readonly cookies: string
  readonly body: string
}

const MOST_LETTERS = 1024 * 1024
const TIMEOUT = 10_000

/** GET with `Host: host`, to where the address really leads. @throws {ConformanceError} `target_unreachable` */
export const getAsHost = (address: string, host: string): Promise<PlainAnswer> =>
  new Promise((resolve, reject) => {
    const url = new URL(address)
    const fail = (cause: unknown) =>
      reject(new ConformanceError('target_unreachable', `no answer from ${url.origin}${url.pathname}`, { cause }))
    const ask = url.protocol === 'https:' ? askHttps : askHttp
    const request = ask(url, { headers: { host }, timeout: TIMEOUT, servername: url.hostname, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        if (body.length < MOST_LETTERS) body += part
      })
      answer.on('error', fail)
      answer.on('end', () => {
        const { location = '', 'set-cookie': cookies = [] } = answer.headers
        resolve({ status: answer.statusCode ?? 0, location, cookies: cookies.join('\n'), body })
      })
    })
    request.on('timeout', () => request.destroy())
    request.on('error', fail)
    request.end()
  })
