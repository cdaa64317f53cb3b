/**
 * What the protocol engine keeps for a while: sessions, interactions, grants, codes, device codes, pushed requests.
 * Ids are kept as keyed hashes and payloads sealed, so a dump holds no usable code or session id (R24).
 */
export interface ArtifactKeys {
  readonly grantId?: string
  readonly uid?: string
  readonly userCode?: string
  readonly accountId?: string
  readonly clientId?: string
}

export interface Artifact {
  readonly payload: Readonly<Record<string, unknown>>
  readonly consumedAt?: Date
  readonly expiresAt: Date
}

export interface NewArtifact {
  readonly kind: string
  readonly id: string
  readonly payload: Record<string, unknown>
  readonly expiresAt: Date
  readonly keys: ArtifactKeys
}

export interface ArtifactStore {
  /** Inserts or replaces. The kind is part of the key: one kind is never found as another. */
  upsert(artifact: NewArtifact): Promise<void>
  /** The same for two that are not one, at once: both or none. */
  upsertBoth(one: NewArtifact, other: NewArtifact): Promise<void>
  /** Replaces what is there. `false`: it is gone, and nothing was written. */
  replace(artifact: NewArtifact): Promise<boolean>
  /**
   * Inserts or replaces, unless there is one of the kind `unless` whose id is the `uid` of this one. The one with the id
   * `instead`, which it comes in place of, goes in any case. All of it at once.
   */
  upsertUnless(artifact: NewArtifact & { keys: { uid: string } }, about: { unless: string; instead?: string }): Promise<void>
  /** `lock: true` holds the row until the transaction ends; of two requests the second sees what the first did. */
  find(kind: string, id: string, options?: { lock?: boolean }): Promise<Artifact | undefined>
  /** Not found either while there is one of the kind `unless` whose id is this uid: one look at both. */
  findByUid(kind: string, uid: string, options?: { unless?: string }): Promise<Artifact | undefined>
  findByUserCode(kind: string, userCode: string): Promise<Artifact | undefined>
  /** The living ones of an account, in no order. For few: each is opened. */
  listByAccount(kind: string, accountId: string, now: Date): Promise<readonly Artifact[]>
  /** Marks it used. `false`: it was used before, is gone, or its client is disabled, which cannot happen until the transaction ends then. */
  consume(kind: string, id: string, at: Date): Promise<boolean>
  destroy(kind: string, id: string): Promise<void>
  /** Removes every artifact of a grant, of whatever kind. */
  removeByGrant(grantId: string): Promise<number>
  /** Removes every artifact of an account (sessions, grants, codes), e.g. when it is disabled. */
  removeByAccount(accountId: string): Promise<number>
}
