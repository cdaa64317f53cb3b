/** Faults of the service itself: processes that die, commits that get lost, upgrades, restores, impatient clients. */
import type { Experiment } from '../lab/experiment.ts'
import f01 from './f01-killed-inside-a-rotation.ts'
import f02 from './f02-killed-while-something-is-used-up.ts'
import f07 from './f07-the-answer-to-a-commit-is-lost.ts'
import f08 from './f08-transactions-give-way.ts'
import f15 from './f15-a-rolling-upgrade-and-back.ts'
import f16 from './f16-a-stop-under-load.ts'
import f18 from './f18-a-backup-is-restored.ts'
import f19 from './f19-two-tabs-refresh-at-once.ts'
import f22 from './f22-expired-rows-are-swept.ts'

export const insideFaults: readonly Experiment[] = Object.freeze([f01, f02, f07, f08, f15, f16, f18, f19, f22])
