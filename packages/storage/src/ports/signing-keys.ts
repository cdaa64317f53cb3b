/**
 * A signing key with its certificate. Its life is told by four times:
 * published from `announcedAt`, signs from `signsFrom` until `retiresAt`, published until `removedAt`.
 */
export interface SigningKey {
  /** JOSE `kid`; for RSA keys the base64url SHA-1 thumbprint of the certificate (`x5t`). */
  readonly kid: string
  readonly algorithm: 'RS256' | 'ES256'
  /** PKCS #8 DER in clear; kept sealed in the database and bound to this row. */
  readonly privateKey: Uint8Array
  /** X.509 DER, self-signed. */
  readonly certificate: Uint8Array
  readonly announcedAt: Date
  readonly signsFrom: Date
  readonly retiresAt?: Date
  readonly removedAt?: Date
}

export interface SigningKeyStore {
  /** Those not removed before `now`, newest `signsFrom` first. */
  list(now: Date): Promise<readonly SigningKey[]>
  add(key: SigningKey): Promise<void>
  /** Sets the end of a key's life. `false`: no such key. */
  retire(kid: string, times: { retiresAt: Date; removedAt: Date }): Promise<boolean>
}
