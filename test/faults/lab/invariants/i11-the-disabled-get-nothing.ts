import { claimsOf, type Deed, isTokenAnswer } from '../history.ts'
import { precedes } from './families.ts'
import { invariant } from './invariant.ts'
import { headerOf } from './signatures.ts'

const UNDONE: Readonly<Partial<Record<Deed['deed'], Deed['deed']>>> = {
  'account-disabled': 'account-enabled',
  'client-disabled': 'client-enabled',
}

export const theDisabledGetNothing = invariant(
  'I11',
  'A disabled account, client or key leads to no new token once that is committed.',
  (_facts, history, fact) => {
    for (const deed of history.deeds) {
      if (!['account-disabled', 'client-disabled', 'key-withdrawn'].includes(deed.deed)) continue
      const undone = history.deeds.find(
        (one) => one.deed === UNDONE[deed.deed] && one.subject === deed.subject && one.begun > deed.ended,
      )
      const after = history.asked.filter((one) => {
        if (!isTokenAnswer(one) || !precedes(deed, one) || (undone && (one.ended ?? 0) > undone.begun)) return false
        const token = one.answer.body.access_token
        const { sub, client_id: client } = claimsOf(token)
        if (deed.deed === 'account-disabled') return sub === deed.subject
        return deed.deed === 'client-disabled' ? client === deed.subject : headerOf(token).kid === deed.subject
      })
      fact(after.length === 0, () => `${after.length} new tokens after: ${deed.deed} ${deed.subject}`)
    }
  },
)
