/**
 * Contoso's mail server: Exchange-like on the outside, guarded by @postern/resource-server and by nothing else.
 *
 * It owns addresses, who may open which of them, and the answers. Tokens, keys and challenges belong to the library;
 * letters to mailboxes.ts. Everything is read-only and in memory: it shows the walk from a 401 to a mailbox.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessTokenClaims } from '@postern/resource-server'
import Koa, { type Context } from 'koa'
import { createAccess } from './access.ts'
import { answerCommand, type CommandAnswer, SUPPORTED_COMMANDS, SUPPORTED_VERSIONS } from './activesync-commands.ts'
import { type ActiveSyncQuery, ActiveSyncQueryError, COMMANDS, parseActiveSyncQuery } from './activesync-query.ts'
import { answerAutodetect } from './autodetect.ts'
import { answerAutodiscover, isAutodiscoverPath } from './autodiscover.ts'
import { answerEws } from './ews.ts'
import { demoMailboxes, type Mailbox, type Mailboxes } from './mailboxes.ts'
import { BodyTooLarge, readBody } from './request-body.ts'
import { WbxmlError } from './wbxml.ts'
import { createWebmail, type WebClient } from './webmail.ts'

export type MailServerOptions = Readonly<{
  /** The issuer whose tokens open mailboxes, in its canonical form: it is compared exactly. */
  issuer: string
  /** The names of this server in `aud`. From configuration, never from a request (F 1.10). */
  audience: string | readonly string[]
  /** Where clients reach this server, without a slash at the end. */
  baseUrl: string
  /** The `client_id` that the challenge names. */
  principalId: string
  /** The mail domain that is served. */
  domain: string
  /** The realm in `trusted_issuers`; by default the last part of the issuer's path. */
  realm?: string
  mailboxes?: Mailboxes
  /** With a confidential client, people can also read their mail in a browser at /signin. */
  webClient?: WebClient
  fetch?: typeof fetch
  clock?: () => Date
  /** Holds a Ping open, in milliseconds; ends early when the connection does. */
  hold?: (milliseconds: number, closed: AbortSignal) => Promise<void>
  /** Told why a request was refused. Texts hold no token. */
  log?: (line: string) => void
}>

export type MailServer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const ACTIVE_SYNC = '/microsoft-server-activesync'
const EWS = '/ews/exchange.asmx'
const MESSAGES = '/api/v1/me/messages'
const LARGEST_BODY = 64 * 1024

/** Creates the listener for `http.createServer`. It opens no port and keeps no state of its own. */
export function createMailServer(options: MailServerOptions): MailServer {
  const mailboxes = options.mailboxes ?? demoMailboxes(options.domain)
  const log = options.log ?? (() => undefined)
  const hold = options.hold ?? holdOpen
  const access = createAccess({ ...options, mailboxes, log })
  const webmail =
    options.webClient === undefined ? undefined : createWebmail({ ...options, webClient: options.webClient, mailboxes, access })
  const app = new Koa()
  app.silent = true

  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      answerError(ctx, error, log)
    }
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
  })

  app.use(async (ctx) => {
    const url = new URL(ctx.url, options.baseUrl)
    // IIS compares paths without case, and clients write them in several ways.
    const path = url.pathname.toLowerCase()
    const document = access.metadataFor(url.pathname)
    if (document !== undefined) return only(ctx, ['GET', 'HEAD'], () => json(ctx, 200, document))
    if (path === '/detect') {
      return only(ctx, ['GET', 'HEAD'], () => {
        const { status, body } = answerAutodetect(ctx.get('x-email') || undefined, options)
        json(ctx, status, body)
      })
    }
    if (isAutodiscoverPath(url.pathname)) {
      return only(ctx, ['GET', 'HEAD'], () => {
        const { status, body } = answerAutodiscover(url, options)
        json(ctx, status, body)
      })
    }
    if (path === ACTIVE_SYNC) return activeSync(ctx)
    if (path === EWS) return ews(ctx)
    if (path === MESSAGES) return messages(ctx)
    if (webmail !== undefined && (await webmail(ctx, url))) return undefined
    json(ctx, 404, { error: 'There is nothing at this address.' })
    return undefined
  })

  async function activeSync(ctx: Context): Promise<void> {
    const opened = await access.open(ctx, ['EAS.AccessAsUser.All'])
    if (opened === undefined) return
    return only(ctx, ['OPTIONS', 'POST'], async () => {
      ctx.set('MS-Server-ActiveSync', '15.20')
      if (ctx.method === 'OPTIONS') {
        ctx.set('MS-ASProtocolVersions', SUPPORTED_VERSIONS.join(','))
        ctx.set('MS-ASProtocolCommands', SUPPORTED_COMMANDS.join(','))
        ctx.set('Public', 'OPTIONS,POST')
        ctx.status = 200
        ctx.body = Buffer.alloc(0)
        return
      }
      const query = parseActiveSyncQuery(ctx.querystring)
      requireOwnMailbox(query, opened.mailbox)
      const body = await readBody(ctx.req, LARGEST_BODY)
      const known = [...COMMANDS.values()].includes(query.command)
      const answer: CommandAnswer = known ? answerCommand(query.command, body, opened.mailbox) : { status: 501 }
      if (answer.holdSeconds !== undefined) {
        const closed = new AbortController()
        ctx.res.once('close', () => closed.abort())
        await hold(answer.holdSeconds * 1000, closed.signal)
      }
      ctx.status = answer.status
      ctx.body = answer.body ?? Buffer.alloc(0)
      if (answer.body !== undefined) ctx.type = 'application/vnd.ms-sync.wbxml'
    })
  }

  async function ews(ctx: Context): Promise<void> {
    const opened = await access.open(ctx, ['EWS.AccessAsUser.All'])
    if (opened === undefined) return
    return only(ctx, ['GET', 'HEAD', 'POST'], async () => {
      const { status, type, body } = answerEws(ctx.method, await readBody(ctx.req, LARGEST_BODY), opened.mailbox)
      ctx.status = status
      ctx.type = type
      ctx.body = body
    })
  }

  async function messages(ctx: Context): Promise<void> {
    const opened = await access.open(ctx, ['Mail.Read', 'EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'])
    if (opened === undefined) return
    return only(ctx, ['GET', 'HEAD'], () => json(ctx, 200, inboxOf(opened.mailbox, opened.claims)))
  }

  const listener = app.callback()
  return (request, response) => listener(request, response)
}

/** Plain queries may name the mailbox; with a token it can only be the token's own. */
function requireOwnMailbox(query: ActiveSyncQuery, mailbox: Mailbox): void {
  if (query.user === undefined) return
  const user = query.user.slice(query.user.lastIndexOf('\\') + 1).toLowerCase()
  const upn = mailbox.upn.toLowerCase()
  if (user !== upn && user !== upn.slice(0, upn.indexOf('@'))) throw new ForeignMailbox()
}

/** The query names a mailbox that the token does not open. */
class ForeignMailbox extends Error {
  readonly code = 'mailbox_foreign'

  constructor() {
    super('The token opens another mailbox than the one that the request names.')
    this.name = 'ForeignMailbox'
  }
}

const REFUSALS = [
  [ActiveSyncQueryError, 400],
  [WbxmlError, 400],
  [BodyTooLarge, 413],
  [ForeignMailbox, 403],
] as const

/** One place from error to answer. What is not in it is a fault: logged, and answered without details. */
function answerError(ctx: Context, error: unknown, log: (line: string) => void): void {
  if (error instanceof ActiveSyncQueryError) log(`${ctx.method} ${ctx.path}: ${error.detail}`)
  for (const [kind, status] of REFUSALS) {
    if (error instanceof kind) {
      json(ctx, status, { error: error.message })
      return
    }
  }
  log(`${ctx.method} ${ctx.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  json(ctx, 500, { error: 'The mail server failed. The cause is in its log.' })
}

function inboxOf(mailbox: Mailbox, claims: AccessTokenClaims): Readonly<Record<string, unknown>> {
  return {
    mailbox: mailbox.upn,
    displayName: mailbox.displayName,
    signedInWith: claims.amr ?? [],
    messages: mailbox.messages.map(({ id, from, subject, receivedAt, text }) => ({ id, from, subject, receivedAt, text })),
  }
}

async function only(ctx: Context, methods: readonly string[], answer: () => void | Promise<void>): Promise<void> {
  if (methods.includes(ctx.method)) return answer()
  ctx.set('Allow', methods.join(', '))
  json(ctx, 405, { error: `Use ${methods.join(' or ')} here.` })
}

function json(ctx: Context, status: number, body: Readonly<Record<string, unknown>>): void {
  ctx.status = status
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify(body, null, 2)}\n`
}

function holdOpen(milliseconds: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    closed.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
