/** Remembers identifiers that may be used once: assertion and DPoP `jti` (RFC 7523 section 3 item 7, RFC 9449 section 11.1). */
export interface ReplayGuard {
  /** Atomically claims `jti` of `issuer` until `expiresAt`. `false`: somebody already holds it. */
  claim(issuer: string, jti: string, expiresAt: Date): Promise<boolean>
}
