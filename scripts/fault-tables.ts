/** What `pnpm faults` says at its end: a row for each experiment, a row for each invariant, and the sums. Pure. */

interface RanExperiment {
  readonly id: string
  readonly title: string
  readonly seed: number
  readonly seconds: number
  readonly result: { readonly passed: number; readonly total: number; readonly requests: number }
  readonly checked: {
    readonly violations: readonly { readonly invariant: string }[]
    readonly looked: Readonly<Record<string, number>>
  }
  readonly fault?: string
}

export interface FaultSummary {
  /** Of the experiments of the table: those in which every case held and no invariant was broken. */
  readonly held: number
  readonly run: number
  /** Random histories beside them. */
  readonly histories: number
  readonly requests: number
  /** Invariants that had nothing to look at in all of it: nobody knows whether they hold. */
  readonly blind: readonly string[]
  readonly invariants: readonly {
    readonly id: string
    readonly claim: string
    readonly looked: number
    readonly violations: number
  }[]
}

export function renderFaultTables(
  all: readonly RanExperiment[],
  invariants: readonly { readonly id: string; readonly claim: string }[],
  seed: number,
): { readonly text: string; readonly summary: FaultSummary } {
  const isHeld = ({ result, checked, fault }: RanExperiment): boolean =>
    fault === undefined && result.total > 0 && result.passed === result.total && checked.violations.length === 0
  const ofTable = all.filter(({ id }) => id.startsWith('F'))
  const random = all.filter(({ id }) => !id.startsWith('F'))
  const held = ofTable.filter(isHeld).length
  const counted = invariants.map(({ id, claim }) => ({
    id,
    claim,
    looked: all.reduce((sum, { checked }) => sum + (checked.looked[id] ?? 0), 0),
    violations: all.reduce((sum, { checked }) => sum + checked.violations.filter(({ invariant }) => invariant === id).length, 0),
  }))
  const blind = counted.filter(({ looked }) => looked === 0).map(({ id }) => id)
  const requests = all.reduce((sum, { result }) => sum + result.requests, 0)
  const text = [
    `| | what happens | held | requests | seconds | seed |`,
    `|---|---|---|---|---|---|`,
    ...all.map(
      ({ id, title, result, seconds, fault, seed: own }) =>
        `| ${id} | ${title} | ${fault?.startsWith('not run') === true ? 'not run' : `${result.passed}/${result.total}`} | ${result.requests} | ${seconds.toFixed(1)} | ${own} |`,
    ),
    '',
    `| | what always holds | facts looked at | violated |`,
    `|---|---|---|---|`,
    ...counted.map(({ id, claim, looked, violations }) => `| ${id} | ${claim} | ${looked} | ${violations} |`),
    '',
    `${held} of ${ofTable.length} experiments hold, and ${random.filter(isHeld).length} of ${random.length} random histories; ${counted.filter(({ violations }) => violations > 0).length} of ${counted.length} invariants violated, ${blind.length} never looked at; ${requests} requests; seed ${seed}`,
    ...(blind.length === 0 ? [] : [`${blind.join(', ')} had nothing to look at`]),
  ].join('\n')
  return { text, summary: { held, run: ofTable.length, histories: random.length, requests, blind, invariants: counted } }
}
