/**
 * The mail server on the kit's stage: Autodiscover, the challenge to an empty Bearer, and one inbox. A script changes its answers.
 *
 * It owns what it says, and takes the access tokens that the stage calls good. Forms: those that Exchange-like servers speak
 * (AutoDetect, Autodiscover V2, `OPTIONS` of ActiveSync, `/api/v1/me/messages`), and the document of RFC 9728.
 */
import type { Asked, Heard, Reply, Script } from './script.ts'

const MESSAGES = '/api/v1/me/messages'
const ACTIVE_SYNC = '/Microsoft-Server-ActiveSync'
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource'
const SERVER_ID = '00000002-0000-0ff1-ce00-000000000000'
const SUBJECT = 'A letter from the kit'

const isGuarded = (path: string): boolean => path === MESSAGES || path.toLowerCase() === ACTIVE_SYNC.toLowerCase()

/** The token behind `Bearer`, if one is shown. */
export const shownToken = ({ headers }: Pick<Heard, 'headers'>): string | undefined =>
  /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1]

/** Which endpoint of a mail server a request is for. */
export function findMailPlace(path: string, headers: Heard['headers']): Heard['place'] {
  const lower = path.toLowerCase()
  if (path === '/detect' || lower.startsWith('/autodiscover/autodiscover.json')) return 'autodiscover'
  if (path.startsWith(RESOURCE_METADATA)) return 'resource-metadata'
  if (!isGuarded(path)) return 'nowhere'
  return shownToken({ headers }) === undefined ? 'question' : 'mail'
}

interface MailServer {
  /** Its own address. */
  readonly base: string
  readonly script: Script
  isGood(token: string): boolean
}

/** The lines of a challenge. @param more parameters that stand behind the others. */
export const challengeLines = (base: string, issuer: string, more = ''): readonly string[] => [
  `Bearer client_id="${SERVER_ID}", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="${issuer}/authorize", resource_metadata="${base}${RESOURCE_METADATA}"${more}`,
  `Basic realm="${new URL(base).host}"`,
]

/** A refusal with the challenge, and what else it says. */
export const challenged = (asked: Asked, more = '', issuer = asked.world.at.issuer): Reply => ({
  status: 401,
  headers: { 'www-authenticate': challengeLines(asked.world.at.mail, issuer, more) },
})

function answerAutodiscover({ base, script }: MailServer, asked: Asked): Reply {
  const { url } = asked.heard
  const named = script.mailBase?.(asked) ?? base
  if (url.pathname === '/detect')
    return {
      status: 200,
      body: { protocols: [{ protocol: 'eas', hostname: new URL(base).host, service: 'office365', insecure: true }] },
    }
  const protocol = [...url.searchParams].find(([name]) => name.toLowerCase() === 'protocol')?.[1] ?? ''
  const paths: Readonly<Record<string, readonly [string, string]>> = {
    activesync: ['ActiveSync', ACTIVE_SYNC],
    rest: ['Rest', '/api/v1'],
  }
  const found = paths[protocol.toLowerCase()]
  if (found === undefined)
    return { status: 400, body: { ErrorCode: 'ProtocolNotSupported', ErrorMessage: 'ActiveSync and Rest are supported.' } }
  return { status: 200, body: { Protocol: found[0], Url: `${named}${found[1]}` } }
}

function answerResourceMetadata({ base, script }: MailServer, asked: Asked): Reply {
  const document = { resource: `${base}/`, authorization_servers: [asked.world.at.issuer], bearer_methods_supported: ['header'] }
  return { status: 200, body: script.resourceMetadata?.(document, asked) ?? document }
}

const OPENED: Readonly<Record<string, Reply>> = {
  [MESSAGES]: { status: 200, body: { messages: [{ subject: SUBJECT }] } },
  [ACTIVE_SYNC]: {
    status: 200,
    headers: { 'ms-asprotocolversions': '14.1,16.1', 'ms-asprotocolcommands': 'Sync,FolderSync,Provision' },
  },
}

/** Answers as a mail server, to whatever it is asked. */
export function answerAsMailServer(server: MailServer, asked: Asked): Reply {
  const { heard, world } = asked
  if (heard.place === 'autodiscover') return answerAutodiscover(server, asked)
  if (heard.place === 'resource-metadata') return answerResourceMetadata(server, asked)
  if (heard.place === 'nowhere') return { status: 404, body: { error: 'not_found' } }
  const refuse = (more: string): Reply => {
    const lines = challengeLines(server.base, world.at.issuer, more)
    return { status: 401, headers: { 'www-authenticate': server.script.challenge?.(lines, asked) ?? lines } }
  }
  const token = shownToken(heard)
  if (token === undefined) return refuse('')
  const said = server.script.mail?.(asked)
  if (said !== undefined) return said
  if (!server.isGood(token)) return refuse(', error="invalid_token"')
  return OPENED[heard.url.pathname] ?? OPENED[ACTIVE_SYNC] ?? { status: 404 }
}

/** Is it the inbox that is asked for, and not only what the server can do? */
export const isInbox = ({ url }: Heard): boolean => url.pathname === MESSAGES
