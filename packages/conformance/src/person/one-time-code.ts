/** The code of an authenticator app at a moment (RFC 6238: SHA-1, six digits, steps of 30 seconds). */
import { createHmac } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
export const STEP_SECONDS = 30

function decodeBase32(text: string): Buffer {
  let bits = ''
  for (const letter of text.toUpperCase().replaceAll(/[\s=-]/g, '')) {
    const value = ALPHABET.indexOf(letter)
    if (value === -1) throw new TypeError('a TOTP secret must be base32')
    bits += value.toString(2).padStart(5, '0')
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}

export const stepAt = (seconds: number): number => Math.floor(seconds / STEP_SECONDS)

/** @param secret base32, as shown at enrolment. @throws {TypeError} when it is none. */
export function oneTimeCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', decodeBase32(secret)).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
