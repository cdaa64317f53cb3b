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

export interface AttemptStore {
  /**
   * The only way to write: with the counter of `subject` and `method` locked, hands its state to `decide` and keeps
   * what that returns as `next`. Serialised per subject and method over all processes; committed at once, apart from
   * any surrounding transaction, so that no roll-back can give a guess back. `decide` is pure and may be run again.
   * `subject` is `account:<id>`, `name:<keyed digest>` for a name that nobody has, treated alike, or `source:<address>`.
   */
  update<T>(
    key: { subject: string; method: string },
    decide: (state: AttemptState | undefined) => { next: AttemptState | undefined; result: T },
  ): Promise<T>
  find(key: { subject: string; method: string }): Promise<AttemptState | undefined>
}
