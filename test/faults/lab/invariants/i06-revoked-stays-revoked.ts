import { claimsOf } from '../history.ts'
import { familyOf, familyOfRequest, precedes, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const revokedStaysRevoked = invariant(
  'I6',
  'What was confirmed as revoked is never valid again. (Resource servers that read access tokens themselves see it when these end; introspection says it at once.)',
  (_facts, history, fact) => {
    const byFamily = groupBy(refreshes(history), familyOfRequest)
    const introspected = groupBy(
      history.asked.filter(({ act }) => act === 'introspect'),
      ({ headers }) => String(claimsOf(headers.authorization?.replace(/^Bearer /, '')).grant_id),
    )
    // A backup that was put back knows nothing of the grants that were ended after it; their access tokens end by themselves.
    const restored = history.deeds.find(({ deed }) => deed === 'restored')?.begun ?? Number.POSITIVE_INFINITY
    const ended = [
      ...history.asked.flatMap((one) =>
        one.act === 'revoke' && one.answer?.status === 200 ? [{ family: familyOf(one.form.token), ended: one.ended ?? 0 }] : [],
      ),
      ...history.deeds.flatMap((one) => (one.deed === 'family-revoked' ? [{ family: one.subject, ended: one.ended }] : [])),
    ]
    for (const { family, ended: at } of ended) {
      const after = (byFamily.get(family ?? '') ?? []).filter((one) => precedes({ ended: at }, one) && one.answer?.status === 200)
      fact(after.length === 0, () => `family ${family} gave tokens ${after.length} times after it was revoked`)
      for (const one of introspected.get(family ?? '') ?? [])
        if (precedes({ ended: at }, one) && one.begun < restored && one.answer?.status === 200)
          fact(one.answer.body.active === false, () => `an access token of family ${family} counts after that was revoked`)
    }
  },
)
