/**
 * random-histories lets clients, thieves and administrators do whatever a seed says, at two processes that die in between,
 * and leaves the verdict to the checker. fast-check makes the histories; the model knows who should still be signed in, and at
 * the end everybody who should be is asked for.
 *
 * It owns what can happen. It does not own what must hold.
 * @module
 */
import { asyncModelRun, sample } from 'fast-check'
import { createTally, type ExperimentResult } from '../experiment.ts'
import type { Laboratory } from '../laboratory.ts'
import { histories } from './happenings.ts'
import { closeStage, openStage, type Stage } from './stage.ts'

export interface HistoryOptions {
  /** So many things happen. */
  readonly most: number
  /** People, each with a browser in which they have signed in. */
  readonly people: number
  /** Whether processes are killed; each start costs seconds. */
  readonly kills: boolean
  /** Done again and again meanwhile, in this process. */
  readonly beside?: (stage: Stage) => Promise<void>
}

export async function runHistory(lab: Laboratory, options: HistoryOptions): Promise<ExperimentResult> {
  const tally = createTally()
  const stage = await openStage(lab, options)
  const [history = []] = sample(histories(options), { seed: lab.seed, numRuns: 1 })
  let over = false
  const { beside } = options
  const aside =
    beside &&
    (async () => {
      while (!over) await beside(stage)
    })()
  try {
    await asyncModelRun(() => ({ model: stage.model, real: stage }), history)
  } finally {
    over = true
    await aside
  }
  // At rest: whoever should be signed in is, and nobody else.
  for (const { client, alive } of stage.model.sessions) {
    const asked = await client.refreshUntilAnswered()
    const works = asked.answer?.status === 200
    tally.held(
      works === alive,
      `seed ${lab.seed}: ${client.name} should ${alive ? 'still' : 'no longer'} be signed in, but got ${asked.answer?.status} ${asked.answer?.body.error ?? ''}`,
    )
  }
  await closeStage(stage)
  for (const line of stage.model.surprises) tally.held(false, `seed ${lab.seed}: ${line}`)
  const happened = Object.fromEntries([...stage.model.happened].map(([name, times]) => [name, times]))
  return tally.result(lab.requests(), happened)
}

/** For the rest of the time of `pnpm faults --minutes`: a long history each time it is run. */
export const randomHistories = Object.freeze({
  id: 'random',
  title: 'whatever a seed says happens at two processes',
  run: (lab: Laboratory) => runHistory(lab, { most: 120, people: 5, kills: true }),
})
