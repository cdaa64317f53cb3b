import { isLost } from '../honest-client.ts'
import { isGrantRefused, precedes, readFamilies, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const whatWasGivenWorks = invariant(
  'I3',
  'A refresh token that a client was given works, or its replay does, until a limit, a revocation or reuse.',
  (_facts, history, fact) => {
    const families = readFamilies(history)
    const given = new Set(history.asked.map((one) => (one.answer?.status === 200 ? one.answer.body.refresh_token : undefined)))
    const byToken = groupBy(refreshes(history), ({ form }) => form.refresh_token)
    for (const [token, tries] of byToken) {
      if (!given.has(token)) continue
      for (const one of tries) {
        // A try after one that got no answer is I4.
        if (tries.some((other) => other.begun < one.begun && isLost(other))) continue
        const again = tries.some((other) => precedes(other, one))
        fact(
          !isGrantRefused(one) || families.excuseOf(one) !== undefined,
          () => `${one.client} was refused with the ${again ? 'same token as a moment ago' : 'newest token that it was given'}`,
        )
      }
    }
  },
)
