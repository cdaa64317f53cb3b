import { groupBy, invariant } from './invariant.ts'

const DAY = 24 * 60 * 60 * 1000

export const failuresStayCounted = invariant(
  'I10',
  'Counters of failures go down by a documented reset alone, and N parallel failures add N.',
  ({ audit, counters, now }, history, fact) => {
    const reset = new Set(
      history.deeds.filter(({ deed }) => deed === 'counters-reset' || deed === 'restored').map(({ subject }) => subject),
    )
    const failed = audit.filter(({ event, at }) => event === 'signin.failed' && now.getTime() - at.getTime() < DAY)
    for (const [key, rows] of groupBy(failed, ({ accountId, detail }) => accountId && `account:${accountId} ${detail.method}`)) {
      const [subject = '', method = ''] = key.split(' ')
      // Passwords have rules of their own: a right one clears what came before it.
      if (method === 'password' || reset.has(subject.slice('account:'.length))) continue
      const counted = counters.find((one) => one.subject === subject && one.method === method)?.inWindow ?? 0
      fact(counted >= rows.length, () => `${rows.length} failures of ${method} were written down and ${counted} counted`)
    }
  },
)
