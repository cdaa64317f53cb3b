/** Faults of the service itself: processes that die, commits that get lost, upgrades, restores, impatient clients. */
import type { Experiment } from '../lab/experiment.ts'

export const insideFaults: readonly Experiment[] = Object.freeze([])
