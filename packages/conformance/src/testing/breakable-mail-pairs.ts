/** How the breakable mail server reads the tokens of an acting server: an actor token inside a user token, but for its faults. */
import { type KeyObject, verify, X509Certificate } from 'node:crypto'
import type { HasFault } from './breakable-mail-server-faults.ts'
import { type Claims, readStrict, split } from './breakable-mail-tokens.ts'

export interface PairRules {
  readonly principal: string
  readonly realm: string
  /** Certificates of the token service, and of the acting server, DER. */
  readonly service: readonly Buffer[]
  readonly partners: ReadonlyMap<string, readonly Buffer[]>
  readonly people: ReadonlyMap<string, 'active' | 'disabled' | 'closed' | 'two'>
  readonly now: number
  readonly has: HasFault
}

const SERVICE = '00000001-0000-0000-c000-000000000000'
const HEADER = new Set(['alg', 'typ', 'kid', 'x5t'])

const isTime = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) < 1e11

interface Part {
  readonly header: Claims
  readonly claims: Claims
  readonly input: string
  readonly signature: string
}

function read(token: unknown, has: HasFault): Part | undefined {
  if (typeof token !== 'string') return undefined
  const isUnsigned = has('believes-unsigned-users') && token.endsWith('.')
  const parts = isUnsigned ? split(`${token}AA`, () => false) : split(token, () => false)
  if (parts === undefined) return undefined
  const [head, body, signature] = parts
  const [header, claims] = [readStrict(head, () => false), readStrict(body, () => false)]
  return header && claims && { header, claims, input: `${head}.${body}`, signature: isUnsigned ? '' : signature }
}

function isSigned({ header, input, signature }: Part, shown: readonly Buffer[], { now, has }: PairRules): boolean {
  const { alg, typ, kid, x5t } = header
  if (has('believes-unsigned-users') && /^none$/i.test(String(alg).trim())) return true
  const isKnown = Object.keys(header).every((name) => HEADER.has(name)) && (kid === undefined || kid === x5t)
  if (alg !== 'RS256' || typ !== 'JWT' || !isKnown) return false
  const certificate = shown
    .map((der) => new X509Certificate(der))
    .find(({ fingerprint }) => Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url') === x5t)
  if (certificate === undefined || certificate.validToDate.getTime() < now * 1000) return false
  const key: KeyObject = certificate.publicKey
  return verify('sha256', Buffer.from(input), key, Buffer.from(signature, 'base64url'))
}

function isOurs(aud: unknown, { principal, has }: PairRules): boolean {
  if (has('ignores-for-whom-pairs-are')) return true
  if (typeof aud !== 'string') return false
  if (aud === principal) return true
  if (has('compares-hosts-to-the-letter')) return false
  const host = (text: string) => text.replace(/\/([^/@]*)@/, (_, name: string) => `/${name.toLowerCase()}@`)
  return host(aud) === host(principal) && aud.split('@').length === 2
}

const isInTime = (claims: Claims, now: number): boolean => {
  const { nbf, exp, iat } = claims
  return (
    isTime(nbf) &&
    isTime(exp) &&
    nbf <= now + 30 &&
    exp > now &&
    exp > nbf &&
    (iat === undefined || (isTime(iat) && iat <= now + 30))
  )
}

function areInTime(outer: Claims, inner: Claims, { now, has }: PairRules): boolean {
  if (has('ignores-times-of-pairs')) return true
  const begins = Math.min(Number(inner.nbf), Number(inner.iat ?? inner.nbf))
  return (
    isInTime(outer, now) && isInTime(inner, now) && Number(inner.exp) - begins <= 3600 && Number(outer.exp) <= Number(inner.exp)
  )
}

function isPersonKnown(outer: Claims, { people, realm, has }: PairRules): boolean {
  if (has('finds-people-anywhere')) return true
  const { upn, smtp, nameid, nii, tid } = outer
  if (nameid !== undefined || nii !== undefined || (tid !== undefined && tid !== realm)) return false
  return typeof upn === 'string' && people.get(upn) === 'active' && (smtp === undefined || smtp === upn)
}

function isGranted(outer: Claims, inner: Claims, { has }: PairRules): boolean {
  if (has('ignores-grants')) return true
  const { ver, appid } = outer
  const isEmpty = (value: unknown) => value !== undefined && String(value).trim() === ''
  const isMarked = [outer, inner].some((one) => one.isloopback !== undefined || isEmpty(one.scp) || isEmpty(one.roles))
  const isVersion = (ver === undefined || ver === 'app_asserted_user_v1') && inner.ver === undefined
  const isApp = appid === undefined || appid === String(inner.nameid).split('@')[0]
  return inner.trustedfordelegation === 'true' && !isMarked && isVersion && isApp
}

/** May the bearer act? */
export function mayAct(token: string, rules: PairRules): boolean {
  const { realm, partners, service, has } = rules
  if (has('lets-everybody-act')) return true
  if (has('lets-nobody-act')) return false
  const outer = read(token, has)
  const inner = read(outer?.claims.actortoken, has)
  if (outer === undefined || inner === undefined || inner.claims.actortoken !== undefined) return false
  const actor = String(inner.claims.nameid)
  const [clientId = '', of] = actor.split('@')
  const shown = partners.get(clientId)
  const isIssued =
    inner.claims.iss === `${SERVICE}@${realm}` && inner.claims.identityprovider === inner.claims.iss && of === realm
  const isBound = has('ignores-who-the-actor-is') || outer.claims.iss === actor
  const all = has('ignores-who-the-actor-is') ? [...partners.values()].flat() : (shown ?? [])
  return (
    isIssued &&
    isBound &&
    (shown !== undefined || has('ignores-grants')) &&
    isOurs(outer.claims.aud, rules) &&
    isOurs(inner.claims.aud, rules) &&
    isSigned(inner, service, rules) &&
    (isSigned(outer, all, rules) || (has('ignores-grants') && shown === undefined)) &&
    areInTime(outer.claims, inner.claims, rules) &&
    isPersonKnown(outer.claims, rules) &&
    isGranted(outer.claims, inner.claims, rules)
  )
}
