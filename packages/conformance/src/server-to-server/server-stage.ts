/**
 * Asks the issuer for actor tokens as the known server does, with whatever a module spoils, and judges refusals.
 *
 * It owns the right request and the one form that all refusals share. What must be refused, the modules say.
 */
import { createHmac, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { Checks } from '../conformance-module.ts'
import { writePart } from '../presented-token.ts'
import type { Answer, Target } from '../target.ts'
import { type ExchangeDocument, findExchangeDocument } from './exchange-document.ts'
import type { ServerIdentity } from './identity.ts'

export const LEGACY_GRANT = 'http://oauth.net/grant_type/jwt/1.0/bearer'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

type Members = Readonly<Record<string, unknown>>
/** A parameter that is `undefined` is left out. */
export type Form = Readonly<Record<string, string | undefined>>

export interface ServerStage {
  readonly server: ServerIdentity
  readonly document: ExchangeDocument
  /** Where the document says that actor tokens are asked for. */
  readonly endpoint: string
  /** What an assertion for this issuer names as `aud`. */
  readonly audience: string
  /** `client_id@realm` of the known server. */
  readonly principal: string
  /** Seconds since 1970. */
  now(): number
  /** Claims of a right assertion of five minutes, each with a number of its own; `undefined` leaves one out. */
  claims(change?: Members): Members
  /** A right assertion but for what is changed. */
  assertion(change?: Members, header?: Members): string
  /** Asks for the registered resource with a right assertion, but for what is changed. */
  ask(change?: Form, endpoint?: string): Promise<Answer>
  /** The first actor token that was given. */
  readonly actorToken: string
}

/** Signs `claims` under `header`, as they are. `signature` replaces RS256. */
export function signCompact(header: Members, claims: Members, by: KeyObject | ((input: Buffer) => Buffer)): string {
  const input = `${writePart(header)}.${writePart(claims)}`
  const bytes = Buffer.from(input)
  return `${input}.${(typeof by === 'function' ? by(bytes) : sign('sha256', bytes, by)).toString('base64url')}`
}

export const hmac = (secret: string | Uint8Array) => (input: Buffer) => createHmac('sha256', secret).update(input).digest()

/** Posts what is there of a form. */
export const postForm = (target: Target, url: string, form: Form): Promise<Answer> =>
  target.post(
    url,
    Object.entries(form).filter((one): one is [string, string] => one[1] !== undefined),
  )

/**
 * The stage, once the issuer was seen to give an actor token: refusing bad assertions proves nothing where good ones are
 * refused as well. Without a server, records why and gives undefined.
 */
export async function findServerStage(target: Target, checks: Checks): Promise<ServerStage | undefined> {
  const { server } = target
  if (server === undefined) {
    checks.skip('server-to-server profile', 'a known server gets an actor token', 'server was not given')
    return undefined
  }
  const document = await findExchangeDocument(target, checks)
  if (document === undefined) return undefined
  const endpoint = document.endpoints.find(({ protocol }) => protocol === 'OAuth2')?.location ?? ''
  const [audience = ''] = document.allowedAudiences
  const stage = createStage(target, { server, document, endpoint, audience })
  const answer = await stage.ask()
  const actorToken = answer.json?.access_token
  const given = answer.status === 200 && typeof actorToken === 'string'
  checks.must('server-to-server profile, 5', 'the known server gets an actor token', given, describeAnswer(answer))
  return given ? Object.freeze({ ...stage, actorToken }) : undefined
}

function createStage(
  target: Target,
  parts: Pick<ServerStage, 'server' | 'document' | 'endpoint' | 'audience'>,
): Omit<ServerStage, 'actorToken'> {
  const { server, document, endpoint, audience } = parts
  const principal = `${server.clientId}@${document.realm}`
  const now = (): number => Math.floor(server.clock().getTime() / 1000)
  const claims = (change: Members = {}): Members => {
    const at = now()
    return { aud: audience, iss: principal, nameid: principal, nbf: at, exp: at + 300, jti: randomUUID(), ...change }
  }
  const assertion = (change: Members = {}, header: Members = {}): string =>
    signCompact({ alg: 'RS256', typ: 'JWT', x5t: server.x5t, ...header }, claims(change), server.key)
  return {
    ...parts,
    principal,
    now,
    claims,
    assertion,
    ask: (change = {}, at = endpoint) =>
      postForm(target, at, { grant_type: LEGACY_GRANT, assertion: assertion(), resource: server.resource, ...change }),
  }
}

/** For `seen`: what came, without any token. */
export const describeAnswer = ({ status, json }: Answer): string =>
  `${status} ${json === undefined ? 'no JSON' : String(json.error ?? Object.keys(json).join(' '))}`

/** Whether nothing was given and the service did not break. */
export const isRefusal = ({ status, json }: Answer): boolean =>
  status >= 400 && status < 500 && typeof json?.error === 'string' && json.access_token === undefined

/** Checks that `what` is refused by a client error without a token. `errors`: what it may be called. */
export function mustBeRefused(
  checks: Checks,
  clause: string,
  refused: { readonly what: string; readonly answer: Answer; readonly errors?: readonly string[] },
): void {
  const { what, answer, errors } = refused
  const named = errors === undefined || errors.includes(String(answer.json?.error))
  const as = errors === undefined ? '' : ` as ${errors.join(' or ')}`
  checks.must(clause, `${what} is refused${as}`, isRefusal(answer) && named, describeAnswer(answer))
}
