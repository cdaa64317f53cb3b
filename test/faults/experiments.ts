/** The table of the experiments: F1 to F22, each a file of experiments/. */
import { insideFaults } from './experiments/inside.ts'
import { outsideFaults } from './experiments/outside.ts'
import type { Experiment } from './lab/experiment.ts'

const number = ({ id }: Experiment): number => Number(id.slice(1))

export const EXPERIMENTS: readonly Experiment[] = Object.freeze(
  [...insideFaults, ...outsideFaults].toSorted((one, other) => number(one) - number(other)),
)
