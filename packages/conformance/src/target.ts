/**
 * What is tested, and the only way to speak with it: bounded in time and size, no redirect followed, nothing kept.
 *
 * It owns requests, the reading of metadata and who is known. It judges nothing: the modules do.
 */
import { type ClientProof, proveClient } from './client-authentication.ts'
import { pause, systemClock } from './clock.ts'
import { ConformanceError } from './errors.ts'
import type { RawExchange } from './exchanges.ts'
import type {
  ClientUnderTest,
  KnownClient,
  KnownClients,
  KnownMailServer,
  KnownPerson,
  KnownResource,
  Registration,
} from './known-parties.ts'
import { createReach } from './reach.ts'
import { describeDocument } from './seen.ts'
import { type KnownServer, readIdentity, type ServerIdentity } from './server-to-server/identity.ts'
import { createWait, type Waiting } from './waiting.ts'

export type { KnownClient, KnownClients, KnownMailServer, KnownPerson, KnownResource } from './known-parties.ts'

/** Every part may be absent; what needs it is skipped then. */
export interface TargetOptions {
  /** The issuer's identifier, letter for letter. Absent: only what the kit tests as the issuer itself. */
  readonly issuer?: string
  /** The same as `clients.public`. */
  readonly client?: KnownClient
  readonly clients?: KnownClients
  readonly person?: KnownPerson
  readonly secondPerson?: KnownPerson
  readonly resource?: KnownResource
  /** A server that the issuer knows by a certificate, for everything between servers. */
  readonly server?: KnownServer
  readonly registration?: Registration
  readonly mailServer?: KnownMailServer
  readonly clientUnderTest?: ClientUnderTest
  readonly responseMode?: ResponseMode
  /** Hosts at which people sign in, where that is not the host of the issuer or of its authorization endpoint. */
  readonly signInHosts?: readonly string[]
  /** Clients, by client id, for which the issuer signs nobody in, and why: no authorization request of theirs is sent. */
  readonly refusedClients?: ReadonlyMap<string, string>
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
  /** For one request. Default 10 000. */
  readonly timeoutMilliseconds?: number
  /** Must agree with the issuer's clock within seconds. Default: the process clock. */
  readonly clock?: () => Date
  /** Waits. Tests move a clock instead. Default: really. */
  readonly wait?: (milliseconds: number) => Promise<void>
  /** Waits longer than a minute where that is needed, four hours at most. Default: only with `wait`, which moves a clock. */
  readonly patient?: boolean
  /** Hears of waits of five seconds and more before they begin. */
  readonly onWait?: (waiting: Waiting) => void
}

/** How authorization answers come back. */
export type ResponseMode = 'query' | 'form_post'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** The body as JSON object, or undefined when it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

/** One request in full. `body` goes as it is; a form is `new URLSearchParams(…).toString()` with its content type. */
export interface OutgoingRequest {
  readonly method?: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Form = readonly (readonly [string, string])[]

export interface Target {
  readonly hasIssuer: boolean
  /** Reading it throws `not_given` when there is none: the runner makes a skip of that. */
  readonly issuer: string
  /** The same as `clients.public`. */
  readonly client: KnownClient | undefined
  readonly clients: KnownClients
  readonly person: KnownPerson | undefined
  readonly secondPerson: KnownPerson | undefined
  readonly resource: KnownResource | undefined
  readonly server: ServerIdentity | undefined
  readonly registration: Registration
  readonly mailServer: KnownMailServer | undefined
  readonly clientUnderTest: ClientUnderTest | undefined
  readonly responseMode: ResponseMode
  /** Seconds since 1970, whole. */
  now(): number
  /** `reason` is what is waited for. Throws `wait_too_long` beyond what this run may wait: the runner makes a skip of that. */
  wait(milliseconds: number, reason?: string): Promise<void>
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Posts a form; pairs instead of a record, so that a name may come twice. */
  post(url: string, form: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>
  send(request: OutgoingRequest): Promise<Answer>
  /** Whether the person types a password into a page of this address. */
  signsInAt(url: string): boolean
  /** Why the issuer signs nobody in for this client, where that is known before. */
  whyRefused(client: KnownClient): string | undefined
  /** What a form post carries for a client; an assertion is new each time. */
  as(client: KnownClient): ClientProof
  /** The OpenID Connect Discovery document, fetched once. Throws when there is none: nothing can be tried then. */
  metadata(): Promise<Readonly<Record<string, unknown>>>
  /** An endpoint of the metadata. Throws `answer_malformed` when it is absent. */
  endpoint(name: string): Promise<string>
  /** The same, or undefined when it is absent: for what an issuer may leave out. */
  findEndpoint(name: string): Promise<string | undefined>
  /** The same target, asked for answers in another way. Metadata and listeners are shared. */
  withResponseMode(mode: ResponseMode): Target
  /** Hears every exchange until the returned function is called. */
  watch(listener: (exchange: RawExchange) => void): () => void
  /** Tells the listeners of an exchange that was made without {@link send}: by a raw socket, or with the kit as the server. */
  tell(exchange: RawExchange): void
}

const MOST_BYTES = 1024 * 1024
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Parses an address that may be tested: https, or http on this machine. */
function parseTargetUrl(text: string, name: string): URL {
  const url = URL.parse(text)
  if (url === null)
    throw new ConformanceError('target_invalid', `${name} is not a URL: ${text.replace(/\/\/.*@/s, '//[redacted]@')}`)
  // It would stand in every report.
  if (url.username !== '' || url.password !== '')
    throw new ConformanceError('target_invalid', `${name} must hold no user and no password`)
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

const MOST_DEPTH = 100

/** Whether a value is nested so deeply that writing it again would fail. Without recursion, for the same reason. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= MOST_DEPTH; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
    if (level.length === 0) return false
  }
  return true
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (isTooDeep(value)) return undefined
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

type Listener = (exchange: RawExchange) => void

/** The system's word for what went wrong: ECONNREFUSED, a certificate that is not trusted, no answer in time. */
function describeCause(cause: unknown): string | undefined {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  const code: unknown = inner instanceof Error ? Reflect.get(inner, 'code') : undefined
  if (typeof code === 'string') return code
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'not in time'
  return inner instanceof Error && inner !== cause ? inner.message : undefined
}

/** Requests, bounded in time and size, each told to whoever listens. */
function createSender(options: TargetOptions) {
  const request = options.fetch ?? fetch
  const timeout = options.timeoutMilliseconds ?? 10_000
  const listeners = new Set<Listener>()
  const tell: Listener = (exchange) => {
    for (const listener of listeners) listener(exchange)
  }

  const send = async ({ method = 'GET', url, headers = {}, body }: OutgoingRequest): Promise<Answer> => {
    parseTargetUrl(url, 'an address of the target')
    const asked = new Headers({ ...headers })
    const told = (status: number, answered: Headers | undefined, said: string) =>
      tell({
        method,
        url,
        requestHeaders: Object.fromEntries(asked),
        requestBody: body ?? '',
        status,
        headers: answered,
        body: said,
      })
    let answered: Omit<Answer, 'json'>
    try {
      const signal = AbortSignal.timeout(timeout)
      const init = { method, headers: asked, redirect: 'manual', signal, ...(body !== undefined && { body }) } as const
      const response = await request(url, init)
      answered = { status: response.status, headers: response.headers, body: await readBounded(response) }
    } catch (cause) {
      told(0, undefined, '')
      if (cause instanceof ConformanceError) throw cause
      const why = describeCause(cause)
      throw new ConformanceError(
        'target_unreachable',
        `no answer from ${new URL(url).origin}${new URL(url).pathname}${why === undefined ? '' : `: ${why}`}`,
        { cause },
      )
    }
    // Outside of the try: what goes wrong from here on is not that no answer came.
    told(answered.status, answered.headers, answered.body)
    return Object.freeze({ ...answered, json: parseJsonObject(answered.body) })
  }
  const watch = (listener: Listener) => {
    const own: Listener = (exchange) => listener(exchange)
    listeners.add(own)
    return () => {
      listeners.delete(own)
    }
  }
  return { send, watch, tell }
}

/** Every address that the developer named, and that modules ask. */
function namedAddresses({ resource, mailServer }: TargetOptions): readonly string[] {
  const { demands, actAs, localIssuer } = mailServer ?? {}
  const more = [demands?.assurance?.url, demands?.recentSignIn?.url, actAs?.url, actAs?.elsewhere, localIssuer?.issuer]
  return [resource?.url, mailServer?.url, ...more].filter((one) => one !== undefined)
}

/** Why an authorization request is not worth sending: its client is refused, whatever it asks. */
function whyNotSent({ url, body }: OutgoingRequest, refused: ReadonlyMap<string, string>): string | undefined {
  const asked = [...new URL(url).searchParams.getAll('client_id'), ...new URLSearchParams(body ?? '').getAll('client_id')]
  return asked.map((clientId) => refused.get(clientId)).find((why) => why !== undefined)
}

/** @throws {ConformanceError} `target_invalid` for an address that may not be tested. */
export function createTarget(options: TargetOptions): Target {
  if (options.issuer !== undefined) parseTargetUrl(options.issuer, 'issuer')
  if (options.resource) parseTargetUrl(options.resource.url, 'resource')
  if (options.mailServer) parseTargetUrl(options.mailServer.url, 'mail_server')
  const clock = options.clock ?? systemClock
  const now = () => Math.floor(clock().getTime() / 1000)
  const { send: sendAny, watch, tell } = createSender(options)
  const { refusedClients = new Map<string, string>() } = options
  let authorizationEndpoint: unknown
  const reach = createReach({ issuer: options.issuer, named: namedAddresses(options), signInHosts: options.signInHosts ?? [] })
  const send = async (request: OutgoingRequest): Promise<Answer> => {
    const away = URL.canParse(request.url) ? reach.whyNotAsked(new URL(request.url)) : undefined
    if (away !== undefined) throw new ConformanceError('answer_malformed', away)
    const why = request.url.split('?')[0] === authorizationEndpoint ? whyNotSent(request, refusedClients) : undefined
    if (why !== undefined) throw new ConformanceError('not_given', why)
    return sendAny(request)
  }
  const wait = createWait({
    wait: options.wait ?? pause,
    isPatient: options.patient ?? options.wait !== undefined,
    ...(options.onWait && { onWait: options.onWait }),
  })
  const get: Target['get'] = (url, headers = {}) => send({ url, headers })

  const issuer = (): string => {
    if (options.issuer === undefined) throw new ConformanceError('not_given', 'issuer was not given')
    return options.issuer
  }
  let known: Promise<Readonly<Record<string, unknown>>> | undefined
  const readMetadata = async () => {
    const url = discoveryUrl(issuer())
    const answer = await get(url)
    if (answer.status === 200 && answer.json) {
      authorizationEndpoint = answer.json.authorization_endpoint
      return answer.json
    }
    throw new ConformanceError('answer_malformed', `${url} is no metadata document: ${describeDocument(answer)}`)
  }
  /** Why the metadata cannot be read. Whoever asks first fails for it; for all others there is nothing to try. */
  let unreadable: string | undefined
  const metadata = async () => {
    if (unreadable !== undefined) throw new ConformanceError('not_given', unreadable)
    known ??= readMetadata()
    try {
      return await known
    } catch (error) {
      if (error instanceof ConformanceError && error.code === 'answer_malformed') unreadable = error.message
      throw error
    }
  }
  const findEndpoint: Target['findEndpoint'] = async (name) => {
    const value = (await metadata())[name]
    return typeof value === 'string' ? value : undefined
  }
  const publicClient = options.clients?.public ?? options.client

  const make = (responseMode: ResponseMode): Target =>
    Object.freeze({
      hasIssuer: options.issuer !== undefined,
      get issuer() {
        return issuer()
      },
      client: publicClient,
      clients: Object.freeze({ ...options.clients, ...(publicClient && { public: publicClient }) }),
      person: options.person,
      secondPerson: options.secondPerson,
      resource: options.resource,
      server: options.server && readIdentity(options.server),
      registration: options.registration ?? {},
      mailServer: options.mailServer,
      clientUnderTest: options.clientUnderTest,
      responseMode,
      now,
      wait,
      get,
      post: (url, form, headers = {}) =>
        send({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(),
        }),
      send,
      signsInAt: (url) => {
        const at = new URL(url)
        // Told by the issuer itself, over TLS.
        const told = typeof authorizationEndpoint === 'string' ? URL.parse(authorizationEndpoint)?.host : undefined
        return at.host === told || reach.signsInAt(at)
      },
      whyRefused: ({ clientId }) => refusedClients.get(clientId),
      as: (client) => proveClient(client, { audience: issuer(), now: now() }),
      metadata,
      endpoint: async (name) => {
        const value = await findEndpoint(name)
        if (value !== undefined) return value
        throw new ConformanceError('answer_malformed', `the metadata names no ${name}`)
      },
      findEndpoint,
      withResponseMode: make,
      watch,
      tell,
    } satisfies Target)
  return make(options.responseMode ?? 'query')
}
