/**
 * guarded-fetch asks servers that a stranger named: one GET, bounded in time and size, to allowed addresses only.
 *
 * It owns the SSRF and downgrade guards (R19). The address is checked where the connection is made, so that a name which
 * changes its meaning between check and use (DNS rebinding) gains nothing. With a `fetch` given by the caller the name is
 * resolved and checked before the call instead, which is weaker. It knows no documents: discovery.ts does.
 * @module
 */
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { DiscoveryError } from './errors.ts'
import { kindOfAddress } from './network-address.ts'
import { readBounded } from './read-bounded.ts'
import { allowedUrl } from './web-address.ts'

export type ResolvedAddress = Readonly<{ address: string; family: number }>

export type FetchGuards = Readonly<{
  fetch: typeof fetch | undefined
  allowInsecureLoopback: boolean
  allowPrivateNetwork: boolean
  resolveHost: (hostname: string) => Promise<readonly ResolvedAddress[]>
  maxBytes: number
  /** Ends everything at the deadline. */
  signal: AbortSignal
}>

export type ServerAnswer = Readonly<{ url: URL; status: number; header: (name: string) => readonly string[]; body: Buffer }>

const mostRedirects = 3

/** The resolver of the operating system, all addresses of a name. */
export const resolveBySystem = (hostname: string): Promise<readonly ResolvedAddress[]> =>
  lookup(hostname, { all: true, verbatim: true })

function requireAddress(address: string, url: URL, guards: FetchGuards): void {
  const kind = kindOfAddress(address)
  const permitted =
    url.protocol === 'http:'
      ? kind === 'loopback' // http was allowed because it stays on this machine: it must
      : kind === 'public' ||
        (kind === 'private' && guards.allowPrivateNetwork) ||
        (kind === 'loopback' && guards.allowInsecureLoopback)
  if (!permitted) throw new DiscoveryError('address_not_allowed', { detail: `${url.host} is ${kind} address ${address}` })
}

/** Every address must be permitted: of a mixed answer, the wrong one could be the one that is used. */
async function resolvePermitted(url: URL, guards: FetchGuards): Promise<readonly ResolvedAddress[]> {
  const literal = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  if (/^[\d.]+$/.test(literal) || literal.includes(':')) {
    requireAddress(literal, url, guards)
    return [{ address: literal, family: literal.includes(':') ? 6 : 4 }]
  }
  const addresses = await guards.resolveHost(url.hostname)
  if (addresses.length === 0) throw new DiscoveryError('unreachable', { detail: `${url.hostname} has no address` })
  for (const { address } of addresses) requireAddress(address, url, guards)
  return addresses
}

type Sent = Readonly<{ url: URL; headers: Readonly<Record<string, string>> }>

async function viaFetch({ url, headers }: Sent, ask: typeof fetch, guards: FetchGuards): Promise<ServerAnswer> {
  const response = await ask(url, { headers, redirect: 'manual', signal: guards.signal })
  const body = await readBounded(response, guards.maxBytes)
  if (body === undefined) throw new DiscoveryError('answer_too_large', { detail: url.href })
  const header = (name: string): readonly string[] => [response.headers.get(name)].filter((value) => value !== null)
  return { url, status: response.status, header, body }
}

async function readMessage(message: IncomingMessage, url: URL, maxBytes: number): Promise<ServerAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new DiscoveryError('answer_too_large', { detail: url.href }) // leaving the loop closes the connection
    chunks.push(chunk)
  }
  const header = (name: string): readonly string[] => message.headersDistinct[name] ?? []
  return { url, status: message.statusCode ?? 0, header, body: Buffer.concat(chunks) }
}

function viaConnection(
  { url, headers }: Sent,
  addresses: readonly ResolvedAddress[],
  guards: FetchGuards,
): Promise<ServerAnswer> {
  // The connection goes to the very addresses that were checked; the name serves for Host and the certificate only.
  const pinned: LookupFunction = (_hostname, options, done) => {
    const [first] = addresses
    if (options.all) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family)
  }
  const start = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = start(url, { headers, lookup: pinned, agent: false, signal: guards.signal })
    request.on('error', reject)
    request.on('response', (message) => {
      readMessage(message, url, guards.maxBytes).then(resolve, reject)
    })
    request.end()
  })
}

async function askOnce(sent: Sent, guards: FetchGuards): Promise<ServerAnswer> {
  try {
    guards.signal.throwIfAborted()
    const addresses = await resolvePermitted(sent.url, guards)
    return await (guards.fetch === undefined ? viaConnection(sent, addresses, guards) : viaFetch(sent, guards.fetch, guards))
  } catch (cause) {
    if (cause instanceof DiscoveryError) throw cause
    throw new DiscoveryError(guards.signal.aborted ? 'timed_out' : 'unreachable', { detail: sent.url.href, cause })
  }
}

/**
 * GETs `address`. Follows up to three redirects, only within one origin: another scheme or host is refused.
 * @throws {DiscoveryError}
 */
export async function guardedGet(
  address: string,
  headers: Readonly<Record<string, string>>,
  guards: FetchGuards,
): Promise<ServerAnswer> {
  let url = allowedUrl(address, guards.allowInsecureLoopback)
  if (url === undefined) throw new DiscoveryError('url_not_allowed', { detail: address.slice(0, 200) })
  for (let redirects = 0; ; redirects += 1) {
    const answer = await askOnce({ url, headers }, guards)
    const [location] = answer.header('location')
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer
    const next = URL.parse(location, url.href)
    if (next?.origin !== url.origin || redirects >= mostRedirects) {
      throw new DiscoveryError('redirect_not_allowed', { detail: `${url.href} to ${location.slice(0, 200)}` })
    }
    url = next
  }
}
