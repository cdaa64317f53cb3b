import { claimsOf, isTokenAnswer } from '../history.ts'
import { isLost } from '../honest-client.ts'
import { invariant } from './invariant.ts'
import { isTokenRequest } from './token-requests.ts'

export const noTokenWithoutItsRow = invariant(
  'I7',
  'No token answer without a committed audit row, and as many rows as answers.',
  ({ audit }, history, fact) => {
    const rows = new Set(
      audit.filter(({ event }) => event === 'token.issued' || event === 'actor_token.issued').map(({ detail }) => detail.jti),
    )
    const restored = history.deeds.some(({ deed }) => deed === 'restored')
    const answered = new Set<unknown>()
    for (const one of history.asked.filter(isTokenAnswer)) {
      const { jti } = claimsOf(one.answer.body.access_token)
      answered.add(jti)
      // A backup that was put back knows nothing of what came after it.
      if (!restored) fact(rows.has(jti), () => `${one.client} was given a token of which the trail does not know`)
    }
    const lost = history.asked.filter((one) => isTokenRequest(one) && isLost(one)).length
    const unknown = [...rows].filter((jti) => !answered.has(jti)).length
    fact(
      unknown <= lost + history.unrecordedAnswers,
      () =>
        `${unknown} rows of tokens that nobody was given, where ${lost} requests got no answer and ${history.unrecordedAnswers} were not recorded`,
    )
  },
)
