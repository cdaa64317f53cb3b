/** One ID token that must not be believed: what all modules about them share. */
import { type Checks, type ConformanceModule, fileNameOf, module } from '../conformance-module.ts'
import type { Target } from '../target.ts'
import { playScene } from './client-stage.ts'
import { mustGiveUp, shouldGiveUp, tokensShown, wasMet } from './judging.ts'
import type { Addresses, IdTokenDraft } from './script.ts'

type Spoil = (draft: IdTokenDraft, at: Addresses) => IdTokenDraft

/** @param force `should` where a standard leaves the check to the client. */
export function idTokenModule(claim: string, clause: string, spoil: Spoil, force: 'must' | 'should' = 'must'): ConformanceModule {
  const run = async (target: Target, checks: Checks): Promise<void> => {
    const played = await playScene(target, fileNameOf(made), {
      idToken: (draft, { world }) => {
        world.meet()
        return spoil(draft, world.at)
      },
    })
    if (!wasMet(checks, clause, 'it gives up and says so', played)) return
    if (force === 'should') return shouldGiveUp(checks, clause, played)
    mustGiveUp(checks, clause, played)
    const shown = tokensShown(played).length
    checks.must(clause, 'it uses nothing that came with such an ID token', shown === 0, `${shown} times`)
  }
  const made = module('client', claim, run)
  return made
}
