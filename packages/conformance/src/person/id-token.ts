/**
 * What an ID token must be, rule by rule (OpenID Connect Core 1.0 sections 2, 3.1.3.6 and 3.1.3.7).
 *
 * It reads one token against what was asked and says of each rule whether it holds. It asks nobody and decides no verdict.
 */
import { createHash } from 'node:crypto'
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'

/** One rule about something that the target sent. */
export interface Rule {
  readonly clause: string
  readonly expected: string
  readonly holds: boolean
  readonly seen: unknown
}

export interface IdTokenExpectations {
  readonly issuer: string
  readonly clientId: string
  readonly keys: unknown
  readonly now: number
  /** As sent; undefined: none was, and none may come back. */
  readonly nonce: string | undefined
  readonly accessToken?: string
  readonly code?: string
  /** `max_age` was asked for, or `auth_time` as an essential claim. */
  readonly wantsAuthTime?: boolean
  /** From the metadata. */
  readonly algorithms?: readonly string[]
}

export interface ReadIdToken {
  readonly rules: readonly Rule[]
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** How far the clocks of issuer and kit may be apart. */
const TOLERANCE_SECONDS = 300
const NOTHING = Object.freeze({})

export function readPart(token: string, part: 0 | 1): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : NOTHING
  } catch {
    return NOTHING // no JSON: every rule about a member fails then, which is what is to be said
  }
}

const HASHES: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

/** The left half of the hash that goes with the algorithm of the signature (section 3.1.3.6); undefined without one. */
export function halfHash(algorithm: unknown, value: string): string | undefined {
  const hash = algorithm === 'EdDSA' ? 'sha512' : HASHES[String(algorithm).slice(-3)]
  if (hash === undefined) return undefined
  const digest = createHash(hash).update(value, 'ascii').digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

const isKeySet = (keys: unknown): keys is JSONWebKeySet =>
  typeof keys === 'object' && keys !== null && 'keys' in keys && Array.isArray(keys.keys)

const verifies = async (token: string, keys: unknown): Promise<boolean> =>
  isKeySet(keys) &&
  (await compactVerify(token, createLocalJWKSet(keys)).then(
    () => true,
    () => false,
  ))

const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string')
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** @param token the compact form, or whatever stood in `id_token`. */
export async function readIdToken(token: unknown, wanted: IdTokenExpectations): Promise<ReadIdToken> {
  const text = typeof token === 'string' ? token : ''
  const header = readPart(text, 0)
  const claims = readPart(text, 1)
  const { iss, sub, aud, azp, exp, iat, nonce, acr, amr, auth_time: authTime, at_hash: atHash, c_hash: codeHash } = claims
  const audiences = Array.isArray(aud) ? aud : [aud]
  const supported = wanted.algorithms ?? ['RS256']
  const published = isKeySet(wanted.keys) ? wanted.keys.keys.length : 0
  const rules: Rule[] = []
  const rule = (clause: string, expected: string, holds: boolean, seen: unknown) => {
    rules.push(Object.freeze({ clause, expected, holds, seen }))
  }
  const core = (section: string) => `OpenID Connect Core 1.0 section ${section}`

  rule(core('2'), 'there is an ID token in three parts', text.split('.').length === 3, typeof token)
  rule(core('3.1.3.7'), 'an ID token is signed by an algorithm of the metadata', supported.includes(String(header.alg)), header)
  rule(core('3.1.3.7'), 'the signature of an ID token verifies by the published keys', await verifies(text, wanted.keys), header)
  rule(
    core('10.1'),
    'an ID token names its key where several are published',
    published < 2 || typeof header.kid === 'string',
    header,
  )
  rule(core('2'), 'iss of an ID token is the issuer, letter for letter', iss === wanted.issuer, iss)
  rule(
    core('2'),
    'sub of an ID token is a text of at most 255 ASCII characters',
    typeof sub === 'string' && /^[\x20-\x7e]{1,255}$/.test(sub),
    sub,
  )
  rule(core('2'), 'aud of an ID token holds the client', audiences.includes(wanted.clientId), aud)
  rule(
    core('3.1.3.7'),
    'azp of an ID token, if it is there, is the client; it is there with several audiences',
    azp === undefined ? audiences.length === 1 : azp === wanted.clientId,
    { aud, azp },
  )
  rule(core('2'), 'exp of an ID token is a time to come', isTime(exp) && exp > wanted.now, { exp, now: wanted.now })
  rule(core('2'), 'iat of an ID token is a time just now', isTime(iat) && Math.abs(iat - wanted.now) <= TOLERANCE_SECONDS, {
    iat,
    now: wanted.now,
  })
  rule(core('3.1.2.1'), 'nonce of an ID token is the one of the request', nonce === wanted.nonce, { nonce, sent: wanted.nonce })
  rule(
    core('2'),
    'auth_time of an ID token is a time gone by, and is there when max_age was asked',
    authTime === undefined ? wanted.wantsAuthTime !== true : isTime(authTime) && authTime <= wanted.now + TOLERANCE_SECONDS,
    { auth_time: authTime },
  )
  rule(
    core('2'),
    'acr is a text and amr a list of texts, if they are there',
    (acr === undefined || typeof acr === 'string') && (amr === undefined || isStrings(amr)),
    { acr, amr },
  )
  rule(
    core('3.1.3.6'),
    'at_hash, if it is there, is the half hash of the access token',
    atHash === undefined || atHash === (halfHash(header.alg, wanted.accessToken ?? '') ?? atHash),
    atHash === undefined ? 'none' : 'there',
  )
  rule(
    core('3.3.2.11'),
    'c_hash, if it is there, is the half hash of the code',
    codeHash === undefined || codeHash === (halfHash(header.alg, wanted.code ?? '') ?? codeHash),
    codeHash === undefined ? 'none' : 'there',
  )
  return { rules, header, claims }
}
