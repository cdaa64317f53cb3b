/**
 * What a server can ask about access that has ended: the words that validator.ts, legacy-auth.ts and the feed share.
 * @module
 */

/** What identifies a token to those who end it. Times in seconds since 1970. */
export type IssuedToken = Readonly<{
  accountId: string
  issuedAt: number
  sessionId?: string | undefined
  clientId?: string | undefined
  /** `grant_id` of the token: the refresh family that it came from. */
  familyId?: string | undefined
}>

export interface Revocations {
  /** True if something that ended since takes this token with it. Fast; asked for every request. */
  isRevoked(token: IssuedToken): boolean
  /** True if an answer about this account, asked for at `askedAt` (milliseconds by the clock of this process), may have changed since. */
  mustAskAgain(accountId: string, askedAt: number): boolean
}
