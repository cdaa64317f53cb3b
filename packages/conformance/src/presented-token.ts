/** Presents tokens to the resource and judges the answer. The kit's only reading of tokens: it never decides if one is good. */
import { findBearerChallenge } from './bearer-challenge.ts'
import type { Checks } from './conformance-module.ts'
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
  checks.must('RFC 6750 section 3.1', `${what} is answered 401`, answer.status === 401, answer.status)
  const error = findBearerChallenge(answer.headers.get('www-authenticate'))?.get('error')
  checks.must('RFC 6750 section 3.1', `${what} is called invalid_token`, error === 'invalid_token', error ?? 'no error')
}

/**
 * The resource and its token, once the token was seen to open it: refusing a bad token proves nothing at a door that is
 * shut to good ones. Without a token, or when it is refused, records why and gives undefined.
 */
export async function findOpenedResource(
  target: Target,
  checks: Checks,
): Promise<{ url: string; token: string; parts: Parts } | undefined> {
  const { resource } = target
  const parts = findParts(resource?.token)
  if (!resource?.token || !parts) {
    checks.skip(
      'RFC 6750 section 2.1',
      'a good token opens the resource',
      resource?.token ? 'the token is no signed JWT' : 'no --token was given',
    )
    return undefined
  }
  const answer = await present(target, resource.url, resource.token)
  const opened = answer.status >= 200 && answer.status < 300
  checks.must('RFC 6750 section 2.1', 'the given token opens the resource', opened, answer.status)
  return opened ? { url: resource.url, token: resource.token, parts } : undefined
}
