/**
 * refreshed-facts reads what is kept of a refresh token and of its grant, for a plain refresh. Pure.
 *
 * It knows the members that a plain one has, and takes none that has others: whatever binds a token to a key, asks for claims
 * or stands for somebody else is not plain. `undefined` never means refused, only not plain.
 * @module
 */
import { delegatedGrantOf } from '../grants/delegation-rules.ts'

type Stored = Readonly<Record<string, unknown>>

/** A refresh token of one person, for one resource, bound to nothing. */
export interface PlainRefreshToken {
  readonly accountId: string
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
  readonly authTime: number | undefined
  readonly gty: string
  /** When the first of the family was issued, in seconds. */
  readonly iiat: number
  readonly nonce: string | undefined
  readonly resource: string
  readonly rotations: number
  readonly scope: string
  readonly sessionUid: string | undefined
  readonly sid: string | undefined
}

const TOKEN_MEMBERS: ReadonlySet<string> = new Set([
  ...['iat', 'exp', 'jti', 'kind', 'clientId', 'grantId', 'expiresWithSession', 'claims'],
  ...['accountId', 'acr', 'amr', 'authTime', 'gty', 'iiat', 'nonce', 'resource', 'rotations', 'scope', 'sessionUid', 'sid'],
])
const GRANT_MEMBERS: ReadonlySet<string> = new Set([
  ...['iat', 'exp', 'jti', 'kind', 'clientId', 'accountId', 'resources', 'openid', 'rejected'],
])

interface Expected {
  readonly clientId: string
  readonly familyId: string
  /** Seconds. */
  readonly now: number
}

/** The token called `handle`, if it is this client's, of this family, lives and is plain. */
export function readPlainToken(
  stored: Stored,
  handle: string,
  { clientId, familyId, now }: Expected,
): PlainRefreshToken | undefined {
  if (!isLiving(stored, now) || Object.keys(stored).some((name) => !TOKEN_MEMBERS.has(name))) return undefined
  if (stored.kind !== 'RefreshToken' || stored.jti !== handle || stored.grantId !== familyId) return undefined
  if (stored.clientId !== clientId || stored.expiresWithSession === true || !isEmpty(stored.claims)) return undefined
  const { accountId, acr, amr, authTime, gty, iiat, nonce, resource, rotations, scope, sessionUid, sid } = stored
  if (![accountId, gty, resource, scope].every((one) => typeof one === 'string' && one !== '')) return undefined
  if (![acr, nonce, sessionUid, sid].every((one) => one === undefined || typeof one === 'string')) return undefined
  if (typeof iiat !== 'number' || typeof rotations !== 'number' || (authTime !== undefined && typeof authTime !== 'number'))
    return undefined
  if (amr !== undefined && !(Array.isArray(amr) && amr.every((one) => typeof one === 'string'))) return undefined
  if (delegatedGrantOf(gty) !== undefined) return undefined
  // All members were looked at above.
  return { accountId, acr, amr, authTime, gty, iiat, nonce, resource, rotations, scope, sessionUid, sid } as PlainRefreshToken
}

/** What was granted for `resource` and of OpenID Connect, each as scopes in the order in which they were granted. */
export interface PlainGrant {
  readonly ofResource: readonly string[]
  readonly ofOpenId: readonly string[]
}

/** The grant, if it is this client's and this person's, lives, and nothing of it was taken back. */
export function readPlainGrant(
  stored: Stored,
  of: Expected & { readonly accountId: string; readonly resource: string },
): PlainGrant | undefined {
  if (!isLiving(stored, of.now) || Object.keys(stored).some((name) => !GRANT_MEMBERS.has(name))) return undefined
  if (stored.kind !== 'Grant' || stored.jti !== of.familyId || stored.clientId !== of.clientId) return undefined
  if (stored.accountId !== of.accountId || !isEmpty(stored.rejected)) return undefined
  const ofResource = memberOf(stored.resources, of.resource)
  const ofOpenId = memberOf(stored.openid, 'scope')
  if (typeof ofResource !== 'string' || typeof ofOpenId !== 'string') return undefined
  return { ofResource: ofResource.split(' '), ofOpenId: ofOpenId.split(' ') }
}

const isLiving = ({ exp }: Stored, now: number): boolean => typeof exp === 'number' && exp > now

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Stored)[name] : undefined
