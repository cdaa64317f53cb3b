/**
 * gate-memory remembers for a short time whom the gate has let in, so that a phone which asks every second costs one question a minute.
 *
 * It owns bounds, times and the key under which answers are filed: a keyed digest of the whole question, so that no secret stays in
 * memory and none can be found by trying. Refusals are never remembered: the owner may activate the app at any moment.
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { Revocations } from '../revocations/revocations-contract.ts'
import { TokenMemory } from '../token-memory.ts'
import type { GateQuestion } from './gate-question.ts'
import type { GatedAccepted } from './legacy-auth-contract.ts'

type Kept = Readonly<{ accepted: GatedAccepted; askedAt: number }>

export interface GateMemory {
  /** Under which a question is filed. */
  keyOf(question: GateQuestion): string
  find(key: string, now: number): GatedAccepted | undefined
  /** `askedAt`: when the question left, not when the answer came. */
  remember(key: string, accepted: GatedAccepted, askedAt: number): void
}

/** Times in milliseconds. */
export function createGateMemory(options: { lifeMs: number; most: number; revocations: Revocations | undefined }): GateMemory {
  const { lifeMs, most, revocations } = options
  const processKey = randomBytes(32)
  const memory = new TokenMemory<Kept>(lifeMs === 0 ? 0 : most)
  return Object.freeze({
    keyOf: (question: GateQuestion) => createHmac('sha256', processKey).update(JSON.stringify(question)).digest('base64url'),
    find(key: string, now: number) {
      const kept = memory.find(key)
      if (kept === undefined) return undefined
      const { accepted, askedAt } = kept
      // Also where the clock was set back: an answer from the future would never end.
      const isOver = now < askedAt || now >= askedAt + lifeMs
      if (!isOver && revocations?.mustAskAgain(accepted.account.id, askedAt) !== true) return accepted
      memory.forget(key) // so that the next answer can take its place
      return undefined
    },
    remember(key: string, accepted: GatedAccepted, askedAt: number) {
      memory.remember(key, Object.freeze({ accepted, askedAt }))
    },
  })
}
