import { readFamilies, refreshes } from './families.ts'
import { groupBy, invariant } from './invariant.ts'

export const aFamilyIsOneLine = invariant(
  'I2',
  'A refresh family is one linear chain: each token has at most one successor, and at most one of them is unused.',
  ({ tokens }, history, fact) => {
    const families = readFamilies(history)
    for (const token of new Set(refreshes(history).map(({ form }) => form.refresh_token ?? ''))) {
      const { size } = families.successorsOf(token)
      fact(size <= 1, () => `clients were given ${size} different successors of one refresh token`)
    }
    for (const [id, family] of groupBy(tokens, (token) => token.family)) {
      const roots = family.filter(({ predecessor }) => predecessor === undefined).length
      const followed = groupBy(family, ({ predecessor }) => predecessor)
      const forks = [...followed.values()].filter(({ length }) => length > 1).length
      const unused = family.filter(({ usedAt }) => usedAt === undefined).length
      fact(roots <= 1 && forks === 0, () => `family ${id} has ${roots} beginnings and ${forks} forks`)
      fact(unused <= 1, () => `family ${id} has ${unused} unused tokens`)
    }
  },
)
