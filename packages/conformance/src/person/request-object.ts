/** Authorization requests as a JWT (OpenID Connect Core 1.0 section 6), unsigned or signed by a key of the client. */
import { type KeyObject, sign } from 'node:crypto'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** @param signer its RS256 key; without one the object is unsigned (`alg` none). */
export function makeRequestObject(
  claims: Readonly<Record<string, unknown>>,
  signer?: { readonly key: KeyObject; readonly keyId: string },
): string {
  if (signer === undefined) return `${encode({ alg: 'none' })}.${encode(claims)}.`
  const text = `${encode({ alg: 'RS256', kid: signer.keyId })}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), signer.key).toString('base64url')}`
}
