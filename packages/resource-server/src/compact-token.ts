/**
 * compact-token is the strict gate in front of every signature check: text in, header and claims and bytes out, or TokenError.
 *
 * It owns the compact form (R52), canonical base64url, sizes, strict JSON (R59) and the closed list of header members (R48,
 * R50). It does not look at keys or claims, and nothing it returns is verified yet.
 * @module
 */
import { TokenError } from './errors.ts'
import { type JsonObject, parseStrictObject } from './strict-json.ts'

/** Longest token that is looked at, in characters. */
export const maxTokenLength = 8192

/** The only header that passes. `typ` is in its short lower-case form, `at+jwt` for `application/AT+JWT`. */
export type TokenHeader = Readonly<{ alg: string; kid: string; typ: string; x5t: string | undefined }>

/** Room for the bytes of any part. One buffer will do: nothing here waits while it is in use. */
const room = Buffer.alloc(maxTokenLength)

const notCanonical = (what: string): TokenError =>
  new TokenError('token_malformed', { detail: `${what}: not canonical base64url` })

/**
 * Decodes `part` into `target` and returns the number of bytes. Only the one spelling that encoding would give back passes: no
 * padding, no white space, no other alphabet, no stray bits in the last character (R52, R47).
 */
function decodeInto(target: Buffer, part: string, what: string): number {
  const length = target.write(part, 'base64url')
  if (length === 0 || target.toString('base64url', 0, length) !== part) throw notCanonical(what)
  return length
}

/** Reads one part as a JSON object, strictly. `what` names the part in the refusal. @throws {TokenError} `token_malformed` */
export function decodeObject(part: string, what: string): JsonObject {
  const text = room.toString('utf8', 0, decodeInto(room, part, what))
  // The decoder writes U+FFFD for bytes that are not UTF-8. A BOM stays in the text, and JSON.parse refuses it.
  if (text.includes('\ufffd')) throw new TokenError('token_malformed', { detail: `${what}: not UTF-8` })
  const parsed = parseStrictObject(text)
  if (!parsed.ok) throw new TokenError('token_malformed', { detail: `${what}: ${parsed.reason}` })
  return parsed.value
}

const headerMembers = new Set(['alg', 'kid', 'typ', 'x5t'])

/** `at+jwt` from `application/at+jwt`, in any letter case (RFC 7515 section 4.1.9, RFC 9068 section 4). */
export function shortType(typ: string): string {
  const lower = typ.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}

/** Reads a header: canonical, closed list of members, each a bounded string; `kid` and `alg` required. @throws {TokenError} */
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

/** The parts of a token. Nothing in it is verified, and the parts are checked when they are decoded. */
export type CompactToken = Readonly<{
  /** Header part as it was sent, the key of the header memory. */
  headerPart: string
  payloadPart: string
  signaturePart: string
  /** `header.payload`: what the signature is made over. */
  signingInput: string
}>

/** Splits a compact JWS (RFC 7515 section 7.1) into its three parts. @throws {TokenError} */
export function splitCompactToken(token: string): CompactToken {
  if (typeof token !== 'string') throw new TokenError('token_malformed', { detail: 'not a string' })
  if (token.length > maxTokenLength) throw new TokenError('token_too_large', { detail: `${token.length} characters` })
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  // Without a first dot, the search for the second has found none either.
  if (second === -1 || token.includes('.', second + 1)) throw new TokenError('token_malformed', { detail: 'not three parts' })
  return {
    headerPart: token.slice(0, first),
    payloadPart: token.slice(first + 1, second),
    signaturePart: token.slice(second + 1),
    signingInput: token.slice(0, second),
  }
}

const signatureRoom = Buffer.alloc(maxTokenLength)

/**
 * The signature's bytes. They stand in a buffer that the next call writes over: use them at once.
 * @throws {TokenError} if the signature is not in its one spelling
 */
export function signatureBytes(token: CompactToken): Buffer {
  const length = decodeInto(signatureRoom, token.signaturePart, 'signature')
  return signatureRoom.subarray(0, length)
}

/** Reads the claims. The members inside are frozen, the object is not yet: claims.ts finishes it. @throws {TokenError} */
export const parseTokenPayload = (part: string): JsonObject => decodeObject(part, 'payload')
