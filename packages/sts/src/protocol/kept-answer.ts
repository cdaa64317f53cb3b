import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/**
 * The answer that a refresh token got, kept for the seconds in which the same request may come again.
 * Encrypted under a key that only the presented token's handle gives, so the database alone holds nothing usable.
 */
const keyOf = (handle: string): KeyObject =>
  createSecretKey(new Uint8Array(hkdfSync('sha256', handle, 'postern', 'kept refresh answer', 32)))

export function sealAnswer(handle: string, answer: string): Uint8Array {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(handle), nonce)
  const sealed = [cipher.update(answer, 'utf8'), cipher.final()]
  return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed])
}

/** Throws when the bytes are not an answer sealed under this handle. */
export function openAnswer(handle: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed)
  const decipher = createDecipheriv('aes-256-gcm', keyOf(handle), bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
}

/** Names and values that repeat when a client honestly repeats a request; client authentication may differ. */
const REPEATED = ['grant_type', 'refresh_token', 'scope', 'resource', 'client_id'] as const

/** Digest of a token request: only the same request gets the same answer. */
export function digestRequest(form: ReadonlyMap<string, readonly string[]>, endpoint: 'v1' | 'v2'): string {
  const hash = createHash('sha256').update(endpoint)
  for (const name of REPEATED) hash.update(JSON.stringify([name, form.get(name) ?? []]))
  return hash.digest('base64url')
}
