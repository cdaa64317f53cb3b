/**
 * Who may open which address of the mail server: the one place that talks to @postern/resource-server.
 *
 * It owns the validators, the guard, the line to the gate, the challenge and the RFC 9728 document, and what the other server of
 * the organisation may do here. It serves no content of its own, and does not know what a person may see in a calendar.
 */
import {
  type AccessTokenClaims,
  type Actor,
  ActorTokenError,
  type ActorTokenErrorCode,
  type ActorTokenStatus,
  type ActorTokenUse,
  type ActorTokenUser,
  type ActorTokenValidator,
  type Admitted,
  actorDiagnostics,
  type ChallengeOptions,
  challenge,
  createActorTokenValidator,
  createGuard,
  createLegacyAuth,
  createTokenValidator,
  type LegacyAuth,
  oauthNotAvailableDiagnostics,
  type ProtectedResourceMetadata,
  protectedResourceMetadata,
  protectedResourceMetadataPath,
  protocolOfExchangePath,
  type Revocations,
  requireAnyScope,
  requireUser,
  type TokenValidator,
} from '@postern/resource-server'
import { bearer } from '@postern/resource-server/koa'
import type { Context } from 'koa'
import { parseDomain } from './autodiscover.ts'
import type { Mailbox, Mailboxes } from './mailboxes.ts'
import type { People, Person } from './people.ts'

export const SCOPES = ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read'] as const
export type Scope = (typeof SCOPES)[number]

/** What a server may do here: the first for people, the second in its own name. */
export type ServerOperation = 'availability' | 'autodiscover'

/** A request that may go on: whose mailbox, and what the token said. Apps that know only a password have none. */
export type Opened = Readonly<{ mailbox: Mailbox; claims?: AccessTokenClaims }>

/** For whom a request is made. `by` is the server that makes it for them; without it they came themselves. */
export type Requester = Readonly<{ upn: string; claims?: AccessTokenClaims; token?: string; by?: Actor }>

export type Access = Readonly<{
  validator: TokenValidator
  /** Lets a person in to their own mailbox when their token carries one of the scopes; the challenge names the first. Undefined: it was answered already. */
  open: (ctx: Context, anyOf: readonly Scope[]) => Promise<Opened | undefined>
  /** Lets a person in, or a server that acts for one in `operation`; whether they have a mailbox here does not matter. */
  openFor: (ctx: Context, demands: { anyOf: readonly Scope[]; operation?: ServerOperation }) => Promise<Requester | undefined>
  /** Lets a server in that comes in its own name. */
  openServer: (ctx: Context) => Promise<Actor | undefined>
  /** The RFC 9728 document, for its own path only. */
  metadataFor: (pathname: string) => ProtectedResourceMetadata | undefined
}>

/** The other server of the organisation, and what it may do: its grant is here, in this server's own configuration. */
export type ServerAccess = Readonly<{
  /** The names of this server in actor tokens: `client_id/host@realm`. */
  audience: string
  neighbour: Readonly<{ clientId: string; metadataUrl: string }>
  people: People
  /** Asked whether an actor token still holds, so that withdrawing it counts within a minute. */
  status?: ActorTokenStatus
  /** Told of every use, for the audit trail of the token service. */
  onUse?: (use: ActorTokenUse) => void
}>

/** The line to the token service's gate, where this server is registered as a mail server. */
export type GateAccess = Readonly<{ clientId: string; clientSecret: string }>

/** The issuer's own principal in server-to-server trust ([MS-XOAUTH]). */
const ISSUER_PRINCIPAL = '00000001-0000-0000-c000-000000000000'
const NO_MAILBOX =
  '2000005;reason="The user specified by the user-context in the token does not exist.";error_category="invalid_user"'

type Colleague = ActorTokenUser & Readonly<{ person: Person }>

export function createAccess(options: {
  issuer: string
  audience: string | readonly string[]
  baseUrl: string
  principalId: string
  domain: string
  realm?: string
  mailboxes: Mailboxes
  servers?: ServerAccess | undefined
  /** With it, apps that know only a password come in by ActiveSync, EWS and Autodiscover if the gate lets them. */
  gate?: GateAccess
  /** What has ended since tokens were issued, from a feed. */
  revocations?: Revocations
  fetch?: typeof fetch
  clock?: () => Date
  log: (line: string) => void
}): Access {
  // The library takes plain http from loopback only; so this is safe to derive.
  const isLoopback = new URL(options.issuer).protocol === 'http:'
  const transport = {
    allowInsecureLoopback: isLoopback,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    onProblem: (problem: string) => options.log(`token service: ${problem}`),
  }
  const revocations = options.revocations === undefined ? {} : { revocations: options.revocations }
  const validator = createTokenValidator({ issuers: [options.issuer], audience: options.audience, ...transport, ...revocations })
  const legacyAuth = options.gate === undefined ? undefined : createLine(options.gate, options, { ...transport, ...revocations })
  const realm = options.realm ?? new URL(options.issuer).pathname.split('/').at(-1) ?? ''
  const { servers } = options
  const actors = servers === undefined ? undefined : createServerValidator(servers, { issuer: options.issuer, realm, transport })

  const resource = typeof options.audience === 'string' ? options.audience : (options.audience[0] ?? '')
  const metadata = protectedResourceMetadata({
    resource,
    authorizationServers: [options.issuer],
    scopesSupported: [...SCOPES],
    resourceName: `Mail of ${options.domain}`,
  })
  const metadataPath = protectedResourceMetadataPath(resource)
  const offered: ChallengeOptions = Object.freeze({
    clientId: options.principalId,
    trustedIssuers: [`${ISSUER_PRINCIPAL}@${realm === '' ? '*' : realm}`],
    tokenTypes: ['app_asserted_user_v1', 'service_asserted_app_v1'],
    authorizationUri: `${options.issuer}/oauth2/authorize`,
    resourceMetadata: `${options.baseUrl}${metadataPath}`,
  })
  const guard = createGuard({
    validator,
    challenge: offered,
    legacyAuth,
    onRefused: (error) => options.log(`token refused: ${error.code} ${error.detail ?? ''}`.trim()),
  })

  /** Clients say whose mailbox they look for. Answered by domain only: addresses are not given away. */
  const isForeign = (ctx: Context): boolean => {
    const identity = ctx.get('x-user-identity')
    return identity !== '' && parseDomain(identity) !== options.domain.toLowerCase()
  }

  /** A person with an access token, or an app of theirs that the gate lets in. Undefined: it was answered already. */
  async function openPerson(
    ctx: Context,
    anyOf: readonly Scope[],
  ): Promise<{ upn: string; claims?: AccessTokenClaims } | undefined> {
    const isEmpty = /^(?:bearer)?\s*$/i.test(ctx.get('authorization'))
    if (isEmpty && isForeign(ctx)) return refuseForeign(ctx)
    let admitted: Admitted | undefined
    await bearer<Context, Admitted>(guard, { challenge: { scope: anyOf[0] } })(ctx, async () => {
      const { admitted: found } = ctx.state as { admitted: Admitted } // put there by the middleware, or we would not be here
      if (found.via === 'token') {
        requireUser(found.claims)
        requireAnyScope(found.claims, ...anyOf)
      }
      admitted = found
    })
    if (admitted === undefined) return undefined
    if (admitted.via === 'app') return { upn: admitted.account.upn }
    const { claims } = admitted
    if (claims.upn !== undefined) return { upn: claims.upn, claims }
    refuseMailbox(ctx)
    return undefined
  }

  function refuseForeign(ctx: Context): undefined {
    const { authorizationUri: _notHere, ...rest } = offered
    ctx.status = 401
    ctx.body = ''
    ctx.set('WWW-Authenticate', challenge({ ...rest, error: 'invalid_token' }))
    ctx.set('x-ms-diagnostics', oauthNotAvailableDiagnostics)
  }

  async function open(ctx: Context, anyOf: readonly Scope[]): Promise<Opened | undefined> {
    const person = await openPerson(ctx, anyOf)
    if (person === undefined) return undefined
    const mailbox = options.mailboxes.findByUpn(person.upn)
    if (mailbox === undefined) refuseMailbox(ctx)
    else return Object.freeze({ mailbox, ...(person.claims === undefined ? {} : { claims: person.claims }) })
    return undefined
  }

  /** A server's token, by itself or with a person in it. Undefined: it was answered already. */
  async function judgeServer(ctx: Context, token: string, operation?: ServerOperation) {
    try {
      if (actors === undefined) throw new ActorTokenError('partner_unknown', { detail: 'this server has no neighbour' })
      // Without an operation nothing is granted, whatever the token says; so a name that nobody was granted is asked for.
      return await actors.validate(token, { secure: options.baseUrl.startsWith('https:'), operation: operation ?? 'none' })
    } catch (error) {
      if (!(error instanceof ActorTokenError)) throw error
      options.log(`server token refused: ${error.code} ${error.detail ?? ''}`.trim())
      refuseServer(ctx, error.code)
      return undefined
    }
  }

  function refuseServer(ctx: Context, code: ActorTokenErrorCode): void {
    const { message } = new ActorTokenError(code)
    ctx.body = ''
    ctx.set('x-ms-diagnostics', actorDiagnostics(code))
    if (code === 'keys_unavailable' || code === 'status_unavailable') {
      // Says nothing about the token: the other server must not throw it away.
      ctx.status = 503
      ctx.set('Retry-After', '30')
      return
    }
    ctx.status = 401
    ctx.set('WWW-Authenticate', challenge({ ...offered, error: 'invalid_token', errorDescription: message }))
  }

  async function openFor(ctx: Context, demands: Parameters<Access['openFor']>[1]): Promise<Requester | undefined> {
    const token = tokenOf(ctx)
    if (token === undefined || !isServerToken(token)) {
      const person = await openPerson(ctx, demands.anyOf)
      return person === undefined ? undefined : Object.freeze({ ...person, ...(token === undefined ? {} : { token }) })
    }
    const accepted = await judgeServer(ctx, token, demands.operation)
    if (accepted?.kind === 'user') return Object.freeze({ upn: accepted.user.person.upn, by: accepted.actor })
    if (accepted !== undefined) refuseServer(ctx, 'user_missing')
    return undefined
  }

  async function openServer(ctx: Context): Promise<Actor | undefined> {
    const token = tokenOf(ctx)
    if (token === undefined || !isServerToken(token)) {
      // Persons have their own way to learn addresses, Autodiscover V2; here their tokens open nothing.
      refuseEmpty(ctx, token === undefined ? undefined : 'invalid_token')
      return undefined
    }
    const accepted = await judgeServer(ctx, token, 'autodiscover')
    if (accepted?.kind === 'app') return accepted.actor
    if (accepted !== undefined) refuseServer(ctx, 'operation_not_granted')
    return undefined
  }

  function refuseEmpty(ctx: Context, error: 'invalid_token' | undefined): void {
    ctx.status = 401
    ctx.body = ''
    ctx.set('WWW-Authenticate', challenge({ ...offered, ...(error === undefined ? {} : { error }) }))
  }

  return Object.freeze({
    validator,
    open,
    openFor,
    openServer,
    metadataFor: (pathname: string) => (pathname === metadataPath ? metadata : undefined),
  })
}

/** Only Exchange's own addresses take passwords, and only if the gate says yes. The gate is asked by this server's own credentials. */
const createLine = (
  { clientId, clientSecret }: GateAccess,
  { issuer, log }: Readonly<{ issuer: string; log: (line: string) => void }>,
  transport: object,
): LegacyAuth =>
  createLegacyAuth({
    issuer,
    clientId,
    clientSecret,
    protocol: protocolOfExchangePath,
    ...transport,
    onRefused: ({ status, reason, reference }) => log(`app refused: ${status} ${reason} ${reference ?? ''}`.trim()),
  })

/** One neighbour: it may act for people to ask when somebody is free, and in its own name ask where a mailbox is. Nothing else. */
function createServerValidator(
  { audience, neighbour, people, status, onUse }: ServerAccess,
  at: Readonly<{ issuer: string; realm: string; transport: object }>,
): ActorTokenValidator<Colleague> {
  return createActorTokenValidator<Colleague>({
    audience,
    issuers: [{ realm: at.realm, issuer: at.issuer }],
    partners: [
      {
        clientId: neighbour.clientId,
        metadataUrl: neighbour.metadataUrl,
        actAs: { operations: ['availability' satisfies ServerOperation] },
        appOnly: true,
      },
    ],
    metadataHosts: [new URL(neighbour.metadataUrl).host],
    findUser: (names, realm) =>
      people
        .matching(names)
        .map((person) => Object.freeze({ id: person.upn, realm, active: true, closedToActors: person.isAdministrator, person })),
    ...(status === undefined ? {} : { status }),
    ...(onUse === undefined ? {} : { onUse }),
    ...at.transport,
  })
}

/** What stands behind `Bearer`; undefined when there is no such header or nothing behind it. */
const tokenOf = (ctx: Context): string | undefined => /^bearer[ \t]+(\S+)/i.exec(ctx.get('authorization'))?.[1]

/**
 * Which of the two validators judges a token. A server's token carries another one inside, or names a principal as its issuer
 * where a person's token names an address. Decides nothing else: each validator refuses what is not its own.
 */
function isServerToken(token: string): boolean {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null) return false
    if ('actortoken' in claims) return true
    return 'iss' in claims && typeof claims.iss === 'string' && !/^https?:/i.test(claims.iss)
  } catch (cause) {
    if (cause instanceof SyntaxError) return false
    throw cause
  }
}

/** The token is good, so the client must not throw it away: 403, not 401. */
function refuseMailbox(ctx: Context): void {
  ctx.status = 403
  ctx.set('x-ms-diagnostics', NO_MAILBOX)
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify({ error: 'There is no mailbox here for the person of this token.' })}\n`
}
