import { invariant } from './invariant.ts'
import { isTokenRequest } from './token-requests.ts'

/** A device that is told to wait, or to slow down, was not decided about. */
const UNDECIDED = new Set<unknown>(['authorization_pending', 'slow_down'])
const REFUSED = new Set(['token.refused', 'actor_token.refused', 'client.refused', 'refresh.reused'])

export const rowsNameTheirToken = invariant(
  'I8',
  'Each row about an issued token names it, no two the same, and refused answers have rows too.',
  ({ audit }, history, fact) => {
    const seen = new Set<unknown>()
    for (const { event, detail, id } of audit) {
      if (event !== 'token.issued' && event !== 'actor_token.issued') continue
      fact(typeof detail.jti === 'string' && !seen.has(detail.jti), () => `row ${id} names no token of its own`)
      seen.add(detail.jti)
    }
    const refused = history.asked.filter(
      (one) =>
        isTokenRequest(one) &&
        one.answer !== undefined &&
        one.answer.status >= 400 &&
        one.answer.status < 429 &&
        !UNDECIDED.has(one.answer.body.error),
    ).length
    const rows = audit.filter(({ event }) => REFUSED.has(event)).length
    const restored = history.deeds.some(({ deed }) => deed === 'restored')
    if (refused > 0 && !restored) fact(rows >= refused, () => `${refused} refusals were answered and ${rows} written down`)
  },
)
