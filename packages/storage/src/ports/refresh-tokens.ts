import type { AccountId, ClientId, FamilyId } from '../identifiers.ts'
import type { Account } from './accounts.ts'
import type { AuditRow } from './audit.ts'

/** The answer that was given for a refresh token, encrypted by the caller under a key derived from that token. */
export interface KeptAnswer {
  readonly sealed: Uint8Array
  /** Digest of the request's parameters: only the same request gets the same answer. */
  readonly request: string
  readonly until: Date
}

export interface RefreshToken {
  readonly familyId: FamilyId
  readonly accountId?: AccountId
  readonly clientId: ClientId
  readonly payload: Readonly<Record<string, unknown>>
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly usedAt?: Date
  /** When the token that replaced this one was itself used. */
  readonly successorUsedAt?: Date
  readonly answer?: KeptAnswer
}

/** What one refresh looks at. */
export interface RefreshTokenAtHand {
  readonly token: RefreshToken
  /** The stored grant that the family has its id from. */
  readonly grant: Readonly<Record<string, unknown>>
  readonly account: Account
}

export interface RefreshFamily {
  readonly id: FamilyId
  readonly accountId?: AccountId
  readonly clientId: ClientId
  /** The browser session in which it began, by the name that its tokens have for it. Absent: none, or not known. */
  readonly sessionId?: string
  readonly startedAt: Date
  readonly lastUsedAt: Date
  /** No token of the family works after this (R40). */
  readonly endsAt: Date
  readonly revokedAt?: Date
  readonly revokedBecause?: string
}

export interface RefreshTokenStore {
  /**
   * Starts the family with its first token.
   * @throws {StorageUnavailable} `contention`, and nothing is written: the client is disabled or gone by now
   */
  start(token: {
    handle: string
    familyId: FamilyId
    accountId?: AccountId
    clientId: ClientId
    sessionId?: string
    payload: Record<string, unknown>
    issuedAt: Date
    expiresAt: Date
    familyEndsAt: Date
  }): Promise<void>
  /** Adds the successor of a used token; the chain stays linear: `false` when `predecessor` has one already or the family is revoked. */
  succeed(token: {
    handle: string
    predecessor: string
    payload: Record<string, unknown>
    issuedAt: Date
    expiresAt: Date
  }): Promise<boolean>
  /**
   * By handle, not by token string (R47). `lock: true` holds the row until the transaction ends.
   * Tokens of a revoked family are not found.
   */
  find(handle: string, options?: { lock?: boolean }): Promise<RefreshToken | undefined>
  /**
   * An unused token of a person, of this family, with its grant and account, by one read that holds nothing. `undefined`: one of them is
   * not there, the token was used, or the family is revoked. Times are not looked at.
   */
  findUnused(handle: string, familyId: FamilyId): Promise<RefreshTokenAtHand | undefined>
  /** Marks it used. `false`: it was used before, or is gone. */
  use(handle: string, at: Date): Promise<boolean>
  keepAnswer(handle: string, answer: KeptAnswer): Promise<void>
  /**
   * All that one refresh writes, in one statement: `use`, `succeed` and `keepAnswer`, and the row of the trail that tells of it.
   * `false`: the token was used before, has a successor, is gone, or its family is revoked; then nothing is written, nor told.
   */
  rotate(rotation: {
    handle: string
    at: Date
    successor: { handle: string; payload: Record<string, unknown>; issuedAt: Date; expiresAt: Date }
    answer?: KeptAnswer
    trail: AuditRow
  }): Promise<boolean>
  family(id: FamilyId): Promise<RefreshFamily | undefined>
  /** Living families of an account, most recently used first. */
  families(accountId: AccountId): Promise<readonly RefreshFamily[]>
  /** Ends the family for ever. Idempotent; `false`: it was revoked before, or is unknown. */
  revoke(id: FamilyId, revocation: { at: Date; because: string }): Promise<boolean>
  revokeByAccount(accountId: AccountId, revocation: { at: Date; because: string }): Promise<number>
  revokeByClient(clientId: ClientId, revocation: { at: Date; because: string }): Promise<number>
}
