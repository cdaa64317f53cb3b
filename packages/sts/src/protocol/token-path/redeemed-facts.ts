/**
 * redeemed-facts reads what is kept of an authorization code, for a plain redemption. Pure.
 *
 * It knows the members that a plain one has, and takes none that has others: whatever binds a code to a key, asks for claims or
 * means several resources is not plain. `undefined` never means refused, only not plain. Grants are read by refreshed-facts.ts.
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** A code of one person, for one resource, that was asked for with a challenge (RFC 7636 section 4.3). */
export interface PlainCode {
  readonly accountId: string
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  /** Seconds, like `iat`. */
  readonly authTime: number | undefined
  readonly codeChallenge: string
  readonly grantId: string
  readonly iat: number
  readonly nonce: string | undefined
  readonly redirectUri: string
  readonly resource: string
  readonly scope: string
  readonly sessionUid: string | undefined
  readonly sid: string | undefined
}

const MEMBERS: ReadonlySet<string> = new Set([
  ...['iat', 'exp', 'jti', 'kind', 'clientId', 'grantId', 'codeChallenge', 'codeChallengeMethod', 'redirectUri'],
  ...['accountId', 'acr', 'amr', 'authTime', 'nonce', 'resource', 'scope', 'sessionUid', 'sid'],
])

const isTold = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** The code, if it is this client's, lives and is plain. `now` in seconds. */
export function readPlainCode(
  stored: Readonly<Record<string, unknown>>,
  code: string,
  { clientId, now }: { readonly clientId: string; readonly now: number },
): PlainCode | undefined {
  if (typeof stored.exp !== 'number' || stored.exp <= now) return undefined
  if (Object.keys(stored).some((name) => !MEMBERS.has(name))) return undefined
  if (stored.kind !== 'AuthorizationCode' || stored.jti !== code || stored.clientId !== clientId) return undefined
  const { accountId, acr, amr, authTime, codeChallenge, grantId, iat, nonce, redirectUri, resource, scope, sessionUid, sid } =
    stored
  if (stored.codeChallengeMethod !== 'S256') return undefined
  if (![accountId, codeChallenge, grantId, redirectUri, resource, scope].every(isTold)) return undefined
  if (![acr, nonce, sessionUid, sid].every((one) => one === undefined || typeof one === 'string')) return undefined
  if (typeof iat !== 'number' || (authTime !== undefined && typeof authTime !== 'number')) return undefined
  if (amr !== undefined && !(Array.isArray(amr) && amr.every((one) => typeof one === 'string'))) return undefined
  const told = {
    accountId,
    acr,
    amr,
    authTime,
    codeChallenge,
    grantId,
    iat,
    nonce,
    redirectUri,
    resource,
    scope,
    sessionUid,
    sid,
  }
  return told as PlainCode // all members were looked at above
}

/** RFC 7636 section 4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/

/** Whether the verifier is what the challenge was made from, by S256 (RFC 7636 section 4.6). */
export function answersChallenge(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false
  const made = Buffer.from(createHash('sha256').update(verifier).digest('base64url'))
  const known = Buffer.from(challenge)
  return made.length === known.length && timingSafeEqual(made, known)
}
