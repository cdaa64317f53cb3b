/**
 * user-lookup decides whom a user token speaks for: exactly one account, inside the realm, active.
 *
 * It is pure. How accounts are found is the caller's: actor-token.ts asks for each name of the token and hands the answers in here.
 * @module
 */
import type { ActorTokenUser } from './actor-token-contract.ts'
import { quoted, refusal } from './errors.ts'
import type { UserContext } from './user-token.ts'

const part = 'user token'

/**
 * The one account that `asked.context` names, which must be the one that the names before it led to (F§1.10, R67). An account of another realm is
 * refused even if the look-up hands it out: that was CVE-2025-55241.
 * @param before what the names before this one led to
 * @throws {ActorTokenError} `user_unknown`, `user_ambiguous`, `realm_mismatch`
 */
export function requireSameUser<User extends ActorTokenUser>(
  matches: readonly User[],
  asked: Readonly<{ context: UserContext; of: readonly UserContext[]; realm: string }>,
  before: User | undefined,
): User {
  const { context, of, realm } = asked
  const [user] = matches
  if (user === undefined) {
    throw refusal('user_unknown', part, `by ${quoted(context)}, name ${of.indexOf(context) + 1} of ${of.length}`)
  }
  if (matches.length > 1) throw refusal('user_ambiguous', part, `${matches.length} by ${quoted(context)}`)
  if (user.realm !== realm) throw refusal('realm_mismatch', part, `the account by ${quoted(context)} lives in another realm`)
  if (before !== undefined && before.id !== user.id) {
    throw refusal('user_ambiguous', part, 'its names are of two accounts')
  }
  return user
}

/** @throws {ActorTokenError} `user_missing`, `user_inactive`, `user_excluded` */
export function requireOpenUser<User extends ActorTokenUser>(user: User | undefined): User {
  if (user === undefined) throw refusal('user_missing', part, 'no name')
  if (!user.active) throw refusal('user_inactive', part, `account ${user.id}`)
  if (user.closedToActors === true) throw refusal('user_excluded', part, `account ${user.id}`)
  return user
}
