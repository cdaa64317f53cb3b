/**
 * One person's way through the sign-in pages: authorize, name and password, code, and back to the app with a code. It does
 * what a browser does, on a connection of its own and from a network address of its own, and nothing more: it keeps
 * cookies, follows redirects and fills in whatever form comes.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'

export interface Walk {
  readonly issuer: string
  readonly mail: { readonly clientId: string; readonly redirectUri: string; readonly scope: string }
  readonly upn: string
  readonly password: string
  /** Of the TOTP, in hex. */
  readonly secret: string
  /** One of 127.0.0.0/8: everybody is a source of their own, or the service would rightly slow them all. */
  readonly address: string
}

const MOST_REQUESTS = 20

/** RFC 6238 with SHA-1, six digits and steps of 30 s, at this moment. */
function totp(secret: string): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', Buffer.from(secret, 'hex')).update(counter).digest()
  const offset = (digest.at(-1) ?? 0) & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&')

/** The first form that asks for something, with what it holds and what the person types. */
function fillIn(html: string, { upn, password, secret }: Walk): { action: string; body: string } | undefined {
  for (const [, head = '', inside = ''] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const fields = new URLSearchParams()
    let isOurs = false
    for (const [tag] of inside.matchAll(/<input\b[^>]*>/g)) {
      const name = attribute(tag, 'name')
      if (name === undefined) continue
      const typed = { name: upn, username: upn, password, code: totp(secret) }[name]
      const type = attribute(tag, 'type')
      if (typed === undefined && (type === 'checkbox' || type === 'radio')) continue
      isOurs ||= typed !== undefined && type !== 'hidden'
      fields.set(name, type === 'hidden' ? (attribute(tag, 'value') ?? '') : (typed ?? attribute(tag, 'value') ?? ''))
    }
    if (isOurs) return { action: attribute(` ${head}`, 'action') ?? '', body: fields.toString() }
  }
  return undefined
}

export interface Walked {
  readonly requests: number
  readonly code: string
  /** What redeems the code, with PKCE. */
  readonly verifier: string
  /** What the browser keeps, as it sends it. */
  readonly cookie: string
}

/** Where a person is sent to ask for a code, S256 of `verifier` beside it. */
export function authorizeUrl({ issuer, mail, upn }: Pick<Walk, 'issuer' | 'mail' | 'upn'>, verifier: string): URL {
  const url = new URL(`${issuer}/oauth2/v2.0/authorize`)
  url.search = new URLSearchParams({
    client_id: mail.clientId,
    response_type: 'code',
    redirect_uri: mail.redirectUri,
    scope: mail.scope,
    state: 'bench',
    login_hint: upn,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  return url
}

/** @throws {TypeError} when the way does not end with a code. */
export async function walk(given: Walk): Promise<Walked> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const cookies = new Map<string, string>()
  const cookieLine = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = (url: URL, body?: string) =>
    new Promise<{ response: IncomingMessage; text: string }>((done, failed) => {
      const cookie = cookieLine()
      const outgoing = httpRequest(
        url,
        {
          agent,
          family: 4,
          localAddress: given.address,
          method: body === undefined ? 'GET' : 'POST',
          headers: {
            accept: 'text/html',
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (part: string) => {
            text += part
          })
          response.on('end', () => done({ response, text }))
          response.on('error', failed)
        },
      )
      outgoing.on('error', failed)
      outgoing.end(body)
    })

  const { redirectUri } = given.mail
  const verifier = randomBytes(32).toString('base64url')
  let url = authorizeUrl(given, verifier)
  let body: string | undefined
  try {
    for (let requests = 1; requests <= MOST_REQUESTS; requests += 1) {
      const { response, text } = await send(url, body)
      for (const line of response.headers['set-cookie'] ?? []) {
        const [pair = ''] = line.split(';')
        const at = pair.indexOf('=')
        if (pair.slice(at + 1) === '') cookies.delete(pair.slice(0, at))
        else cookies.set(pair.slice(0, at), pair.slice(at + 1))
      }
      const { location } = response.headers
      if (location !== undefined) {
        url = new URL(location, url)
        body = undefined
        if (`${url.origin}${url.pathname}` !== redirectUri) continue
        const code = url.searchParams.get('code')
        if (code !== null) return { requests, code, verifier, cookie: cookieLine() }
        throw new TypeError(`the app got ${url.search}`)
      }
      const form = fillIn(text, given)
      if (form === undefined || response.statusCode === undefined || response.statusCode >= 400)
        throw new TypeError(
          `${response.statusCode} at ${url.pathname}: ${text
            .replace(/<[^>]+>/g, ' ')
            .replace(/\s+/g, ' ')
            .slice(0, 300)}`,
        )
      url = new URL(form.action, url)
      body = form.body
    }
    throw new TypeError('the pages never end')
  } finally {
    agent.destroy()
  }
}
