import { groupBy, invariant } from './invariant.ts'

/** Each of these is told to the owner of the account by a letter. */
const TOLD = new Set([
  'factor.removed',
  'factor.reset',
  'factor.enrolled',
  'recovery_codes.replaced',
  'recovery_code.used',
  'access_pass.used',
])
/** Owners of new mail apps are looked for every five seconds; twelve rounds are enough for anybody. */
const TELLING_MILLISECONDS = 60_000

export const noticesAreQueued = invariant(
  'I16',
  'Each notice that is due was queued with its cause, and is delivered at least once.',
  ({ audit, accounts, outbox, mailApps, now }, { letters }, fact) => {
    for (const { id, toldBy, firstTriedAt } of mailApps)
      fact(
        toldBy !== undefined || now.getTime() - firstTriedAt.getTime() < TELLING_MILLISECONDS,
        () => `nobody was told of mail app ${id}`,
      )
    if (letters === undefined) return
    const names = new Map(accounts.map(({ id, upn }) => [id, upn]))
    for (const [account, causes] of groupBy(
      audit.filter(({ event }) => TOLD.has(event)),
      ({ accountId }) => accountId,
    )) {
      const waiting = outbox.filter(({ accountId }) => accountId === account).length
      const sent = letters.filter((to) => to.toLowerCase() === names.get(account)).length
      fact(waiting + sent >= causes.length, () => `${causes.length} notices were due, ${waiting} wait and ${sent} came`)
    }
  },
)
