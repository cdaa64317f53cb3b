import { isTokenAnswer } from '../history.ts'
import { groupBy, invariant } from './invariant.ts'

export const aCodeGivesOneAnswer = invariant(
  'I1',
  'A code yields at most one successful token answer; the same bytes count once.',
  (_facts, { asked }, fact) => {
    const redeemed = asked.filter(({ act }) => act === 'redeem')
    for (const tries of groupBy(redeemed, ({ form }) => form.code).values()) {
      const answers = new Set(tries.filter(isTokenAnswer).map(({ answer }) => answer.text))
      fact(answers.size <= 1, () => `one code, shown ${tries.length} times, gave ${answers.size} different answers`)
    }
  },
)
