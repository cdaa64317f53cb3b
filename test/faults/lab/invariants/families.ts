/**
 * families reads refresh families out of a history: which request showed which token, what came of it, and whether a refusal
 * has a reason that an honest client must put up with.
 * @module
 */
import { type Asked, claimsOf, type History, isTokenAnswer, refreshTokenIn } from '../history.ts'

/** For how long the same refresh request gets the same answer (R39). */
export const REPLAY_MILLISECONDS = 10_000

export const familyOf = (refreshToken: unknown): string | undefined => {
  const { fam } = claimsOf(refreshToken)
  return typeof fam === 'string' ? fam : undefined
}

/** The family of which it shows a token, or that it began. */
export const familyOfRequest = (one: Asked): string | undefined =>
  one.act === 'refresh' || one.act === 'revoke'
    ? familyOf(one.form.refresh_token ?? one.form.token)
    : familyOf(refreshTokenIn(one))

export const refreshes = (history: History): readonly Asked[] => history.asked.filter(({ act }) => act === 'refresh')

/** `one` was over before `other` began. */
export const precedes = (one: { ended?: number }, other: { begun: number }): boolean =>
  one.ended !== undefined && one.ended < other.begun

/** Refused for the grant itself, and not for something else in the request. */
export const isGrantRefused = (one: Asked): boolean => one.answer?.status === 400 && one.answer.body.error === 'invalid_grant'

export interface Families {
  /** What the answers for this token handed out; more than one is a forked chain. */
  successorsOf(token: string): ReadonlySet<string>
  /** Why this refused request may have been refused; `undefined`: it must not have been. */
  excuseOf(refused: Asked): string | undefined
  /** The request shows a token of which the successor was itself used before the request began, or that is too old. */
  isReuse(one: Asked): boolean
}

const ENDS_ACCOUNT = new Set(['account-disabled', 'signed-out', 'password-changed'])

export function readFamilies(history: History): Families {
  const byToken = new Map<string, Asked[]>()
  const byFamily = new Map<string, Asked[]>()
  const put = (map: Map<string, Asked[]>, key: string | undefined, one: Asked) => {
    if (key === undefined) return
    const list = map.get(key)
    if (list) list.push(one)
    else map.set(key, [one])
  }
  const codes = new Map<string, Asked[]>()
  for (const one of history.asked) {
    if (one.act === 'refresh') put(byToken, one.form.refresh_token, one)
    put(byFamily, familyOfRequest(one), one)
    if (one.act === 'redeem') put(codes, one.form.code, one)
  }
  const successorsOf = (token: string): Set<string> =>
    new Set((byToken.get(token) ?? []).map(refreshTokenIn).filter((next) => next !== undefined))

  /** Maybe: another request may have come first. `surely`: it had ended. */
  function reused(one: Asked, surely: boolean): boolean {
    const token = one.form.refresh_token ?? ''
    const before = (other: Asked) =>
      surely ? precedes(other, one) && other.answer?.status === 200 : other.begun < (one.ended ?? Number.POSITIVE_INFINITY)
    if ([...successorsOf(token)].some((next) => (byToken.get(next) ?? []).some(before))) return true
    // Out of the window: whoever shows it again is not the client that missed its answer.
    const first = (byToken.get(token) ?? []).find(
      (other) => other !== one && other.begun < one.begun && (!surely || other.answer?.status === 200),
    )
    if (first === undefined) return false
    const since = surely
      ? one.begunAt.getTime() - (first.endedAt ?? first.begunAt).getTime()
      : (one.endedAt ?? one.begunAt).getTime() - first.begunAt.getTime()
    return since > REPLAY_MILLISECONDS
  }

  return {
    successorsOf,
    isReuse: (one) => one.act === 'refresh' && reused(one, true),
    excuseOf(refused) {
      const token = refused.form.refresh_token ?? ''
      const claims = claimsOf(token)
      const family = familyOf(token)
      const until = refused.ended ?? Number.POSITIVE_INFINITY
      if (claims.client_id !== refused.form.client_id) return 'shown by another client'
      if (typeof claims.exp === 'number' && claims.exp * 1000 <= (refused.endedAt ?? refused.begunAt).getTime() + 5_000)
        return 'expired'
      const deed = history.deeds.find(
        (one) =>
          one.begun < until &&
          ((ENDS_ACCOUNT.has(one.deed) && one.subject === claims.sub) ||
            (one.deed === 'client-disabled' && one.subject === claims.client_id) ||
            (one.deed === 'family-revoked' && one.subject === family) ||
            one.deed === 'key-withdrawn' ||
            one.deed === 'restored'),
      )
      if (deed) return deed.deed
      const mine = (family === undefined ? undefined : byFamily.get(family)) ?? []
      if (mine.some((one) => one.act === 'revoke' && one.begun < until)) return 'revoked'
      if (mine.some((one) => one.act === 'refresh' && one.begun < until && reused(one, false))) return 'reused'
      const begun = mine.find((one) => one.act === 'redeem' && isTokenAnswer(one))
      if (begun && (codes.get(begun.form.code ?? '') ?? []).filter((one) => one.begun < until).length > 1)
        return 'its code came twice'
      return undefined
    },
  }
}
