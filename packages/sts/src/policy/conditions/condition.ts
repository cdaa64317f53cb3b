import type { Facts } from '../facts.ts'

/**
 * Whether the signals fall under a condition. `'unknown'`: the signal that would tell is missing. Because policies only
 * ever restrict, an unknown counts as a match where it applies a policy and as none where it would exempt from one.
 */
export type Match = boolean | 'unknown'

/** One kind of condition: which values it takes, and how the signals are held against any one of them. */
export interface Condition {
  readonly isValue: (value: string) => boolean
  /** What a value must be, to follow "must be" in a message. */
  readonly expects: string
  /** Called once when a policy is made ready, so that nothing is parsed again for each decision. */
  readonly matcher: (values: readonly string[]) => (facts: Facts) => Match
}
