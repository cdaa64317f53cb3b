/** Faults of what the service stands on: databases, clocks, disks, senders, receivers, networks. */
import type { Experiment } from '../lab/experiment.ts'

export const outsideFaults: readonly Experiment[] = Object.freeze([])
