/**
 * checker says which of the twenty invariants of security.md section 4.5 do not hold, over what the database has and what
 * every client saw. It is the only place that judges; experiments make faults and count answers.
 *
 * Each invariant is a pure function in invariants/. It reports how many facts it looked at, so that one that saw nothing
 * cannot pass for one that holds.
 * @module
 */
import type { History } from './history.ts'
import type { Facts, InvariantId } from './invariants/invariant.ts'
import { INVARIANTS } from './invariants/invariants.ts'

export interface Violation {
  readonly invariant: InvariantId
  /** What was seen, without tokens. */
  readonly seen: string
}

export interface Checked {
  readonly violations: readonly Violation[]
  /** How many facts each invariant was held against. */
  readonly looked: Readonly<Record<string, number>>
}

export function check(facts: Facts, history: History): Checked {
  const looked: Record<string, number> = {}
  const violations: Violation[] = []
  for (const { id, holds } of INVARIANTS) {
    const found = holds(facts, history)
    looked[id] = found.looked
    for (const seen of found.broken) violations.push(Object.freeze({ invariant: id, seen }))
  }
  return Object.freeze({ violations: Object.freeze(violations), looked: Object.freeze(looked) })
}
