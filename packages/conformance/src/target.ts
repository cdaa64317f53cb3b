/**
 * What is tested, and the only way to speak with it: bounded in time and size, no redirect followed, nothing kept.
 *
 * It owns requests and the reading of metadata. It judges nothing: the modules do.
 */
import { ConformanceError } from './errors.ts'
import { type KnownServer, readIdentity, type ServerIdentity } from './server-to-server/identity.ts'

/** A client that the issuer knows. Without one, behaviours that only a known client meets are skipped. */
export interface KnownClient {
  readonly clientId: string
  readonly redirectUri: string
}

export interface TargetOptions {
  /** The issuer's identifier, letter for letter. */
  readonly issuer: string
  readonly client?: KnownClient
  readonly resource?: {
    /** An address that asks for a Bearer token and answers GET. */
    readonly url: string
    /** A token that it accepts now. */
    readonly token?: string
  }
  /** A server that the issuer knows by a certificate, for everything between servers. */
  readonly server?: KnownServer
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
  /** For one request. Default 10 000. */
  readonly timeoutMilliseconds?: number
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** The body as JSON object, or undefined when it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

export interface Target {
  readonly issuer: string
  readonly client: KnownClient | undefined
  readonly resource: { readonly url: string; readonly token: string | undefined } | undefined
  readonly server: ServerIdentity | undefined
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Posts a form; pairs instead of a record, so that a name may come twice. */
  post(url: string, form: readonly (readonly [string, string])[], headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** The OpenID Connect Discovery document, fetched once. Throws when there is none: nothing can be tried then. */
  metadata(): Promise<Readonly<Record<string, unknown>>>
  /** An endpoint of the metadata. Throws `answer_malformed` when it is absent. */
  endpoint(name: string): Promise<string>
}

const MOST_BYTES = 1024 * 1024
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Parses an address that may be tested: https, or http on this machine. */
function parseTargetUrl(text: string, name: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new ConformanceError('target_invalid', `${name} is not a URL: ${text}`)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url
  throw new ConformanceError('target_invalid', `${name} must be https, or http on loopback: ${text}`)
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > MOST_BYTES) throw new ConformanceError('answer_too_large', `more than ${MOST_BYTES} bytes from ${response.url}`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined // not JSON: the modules say whether it had to be
  }
}

/** Where OpenID Connect Discovery 1.0 section 4 puts an issuer's metadata. */
export const discoveryUrl = (issuer: string): string => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`

/** Where RFC 8414 section 3.1 puts it: between host and path. */
export function rfc8414Url(issuer: string): string {
  const url = new URL(issuer)
  return `${url.origin}/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`
}

/** @throws {ConformanceError} `target_invalid` for an address that may not be tested. */
export function createTarget(options: TargetOptions): Target {
  parseTargetUrl(options.issuer, 'issuer')
  if (options.resource) parseTargetUrl(options.resource.url, 'resource')
  const request = options.fetch ?? fetch
  const timeout = options.timeoutMilliseconds ?? 10_000

  const send = async (url: string, init: RequestInit): Promise<Answer> => {
    parseTargetUrl(url, 'an address of the metadata')
    try {
      const response = await request(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeout) })
      const body = await readBounded(response)
      return Object.freeze({ status: response.status, headers: response.headers, body, json: parseJsonObject(body) })
    } catch (cause) {
      if (cause instanceof ConformanceError) throw cause
      throw new ConformanceError('target_unreachable', `no answer from ${new URL(url).origin}${new URL(url).pathname}`, { cause })
    }
  }
  const get: Target['get'] = (url, headers = {}) => send(url, { headers: { ...headers } })

  let known: Promise<Readonly<Record<string, unknown>>> | undefined
  const metadata = () => {
    known ??= get(discoveryUrl(options.issuer)).then((answer) => {
      if (answer.status === 200 && answer.json) return answer.json
      throw new ConformanceError(
        'answer_malformed',
        `${discoveryUrl(options.issuer)} answered ${answer.status} without a JSON object`,
      )
    })
    return known
  }

  return Object.freeze({
    issuer: options.issuer,
    client: options.client,
    resource: options.resource && { url: options.resource.url, token: options.resource.token },
    server: options.server && readIdentity(options.server),
    get,
    post: (url, form, headers = {}) =>
      send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(),
      }),
    metadata,
    endpoint: async (name) => {
      const value = (await metadata())[name]
      if (typeof value === 'string') return value
      throw new ConformanceError('answer_malformed', `the metadata names no ${name}`)
    },
  } satisfies Target)
}
