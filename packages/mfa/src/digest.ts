import { timingSafeEqual } from 'node:crypto'

/** Keyed digest of what is only compared, e.g. HMAC-SHA-256 under a key of this installation. `what` separates the uses. */
export type Digest = (what: string, ...values: readonly string[]) => Uint8Array

/** In a time that does not tell where they differ. */
export const isSameDigest = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

export const asText = (digest: Uint8Array): string => Buffer.from(digest).toString('base64url')
