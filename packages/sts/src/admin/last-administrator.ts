/**
 * Whether a realm keeps somebody who can administer it.
 *
 * Who has a password alone may bind no first factor (a stolen one could), so an administrator without any factor and
 * without an access pass is shut out, but from a trusted network. That must not happen to the last one by a slip.
 */
import type { Account, RealmStore } from '@postern/storage'
import { OperationRefused } from './errors.ts'
import { everyAccount } from './every-account.ts'

/** Who is in it may administer the realm. */
export const administratorsGroup = 'administrators'

const isAdministrator = ({ groups, status }: Account): boolean => status === 'active' && groups.includes(administratorsGroup)

/** Whether the account has something to show beside its password at `now`. */
async function hasWayIn(kept: RealmStore, account: Account, now: Date): Promise<boolean> {
  const factors = await kept.authenticators.list(account.id)
  if (factors.some(({ state }) => state === 'active')) return true
  const pass = await kept.accessPasses.find(account.id)
  return pass !== undefined && pass.expiresAt > now && (pass.uses === 'many' || pass.usedAt === undefined)
}

/** Whether without `account` no administrator is left who can sign in. `false` for everybody who is none. */
export async function isLastAdministrator(kept: RealmStore, account: Account, now: Date): Promise<boolean> {
  if (!isAdministrator(account)) return false
  for await (const other of everyAccount(kept))
    if (other.id !== account.id && isAdministrator(other) && (await hasWayIn(kept, other, now))) return false
  return true
}

/**
 * @param remedy What to do instead, as a sentence.
 * @throws {OperationRefused} `last_administrator`
 */
export async function requireAnotherAdministrator(
  kept: RealmStore,
  account: Account,
  { now, remedy }: { now: Date; remedy: string },
): Promise<void> {
  if (await isLastAdministrator(kept, account, now))
    throw new OperationRefused(
      'last_administrator',
      `Without ${account.upn} no administrator of this realm can sign in with a second factor. ${remedy}`,
    )
}
