/**
 * How the breakable mail server reads access tokens: strictly, but for its faults. A second reading of the rules, independent of
 * every library, so that the kit is not tried by what it tries.
 */
import { createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import type { HasFault } from './breakable-mail-server-faults.ts'

export type Claims = Readonly<Record<string, unknown>>

const LONGEST = 8192
const DEEPEST = 8

/** JSON as JSON.stringify writes it: nothing twice, nothing escaped without need, nothing around it. */
export function readStrict(part: string, has: HasFault): Claims | undefined {
  try {
    const bytes = Buffer.from(part, 'base64url')
    const text = has('reads-json-loosely')
      ? bytes
          .toString('utf8')
          .replace(/^\ufeff/, '')
          .replaceAll('\u0000', '')
          .replace(/\{\}$/, '')
      : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    if (has('reads-json-loosely')) return { ...value }
    const odd = /"(__proto__|constructor)"|\\ud[89a-f]/i.test(text) || depthOf(value) > DEEPEST
    return odd || JSON.stringify(value) !== text ? undefined : { ...value }
  } catch {
    return undefined // neither UTF-8 nor JSON
  }
}

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

/** The three parts in the one spelling that there is for each. */
export function split(token: string, has: HasFault): readonly [string, string, string] | undefined {
  const parts = has('reads-sloppy-base64')
    ? token
        .split('.')
        .slice(0, 3)
        .map((part) => Buffer.from(part, 'base64').toString('base64url'))
    : token.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (has('reads-sloppy-base64')) return [header, payload, signature]
  const isRight = (part: string) => part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
  return token.length <= LONGEST && parts.length === 3 && parts.every(isRight) ? [header, payload, signature] : undefined
}

const PRIMES = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

/** CVE-2017-15361: every small prime sees the modulus among the powers of 65537. */
function isRoca(modulus: bigint): boolean {
  return PRIMES.every((prime) => {
    const rest = Number(modulus % BigInt(prime))
    let power = 1
    for (let index = 0; index < prime; index += 1, power = (power * 65_537) % prime) if (power === rest) return true
    return false
  })
}

export function isStrong(key: JsonWebKey): boolean {
  if (key.kty === 'EC') return key.alg === 'ES256' && key.use === 'sig'
  const bytes = Buffer.from(key.n ?? '', 'base64url')
  const isRight = key.kty === 'RSA' && key.use === 'sig' && key.alg === 'RS256' && key.e === 'AQAB'
  return isRight && bytes.length >= 256 && !isRoca(BigInt(`0x${bytes.toString('hex')}`))
}

/** Does `key` hold the signature? */
export function holds(
  input: string,
  signature: string,
  { key, alg, has }: { key: JsonWebKey; alg: unknown; has: HasFault },
): boolean {
  const bytes = Buffer.from(signature, 'base64url')
  const publicKey = createPublicKey({ key, format: 'jwk' })
  if (has('takes-other-algorithms') && typeof alg === 'string') {
    if (alg === 'HS256') {
      const pem = publicKey.export({ type: 'spki', format: 'pem' })
      return createHmac('sha256', pem).update(input).digest().equals(bytes)
    }
    if (alg === 'RS384') return verify('sha384', Buffer.from(input), publicKey, bytes)
  }
  if (key.kty === 'EC') return verify('sha256', Buffer.from(input), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)
  return verify('sha256', Buffer.from(input), publicKey, bytes)
}

const HEADER = new Set(['alg', 'typ', 'kid', 'x5t'])

/** The header of the one form that there is. Faults leave out what they are named for. */
export function isGoodHeader(header: Claims, has: HasFault): boolean {
  const { typ, kid, x5t } = header
  const isKnown = Object.keys(header).every((name) => HEADER.has(name)) && (x5t === undefined || typeof x5t === 'string')
  const type = typeof typ === 'string' ? typ : ''
  const short = has('reads-typ-to-the-letter') ? type : type.toLowerCase().replace(/^application\//, '')
  return (
    typeof kid === 'string' &&
    kid !== '' &&
    kid.length <= 256 &&
    (isKnown || has('ignores-the-rest-of-the-header') || has('believes-keys-in-tokens') || has('calls-addresses-in-tokens')) &&
    (short === 'at+jwt' || has('ignores-typ'))
  )
}

const isText = (value: unknown): boolean => typeof value === 'string' && /^[\x21-\x7e]{1,512}$/.test(value)
const isTime = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) < 1e11

/** Every rule about claims of a rightly signed token. */
export function isGoodClaims(
  claims: Claims,
  { issuer, audience, now, has }: { issuer: string; audience: string; now: number; has: HasFault },
): boolean {
  const { iss, aud, sub, jti, client_id: clientId, scope, iat, nbf, exp, cnf, auth_time: signedIn } = claims
  const isHere = (iss === issuer && aud === audience) || has('ignores-iss-and-aud')
  const isNow =
    has('ignores-times') ||
    (isTime(iat) &&
      isTime(exp) &&
      (nbf === undefined || (isTime(nbf) && nbf <= now + 30)) &&
      iat <= now + 30 &&
      (exp > now || (has('forgives-an-hour') && exp > now - 3600)) &&
      exp > iat &&
      exp - iat <= 86_400)
  const isFormed =
    has('ignores-forms-of-claims') ||
    ([sub, jti, clientId].every(isText) && (scope === undefined || (typeof scope === 'string' && /^[\x21-\x7e ]+$/.test(scope))))
  const isBearer = has('ignores-bindings') || (cnf === undefined && (signedIn === undefined || isTime(signedIn)))
  return isHere && isNow && isFormed && isBearer
}
