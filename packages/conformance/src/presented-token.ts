/** Presents tokens to the resource and judges the answer. The kit's only reading of tokens: it never decides if one is good. */
import { findBearerChallenge } from './bearer-challenge.ts'
import type { Checks } from './conformance-module.ts'
import { describeAnswer as describePresented, findStage, isGuarded } from './local-issuer/mail-stage.ts'
import { describeChallenge } from './seen.ts'
import type { Answer, Target } from './target.ts'

type Parts = readonly [header: string, payload: string, signature: string]

/** Splits a compact JWS into its parts, or undefined. */
export function findParts(token: string | undefined): Parts | undefined {
  const [header, payload, signature, ...more] = token?.split('.') ?? []
  return header && payload && signature && more.length === 0 ? [header, payload, signature] : undefined
}

/** Reads a part as a JSON object. Throws SyntaxError when it is none. */
export function readPart(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new SyntaxError('a part of the token is not a JSON object')
}

export const writePart = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Changes one character in the middle of `part` for another of the same alphabet, so that the form stays right. */
export function changeOneCharacter(part: string): string {
  const at = Math.floor(part.length / 2)
  return `${part.slice(0, at)}${part[at] === 'A' ? 'B' : 'A'}${part.slice(at + 1)}`
}

export const present = (target: Target, url: string, token: string): Promise<Answer> =>
  target.get(url, { authorization: `Bearer ${token}` })

/** Checks that `token` is refused as RFC 6750 section 3.1 says: 401 and `invalid_token`. */
export async function mustRefuse(target: Target, checks: Checks, url: string, what: string, token: string): Promise<void> {
  const answer = await present(target, url, token)
  checks.must('RFC 6750 section 3.1', `${what} is answered 401`, answer.status === 401, describePresented(answer))
  const error = findBearerChallenge(answer.headers.get('www-authenticate'))?.get('error')
  checks.must(
    'RFC 6750 section 3.1',
    `${what} is called invalid_token`,
    error === 'invalid_token',
    error ?? describeChallenge(answer),
  )
}

/** A guarded address, and whose tokens it takes. */
export interface GuardedAddress {
  readonly url: string
  readonly issuer: string
  /** Good now, as far as is known. */
  readonly token: string | undefined
  /** The keys that this issuer publishes, as JWKs. */
  readonly publishedKeys: () => Promise<readonly unknown[]>
}

/**
 * What can be asked about tokens: the resource of the issuer under test, else the mail server that trusts the kit, for which the
 * kit makes a token. A resource without a token steps back behind a mail server where one is needed.
 */
export async function findGuarded(
  target: Target,
  checks: Checks,
  about: { readonly clause: string; readonly expected: string; readonly needsToken: boolean },
): Promise<GuardedAddress | undefined> {
  const { resource, mailServer } = target
  if (resource !== undefined && (!about.needsToken || resource.token !== undefined || mailServer === undefined)) {
    const publishedKeys = async () => {
      const listed = (await target.get(await target.endpoint('jwks_uri'))).json?.keys
      return Array.isArray(listed) ? listed : []
    }
    return { url: resource.url, issuer: target.hasIssuer ? target.issuer : '', token: resource.token, publishedKeys }
  }
  if (mailServer === undefined) {
    checks.skip(about.clause, about.expected, 'neither resource nor mail_server was given')
    return undefined
  }
  const stage = await findStage(target, checks, about.clause)
  if (stage === undefined) return undefined
  const { issuer, keys } = stage.issuer
  return { url: mailServer.url, issuer, token: stage.bench.good, publishedKeys: async () => [keys.rsa.jwk] }
}

/**
 * The guarded address and its token, once the token was seen to open it: refusing a bad token proves nothing at a door that is
 * shut to good ones. Without a token, or when it is refused, records why and gives undefined.
 */
export async function findOpenedResource(
  target: Target,
  checks: Checks,
): Promise<(GuardedAddress & { readonly token: string; readonly parts: Parts }) | undefined> {
  const [clause, expected] = ['RFC 6750 section 2.1', 'a good token opens the resource']
  const guarded = await findGuarded(target, checks, { clause, expected, needsToken: true })
  if (guarded === undefined) return undefined
  const { token } = guarded
  const parts = findParts(token)
  if (token === undefined || parts === undefined) {
    checks.skip(clause, expected, token === undefined ? 'resource.token was not given' : 'resource.token is no signed JWT')
    return undefined
  }
  if (!(await isGuarded(target, checks, guarded.url))) return undefined
  const answer = await present(target, guarded.url, token)
  const opened = answer.status >= 200 && answer.status < 300
  checks.must(clause, 'the given token opens the resource', opened, describePresented(answer))
  return opened ? { ...guarded, token, parts } : undefined
}
