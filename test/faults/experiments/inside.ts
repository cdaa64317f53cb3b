/** Faults of the service itself: processes that die, commits that get lost, upgrades, restores, impatient clients. */
import type { Experiment } from '../lab/experiment.ts'
import f16 from './f16-a-stop-under-load.ts'
import f19 from './f19-two-tabs-refresh-at-once.ts'
import f22 from './f22-expired-rows-are-swept.ts'

export const insideFaults: readonly Experiment[] = Object.freeze([f16, f19, f22])
