/** How the kit's own client speaks: no redirect is followed, and plain http beyond this machine goes to the proxy. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { ClientSetting } from '../known-parties.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface Asking {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string | undefined>>
}

/** https anywhere, http on this machine. */
export const isSafe = (text: string): boolean => {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && url.hostname === '127.0.0.1')
}

export async function ask({ proxy }: Pick<ClientSetting, 'proxy'>, { url, headers = {}, form }: Asking): Promise<Answer> {
  const pairs = Object.entries(form ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const body = form && new URLSearchParams(pairs).toString()
  const type = form && { 'content-type': 'application/x-www-form-urlencoded' }
  const method = form === undefined ? 'GET' : 'POST'
  const { hostname, port } = new URL(proxy)
  const asked = isSafe(url)
    ? request(url, { method, headers: { ...headers, ...type } })
    : request({ hostname, port, path: url, method, headers: { ...headers, ...type, host: new URL(url).host } })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage] // what the event gives
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  const pairsOf = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  )
  return { status: response.statusCode ?? 0, headers: new Headers(pairsOf), body: Buffer.concat(parts).toString('utf8') }
}

export function jsonOf({ body }: Answer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body)
  } catch {
    return {} // a page: nothing in it has a name
  }
}

export function textOf(answer: Answer, name: string): string | undefined {
  const value = jsonOf(answer)[name]
  return typeof value === 'string' ? value : undefined
}
