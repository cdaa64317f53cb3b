/**
 * runner runs one experiment in a laboratory of its own, and the checker over everything that happened in it afterwards.
 *
 * It owns what counts as passed: every case of the experiment, and no invariant broken. It prints nothing.
 * @module
 */
import { setTimeout as after } from 'node:timers/promises'
import type { Checked } from './checker.ts'
import type { Experiment, ExperimentResult } from './experiment.ts'
import { openLaboratory } from './laboratory.ts'

export interface Ran {
  readonly id: string
  readonly title: string
  readonly seed: number
  readonly seconds: number
  readonly result: ExperimentResult
  readonly checked: Checked
  /** What ended it before its end. */
  readonly fault?: string
}

const nothing: ExperimentResult = Object.freeze({ passed: 0, total: 0, requests: 0, seen: [] })
const unchecked: Checked = Object.freeze({ violations: [], looked: {} })

/** Never throws: a fault of an experiment is part of its outcome. */
export async function runExperiment(
  experiment: Pick<Experiment, 'title' | 'run'> & { readonly id: string },
  options: {
    readonly seed: number
    readonly budget: 'short' | 'long'
    readonly thorough?: boolean
    /** After so many seconds it is given up, and what it started ends. */
    readonly mostSeconds?: number
    /** Gives it up at once. */
    readonly signal?: AbortSignal
  },
): Promise<Ran> {
  const began = performance.now()
  let result = nothing
  let checked = unchecked
  let fault: string | undefined
  try {
    await using lab = openLaboratory(options)
    await unlessGivenUp(options, async () => {
      result = await experiment.run(lab)
      checked = await lab.check()
    })
  } catch (error) {
    fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  const { id, title } = experiment
  const seconds = (performance.now() - began) / 1000
  return Object.freeze({ id, title, seed: options.seed, seconds, result, checked, ...(fault === undefined ? {} : { fault }) })
}

/** @throws {GivenUp} while `work` goes on; what it stands on is taken away from under it by the caller. */
async function unlessGivenUp(
  { mostSeconds, signal }: { readonly mostSeconds?: number; readonly signal?: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted()
  const over = new AbortController()
  const working = work()
  // Whatever it says after it was given up is of no interest.
  working.catch(() => undefined)
  const limits: Promise<void>[] = [working]
  if (mostSeconds !== undefined)
    limits.push(
      after(mostSeconds * 1000, undefined, { signal: over.signal, ref: true }).then(() => {
        throw new GivenUp(`it took longer than ${mostSeconds} s`)
      }),
    )
  if (signal !== undefined)
    limits.push(
      new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => reject(new GivenUp('interrupted')), { once: true, signal: over.signal })
      }),
    )
  for (const one of limits) one.catch(() => undefined)
  try {
    await Promise.race(limits)
  } finally {
    over.abort()
  }
}

class GivenUp extends Error {
  readonly code = 'given_up'
  override readonly name = 'GivenUp'
}

export const hasPassed = ({ result, checked, fault }: Ran): boolean =>
  fault === undefined && result.total > 0 && result.passed === result.total && checked.violations.length === 0

/** What went wrong, a line each. */
export const complaintsOf = ({ result, checked, fault }: Ran): readonly string[] => [
  ...(fault === undefined ? [] : [fault]),
  ...(result.total === 0 && fault === undefined ? ['no case was tried'] : []),
  ...(result.passed < result.total ? result.seen : []),
  ...checked.violations.map(({ invariant, seen }) => `${invariant}: ${seen}`),
]
