/**
 * The steps of a mail client that is given an address and nothing else.
 *
 * AutoDetect, Autodiscover V2, the empty Bearer, the challenge, the sign-in, the token, and then ActiveSync and the inbox.
 * It owns their order and the checks between them. The challenge and the issuer's documents are read by
 * @postern/resource-server, the code grant by authorization-code.ts, and what keeps the mailbox open is mail-session.ts.
 */
import { type Discovered, discover } from '@postern/resource-server'
import {
  beginAuthorization,
  type Client,
  type Endpoints,
  type PendingAuthorization,
  readAuthorizationResponse,
  redeemCode,
  type Tokens,
} from './authorization-code.ts'
import { checkIdToken } from './id-token.ts'
import { openLoopbackRedirect } from './loopback-redirect.ts'
import { createMailSession, type Demand, type MailSession } from './mail-session.ts'
import { patientFetch } from './patience.ts'
import { type Account, walkPages } from './sign-in.ts'

export type MailClientErrorCode = 'address_unknown' | 'protocol_unknown' | 'mailbox_shut' | 'sign_in_unattended'

/** A step gave no usable answer. */
export class MailClientError extends Error {
  readonly code: MailClientErrorCode

  constructor(code: MailClientErrorCode, message: string) {
    super(message)
    this.name = 'MailClientError'
    this.code = code
  }
}

export type Walk = Readonly<{
  address: string
  /** The base URL of the AutoDetect service. */
  autodetect: string
  client: Client
  /** A registered loopback redirect URI. Its port is chosen at run time when a browser is used. */
  redirectUri: string
  /** A client must not sign in wherever any mail server sends it. */
  issuerAllowed: (issuer: string) => boolean
  /** Signs in by filling in the pages; without it a person does, in a browser. */
  account?: Account
  /** Takes the person to the sign-in in some other way, and comes back with the answer. */
  browse?: (url: URL, redirectUri: string) => Promise<URL>
  /** How often the inbox is read. Default once. */
  reads?: number
  clock?: () => Date
  /** Waits where the issuer asks for time. Milliseconds. */
  wait?: (milliseconds: number) => Promise<void>
  say: (line: string) => void
}>

export type Mailbox = Readonly<{ activeSyncUrl: string; tokens: Tokens; commands: string; subjects: readonly string[] }>

/** From the address to the mailbox. Speaks to https anywhere and to http on this machine only. */
export async function walkToMailbox(walk: Walk): Promise<Mailbox> {
  const { say } = walk
  say(`1  AutoDetect         Who serves ${walk.address}?`)
  const host = await detectHost(walk)
  say(`                      ${host}, by ActiveSync`)

  say('2  Autodiscover V2    Where is ActiveSync?')
  const activeSyncUrl = await locateActiveSync(walk, host)
  say(`                      ${activeSyncUrl}`)

  say('3  Empty Bearer       May I come in?')
  const found = await discover(activeSyncUrl, {
    userIdentity: walk.address,
    issuerAllowed: walk.issuerAllowed,
    allowInsecureLoopback: true,
  })
  say(`                      401. Client id of the server: ${found.challenge.parameters.get('client_id') ?? 'none'}`)
  say(`                      Sign-in at: ${found.challenge.parameters.get('authorization_uri') ?? 'not said'}`)

  say('4  Discovery          Who issues the tokens?')
  const endpoints = endpointsOf(found)
  const resource = found.resource ?? activeSyncUrl
  say(`                      ${endpoints.issuer}, for ${resource}`)

  say('5  Sign-in            Authorization code with PKCE')
  const signIn = (demand: Demand) => obtainTokens(walk, { endpoints, resource, demand })
  const tokens = await signIn({})
  const { issuer } = endpoints
  const session = createMailSession({ issuer, client: walk.client, resource, tokens, signIn, fetch: fetchFor(walk) })
  say(
    `                      A token for ${tokens.expiresIn} s${tokens.refreshToken === undefined ? '' : ', and one to renew it'}`,
  )

  say('6  ActiveSync         OPTIONS with the token')
  const commands = await askOptions(activeSyncUrl, session)
  say(`                      200. ${commands}`)

  say('7  Inbox')
  let subjects = await readInbox(activeSyncUrl, session)
  for (let read = 1; read < (walk.reads ?? 1); read += 1) subjects = await readInbox(activeSyncUrl, session)
  for (const subject of subjects) say(`                      ${subject}`)
  return Object.freeze({ activeSyncUrl, tokens: session.tokens(), commands, subjects })
}

async function detectHost(walk: Walk): Promise<string> {
  const response = await fetch(new URL('/detect?services=office365&protocols=eas,imap,smtp', walk.autodetect), {
    headers: { 'x-email': walk.address, accept: 'application/json' },
  })
  const answer: unknown = await response.json()
  const protocols = isObject(answer) && Array.isArray(answer.protocols) ? (answer.protocols as unknown[]) : []
  const eas = protocols.filter(isObject).find(({ protocol }) => protocol === 'eas')
  if (response.status !== 200 || typeof eas?.hostname !== 'string') {
    throw new MailClientError(
      'address_unknown',
      `AutoDetect knows no ActiveSync server for ${walk.address} (HTTP ${response.status}).`,
    )
  }
  return eas.hostname
}

async function locateActiveSync(walk: Walk, host: string): Promise<string> {
  // AutoDetect answers with a host only. Plain http is for the demo on this machine.
  const base = `${new URL(walk.autodetect).protocol}//${host}`
  const url = new URL('/autodiscover/autodiscover.json', base)
  url.search = new URLSearchParams({ Email: walk.address, Protocol: 'ActiveSync', RedirectCount: '1' }).toString()
  const response = await fetch(url, { headers: { accept: 'application/json' } })
  const answer: unknown = await response.json()
  if (response.status !== 200 || !isObject(answer) || typeof answer.Url !== 'string' || !URL.canParse(answer.Url)) {
    const said = isObject(answer) && typeof answer.ErrorMessage === 'string' ? answer.ErrorMessage : `HTTP ${response.status}`
    throw new MailClientError('protocol_unknown', `Autodiscover does not say where ActiveSync is: ${said}`)
  }
  return answer.Url
}

function endpointsOf({ issuer, authorizationServer }: Discovered): Endpoints {
  const { authorizationEndpoint, tokenEndpoint, jwksUri, metadata } = authorizationServer
  const sendsIssuer = metadata.authorization_response_iss_parameter_supported === true
  return Object.freeze({ issuer, authorizationEndpoint, tokenEndpoint, sendsIssuer, ...(jwksUri !== undefined && { jwksUri }) })
}

type Asked = Readonly<{ endpoints: Endpoints; resource: string; demand: Demand }>

const fetchFor = ({ wait }: Walk): typeof fetch => patientFetch(wait === undefined ? {} : { wait })

async function obtainTokens(walk: Walk, { endpoints, resource, demand }: Asked): Promise<Tokens> {
  const { client, address } = walk
  const scope = `openid offline_access ${resource.replace(/\/?$/, '/')}EAS.AccessAsUser.All`
  const begin = (redirectUri: string) =>
    beginAuthorization({ endpoints, client, redirectUri, scope, resource, loginHint: address, more: demand })
  const redeem = async (pending: PendingAuthorization, answer: URL): Promise<Tokens> => {
    const code = readAuthorizationResponse(answer, pending, endpoints)
    const tokens = await redeemCode({ endpoints, client, pending, code, resource, fetch: fetchFor(walk) })
    const { accessToken, idToken } = tokens
    const { issuer, jwksUri } = endpoints
    if (idToken !== undefined && jwksUri !== undefined) {
      const expected = { issuer, jwksUri, clientId: client.clientId, nonce: pending.nonce, clock: walk.clock ?? systemClock }
      await checkIdToken({ idToken, accessToken, ...expected })
    }
    return tokens
  }
  if (walk.account !== undefined || walk.browse !== undefined) {
    const pending = begin(walk.redirectUri)
    return redeem(pending, await (walk.browse ?? walkWith(walk, endpoints))(pending.url, walk.redirectUri))
  }
  const loopback = await openLoopbackRedirect(walk.redirectUri)
  try {
    const pending = begin(loopback.redirectUri)
    walk.say(`                      Open this address in a browser:\n\n${pending.url.href}\n`)
    return await redeem(pending, await loopback.answer)
  } finally {
    loopback.close()
  }
}

const systemClock = (): Date => new Date()

/** Types the account's password and code into the pages. */
const walkWith =
  ({ account, client, say }: Walk, { issuer }: Endpoints): NonNullable<Walk['browse']> =>
  (url, redirectUri) => {
    if (account === undefined) throw new TypeError('there is no account to sign in with')
    return walkPages(url, {
      issuer,
      client,
      account,
      redirectUri,
      wait: (milliseconds) => {
        say(`                      this code was used before; waiting ${Math.ceil(milliseconds / 1000)} s for the next one`)
        return new Promise((resolve) => setTimeout(resolve, milliseconds))
      },
      onPage: ({ typed }) =>
        say(`                      page: ${typed.length === 0 ? 'confirmed' : `typed ${typed.join(' and ')}`}`),
    })
  }

async function askOptions(url: string, session: MailSession): Promise<string> {
  const response = await session.ask(url, { method: 'OPTIONS' })
  await response.body?.cancel()
  const commands = response.headers.get('ms-asprotocolcommands')
  if (response.status === 200 && commands !== null) return commands
  throw new MailClientError(
    'mailbox_shut',
    `The mail server refused the token: HTTP ${response.status}, ${response.headers.get('x-ms-diagnostics') ?? 'no diagnostics'}`,
  )
}

/** The demo server has the inbox as JSON too; a real phone reads it by Sync. */
async function readInbox(activeSyncUrl: string, session: MailSession): Promise<readonly string[]> {
  const response = await session.ask(new URL('/api/v1/me/messages', activeSyncUrl))
  if (response.status !== 200) throw new MailClientError('mailbox_shut', `The inbox stayed shut: HTTP ${response.status}`)
  const answer: unknown = await response.json()
  const messages = isObject(answer) && Array.isArray(answer.messages) ? (answer.messages as unknown[]) : undefined
  if (messages === undefined) throw new MailClientError('mailbox_shut', 'The inbox came in a form that nobody can read')
  return Object.freeze(messages.filter(isObject).map(({ subject }) => String(subject)))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
