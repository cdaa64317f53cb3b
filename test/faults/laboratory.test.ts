/**
 * The short set of the fault laboratory: experiments that take seconds, each followed by the checker. `pnpm faults` runs all
 * of them, at length.
 */
import { afterAll, expect, it } from 'vitest'
import { EXPERIMENTS } from './experiments.ts'
import { complaintsOf, type Ran, runExperiment } from './lab/runner.ts'

const SEED = 20_261_123
const ran: Ran[] = []

it.each(EXPERIMENTS.filter(({ inShort }) => inShort))('$id holds: $title', async (experiment) => {
  const outcome = await runExperiment(experiment, { seed: SEED, budget: 'short' })
  ran.push(outcome)
  expect(complaintsOf(outcome), `seed ${SEED}`).toEqual([])
  expect(outcome.result.total).toBeGreaterThan(0)
})

afterAll(() => {
  const lines = ran.map(({ id, seconds, result }) => `${id} ${result.passed}/${result.total} in ${seconds.toFixed(1)} s`)
  process.stdout.write(`${lines.join('\n')}\n`)
})
