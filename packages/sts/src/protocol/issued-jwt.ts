/**
 * issued-jwt signs and reads the compact JWTs that this service makes by itself: refresh tokens, and access tokens that
 * come back to introspection and revocation. One form check for both, before any key or database is asked.
 *
 * Checks compact form, canonical base64url, header members, algorithm by key, signature, `typ` and `iss`. Does NOT check
 * times and audiences: the callers know which apply. Source: RFC 7515, RFC 8725 section 3.
 * @module
 */
import { createPrivateKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningKey } from '@postern/storage'
import type { KeyUse } from './signing-keys.ts'

/** The signing keys of a realm, ready for use. */
export interface KeyRing {
  /** Signs what this service makes for itself and for servers: RS256. */
  readonly signing: Signer
  /** Of each algorithm the one that signs now. */
  readonly signers: Readonly<Partial<Record<SigningKey['algorithm'], Signer>>>
  readonly verifying: ReadonlyMap<string, { readonly algorithm: SigningKey['algorithm']; readonly key: KeyObject }>
}

/** A private key, ready for use. */
export interface Signer {
  readonly kid: string
  readonly algorithm: SigningKey['algorithm']
  readonly key: KeyObject
}

export const toSigner = ({ kid, algorithm, privateKey }: SigningKey): Signer =>
  Object.freeze({ kid, algorithm, key: createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }) })

/** Builds the ring. Throws TypeError when no RS256 key signs: nothing can be issued then. */
export function createKeyRing(keys: Pick<KeyUse, 'signing' | 'verifying'>): KeyRing {
  const { RS256, ES256 } = keys.signing
  if (!RS256) throw new TypeError('the realm has no RS256 key that signs now')
  const signing = toSigner(RS256)
  return Object.freeze({
    signing,
    signers: Object.freeze({ RS256: signing, ...(ES256 ? { ES256: toSigner(ES256) } : {}) }),
    verifying: new Map(
      keys.verifying.map((one) => [one.kid, { algorithm: one.algorithm, key: new X509Certificate(one.certificate).publicKey }]),
    ),
  })
}

const signAsync = promisify(sign)
/** Always on libuv's pool: one that is made here and now would keep all others waiting, and the other cores idle. */
export const signBytes = (bytes: Uint8Array, { algorithm, key }: Signer): Promise<Buffer> =>
  signAsync('sha256', bytes, algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key)

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')

/** Signs with RS256. The same claims give the same bytes. `x5t`: readers that know no `kid` find the certificate (F 1.7). */
export async function signJwt(
  ring: KeyRing,
  type: string | { readonly typ: string; readonly x5t: true },
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { kid } = ring.signing
  const header = typeof type === 'string' ? { alg: 'RS256', typ: type, kid } : { typ: type.typ, alg: 'RS256', kid, x5t: kid }
  return signCompact(ring.signing, header, claims)
}

/** The compact form (RFC 7515 section 7.1). The header must name the algorithm of the key: it is not looked at. */
export async function signCompact(
  signer: Signer,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = await signBytes(Buffer.from(input, 'latin1'), signer)
  return `${input}.${signature.toString('base64url')}`
}

const LONGEST = 8192
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Claims of a token that this realm signed, or `undefined` for whatever else it may be. */
export function readJwt(
  ring: KeyRing,
  token: string,
  expected: { types: readonly string[]; issuer: string },
): Readonly<Record<string, unknown>> | undefined {
  if (token.length > LONGEST || !COMPACT.test(token)) return undefined
  const [head = '', body = '', tail = ''] = token.split('.')
  const header = readObject(head)
  if (!header || Object.keys(header).some((name) => !['alg', 'typ', 'kid', 'x5t'].includes(name))) return undefined
  const known = typeof header.kid === 'string' ? ring.verifying.get(header.kid) : undefined
  if (!known || header.alg !== known.algorithm) return undefined
  if (typeof header.typ !== 'string' || !expected.types.includes(header.typ.toLowerCase())) return undefined
  const signature = Buffer.from(tail, 'base64url')
  if (signature.toString('base64url') !== tail) return undefined
  const key = known.algorithm === 'ES256' ? { key: known.key, dsaEncoding: 'ieee-p1363' as const } : known.key
  if (!verify('sha256', Buffer.from(`${head}.${body}`, 'ascii'), key, signature)) return undefined
  const claims = readObject(body)
  return claims?.iss === expected.issuer ? claims : undefined
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    // Checked: an object and no array, so its members may be read by name.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // not UTF-8 or not JSON: not one of ours
  }
}
