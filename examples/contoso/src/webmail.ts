/**
 * Reading mail in a browser: sends a person to the sign-in and shows the inbox that the token opens.
 *
 * It owns three pages and the requests that are under way. It keeps no session: the inbox is shown once, and a reload
 * starts again. A web application with sessions would put the token behind a cookie of its own.
 */
import { timingSafeEqual } from 'node:crypto'
import type { TokenValidator } from '@postern/resource-server'
import type { Context } from 'koa'
import {
  AuthorizationError,
  beginAuthorization,
  type Endpoints,
  fetchEndpoints,
  type PendingAuthorization,
  readAuthorizationResponse,
  redeemCode,
} from './authorization-code.ts'
import type { Mailbox, Mailboxes } from './mailboxes.ts'

/** A confidential client of the issuer whose redirect URI is `{baseUrl}/callback`. */
export type WebClient = Readonly<{ clientId: string; clientSecret: string; redirectUri: string }>

/** Answers the request when it is one of its pages, and says whether it did. */
export type Webmail = (ctx: Context, url: URL) => Promise<boolean>

type UnderWay = Readonly<{ endpoints: Endpoints; pending: PendingAuthorization }>

const COOKIE = 'contoso_sign_in'
const MOST_UNDER_WAY = 1000

export function createWebmail(options: {
  issuer: string
  audience: string | readonly string[]
  webClient: WebClient
  mailboxes: Mailboxes
  access: Readonly<{ validator: TokenValidator }>
  fetch?: typeof fetch
}): Webmail {
  const { webClient } = options
  const resource = typeof options.audience === 'string' ? options.audience : (options.audience[0] ?? '')
  const callbackPath = new URL(webClient.redirectUri).pathname
  const underWay = new Map<string, UnderWay>()
  const transport = options.fetch === undefined ? {} : { fetch: options.fetch }

  async function begin(ctx: Context): Promise<void> {
    const endpoints = await fetchEndpoints(options.issuer, options.fetch)
    const pending = beginAuthorization({
      endpoints,
      client: webClient,
      redirectUri: webClient.redirectUri,
      resource,
      scope: `openid ${resource}Mail.Read`,
    })
    const [oldest] = underWay.keys()
    if (underWay.size >= MOST_UNDER_WAY && oldest !== undefined) underWay.delete(oldest)
    underWay.set(pending.state, Object.freeze({ endpoints, pending }))
    // Binds the answer to this browser, so that nobody can be signed in to somebody else's mailbox by a link (RFC 6749 section 10.12).
    ctx.set('Set-Cookie', `${COOKIE}=${pending.state}; Path=${callbackPath}; Max-Age=600; HttpOnly; SameSite=Lax`)
    ctx.status = 303
    ctx.set('Location', pending.url.href)
    ctx.body = ''
  }

  async function finish(ctx: Context, url: URL): Promise<void> {
    const state = url.searchParams.get('state') ?? ''
    const current = underWay.get(state)
    if (current === undefined || !isEqual(ctx.cookies.get(COOKIE) ?? '', state)) {
      page(
        ctx,
        400,
        'This sign-in is over',
        '<p>It was finished before, or it began in another browser.</p><p><a href="/signin">Sign in again</a></p>',
      )
      return
    }
    underWay.delete(state)
    ctx.set('Set-Cookie', `${COOKIE}=; Path=${callbackPath}; Max-Age=0; HttpOnly; SameSite=Lax`)
    const code = readAuthorizationResponse(url, current.pending, current.endpoints)
    const tokens = await redeemCode({ ...current, ...transport, client: webClient, code, resource })
    const claims = await options.access.validator.validate(tokens.accessToken)
    const mailbox = claims.upn === undefined ? undefined : options.mailboxes.findByUpn(claims.upn)
    if (mailbox === undefined) {
      page(ctx, 403, 'No mailbox', '<p>You are signed in, but there is no mailbox for you here.</p>')
      return
    }
    page(ctx, 200, `Inbox of ${mailbox.displayName}`, renderInbox(mailbox, claims.amr ?? []))
  }

  return async (ctx, url) => {
    if (ctx.method !== 'GET') return false
    const known = ['/', '/signin', callbackPath].includes(url.pathname)
    if (!known) return false
    try {
      if (url.pathname === '/')
        page(ctx, 200, 'Contoso mail', '<p>The mail server of the demo.</p><p><a href="/signin">Sign in and read mail</a></p>')
      else if (url.pathname === '/signin') await begin(ctx)
      else await finish(ctx, url)
    } catch (error) {
      if (!(error instanceof AuthorizationError)) throw error
      page(ctx, 400, 'The sign-in did not work', `<p>${escapeText(error.message)}</p><p><a href="/signin">Try again</a></p>`)
    }
    return true
  }
}

function renderInbox(mailbox: Mailbox, methods: readonly string[]): string {
  const rows = mailbox.messages.map(
    ({ from, subject, receivedAt, text }) =>
      `<article><h2>${escapeText(subject)}</h2><p>${escapeText(from)}, ${escapeText(receivedAt.slice(0, 10))}</p><p>${escapeText(text)}</p></article>`,
  )
  return `<p>Signed in as ${escapeText(mailbox.upn)} with ${escapeText(methods.join(', ') || 'unknown methods')}.</p>${rows.join('')}`
}

function page(ctx: Context, status: number, title: string, body: string): void {
  ctx.status = status
  ctx.type = 'text/html; charset=utf-8'
  ctx.set('Content-Security-Policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
  ctx.set('Referrer-Policy', 'no-referrer')
  ctx.body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeText(title)}</title><h1>${escapeText(title)}</h1>${body}</html>\n`
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
