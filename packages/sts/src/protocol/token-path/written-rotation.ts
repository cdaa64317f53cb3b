import type { AuditRow } from '@postern/storage'
import { sealAnswer } from '../kept-answer.ts'
import { type NewRefreshToken, requestState } from '../request-state.ts'

/**
 * Writes all that one refresh writes, for the realm of the request in hand: the used token, its successor, the answer that is
 * kept for the same request, and the row of the trail. `false`: it was used by another or its family has ended; nothing is written.
 */
export function writeRotation(rotation: {
  /** Handle of the used token. */
  readonly used: string
  readonly successor: NewRefreshToken
  /** Digest of the request. Without one the answer is not kept. */
  readonly form: string | undefined
  readonly answer: string
  readonly at: Date
  readonly trail: AuditRow
}): Promise<boolean> {
  const { used, successor, form, answer, at, trail } = rotation
  const { realm, store } = requestState().runtime
  const seconds = realm.settings.refreshReplaySeconds
  const isKept = form !== undefined && seconds > 0
  const until = new Date(at.getTime() + seconds * 1000)
  return store.refreshTokens.rotate({
    handle: used,
    at,
    successor,
    ...(isKept ? { answer: { sealed: sealAnswer(used, answer), request: form, until } } : {}),
    trail,
  })
}
