import type { PendingInteraction } from '../protocol/interactions.ts'

/** What stands on one page, or two, until one thing is shown. */
export type StepName = 'password' | 'factor' | 'enroll' | 'blocked' | 'consent'

type Row = readonly [prompt: PendingInteraction['prompt'], reason: string, step: StepName]

/** prompt, reason, step. `*` is any reason. The first row that fits counts. */
export const steps: readonly Row[] = [
  ['login', '*', 'password'],
  ['assurance', 'blocked', 'blocked'],
  ['assurance', 'factor_required', 'factor'],
  ['assurance', 'factor_missing', 'enroll'],
  ['assurance', '*', 'blocked'],
  ['consent', '*', 'consent'],
]

/**
 * Which step meets what is missing. Pure. `hasFactor` is asked because a page may be old: whoever has bound a factor in
 * another window since is asked for it here, and never led to bind a second one with a password alone (R121).
 */
export function decideStep(pending: Pick<PendingInteraction, 'prompt' | 'reasons'>, hasFactor: boolean): StepName {
  const found = steps.find(([prompt, reason]) => prompt === pending.prompt && (reason === '*' || pending.reasons[0] === reason))
  const step = found?.[2] ?? 'blocked'
  if (step === 'enroll' && hasFactor) return 'factor'
  if (step === 'factor' && !hasFactor) return 'enroll'
  return step
}
