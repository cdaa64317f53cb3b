/**
 * Who may open which address of the mail server: the one place that talks to @postern/resource-server.
 *
 * It owns the validator, the guard, the challenge and the RFC 9728 document. It serves no content of its own.
 */
import {
  type AccessTokenClaims,
  type ChallengeOptions,
  challenge,
  createGuard,
  createTokenValidator,
  oauthNotAvailableDiagnostics,
  type ProtectedResourceMetadata,
  protectedResourceMetadata,
  protectedResourceMetadataPath,
  requireAnyScope,
  requireUser,
  type TokenValidator,
} from '@postern/resource-server'
import { bearer } from '@postern/resource-server/koa'
import type { Context } from 'koa'
import { parseDomain } from './autodiscover.ts'
import type { Mailbox, Mailboxes } from './mailboxes.ts'

export const SCOPES = ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read'] as const
export type Scope = (typeof SCOPES)[number]

/** A request that may go on: whose mailbox, and what the token said. */
export type Opened = Readonly<{ mailbox: Mailbox; claims: AccessTokenClaims }>

export type Access = Readonly<{
  validator: TokenValidator
  /** Lets a request in when its token carries one of the scopes; the challenge names the first. Undefined: it was answered already. */
  open: (ctx: Context, anyOf: readonly Scope[]) => Promise<Opened | undefined>
  /** The RFC 9728 document, for its own path only. */
  metadataFor: (pathname: string) => ProtectedResourceMetadata | undefined
}>

/** The issuer's own principal in server-to-server trust ([MS-XOAUTH]). */
const ISSUER_PRINCIPAL = '00000001-0000-0000-c000-000000000000'
const NO_MAILBOX =
  '2000005;reason="The user specified by the user-context in the token does not exist.";error_category="invalid_user"'

export function createAccess(options: {
  issuer: string
  audience: string | readonly string[]
  baseUrl: string
  principalId: string
  domain: string
  realm?: string
  mailboxes: Mailboxes
  fetch?: typeof fetch
  clock?: () => Date
  log: (line: string) => void
}): Access {
  const isLoopback = new URL(options.issuer).protocol === 'http:'
  const validator = createTokenValidator({
    issuers: [options.issuer],
    audience: options.audience,
    // The library takes plain http from loopback only; so this is safe to derive.
    allowInsecureLoopback: isLoopback,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    onProblem: (problem) => options.log(`keys: ${problem}`),
  })

  const resource = typeof options.audience === 'string' ? options.audience : (options.audience[0] ?? '')
  const metadata = protectedResourceMetadata({
    resource,
    authorizationServers: [options.issuer],
    scopesSupported: [...SCOPES],
    resourceName: `Mail of ${options.domain}`,
  })
  const metadataPath = protectedResourceMetadataPath(resource)
  const realm = options.realm ?? new URL(options.issuer).pathname.split('/').at(-1) ?? '*'
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
    onRefused: (error) => options.log(`token refused: ${error.code} ${error.detail ?? ''}`.trim()),
  })

  /** Clients say whose mailbox they look for. Answered by domain only: addresses are not given away. */
  const isForeign = (ctx: Context): boolean => {
    const identity = ctx.get('x-user-identity')
    return identity !== '' && parseDomain(identity) !== options.domain.toLowerCase()
  }
  const hasToken = (ctx: Context): boolean => /^bearer[ \t]+\S/i.test(ctx.get('authorization'))

  async function open(ctx: Context, anyOf: readonly Scope[]): Promise<Opened | undefined> {
    if (!hasToken(ctx) && isForeign(ctx)) {
      const { authorizationUri: _notHere, ...rest } = offered
      ctx.status = 401
      ctx.body = ''
      ctx.set('WWW-Authenticate', challenge({ ...rest, error: 'invalid_token' }))
      ctx.set('x-ms-diagnostics', oauthNotAvailableDiagnostics)
      return undefined
    }
    let opened: Opened | undefined
    await bearer<Context>(guard, { challenge: { scope: anyOf[0] } })(ctx, async () => {
      const { token: claims } = ctx.state as { token: AccessTokenClaims } // put there by the middleware, or we would not be here
      requireUser(claims)
      requireAnyScope(claims, ...anyOf)
      const mailbox = claims.upn === undefined ? undefined : options.mailboxes.findByUpn(claims.upn)
      if (mailbox !== undefined) opened = Object.freeze({ mailbox, claims })
      else refuseMailbox(ctx)
    })
    return opened
  }

  return Object.freeze({
    validator,
    open,
    metadataFor: (pathname: string) => (pathname === metadataPath ? metadata : undefined),
  })
}

/** The token is good, so the client must not throw it away: 403, not 401. */
function refuseMailbox(ctx: Context): void {
  ctx.status = 403
  ctx.set('x-ms-diagnostics', NO_MAILBOX)
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify({ error: 'There is no mailbox here for the person of this token.' })}\n`
}
