/**
 * Contoso's mail server: Exchange-like on the outside, guarded by @postern/resource-server and by nothing else.
 *
 * It owns addresses, who may open which of them, and the answers. Tokens, keys and challenges belong to the library;
 * letters to mailboxes.ts, calendars to availability/, the other side of the organisation to hybrid/. Everything is
 * read-only and in memory: it shows the walk from a 401 to a mailbox, and from one server to the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessTokenClaims, Revocations } from '@postern/resource-server'
import Koa, { type Context } from 'koa'
import { createAccess, type GateAccess } from './access.ts'
import { answerCommand, type CommandAnswer, SUPPORTED_COMMANDS, SUPPORTED_VERSIONS } from './activesync-commands.ts'
import { type ActiveSyncQuery, ActiveSyncQueryError, COMMANDS, parseActiveSyncQuery } from './activesync-query.ts'
import { AuthorizationError } from './authorization-code.ts'
import { answerAutodetect } from './autodetect.ts'
import { answerAutodiscover, isAutodiscoverPath } from './autodiscover.ts'
import { AUTODISCOVER_XML, answerAutodiscoverXml } from './autodiscover-xml.ts'
import { createAvailability } from './availability/availability.ts'
import { calendarOfJoe, calendarsOnPremises } from './availability/calendars.ts'
import { answerEws, answerEwsPage, faultFor } from './ews.ts'
import { EXCHANGE_METADATA_PATH } from './exchange-metadata.ts'
import { createHybrid, type Hybrid, type HybridOptions } from './hybrid/hybrid.ts'
import { MobileSyncError } from './hybrid/mobile-sync.ts'
import type { Watcher } from './hybrid/trace.ts'
import { demoMailboxes, type Mailbox, type Mailboxes } from './mailboxes.ts'
import { demoPeople } from './people.ts'
import { BodyTooLarge, readBody } from './request-body.ts'
import { parseAutodiscoverRequest, renderFederation, renderSettings } from './soap/autodiscover-soap.ts'
import { parseEnvelope, type SoapAnswer, soapAnswer } from './soap/envelope.ts'
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
  /** With the other side of the organisation, servers ask each other for free/busy, and phones of the cloud get letters from here. */
  hybrid?: HybridOptions
  /** With its credentials as a mail server of the token service, apps that know only a password are asked about at its gate. */
  gate?: GateAccess
  /** What has ended since tokens were issued: `revocations` of a feed. */
  revocations?: Revocations
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
const AUTODISCOVER_SOAP = '/autodiscover/autodiscover.svc'
const MESSAGES = '/api/v1/me/messages'
const SYNC = '/api/v1/me/sync'
const LARGEST_BODY = 64 * 1024

/** Creates the listener for `http.createServer`. It opens no port and keeps no state of its own. */
export function createMailServer(options: MailServerOptions): MailServer {
  const mailboxes = options.mailboxes ?? demoMailboxes(options.domain)
  const log = options.log ?? (() => undefined)
  const hold = options.hold ?? holdOpen
  const realm = options.realm ?? new URL(options.issuer).pathname.split('/').at(-1) ?? ''
  const hybrid = options.hybrid === undefined ? undefined : createHybrid(options.hybrid, { ...options, realm, log })
  const access = createAccess({ ...options, mailboxes, log, servers: hybrid?.servers })
  const availability = hybrid?.availability ?? onlyHere(options.domain)
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
    if (path === AUTODISCOVER_XML) return only(ctx, ['POST'], () => autodiscoverXml(ctx))
    if (path === MESSAGES) return messages(ctx)
    if (hybrid !== undefined && path === EXCHANGE_METADATA_PATH)
      return only(ctx, ['GET', 'HEAD'], () => json(ctx, 200, hybrid.metadata))
    if (hybrid !== undefined && path === AUTODISCOVER_SOAP) return only(ctx, ['POST'], () => autodiscoverSoap(ctx, hybrid))
    if (hybrid !== undefined && path === SYNC) return only(ctx, ['POST'], () => sync(ctx, hybrid))
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
    const anyOf = ['EWS.AccessAsUser.All'] as const
    if (ctx.method !== 'POST') {
      const opened = await access.open(ctx, anyOf)
      return opened === undefined
        ? undefined
        : only(ctx, ['GET', 'HEAD', 'POST'], () => soap(ctx, answerEwsPage(opened.mailbox.upn)))
    }
    // The one operation here is the one that the other server may use for people.
    const requester = await access.openFor(ctx, { anyOf, operation: 'availability' })
    if (requester === undefined) return
    if (requester.by !== undefined) log(`free/busy for ${requester.upn}, asked by ${requester.by.nameid}`)
    const request = { requesterUpn: requester.upn, viaServer: requester.by !== undefined, ...(await watchOf(ctx, hybrid)) }
    soap(ctx, await answerEws(await readBody(ctx.req, LARGEST_BODY), request, availability))
  }

  async function autodiscoverXml(ctx: Context): Promise<void> {
    const opened = await access.open(ctx, ['EAS.AccessAsUser.All'])
    if (opened === undefined) return
    const { upn, displayName } = opened.mailbox
    const activeSyncUrl = `${options.baseUrl}/Microsoft-Server-ActiveSync`
    ctx.body = answerAutodiscoverXml(await readBody(ctx.req, LARGEST_BODY), { upn, displayName, activeSyncUrl })
    ctx.type = 'text/xml'
  }

  async function autodiscoverSoap(ctx: Context, { federation }: Hybrid): Promise<void> {
    let request: ReturnType<typeof parseAutodiscoverRequest>
    try {
      request = parseAutodiscoverRequest(parseEnvelope(await readBody(ctx.req, LARGEST_BODY)))
    } catch (error) {
      return soap(ctx, faultFor(error))
    }
    // What an organisation says of itself is for anybody; where a mailbox is, for the other server only.
    if (request.operation === 'GetFederationInformation')
      return soap(ctx, soapAnswer(renderFederation(request.domain, federation)))
    if ((await access.openServer(ctx)) === undefined) return
    const ewsUrlOf = (mailbox: string): string | undefined =>
      options.hybrid?.people.findByAddress(mailbox)?.calendarAt === options.domain
        ? `${options.baseUrl}/EWS/Exchange.asmx`
        : undefined
    soap(ctx, soapAnswer(renderSettings(request.mailboxes, ewsUrlOf)))
  }

  async function sync(ctx: Context, { sync: synchronise }: Hybrid): Promise<void> {
    const phone = await access.openFor(ctx, { anyOf: ['EAS.AccessAsUser.All'] })
    if (phone?.claims === undefined || phone.token === undefined) return
    const { by, letters } = await synchronise({ claims: phone.claims, token: phone.token, ...(await watchOf(ctx, hybrid)) })
    json(ctx, 200, { mailbox: phone.upn, openedBy: by, letters })
  }

  async function messages(ctx: Context): Promise<void> {
    const opened = await access.open(ctx, ['Mail.Read', 'EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'])
    if (opened === undefined) return
    return only(ctx, ['GET', 'HEAD'], () => json(ctx, 200, inboxOf(opened.mailbox, opened.claims)))
  }

  const listener = app.callback()
  return (request, response) => listener(request, response)
}

/** Plain queries may name the mailbox; it can only be that of whoever signed in. */
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
  [MobileSyncError, 502],
] as const

/** One place from error to answer. What is not in it is a fault: logged, and answered without details. */
function answerError(ctx: Context, error: unknown, log: (line: string) => void): void {
  if (error instanceof ActiveSyncQueryError) log(`${ctx.method} ${ctx.path}: ${error.detail}`)
  if (error instanceof AuthorizationError) {
    log(`${ctx.method} ${ctx.path}: ${error.message}`)
    json(ctx, 403, {
      error: 'The token service gives no token for the mailbox on premises.',
      because: error.error ?? error.code,
    })
    return
  }
  for (const [kind, status] of REFUSALS) {
    if (error instanceof kind) {
      json(ctx, status, { error: error.message })
      return
    }
  }
  log(`${ctx.method} ${ctx.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  json(ctx, 500, { error: 'The mail server failed. The cause is in its log.' })
}

function inboxOf(mailbox: Mailbox, claims: AccessTokenClaims | undefined): Readonly<Record<string, unknown>> {
  return {
    mailbox: mailbox.upn,
    displayName: mailbox.displayName,
    signedInWith: claims?.amr ?? [],
    messages: mailbox.messages.map(({ id, from, subject, receivedAt, text }) => ({ id, from, subject, receivedAt, text })),
  }
}

/** A server of its own keeps every calendar. */
const onlyHere = (domain: string) =>
  createAvailability({
    people: demoPeople({ onPremises: domain, cloud: domain }),
    calendars: [...calendarsOnPremises(domain), calendarOfJoe(domain)],
  })

/** The number that the caller gave the request, and who watches it. */
async function watchOf(ctx: Context, hybrid: Hybrid | undefined): Promise<{ id: string; watch?: Watcher }> {
  const given = ctx.get('client-request-id').toLowerCase()
  const id = /^[0-9a-f-]{36}$/.test(given) ? given : crypto.randomUUID()
  const watch = await hybrid?.traces?.find(id)
  return { id, ...(watch === undefined ? {} : { watch }) }
}

function soap(ctx: Context, { status, type, body }: SoapAnswer): void {
  ctx.status = status
  ctx.type = type
  ctx.body = body
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
