/**
 * user-lookup finds the one account that a user token names, or says why there is none to act for.
 *
 * It owns "exactly one, inside the realm, active". How accounts are kept is the caller's: it comes in as a function.
 * @module
 */
import type { ActorTokenUser } from './actor-token-contract.ts'
import { quoted, refusal } from './errors.ts'
import type { UserContext } from './user-token.ts'

export type FindUser<User> = (user: UserContext, realm: string) => Promise<readonly User[]> | readonly User[]

const part = 'user token'

/**
 * Every name must lead to one account, and all of them to the same (F§1.10, R67). An account of another realm is refused even if the
 * function hands it out: that was CVE-2025-55241.
 * @throws {ActorTokenError} `user_unknown`, `user_ambiguous`, `realm_mismatch`, `user_inactive`, `user_excluded`
 */
export async function requireOneUser<User extends ActorTokenUser>(
  contexts: readonly UserContext[],
  realm: string,
  findUser: FindUser<User>,
): Promise<User> {
  let found: User | undefined
  for (const [index, context] of contexts.entries()) {
    const answer = findUser(context, realm)
    const matches = answer instanceof Promise ? await answer : answer
    const [user] = matches
    if (user === undefined) {
      throw refusal('user_unknown', part, `by ${quoted(context)}, name ${index + 1} of ${contexts.length}`)
    }
    if (matches.length > 1) throw refusal('user_ambiguous', part, `${matches.length} by ${quoted(context)}`)
    if (user.realm !== realm) throw refusal('realm_mismatch', part, `the account by ${quoted(context)} lives in another realm`)
    if (found !== undefined && found.id !== user.id) throw refusal('user_ambiguous', part, 'its names are of two accounts')
    found = user
  }
  if (found === undefined) throw refusal('user_missing', part, 'no name')
  if (!found.active) throw refusal('user_inactive', part, `account ${found.id}`)
  if (found.closedToActors === true) throw refusal('user_excluded', part, `account ${found.id}`)
  return found
}
