/** The authorization endpoint of the breakable issuer with its pages, and requests that were pushed to it. */
import { authenticate } from './issuer-faults-clients.ts'
import {
  CLIENTS,
  hidden,
  isRefusal,
  OTHER_RESOURCE,
  type Parts,
  PERSON,
  page,
  RESOURCE,
  type Reply,
  type Request,
  randomText,
  refuse,
  repeats,
} from './issuer-faults-parts.ts'

const URN = 'urn:ietf:params:oauth:request_uri:'
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/

/** Whether two addresses are one, but for the port where the registered one is on loopback (RFC 8252 section 7.3). */
function isRegistered(parts: Parts, registered: string, given: string): boolean {
  if (given === registered || parts.has('redirects-anywhere')) return true
  const { protocol, hostname, pathname } = new URL(registered)
  if (hostname !== '127.0.0.1' || parts.has('compares-ports-on-loopback')) return false
  const escaped = `${protocol}//${hostname}`.replaceAll('.', '\\.')
  const port = new RegExp(`^${escaped}:(\\d{1,5})${pathname}$`).exec(given)?.[1]
  return port !== undefined && Number(port) <= 65_535
}

const findProblem = (parts: Parts, asked: ReadonlyMap<string, string>): string | undefined => {
  const { has } = parts
  if (asked.get('response_type') !== 'code') return 'unsupported_response_type'
  const isProved = asked.get('code_challenge_method') === 'S256' && CHALLENGE.test(asked.get('code_challenge') ?? '')
  if (!isProved && !has('needs-no-pkce') && !has('ignores-verifiers')) return 'invalid_request'
  // As some issuers have it: a nonce is for ID tokens alone.
  if (asked.has('nonce') && !(asked.get('scope') ?? '').split(' ').includes('openid')) return 'invalid_request'
  const resource = asked.get('resource')
  if (resource !== undefined && ![RESOURCE, OTHER_RESOURCE].includes(resource) && !has('takes-any-resource'))
    return 'invalid_target'
  return undefined
}

const cookieOf = (request: Request): string => /(?:^|; )sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''

function sendBack(parts: Parts, asked: ReadonlyMap<string, string>, told: Readonly<Record<string, string>>): Reply {
  const { has, issuer } = parts
  const forgets = 'error' in told && has('omits-iss-beside-errors')
  const all = {
    ...told,
    ...(asked.has('state') && !forgets && { state: asked.get('state') ?? '' }),
    ...(!('code' in told && has('omits-iss-beside-codes')) && !forgets && { iss: issuer }),
  }
  const address = asked.get('redirect_uri') ?? ''
  if (asked.get('response_mode') === 'form_post')
    return page(parts, `<form method="post" action="${address}">${hidden(all)}<button>Continue</button></form>`)
  const query = new URLSearchParams(all).toString()
  const below = has('repeats-markup-in-redirects') ? { body: `<p>${[...asked.values()].join(' ')}</p>` } : {}
  return { ...below, status: 303, headers: { location: `${encodeURI(address)}${address.includes('?') ? '&' : '?'}${query}` } }
}

/** What the request means once a pushed one took its place; a refusal where there is none. */
function readRequest(parts: Parts, given: URLSearchParams): ReadonlyMap<string, string> | Reply {
  const { has, pushed, now } = parts
  const fromBrowser = new Map([...given])
  const uri = given.get('request_uri')
  if (uri === null) return fromBrowser
  if (has('takes-anything-for-anything')) {
    const { redirectUri } = CLIENTS.find(({ id }) => id === given.get('client_id')) ?? { redirectUri: '' }
    return new Map([
      ['client_id', given.get('client_id') ?? ''],
      ['redirect_uri', redirectUri],
      ['response_type', 'code'],
      ['code_challenge', 'A'.repeat(43)],
      ['code_challenge_method', 'S256'],
    ])
  }
  const kept = pushed.get(uri)
  const isGone =
    kept === undefined || has('forgets-pushed-requests') || (kept.expiresAt <= now() && !has('keeps-pushed-requests-for-ever'))
  if (isGone) return page(parts, '<h1>No such request</h1>', 400)
  if (kept.parameters.get('client_id') !== given.get('client_id')) {
    if (!has('gives-pushed-requests-to-any-client')) return page(parts, '<h1>Not yours</h1>', 400)
    const thief = CLIENTS.find(({ id }) => id === given.get('client_id'))
    return new Map([...kept.parameters, ['client_id', thief?.id ?? ''], ['redirect_uri', thief?.redirectUri ?? '']])
  }
  if (kept.isUsed && !has('uses-pushed-requests-often'))
    return page(parts, '<h1>Used</h1>', has('breaks-on-used-pushed-requests') ? 500 : 400)
  if (has('lets-browsers-change-pushed-requests'))
    return new Map([...kept.parameters, ...fromBrowser, ['redirect_uri', kept.parameters.get('redirect_uri') ?? '']])
  const challenge = given.get('code_challenge')
  return has('lets-browsers-change-challenges') && challenge !== null
    ? new Map([...kept.parameters, ['code_challenge', challenge]])
    : kept.parameters
}

export function authorize(parts: Parts, request: Request, host: string): Reply {
  const { has, sessions, codes, now, pushed } = parts
  const given = request.url.searchParams
  const markup = [...given.values()].find((value) => value.includes('<kit'))
  if (markup !== undefined && has('repeats-markup')) return page(parts, `<p>${markup}</p>`, 400)
  if (markup !== undefined && has('breaks-on-markup')) return page(parts, '<h1>Error</h1>', 500)
  if (markup !== undefined && has('repeats-quotes'))
    return page(parts, `<input value="${markup.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}">`, 400)
  const asked = readRequest(parts, given)
  if (isRefusal(asked)) return asked
  const client = CLIENTS.find(({ id }) => id === asked.get('client_id'))
  if (client === undefined && has('redirects-strangers')) return sendBack(parts, asked, { error: 'unauthorized_client' })
  if (client !== undefined && has('knows-no-client'))
    return page(parts, '<h1>Not accepted</h1><p>The app&rsquo;s request was not accepted.</p>', 400)
  if (client !== undefined && has('refuses-every-client')) return sendBack(parts, asked, { error: 'unauthorized_client' })
  const takesFirst = has('takes-the-first-duplicate')
  const address = takesFirst ? given.get('redirect_uri') : (asked.get('redirect_uri') ?? null)
  if (client === undefined || address === null || !isRegistered(parts, client.redirectUri, address))
    return page(parts, '<h1>Unknown app</h1>', 400)
  const back = (told: Readonly<Record<string, string>>) => sendBack(parts, asked, told)
  if (has('redirects-anywhere') && address !== client.redirectUri) return back({ error: 'login_required' })
  if (repeats(given) && !takesFirst)
    return given.getAll('redirect_uri').length > 1 ? page(parts, '<h1>Twice</h1>', 400) : back({ error: 'invalid_request' })
  if (asked.get('response_type') !== 'code' && has('hands-out-tokens-at-once')) return back({ access_token: randomText() })
  const problem = findProblem(parts, asked)
  if (problem !== undefined) return back({ error: problem })
  if (!sessions.has(cookieOf(request))) {
    if (asked.get('prompt') === 'none') return back({ error: 'login_required' })
    const body = has('repeats-markup-in-redirects') ? [...given.values()].join(' ') : ''
    return { status: 303, body, headers: { location: `${host}/signin?q=${Buffer.from(given.toString()).toString('base64url')}` } }
  }
  const kept = pushed.get(given.get('request_uri') ?? '')
  if (kept !== undefined) kept.isUsed = true
  const code = randomText()
  codes.set(code, { parameters: asked, expiresAt: now() + 60, family: undefined })
  return back({ code })
}

export function signIn(parts: Parts, request: Request): Reply {
  const { has, sessions } = parts
  const q = request.url.searchParams.get('q') ?? ''
  const fields =
    '<input name="username" autocomplete="username"><input name="password" type="password" autocomplete="current-password">'
  const form = `<form method="post" action="/signin?q=${q.replaceAll(/[^\w-]/g, '')}">${fields}<button>Sign in</button></form>`
  if (request.method !== 'POST') return page(parts, form)
  const isMary = request.form.get('username') === PERSON.username && request.form.get('password') === PERSON.password
  if (!isMary || has('lets-nobody-in')) return page(parts, form)
  const session = randomText()
  sessions.add(session)
  return {
    status: has('redirects-credentials-by-307') ? 307 : 303,
    headers: {
      location: `/authorize?${Buffer.from(q, 'base64url').toString()}`,
      'set-cookie': `sid=${session}; Path=/; HttpOnly`,
    },
  }
}

export async function pushRequest(parts: Parts, request: Request): Promise<Reply> {
  const { has, pushed, now } = parts
  const client = await authenticate(parts, request)
  if (isRefusal(client)) return client
  const parameters = new Map([...request.form, ['client_id', client.id]])
  const isWrong =
    parameters.has('request_uri') ||
    !isRegistered(parts, client.redirectUri, parameters.get('redirect_uri') ?? '') ||
    findProblem(parts, parameters) !== undefined
  if (isWrong && !has('takes-anything-pushed')) return refuse(400, 'invalid_request')
  const odd = has('pushes-oddly')
  const requestUri = odd ? 'not a uri' : `${URN}${randomText()}`
  const seconds = has('keeps-pushed-requests-long') ? 86_400 : 60
  pushed.set(requestUri, { parameters, expiresAt: now() + seconds, isUsed: false })
  return { status: odd ? 200 : 201, body: { request_uri: requestUri, expires_in: odd ? 'soon' : seconds } }
}
