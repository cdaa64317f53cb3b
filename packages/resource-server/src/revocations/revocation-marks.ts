/**
 * revocation-marks keeps what has ended, for as long as a token from before can live, and in bounded room.
 *
 * It owns what counts as revoked. It does not fetch and does not verify: revocation-feed.ts and security-event.ts do.
 * @module
 */
import type { IssuedToken, Revocations } from './revocations-contract.ts'

/** One thing that ended. `at` is the issuer's time, in seconds: nothing that it issued to this name until then counts. */
export type EndedAccess = Readonly<{
  at: number
  /** Whom the event names: which of them ends is in `ends`. */
  accountId?: string
  ends: 'account' | 'session' | 'family' | 'client' | 'answers'
  /** Of the session, family or client. */
  id?: string
}>

/** Answers are remembered for minutes at most; after that, nobody asks whether they changed. */
const answerLifeMs = 600_000

export interface RevocationMarks extends Revocations {
  /** `receivedAt` in milliseconds by our clock. */
  mark(ended: EndedAccess, receivedAt: number): void
  /** Something may have been missed: every remembered answer must be asked for again. */
  forgetAnswers(receivedAt: number): void
}

export function createRevocationMarks(options: {
  /** No token lives longer, in seconds. */
  longestTokenLife: number
  /** How many are kept of each sort. */
  most: number
  onProblem: (problem: string) => void
}): RevocationMarks {
  const { longestTokenLife, most, onProblem } = options
  /** By kind and name; the oldest first, because a name that is marked again goes to the end. */
  const ended = new Map<string, number>()
  const answers = new Map<string, number>()
  /** Nothing that was issued until then counts: what came in the place of marks for which there was no room. */
  let floor = Number.NEGATIVE_INFINITY
  let answersFloor = Number.NEGATIVE_INFINITY
  let crowded = false

  const holds = (kind: EndedAccess['ends'], id: string | undefined, issuedAt: number): boolean =>
    id !== undefined && issuedAt <= (ended.get(`${kind} ${id}`) ?? Number.NEGATIVE_INFINITY)

  function put(key: string, at: number, now: number): void {
    const known = ended.get(key)
    ended.delete(key)
    ended.set(key, known === undefined ? at : Math.max(known, at))
    for (const [oldest, its] of ended) {
      const isOver = its + longestTokenLife < now
      if (!isOver && ended.size <= most) break
      ended.delete(oldest)
      if (isOver) continue
      // To drop a mark would let somebody in again. So all that is older than it must be issued anew: safe, and rare.
      floor = Math.max(floor, its)
      if (!crowded) onProblem(`more than ${most} revocations at once: tokens from before the oldest are refused for all`)
      crowded = true
    }
  }

  function ask(accountId: string | undefined, receivedAt: number): void {
    if (accountId === undefined) {
      answersFloor = receivedAt
      return
    }
    answers.delete(accountId)
    answers.set(accountId, receivedAt)
    for (const [oldest, at] of answers) {
      if (at + answerLifeMs >= receivedAt && answers.size <= most) break
      answers.delete(oldest)
      if (at + answerLifeMs >= receivedAt) answersFloor = Math.max(answersFloor, at)
    }
  }

  return Object.freeze({
    mark({ at, accountId, ends, id }: EndedAccess, receivedAt: number) {
      ask(accountId, receivedAt)
      const name = ends === 'account' ? accountId : id
      const now = Math.floor(receivedAt / 1000)
      if (ends !== 'answers' && name !== undefined && at + longestTokenLife >= now) put(`${ends} ${name}`, at, now)
    },
    forgetAnswers(receivedAt: number) {
      answersFloor = receivedAt
    },
    isRevoked({ accountId, issuedAt, sessionId, clientId, familyId }: IssuedToken) {
      if (issuedAt <= floor) return true
      if (ended.size === 0) return false
      return (
        holds('account', accountId, issuedAt) ||
        holds('session', sessionId, issuedAt) ||
        holds('family', familyId, issuedAt) ||
        holds('client', clientId, issuedAt)
      )
    },
    mustAskAgain: (accountId: string, askedAt: number) =>
      askedAt <= answersFloor || askedAt <= (answers.get(accountId) ?? Number.NEGATIVE_INFINITY),
  })
}
