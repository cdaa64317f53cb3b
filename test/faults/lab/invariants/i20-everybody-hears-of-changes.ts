import { isTokenAnswer } from '../history.ts'
import { invariant } from './invariant.ts'
import { headerOf } from './signatures.ts'

/** By when a process has heard of a change, or answers no more. */
const HEARD_MILLISECONDS = 10_000

export const everybodyHearsOfChanges = invariant(
  'I20',
  'Each process has heard of a new or withdrawn key within ten seconds, or answers no more.',
  (_facts, history, fact) => {
    for (const { deed, subject, endedAt } of history.deeds) {
      if (deed !== 'key-announced' && deed !== 'key-withdrawn') continue
      const gone = history.deeds.some((one) => one.deed === 'key-withdrawn' && one.subject === subject)
      for (const one of history.asked) {
        if (one.begunAt.getTime() < endedAt.getTime() + HEARD_MILLISECONDS || one.answer?.status !== 200) continue
        const { keys } = one.answer.body
        if (one.act === 'metadata' && Array.isArray(keys)) {
          const there = keys.some(
            (key: unknown) => typeof key === 'object' && key !== null && 'kid' in key && key.kid === subject,
          )
          if (deed === 'key-withdrawn' || !gone)
            fact(there === (deed === 'key-announced'), () => `${new URL(one.url).host} had not heard: ${deed} ${subject}`)
        }
        if (deed === 'key-withdrawn' && isTokenAnswer(one))
          fact(
            headerOf(one.answer.body.access_token).kid !== subject,
            () => `${new URL(one.url).host} signed with withdrawn key ${subject}`,
          )
      }
    }
  },
)
