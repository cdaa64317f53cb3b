/**
 * actor-status asks the issuer whether an actor token still holds, seldom enough: at most once in 60 seconds for each token.
 *
 * It owns what is remembered of the answers. How the issuer is asked is the caller's: it comes in as a function.
 * @module
 */
import { reasonOf } from '../errors.ts'
import type { ActorTokenStatus } from './actor-token-contract.ts'

/** How long an answer counts, in seconds: a withdrawn token is refused at the latest this long after it was withdrawn. */
const answerSeconds = 60
/** How long nobody is asked again after an attempt that brought no answer. */
const silenceSeconds = 5
const mostAnswers = 20_000

type Answer = 'active' | 'inactive' | 'unavailable'
type Asked = { at: number; answer: Answer | Promise<Answer> }

export interface StatusDesk {
  /** Never fails: an issuer that cannot be asked is `unavailable`. `now` in seconds. */
  check(actorToken: string, now: number): Answer | Promise<Answer>
}

const isFresh = ({ at, answer }: Asked, now: number): boolean =>
  answer instanceof Promise || (now >= at && now - at < (answer === 'unavailable' ? silenceSeconds : answerSeconds))

export function createStatusDesk(status: ActorTokenStatus, onProblem: (problem: string) => void): StatusDesk {
  /** In the order of asking, so that the oldest goes first. */
  const asked = new Map<string, Asked>()

  async function ask(actorToken: string): Promise<Answer> {
    try {
      return await status.check(actorToken)
    } catch (cause) {
      onProblem(`status of an actor token not known: ${reasonOf(cause)}`)
      return 'unavailable'
    }
  }

  return Object.freeze({
    check(actorToken: string, now: number) {
      const known = asked.get(actorToken)
      if (known !== undefined && isFresh(known, now)) return known.answer
      const entry: Asked = { at: now, answer: 'unavailable' }
      const answer = ask(actorToken).then((settled) => {
        entry.answer = settled
        return settled
      })
      entry.answer = answer
      asked.delete(actorToken)
      for (const oldest of asked.keys()) {
        if (asked.size < mostAnswers) break
        asked.delete(oldest)
      }
      asked.set(actorToken, entry)
      return answer
    },
  })
}
