import type { AccountId, FamilyId } from '../identifiers.ts'
import type { Account } from './accounts.ts'
import type { AuditRow } from './audit.ts'

/** What one redemption looks at. */
export interface CodeAtHand {
  readonly code: Readonly<Record<string, unknown>>
  /** The stored grant that the code was given for. */
  readonly grant: Readonly<Record<string, unknown>>
  readonly account: Account
}

/** The refresh family that begins with a redemption, and its grant, which lives as long as it. */
export interface FirstOfFamily {
  /** The browser session, by the name that its tokens have for it. */
  readonly sessionId?: string
  /** As it is to be kept from now on. */
  readonly grant: Record<string, unknown>
  readonly familyEndsAt: Date
  readonly token: { handle: string; payload: Record<string, unknown>; issuedAt: Date; expiresAt: Date }
}

/** Authorization codes whose redemption needs no transaction. They are artifacts like any other (artifacts.ts). */
export interface RedemptionStore {
  /**
   * An unused code with its grant and the account that it names, by one read that holds nothing. `undefined`: one of them is not
   * there, or the code was used. Times are not looked at.
   */
  findUnused(code: string): Promise<CodeAtHand | undefined>
  /**
   * All that one redemption writes, in one statement: the code is used, the family begins if one is to, and the row of the trail
   * tells of it. `false`: the code was used before or is gone, its grant is, its account is not active, or its client is not,
   * which cannot change until the statement ends; then nothing is written, nor told.
   */
  redeem(redemption: {
    code: string
    /** The code was given for this one; a family has the id of its grant. */
    grantId: FamilyId
    accountId: AccountId
    at: Date
    family?: FirstOfFamily
    trail: AuditRow
  }): Promise<boolean>
}
