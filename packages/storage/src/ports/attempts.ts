/** How often a secret was tried. The rules are in `mfa/throttle.ts`; storage only keeps the numbers. */
export interface AttemptState {
  /** Failures since the last success. */
  readonly consecutive: number
  /** Failures since `windowStartedAt`, whatever came between. */
  readonly inWindow: number
  readonly windowStartedAt: Date
  /** No check before this. */
  readonly blockedUntil?: Date
  /** Too many failures for good: only binding anew helps. */
  readonly disabled: boolean
  /** Short keyed digests of the different wrong answers of this window, where they are told apart. */
  readonly seen?: readonly string[]
}

/** A counter as somebody wrote it. Good for {@link AttemptStore.update} alone, which reads it again where it has changed since. */
export interface WrittenAttempts {
  readonly state: AttemptState
  /** Another one after each change, whoever makes it. */
  readonly version: string
}

export interface AttemptStore {
  /**
   * The only way to write: with the counter of `subject` and `method` locked, hands its state to `decide` and keeps
   * what that returns as `next`. Serialised per subject and method over all processes; committed at once, apart from
   * any surrounding transaction, so that no roll-back can give a guess back. `decide` is pure and may be run again.
   * `subject` is `account:<id>`, `name:<keyed digest>` for a name that nobody has, treated alike, or `source:<address>`.
   *
   * `written` hears of the counter as it was left, where that is known, and whoever comes back to it soon may hand it in as
   * `since`: the counter is then read only if somebody has written it meanwhile. What is promised is the same.
   */
  update<T>(
    key: { subject: string; method: string },
    decide: (state: AttemptState | undefined) => { next: AttemptState | undefined; result: T },
    known?: { since?: WrittenAttempts | undefined; written?: (left: WrittenAttempts) => void },
  ): Promise<T>
  find(key: { subject: string; method: string }): Promise<AttemptState | undefined>
}
