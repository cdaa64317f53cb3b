/**
 * accounts knows who somebody is by name and password.
 *
 * It owns looking an account up, passwords with their hashing and their rules, and equal answers for names that nobody has.
 * It does not own counting (the gate of mfa does), second factors, pages, sessions, or the audit trail.
 * @module
 */
import { type AttemptGate, type GateOutcome, passwordRules } from '@postern/mfa'
import type { Account, AccountId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { AccountsError, Overloaded } from './errors.ts'
import type { Hashing } from './password.ts'
import { isTooLong, judgePassword, type PasswordRefusal } from './password-rules.ts'

export { Overloaded } from './errors.ts'
export { createHashQueue } from './hash-queue.ts'
export { createHashing, type Hashing } from './password.ts'
export type { PasswordRefusal } from './password-rules.ts'

export type SignInOutcome =
  | Readonly<{ outcome: 'proved'; account: Account }>
  | Exclude<GateOutcome, { outcome: 'proved' | 'disabled' }>

export interface Accounts {
  /**
   * Checks a name (UPN or any address, case-insensitive) and a password, behind the gate.
   *
   * A name that nobody has, a disabled account and one without a password cost the same work and get the same answers as a
   * wrong password (R87). One difference remains: all names of one account share its counter.
   * Does NOT look whether the realm is active, nor whether policy asks for more.
   * @throws {Overloaded} when too many passwords wait to be hashed; the attempt is not counted then.
   */
  signIn(realm: RealmStore, attempt: { name: string; password: string }): Promise<SignInOutcome>
  /**
   * Sets or replaces a password and forgets failures of the old one. Does NOT end sessions and refresh families of the
   * account (R43): the caller does, in the same transaction.
   * @throws {AccountsError} `account_missing`
   * @throws {Overloaded}
   */
  setPassword(realm: RealmStore, accountId: AccountId, password: string): Promise<'set' | Readonly<{ refused: PasswordRefusal }>>
}

/** Whether anything may be issued for the account now (R33). */
export const isUsable = (account: Account): boolean => account.status === 'active'

/** An id that no account has, so that a name that nobody has costs the same two reads as any other. */
const nobody = '00000000-0000-0000-0000-000000000000' as AccountId // a brand has no runtime part
const method = 'password'

/** `names` turns a name into a keyed digest (e.g. HMAC under a key of this installation), as no dump should tell what people typed. */
export function createAccounts(parts: {
  gate: AttemptGate
  hashing: Hashing
  clock: Clock
  names: (name: string) => string
}): Accounts {
  const { gate, hashing, clock, names } = parts

  const find = async (realm: RealmStore, name: string) => {
    const account = await realm.accounts.findByName(name)
    const password = await realm.passwords.find(account?.id ?? nobody)
    return account !== undefined && password !== undefined && isUsable(account) ? { account, stored: password.hash } : undefined
  }

  const rehash = async (realm: RealmStore, accountId: AccountId, from: string, password: string) => {
    try {
      await realm.passwords.rehash(accountId, from, await hashing.hash(password))
    } catch (error) {
      // The person has proved the password; renewing the hash can wait for a quieter hour.
      if (!(error instanceof Overloaded)) throw error
    }
  }

  return Object.freeze({
    async signIn(realm, { name, password }) {
      // PostgreSQL keeps no NUL in a text, and refuses a question that has one.
      const typed = name.trim().toWellFormed().normalize('NFKC').replaceAll('\0', '\u{fffd}').slice(0, 320)
      const known = await find(realm, typed)
      const subject = known ? `account:${known.account.id}` : `name:${names(typed.toLowerCase())}`
      const guess = isTooLong(password) ? undefined : password
      let isOutdated = false
      const result = await gate.check({ attempts: realm.attempts, subject, method, rules: passwordRules }, async () => {
        if (known === undefined || guess === undefined) {
          await hashing.verifyNothing(guess ?? '')
          return false
        }
        const verdict = await hashing.verify(known.stored, guess)
        isOutdated = verdict === 'rehash'
        return verdict !== 'wrong'
      })
      if (result.outcome === 'disabled') throw new TypeError('Passwords are never disabled by failures.')
      if (result.outcome !== 'proved') return result
      if (known === undefined) throw new TypeError('Nobody can prove the password of a name that nobody has.')
      if (isOutdated) await rehash(realm, known.account.id, known.stored, password)
      return Object.freeze({ outcome: 'proved', account: known.account })
    },

    async setPassword(realm, accountId, password) {
      const account = await realm.accounts.find(accountId)
      if (account === undefined) throw new AccountsError('account_missing', 'There is no such account.')
      const { upn, address, furtherAddresses, displayName } = account
      const verdict = judgePassword(password, { upn, addresses: [address, ...furtherAddresses], displayName })
      if (verdict !== 'fine') return Object.freeze({ refused: verdict })
      const hash = await hashing.hash(password)
      await realm.passwords.set(accountId, { hash, changedAt: clock() })
      await gate.rebound({ attempts: realm.attempts, subject: `account:${accountId}`, method })
      return 'set'
    },
  } satisfies Accounts)
}
