import type { AccountId, AttemptState, RealmStore } from '@postern/storage'

/** Something of which an account has so many in a day, whatever becomes of what it was about. */
export interface DailyCount {
  /** `false`: the day's are used up. Counted over all processes; not in a transaction, whose end it would not wait for. */
  take(realm: Pick<RealmStore, 'attempts'>, accountId: AccountId): Promise<boolean>
  /** It came to nothing. */
  giveBack(realm: Pick<RealmStore, 'attempts'>, accountId: AccountId): Promise<void>
}

const dayMilliseconds = 24 * 3_600_000

/** `what` names the counter. A day begins with the first of it, and another one with the first after 24 hours. */
export function createDailyCount({ what, most, clock }: { what: string; most: number; clock: () => Date }): DailyCount {
  const counterOf = (accountId: AccountId) => ({ subject: `account:${accountId}`, method: what })
  const todayOf = (state: AttemptState | undefined, now: Date): AttemptState => {
    const age = state === undefined ? dayMilliseconds : now.getTime() - state.windowStartedAt.getTime()
    if (state !== undefined && age >= 0 && age < dayMilliseconds) return state
    return { consecutive: 0, inWindow: 0, windowStartedAt: now, disabled: false }
  }
  const add = (state: AttemptState, count: number): AttemptState => ({ ...state, inWindow: Math.max(0, state.inWindow + count) })

  return Object.freeze({
    take: ({ attempts }, accountId) =>
      attempts.update(counterOf(accountId), (before) => {
        const today = todayOf(before, clock())
        return today.inWindow >= most ? { next: today, result: false } : { next: add(today, 1), result: true }
      }),
    giveBack: ({ attempts }, accountId) =>
      attempts.update(counterOf(accountId), (before) => ({ next: add(todayOf(before, clock()), -1), result: undefined })),
  } satisfies DailyCount)
}
