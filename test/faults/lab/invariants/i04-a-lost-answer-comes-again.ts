import { isLost } from '../honest-client.ts'
import { isGrantRefused, readFamilies, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const aLostAnswerComesAgain = invariant(
  'I4',
  'Where a refresh got no answer, asking again within the replay window succeeds, with no more effect than one success.',
  (_facts, history, fact) => {
    const families = readFamilies(history)
    for (const tries of groupBy(refreshes(history), ({ form }) => form.refresh_token).values()) {
      for (const one of tries) {
        if (!tries.some((other) => other.begun < one.begun && isLost(other))) continue
        fact(
          !isGrantRefused(one) || families.excuseOf(one) !== undefined,
          () => `${one.client} asked again after it got no answer, and was refused`,
        )
        const answers = new Set(tries.filter(({ answer }) => answer?.status === 200).map(({ answer }) => answer?.text))
        fact(answers.size <= 1, () => `${one.client} asked again after it got no answer, and got ${answers.size} different ones`)
      }
    }
  },
)
