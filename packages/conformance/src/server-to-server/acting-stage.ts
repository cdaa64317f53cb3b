/**
 * Asks the issuer to let the known server act for a person, by each of the two grants that there are for it.
 *
 * It owns the right requests and the server's proof of itself at the token endpoint (RFC 7523 section 2.2).
 */
import { randomUUID } from 'node:crypto'
import type { Checks } from '../conformance-module.ts'
import { ConformanceError } from '../errors.ts'
import { findParts, readPart } from '../presented-token.ts'
import type { Answer, Target } from '../target.ts'
import type { PersonServed, ServerIdentity } from './identity.ts'
import { describeAnswer, type Form, JWT_BEARER, postForm, signCompact } from './server-stage.ts'

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** One way of acting for a person. */
export interface ActingWay {
  readonly name: 'on-behalf-of' | 'token exchange'
  /** Hands in `token` for the place where the server may act; `undefined` leaves a parameter out. */
  ask(token: string, change?: Form): Promise<Answer>
  /** The first answer to the person's own token: a good one. */
  readonly given: Answer
  /** The access token in it. */
  readonly token: string
}

export interface ActingStage {
  readonly server: ServerIdentity
  readonly person: PersonServed
  readonly ways: readonly ActingWay[]
  /** Asks the token endpoint for anything, as the server. */
  ask(form: Form): Promise<Answer>
}

/**
 * The stage, with those ways that the issuer offers and that were seen to give a token. Without a person's token, records why
 * and gives undefined. A grant that the metadata does not list is skipped; without a list, both must be there.
 */
export async function findActingStage(target: Target, checks: Checks): Promise<ActingStage | undefined> {
  const { server } = target
  if (server?.person === undefined) {
    const why = server === undefined ? 'server was not given' : 'server.person was not given'
    checks.skip('server-to-server profile', 'a known server acts for a person', why)
    return undefined
  }
  const { person } = server
  const endpoint = await target.endpoint('token_endpoint')
  const ask = (form: Form) => postForm(target, endpoint, { ...proofOf(server, target.issuer), ...form })
  const forms = {
    'on-behalf-of': (token: string): Form => ({
      grant_type: JWT_BEARER,
      requested_token_use: 'on_behalf_of',
      assertion: token,
      scope: person.scope,
    }),
    'token exchange': (token: string): Form => ({
      grant_type: TOKEN_EXCHANGE,
      subject_token: token,
      subject_token_type: ACCESS_TOKEN,
      resource: person.resource,
      scope: person.scope,
    }),
  }
  const listed = (await target.metadata()).grant_types_supported
  const ways: ActingWay[] = []
  for (const name of ['on-behalf-of', 'token exchange'] as const) {
    const grant = String(forms[name]('').grant_type)
    if (Array.isArray(listed) && !listed.includes(grant)) {
      checks.skip('RFC 8693 section 2.1', `${name} is offered`, `grant_types_supported does not list ${grant}`)
      continue
    }
    const askBy: ActingWay['ask'] = (token, change = {}) => ask({ ...forms[name](token), ...change })
    const given = await askBy(person.token)
    const token = given.json?.access_token
    const good = given.status === 200 && typeof token === 'string' && findParts(token) !== undefined
    checks.must('server-to-server profile, 12', `${name} gives a signed token`, good, describeAnswer(given))
    if (good) ways.push(Object.freeze({ name, ask: askBy, given, token }))
  }
  return Object.freeze({ server, person, ways, ask })
}

/** Says who asks. The audience is the issuer, as RFC 10070 has it. */
function proofOf(server: ServerIdentity, issuer: string): Form {
  const at = Math.floor(server.clock().getTime() / 1000)
  const { clientId } = server
  const claims = { iss: clientId, sub: clientId, aud: issuer, iat: at, exp: at + 60, jti: randomUUID() }
  const header = { alg: 'RS256', typ: 'client-authentication+jwt', x5t: server.x5t }
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: signCompact(header, claims, server.key) }
}

/** The claims of a JWT. Nothing is verified. @throws {ConformanceError} `answer_malformed` when it is none */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const parts = findParts(token)
  try {
    if (parts !== undefined) return readPart(parts[1])
  } catch (cause) {
    throw new ConformanceError('answer_malformed', 'the claims of a token are no JSON object', { cause })
  }
  throw new ConformanceError('answer_malformed', 'a token is no compact JWS')
}

/** Short names of the scopes in an answer and in the token itself: what stands behind the last slash. */
export function scopesOf(answer: Answer): ReadonlySet<string> {
  const token = answer.json?.access_token
  const claims = typeof token === 'string' && findParts(token) ? claimsOf(token) : {}
  const said = [answer.json?.scope, claims.scp, claims.scope].flatMap((one) => (Array.isArray(one) ? one : [one]))
  return shortNames(said.filter((one) => typeof one === 'string').join(' '))
}

/** Scopes by their short names, those of OpenID Connect and `.default` left out: they mean nothing at a resource. */
export const shortNames = (scope: string): ReadonlySet<string> =>
  new Set(
    scope
      .split(' ')
      .map((one) => one.slice(one.lastIndexOf('/') + 1))
      .filter((one) => one !== '' && !['.default', 'openid', 'profile', 'email', 'offline_access'].includes(one)),
  )
