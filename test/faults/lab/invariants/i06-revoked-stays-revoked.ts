import { familyOf, familyOfRequest, precedes, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const revokedStaysRevoked = invariant(
  'I6',
  'What was confirmed as revoked is never valid again. (Access tokens are read by resource servers and end by themselves.)',
  (_facts, history, fact) => {
    const byFamily = groupBy(refreshes(history), familyOfRequest)
    const ended = [
      ...history.asked.flatMap((one) =>
        one.act === 'revoke' && one.answer?.status === 200 ? [{ family: familyOf(one.form.token), ended: one.ended ?? 0 }] : [],
      ),
      ...history.deeds.flatMap((one) => (one.deed === 'family-revoked' ? [{ family: one.subject, ended: one.ended }] : [])),
    ]
    for (const { family, ended: at } of ended) {
      const after = (byFamily.get(family ?? '') ?? []).filter((one) => precedes({ ended: at }, one) && one.answer?.status === 200)
      fact(after.length === 0, () => `family ${family} gave tokens ${after.length} times after it was revoked`)
    }
  },
)
