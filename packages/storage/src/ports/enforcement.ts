import type { AccountId } from '../identifiers.ts'

/**
 * What an administrator demands of one account, beside what policies demand of everybody. `disabled`: nothing.
 * `enabled`: asked at the next sign-in to set up a second factor, and may postpone. `enforced`: a second factor each time.
 */
export type EnforcementState = 'disabled' | 'enabled' | 'enforced'

/** Kept with the account and read with it. */
export interface Enforcement {
  readonly state: EnforcementState
  readonly since?: Date
  /** The campaign that asks, while there is one. */
  readonly campaignId?: string
  /** How often the person has postponed in this campaign. */
  readonly postponed: number
  /** Not asked again before. */
  readonly postponedUntil?: Date
}

/** Asks many people, over some weeks, to set up a second factor. */
export interface Campaign {
  readonly id: string
  readonly name: string
  /** How often a person may postpone; then it is demanded. */
  readonly postponements: number
  /** How long one postponement lasts. */
  readonly postponeDays: number
  readonly startsAt: Date
  /** From then on nobody may postpone. */
  readonly endsAt?: Date
  readonly createdAt: Date
}

export interface CampaignProgress {
  readonly accounts: number
  /** Of these: have an active authenticator; have none and never postponed; have none and postponed. */
  readonly registered: number
  readonly untouched: number
  readonly postponed: number
}

export interface EnforcementStore {
  /**
   * Sets the state of many accounts in one statement or few; all counters of a campaign begin anew. Returns the ids that
   * exist, in no order.
   */
  set(
    accountIds: readonly AccountId[],
    wanted: { state: EnforcementState; at: Date; campaignId?: string },
  ): Promise<readonly AccountId[]>
  /** Everybody in the group now; who joins later is not. Returns how many. */
  setGroup(group: string, wanted: { state: EnforcementState; at: Date; campaignId?: string }): Promise<number>
  /** `enabled` becomes `enforced`, as a person has set up a factor. `false`: it was not `enabled`. */
  enforce(accountId: AccountId, at: Date): Promise<boolean>
  /** Counts one postponement if fewer than `atMost` were made. `false`: no more allowed, or not `enabled`. */
  postpone(accountId: AccountId, postponement: { atMost: number; until: Date }): Promise<boolean>
  /** Accounts by state, in all of the realm. */
  countByState(): Promise<Readonly<Record<EnforcementState, number>>>
  addCampaign(campaign: Campaign): Promise<'added' | 'conflict'>
  findCampaign(id: string): Promise<Campaign | undefined>
  /** Newest first. */
  listCampaigns(): Promise<readonly Campaign[]>
  /** Replaces name, limits and end. `false`: gone. */
  changeCampaign(campaign: Campaign): Promise<boolean>
  progress(campaignId: string): Promise<CampaignProgress>
}
