/**
 * Coverage-guided fuzzing of the gate in front of every signature check: whatever comes, a token or TokenError comes out, and
 * what passes has one spelling only. Run by `pnpm fuzz`.
 */
import { parseTokenHeader, parseTokenPayload, signatureBytes, splitCompactToken } from './compact-token.ts'
import { TokenError } from './errors.ts'
import type { JsonObject } from './strict-json.ts'

const encoded = (part: string): string => Buffer.from(part, 'latin1').toString('base64url')

/** As it is, and once more with its parts encoded, so that the JSON behind the encoding is reached as well. */
function spellings(input: string): readonly string[] {
  return [input, input.split('.').map(encoded).join('.')]
}

function requireSame(part: string, read: JsonObject): void {
  // JSON.parse of the same bytes is the reference: a strict reader accepts less, and never something else.
  const reference: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  if (JSON.stringify(reference) !== JSON.stringify(read)) throw new TypeError('read something else than JSON.parse')
  if (Buffer.from(part, 'base64url').toString('base64url') !== part) throw new TypeError('accepted a second spelling')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The other spellings of the same bytes: the last character of a part may carry bits that decoders drop. */
function* otherSpellings(token: string): Generator<string> {
  for (const [at, part] of token.split('.').entries()) {
    const bytes = Buffer.from(part, 'base64url')
    for (const last of ALPHABET) {
      const other = `${part.slice(0, -1)}${last}`
      if (other !== part && Buffer.from(other, 'base64url').equals(bytes)) yield token.split('.').with(at, other).join('.')
    }
  }
}

/** Strangers' bytes in, a token out. @throws {TokenError} */
function read(token: string): void {
  const compact = splitCompactToken(token)
  const header = parseTokenHeader(compact.headerPart)
  if (!Object.isFrozen(header)) throw new TypeError('the header can be changed')
  requireSame(compact.payloadPart, parseTokenPayload(compact.payloadPart))
  if (signatureBytes(compact).toString('base64url') !== compact.signaturePart)
    throw new TypeError('accepted a second spelling of the signature')
}

/** Whether it was read; anything but TokenError is thrown on. */
function isRead(token: string): boolean {
  try {
    read(token)
    return true
  } catch (error) {
    if (error instanceof TokenError) return false
    throw error
  }
}

export function fuzz(data: Buffer): void {
  for (const token of spellings(data.toString('latin1')))
    if (isRead(token))
      for (const other of otherSpellings(token)) if (isRead(other)) throw new TypeError('read two spellings of one token')
}
