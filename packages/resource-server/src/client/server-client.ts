/**
 * server-client calls other mail servers with tokens of a common token service: `fetch` for a server, and for a person by `actAs`.
 *
 * It owns the walk: the anonymous question, the challenge, the actor token, the request, one second try. What a challenge may decide:
 * challenge-match.ts. When tokens are fetched: actor-tokens.ts. What is said for a person: user-tokens.ts.
 * @module
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { type Clock, machineClock } from '../clock.ts'
import { LeastRecentlyUsed } from '../least-recently-used.ts'
import { parsePrincipal } from '../server-to-server/principal.ts'
import type { UserContext } from '../server-to-server/user-token.ts'
import { type ActorToken, createActorTokens } from './actor-tokens.ts'
import { matchChallenge } from './challenge-match.ts'
import { ServerClientError } from './errors.ts'
import { createSend, discard, type ServerExchange } from './exchange.ts'
import { type ReplayableRequest, readRequest } from './replayable-request.ts'
import { readSigningIdentity } from './signing-identity.ts'
import { createTokenSource, type TokenSource } from './token-request.ts'
import { makeUserToken, requireUserContext } from './user-tokens.ts'

export type ServerClientOptions = Readonly<{
  /** Our principal at the token services, e.g. `00000002-0000-0ff1-ce00-000000000000`. */
  clientId: string
  /** Our realm, as `iss` and `nameid` of our assertions say it: the GUID or a verified domain. */
  realm: string
  /** PEM, registered at the token service for this client and for no other. */
  certificate: string
  /** PEM or a key: RSA of at least 2048 bits. */
  privateKey: string | KeyObject
  /**
   * The token services that are trusted, the preferred first; nothing that a server says adds to them. `realm`: as the service writes it in
   * audiences, the GUID. `tokenEndpoint`: default is the one OAuth2 issuance endpoint in `{issuer}/metadata/json/1`.
   */
  issuers: readonly Readonly<{ realm: string; issuer: string; tokenEndpoint?: string }>[]
  /** How `actAs` speaks for a person; default `signed`. `unsigned` is the original Exchange form, refused wherever nobody switched it on. */
  userTokens?: 'signed' | 'unsigned'
  /** How many resources are remembered; default 1000. */
  rememberResources?: number
  /** For each question to a token service, in milliseconds; default 10000. Calls to other servers end by the `signal` of the caller. */
  timeoutMs?: number
  /** Speak http to this very machine, for development. */
  allowInsecureLoopback?: boolean
  clock?: Clock
  fetch?: typeof fetch
  /** Random bytes for the numbers of assertions; default is the system's generator. */
  random?: (bytes: number) => Uint8Array
  /** Told of every HTTP exchange, TOKENS INCLUDED: for demonstrations, and for logs that are kept as secret as keys. */
  onExchange?: (exchange: ServerExchange) => void
}>

export interface ServerClient {
  /**
   * `fetch` as this server: the actor token as it is.
   *
   * The first request to an origin goes out with an empty `Authorization: Bearer` and so must have a body that can be sent again: no
   * stream. Redirects are never followed; a 3xx is an answer. A 401 to a remembered token is answered once with a fresh one. Checks
   * that the token service is one of `issuers`, and sends a token to no host but the one asked, which it must be for; the ports of a host
   * are one server to tokens. Does NOT check what the server answers.
   * @throws {ServerClientError}
   * @throws {TypeError} for an `Authorization` header, `redirect` other than `manual`, a stream where nothing is known yet; and what
   * `fetch` throws where the server cannot be reached
   */
  readonly fetch: typeof fetch
  /** `fetch` for a person. Nobody has to have signed in: the token service and the other server decide whether we may. */
  actAs(user: UserContext): Readonly<{ fetch: typeof fetch }>
  /** An actor token for `client_id/host@realm` or a registered URI, from the issuer of that realm or else the first. */
  actorToken(resource: string): Promise<Readonly<{ token: string; expiresAt: Date }>>
}

/** Diagnostics about the person or the right to act: another actor token would say the same (F§1.4). */
const aboutTheUser = /^\s*2000005\b/

/** The issuer's side of a known resource. */
type Known = Readonly<{ source: TokenSource; resource: string }>
type Bearer = (actor: ActorToken, source: TokenSource) => string

/** @throws {TypeError} if an option makes no sense */
export function createServerClient(options: ServerClientOptions): ServerClient {
  const { issuers, userTokens = 'signed', clock = machineClock, random = randomBytes, timeoutMs = 10_000 } = options
  const allowInsecureLoopback = options.allowInsecureLoopback ?? false
  const most = options.rememberResources ?? 1000
  if (issuers.length === 0) throw new TypeError('At least one issuer is needed')
  if (!Number.isInteger(most) || most < 1) throw new TypeError('rememberResources must be a positive whole number')
  const identity = readSigningIdentity(options)
  if (parsePrincipal(`${identity.clientId}@${options.realm}`) === undefined)
    throw new TypeError('realm must be a GUID or a domain')
  const send = createSend(options.fetch ?? fetch, options.onExchange)
  const newId = (): string => Buffer.from(random(16)).toString('base64url')
  const sources = new Map(
    issuers.map((issuer) => {
      const { realm } = options
      return [issuer, createTokenSource({ identity, realm, issuer, send, clock, newId, timeoutMs, allowInsecureLoopback })]
    }),
  )
  const tokens = createActorTokens({ clock, most })
  /** By origin. */
  const known = new LeastRecentlyUsed<Known>(most)

  /** What the 401 to `request` says about where tokens come from. Remembered for the origin. */
  function learn(refusal: Response, { url }: ReplayableRequest): Known {
    const target = matchChallenge(refusal.headers.get('www-authenticate'), { url, issuers })
    const source = sources.get(target.issuer)
    if (source === undefined) throw new TypeError('a challenge matched an issuer that is not configured')
    const learned = Object.freeze({ source, resource: target.resource })
    known.set(url.origin, learned)
    return learned
  }

  /** The server may have moved to another issuer or principal since; where its refusal says nothing, what we knew still holds. */
  function learnAgain(refusal: Response, request: ReplayableRequest, before: Known): Known {
    try {
      return learn(refusal, request)
    } catch (error) {
      if (error instanceof ServerClientError && error.code === 'challenge_missing') return before
      known.delete(request.url.origin)
      throw error
    }
  }

  /** With a token, and once more with a fresh one if the first was remembered and is refused. */
  async function sendWithToken(request: ReplayableRequest, before: Known, bearer: Bearer): Promise<Response> {
    const { source, resource } = before
    const { actor, fresh } = await waitFor(tokens.get(source, resource), request.signal)
    const answer = await send(request.with(`Bearer ${bearer(actor, source)}`, 'request'))
    if (answer.status !== 401) return answer
    const refusal = await refusalOf(answer, request)
    if (fresh || !request.replayable || aboutTheUser.test(refusal.diagnostics ?? '')) throw refusal
    const now = learnAgain(answer, request, before)
    const moved = now.source !== source || now.resource !== resource
    const another = moved
      ? tokens.get(now.source, now.resource).then((got) => got.actor)
      : tokens.replace(source, resource, actor)
    const next = await waitFor(another, request.signal)
    if (next === undefined) throw refusal
    const last = await send(request.with(`Bearer ${bearer(next, now.source)}`, 'request'))
    if (last.status === 401) throw await refusalOf(last, request)
    return last
  }

  const fetchWith =
    (bearer: Bearer): typeof fetch =>
    async (input, init) => {
      const request = await readRequest(input, init, { allowInsecureLoopback })
      request.signal?.throwIfAborted()
      const remembered = known.get(request.url.origin)
      if (remembered !== undefined) return sendWithToken(request, remembered, bearer)
      if (!request.replayable) throw new TypeError('The first request to a server is sent twice: its body must not be a stream')
      const answer = await send(request.with('Bearer', 'challenge'))
      if (answer.status !== 401) return answer
      await discard(answer)
      return sendWithToken(request, learn(answer, request), bearer)
    }

  const sourceFor = (resource: string): TokenSource => {
    const realm = resource.includes('://') ? undefined : parsePrincipal(resource)?.realm
    const found = [...sources.values()].find(({ issuer }) => realm === undefined || issuer.realm === realm)
    if (found === undefined) throw new ServerClientError('issuer_not_trusted', { detail: `realm ${realm}` })
    return found
  }

  return Object.freeze({
    fetch: fetchWith(({ token }) => token),
    actAs(user: UserContext) {
      const named = requireUserContext(user)
      const bearer: Bearer = (actor, source) =>
        makeUserToken(identity, { user: named, actor, form: userTokens, now: source.now(), jti: newId() })
      return Object.freeze({ fetch: fetchWith(bearer) })
    },
    async actorToken(resource: string) {
      const { actor } = await tokens.get(sourceFor(resource), resource)
      return Object.freeze({ token: actor.token, expiresAt: actor.expiresAt })
    },
  })
}

async function refusalOf(answer: Response, { url }: ReplayableRequest): Promise<ServerClientError> {
  await discard(answer)
  const diagnostics = answer.headers.get('x-ms-diagnostics') ?? undefined
  return new ServerClientError('token_refused', { status: answer.status, diagnostics, detail: url.origin })
}

/** One caller's patience: the token request itself goes on for the others. */
async function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const ended = Promise.withResolvers<never>()
  const end = (): void => ended.reject(signal.reason)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([work, ended.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
