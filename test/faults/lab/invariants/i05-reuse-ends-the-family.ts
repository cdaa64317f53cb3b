import { familyOfRequest, isGrantRefused, precedes, readFamilies, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const reuseEndsTheFamily = invariant(
  'I5',
  'Once a token is used that is not the current one, no member of its family works any more, for ever.',
  ({ families: rows, notBefore = new Date(0) }, history, fact) => {
    const read = readFamilies(history)
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const [id, requests] of groupBy(refreshes(history), familyOfRequest)) {
      for (const reuse of requests.filter((one) => read.isReuse(one))) {
        fact(reuse.answer?.status !== 200, () => `a token of family ${id} that was long used up gave tokens`)
        if (!isGrantRefused(reuse)) continue
        const after = requests.filter((one) => precedes(reuse, one) && one.answer?.status === 200)
        fact(after.length === 0, () => `family ${id} gave tokens ${after.length} times after a token of it was reused`)
        const row = byId.get(id)
        fact(
          row === undefined || row.revokedAt !== undefined || row.startedAt <= notBefore,
          () => `family ${id} goes on after a token of it was reused`,
        )
      }
    }
  },
)
