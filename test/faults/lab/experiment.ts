import type { Laboratory } from './laboratory.ts'

/** Faults by their numbers in the requirements (security.md section 4.3). */
export type ExperimentId = `F${number}`

/** What of the system an experiment needs; where it is missing, the experiment is not run and the table says so. */
export type Need = 'libfaketime' | 'mount'

export interface ExperimentResult {
  /** Cases in which everything held. */
  readonly passed: number
  readonly total: number
  /** Requests that clients sent meanwhile, answered or not. */
  readonly requests: number
  /** What was measured and is only told, by name. */
  readonly figures?: Readonly<Record<string, number>>
  /** Sentences for whoever reads the table; each case that did not hold must have one. */
  readonly seen: readonly string[]
}

export interface Experiment {
  readonly id: ExperimentId
  /** What happens, as a sentence. */
  readonly title: string
  readonly run: (lab: Laboratory) => Promise<ExperimentResult>
  readonly needs: readonly Need[]
  /** Is in the fixed set of `npm test`. */
  readonly inShort: boolean
}

/** Declares an experiment. The runner checks the invariants over every world of the laboratory afterwards. */
export const experiment = (
  id: ExperimentId,
  title: string,
  run: (lab: Laboratory) => Promise<ExperimentResult>,
  about: { needs?: readonly Need[]; inShort?: boolean } = {},
): Experiment => Object.freeze({ id, title, run, needs: about.needs ?? [], inShort: about.inShort ?? false })

/** Counts cases: `held(true)` or `held(false, 'what was seen')`. */
export function createTally() {
  let passed = 0
  let total = 0
  const seen: string[] = []
  return {
    held(holds: boolean, sentence: string): void {
      total += 1
      if (holds) passed += 1
      else seen.push(sentence)
    },
    /** Something worth telling that is no case. */
    tell: (sentence: string): void => void seen.push(sentence),
    result: (requests: number, figures?: Readonly<Record<string, number>>): ExperimentResult =>
      Object.freeze({ passed, total, requests, seen: Object.freeze([...seen]), ...(figures === undefined ? {} : { figures }) }),
  }
}

/** Two parts of one experiment. */
export const addResults = (one: ExperimentResult, other: ExperimentResult): ExperimentResult =>
  Object.freeze({
    passed: one.passed + other.passed,
    total: one.total + other.total,
    requests: one.requests + other.requests,
    figures: { ...one.figures, ...other.figures },
    seen: [...one.seen, ...other.seen],
  })
