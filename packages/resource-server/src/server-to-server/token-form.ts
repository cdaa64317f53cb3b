/**
 * token-form is the strict gate of server-to-server tokens: text in, header and claims out, nothing of it verified yet.
 *
 * It owns the closed list of header members and the two algorithms that exist: RS256, and for user tokens `none`, which has an
 * empty signature part and is not accepted by reading it. Canonical base64url, sizes and strict JSON: compact-token.ts.
 * @module
 */
import { type KeyObject, verify } from 'node:crypto'
import {
  type CompactToken,
  decodeObject,
  maxTokenLength,
  parseTokenPayload,
  signatureBytes,
  splitCompactToken,
} from '../compact-token.ts'
import type { JsonObject } from '../strict-json.ts'
import { fromGate, quoted, refusal, type TokenPart } from './errors.ts'

/** `x5t` without padding; the empty string for `none`, which has no key. */
export type ServerTokenHeader = Readonly<{ alg: 'RS256'; x5t: string } | { alg: 'none'; x5t: '' }>

export type ServerToken = Readonly<{ compact: CompactToken; header: ServerTokenHeader; claims: JsonObject }>

/** Headers of tokens that were verified: a server writes the same one into every token. Bounded by who fills it. */
export type KnownHeaders = Map<string, ServerTokenHeader>

const mostHeaders = 256
/** SHA-1 in base64url, with or without its padding: some servers write it (F§1.5 of the notes on the wire format). */
const thumbprint = /^[A-Za-z0-9_-]{27}={0,1}$/
const unsigned: ServerTokenHeader = Object.freeze({ alg: 'none', x5t: '' })

function parseHeader(part: string, of: TokenPart): ServerTokenHeader {
  const header = decodeObject(part, 'header')
  for (const name in header) {
    if (name !== 'alg' && name !== 'typ' && name !== 'x5t' && name !== 'kid')
      throw refusal('header_not_allowed', of, `member ${quoted(name)}`)
  }
  const { alg, typ, x5t, kid } = header
  if (alg !== 'RS256' && !(alg === 'none' && of === 'user token'))
    throw refusal('algorithm_not_allowed', of, `alg ${quoted(alg)}`)
  if (typ !== 'JWT') throw refusal('type_mismatch', of, `typ ${quoted(typ)}`)
  if (alg === 'none') {
    if (x5t !== undefined || kid !== undefined) throw refusal('header_not_allowed', of, 'a key is named beside alg none')
    return unsigned
  }
  if (typeof x5t !== 'string' || !thumbprint.test(x5t)) throw refusal('header_not_allowed', of, 'x5t is not a thumbprint')
  const plain = x5t.replace('=', '')
  if (kid !== undefined && kid !== plain && kid !== x5t) throw refusal('header_not_allowed', of, 'kid is not x5t')
  return Object.freeze({ alg, x5t: plain })
}

/**
 * Reads a token. `none` passes for a user token alone, with nothing behind its second dot.
 * @throws {ActorTokenError}
 */
export function readServerToken(token: string, part: TokenPart, known: KnownHeaders): ServerToken {
  try {
    const compact = splitCompactToken(token)
    const header = known.get(compact.headerPart) ?? parseHeader(compact.headerPart, part)
    if (header.alg === 'none' && part !== 'user token') throw refusal('algorithm_not_allowed', part, 'alg "none"')
    if ((header.alg === 'none') !== (compact.signaturePart === '')) {
      throw refusal('token_malformed', part, header.alg === 'none' ? 'a signature behind alg none' : 'no signature')
    }
    return { compact, header, claims: parseTokenPayload(compact.payloadPart) }
  } catch (error) {
    throw fromGate(error, part)
  }
}

/** Remembers the header of a token that was verified. */
export function rememberHeader({ compact, header }: ServerToken, known: KnownHeaders): void {
  if (known.size < mostHeaders) known.set(compact.headerPart, header)
}

/** What a signature is made over, as bytes. One buffer will do: nothing waits while it is in use. */
const signedRoom = Buffer.alloc(maxTokenLength)

/** Checks the RS256 signature (RFC 7518 section 3.3). @throws {ActorTokenError} `signature_invalid`, `token_malformed` */
export function requireSignature({ compact }: ServerToken, key: KeyObject, part: TokenPart): void {
  let signature: Buffer
  try {
    signature = signatureBytes(compact)
  } catch (error) {
    throw fromGate(error, part)
  }
  // Both parts are base64url by now, so ASCII. In one call, because a hash object costs a fifth of a verification.
  const signed = signedRoom.subarray(0, signedRoom.write(compact.signingInput, 'latin1'))
  // A key of another kind than RSA would not mean RS256: certificates.ts keeps it out.
  if (!verify('sha256', signed, key, signature)) throw refusal('signature_invalid', part, 'RS256')
}
