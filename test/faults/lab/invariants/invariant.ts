import type { History } from '../history.ts'
import type { Rows } from '../rows.ts'

/** By their numbers in security.md section 4.5. */
export type InvariantId = `I${number}`

export interface Facts extends Rows {
  readonly realmId: string
  readonly issuer: string
  /** What the processes wrote. */
  readonly logs: string
}

export interface Findings {
  /** How many facts it was held against; 0: there was nothing to look at. */
  readonly looked: number
  /** One sentence for each breach, without tokens. */
  readonly broken: readonly string[]
}

export interface Invariant {
  readonly id: InvariantId
  /** What always holds, as a sentence. */
  readonly claim: string
  readonly holds: (facts: Facts, history: History) => Findings
}

/** Declares one. `look` is handed `fact(holds, seen)`, to be called once for each fact. */
export const invariant = (
  id: InvariantId,
  claim: string,
  look: (facts: Facts, history: History, fact: (holds: boolean, seen: () => string) => void) => void,
): Invariant =>
  Object.freeze({
    id,
    claim,
    holds(facts: Facts, history: History): Findings {
      let looked = 0
      const broken: string[] = []
      look(facts, history, (holds, seen) => {
        looked += 1
        if (!holds) broken.push(seen())
      })
      return { looked, broken }
    },
  })

/** Groups by key, in the order of first appearance. */
export function groupBy<T>(all: Iterable<T>, key: (one: T) => string | undefined): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const name = key(one)
    if (name === undefined) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [one])
    else group.push(one)
  }
  return groups
}
