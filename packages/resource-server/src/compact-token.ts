/**
 * compact-token is the strict gate in front of every signature check: text in, header and claims and bytes out, or TokenError.
 *
 * It owns the compact form (R52), canonical base64url, sizes, strict JSON (R59) and the closed list of header members (R48,
 * R50). It does not look at keys or claims, and nothing it returns is verified yet.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { TokenError } from './errors.ts'
import { type JsonObject, parseStrictObject } from './strict-json.ts'

/** Longest token that is looked at, in characters. */
export const maxTokenLength = 8192

/** The only header that passes. `typ` is in its short lower-case form, `at+jwt` for `application/AT+JWT`. */
export type TokenHeader = Readonly<{ alg: string; kid: string; typ: string; x5t: string | undefined }>

const compactForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** 2 or 4 unused bits of the last character must be zero, or several spellings would be one token (R52, R47). */
const lastOfTwo = new Set('AQgw')
const lastOfThree = new Set('AEIMQUYcgkosw048')

/** True if `part`, made of base64url characters only, is the one spelling of its bytes. */
export function isCanonicalBase64url(part: string): boolean {
  const last = part.charAt(part.length - 1)
  switch (part.length % 4) {
    case 0:
      return true
    case 2:
      return lastOfTwo.has(last)
    case 3:
      return lastOfThree.has(last)
    default:
      return false
  }
}

function decodeObject(part: string, what: string): JsonObject {
  const bytes = Buffer.from(part, 'base64url')
  // A BOM stays in the text, and JSON.parse refuses it.
  if (!isUtf8(bytes)) throw new TokenError('token_malformed', { detail: `${what}: not UTF-8` })
  const parsed = parseStrictObject(utf8.decode(bytes))
  if (!parsed.ok) throw new TokenError('token_malformed', { detail: `${what}: ${parsed.reason}` })
  return parsed.value
}

const headerMembers = new Set(['alg', 'kid', 'typ', 'x5t'])

/** `at+jwt` from `application/at+jwt`, in any letter case (RFC 7515 section 4.1.9, RFC 9068 section 4). */
export function shortType(typ: string): string {
  const lower = typ.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}

/** Reads a header: closed list of members, each a bounded string; `kid` and `alg` required. @throws {TokenError} */
export function parseTokenHeader(part: string): TokenHeader {
  const header = decodeObject(part, 'header')
  for (const name in header) {
    if (!headerMembers.has(name))
      throw new TokenError('header_not_allowed', { detail: `member ${JSON.stringify(name.slice(0, 40))}` })
  }
  const { alg, kid, typ, x5t } = header
  if (typeof alg !== 'string') throw new TokenError('algorithm_not_allowed', { detail: 'alg is not a string' })
  if (typeof kid !== 'string' || kid.length === 0 || kid.length > 256) {
    throw new TokenError('header_not_allowed', { detail: 'kid is missing or not a short string' })
  }
  if (typ !== undefined && typeof typ !== 'string') throw new TokenError('header_not_allowed', { detail: 'typ is not a string' })
  if (x5t !== undefined && (typeof x5t !== 'string' || x5t.length > 64)) {
    throw new TokenError('header_not_allowed', { detail: 'x5t is not a thumbprint' })
  }
  return Object.freeze({ alg, kid, typ: shortType(typ ?? ''), x5t })
}

/** The parts of a token whose form is right. Nothing in it is verified. */
export type CompactToken = Readonly<{
  /** Header part as it was sent, the key of the header memory. */
  headerPart: string
  payloadPart: string
  signaturePart: string
  /** `header.payload`: what the signature is made over. */
  signingInput: string
}>

/** Splits a compact JWS (RFC 7515 section 7.1) of three non-empty canonical parts. @throws {TokenError} */
export function splitCompactToken(token: string): CompactToken {
  if (typeof token !== 'string') throw new TokenError('token_malformed', { detail: 'not a string' })
  if (token.length > maxTokenLength) throw new TokenError('token_too_large', { detail: `${token.length} characters` })
  if (!compactForm.test(token)) throw new TokenError('token_malformed', { detail: 'not three base64url parts' })
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  const headerPart = token.slice(0, first)
  const payloadPart = token.slice(first + 1, second)
  const signaturePart = token.slice(second + 1)
  if (!isCanonicalBase64url(headerPart) || !isCanonicalBase64url(payloadPart) || !isCanonicalBase64url(signaturePart)) {
    throw new TokenError('token_malformed', { detail: 'base64url is not canonical' })
  }
  return { headerPart, payloadPart, signaturePart, signingInput: token.slice(0, second) }
}

/** Reads the claims. The members inside are frozen, the object is not yet: claims.ts finishes it. @throws {TokenError} */
export const parseTokenPayload = (part: string): JsonObject => decodeObject(part, 'payload')
