import type { PendingInteraction } from '../protocol/interactions.ts'

/** What stands on one page, or a few, until one thing is shown. */
export type StepName = 'password' | 'factor' | 'enroll' | 'blocked' | 'consent'

type Row = readonly [prompt: PendingInteraction['prompt'], reason: string, step: StepName]

/** prompt, reason, step. `*` is any reason. The first row that fits counts. */
export const steps: readonly Row[] = [
  ['login', '*', 'password'],
  ['assurance', 'blocked', 'blocked'],
  ['assurance', 'factor_required', 'factor'],
  ['assurance', 'factor_missing', 'enroll'],
  ['assurance', 'factor_offered', 'enroll'],
  ['assurance', '*', 'blocked'],
  ['consent', '*', 'consent'],
]

/** What is known of the account's factors when a page is asked for. */
export interface FactorsAtHand {
  /** Something is bound that the realm has not switched off. */
  readonly hasFactor: boolean
  /** One was shown in this sign-in, lately enough to bind another (R107, R121), or this attempt is about to finish binding one. */
  readonly mayBindAnother: boolean
}

/**
 * Which step meets what is missing. Pure. The factors are asked for because a page may be old: whoever has bound one in
 * another window since is asked for it here, and never led to bind a second one with a password alone (R121).
 */
export function decideStep(pending: Pick<PendingInteraction, 'prompt' | 'reasons'>, at: FactorsAtHand): StepName {
  const found = steps.find(([prompt, reason]) => prompt === pending.prompt && (reason === '*' || pending.reasons[0] === reason))
  const step = found?.[2] ?? 'blocked'
  if (step === 'enroll' && at.hasFactor && !at.mayBindAnother) return 'factor'
  if (step === 'factor' && !at.hasFactor) return 'enroll'
  return step
}
