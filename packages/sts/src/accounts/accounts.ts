/**
 * accounts knows who somebody is by name and password.
 *
 * It owns looking an account up, passwords with their hashing and their rules, equal answers for names that nobody has, and
 * what counts as one source. It does not own counting (the gate of mfa does), second factors, pages, sessions, or the audit trail.
 * @module
 */
import { type AttemptGate, type GateOutcome, NotEvaluated, passwordRules, sourceRules } from '@postern/mfa'
import type { Account, AccountId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { AccountsError, Overloaded } from './errors.ts'
import type { Hashing } from './password.ts'
import { isTooLong, judgePassword, type PasswordRefusal } from './password-rules.ts'
import { sourceOf } from './source.ts'

export { Overloaded } from './errors.ts'
export { createHashQueue } from './hash-queue.ts'
export { createHashing, type Hashing } from './password.ts'
export type { PasswordRefusal } from './password-rules.ts'

/**
 * Without a proof, `accountId` tells whose name was typed, where it is somebody's. It is for the audit trail: whoever shows
 * it, or anything that follows from it, tells a stranger who has an account here (R87).
 */
export type SignInOutcome =
  | Readonly<{ outcome: 'proved'; account: Account }>
  | (Exclude<GateOutcome, { outcome: 'proved' | 'disabled' }> & Readonly<{ accountId?: AccountId }>)

export interface Accounts {
  /**
   * Checks a name (UPN or any address, case-insensitive) and a password, behind the gate.
   *
   * A name that nobody has, a disabled account and one without a password cost the same work and get the same answers as a
   * wrong password (R87). One difference remains: all names of one account share its counter.
   *
   * `source` is the caller's IP address. What fails from one source, under whichever names, is counted before the account
   * is, so a source with too many failures is refused without a count or a hash (R92), and its share of the hash queue is
   * limited. Without `source` neither is done. What remains: ten failures of a day stop an account, and ten are free for a
   * source, so a stranger who knows a name can keep its owner out for that day. And who has many addresses has many sources.
   *
   * Does NOT look whether the realm is active, nor whether policy asks for more.
   * @throws {Overloaded} when too many passwords wait to be hashed; the attempt is not counted then.
   */
  signIn(realm: RealmStore, attempt: { name: string; password: string; source?: string }): Promise<SignInOutcome>
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

/** The account is not heard now, whatever its password: that says nothing about the source, which gets its count back. */
class AccountPaused extends NotEvaluated {
  readonly code = 'account_paused'
  readonly outcome: Exclude<GateOutcome, { outcome: 'proved' | 'wrong' }>

  constructor(outcome: AccountPaused['outcome']) {
    super('Nothing was checked, since too many attempts at this account had failed.')
    this.name = 'AccountPaused'
    this.outcome = outcome
  }
}

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
    const known = account !== undefined && password !== undefined && isUsable(account)
    return { named: account?.id, known: known ? { account, stored: password.hash } : undefined }
  }

  /** Counts a check of an account for its source as well, in front of it. */
  const checkFrom = async (realm: RealmStore, source: string | undefined, check: () => Promise<GateOutcome>) => {
    if (source === undefined) return check()
    const answers: Exclude<GateOutcome, { outcome: 'throttled' | 'disabled' }>[] = []
    const counter = { attempts: realm.attempts, subject: `source:${source}`, method, rules: sourceRules }
    try {
      const ofSource = await gate.check(counter, async () => {
        const outcome = await check()
        if (outcome.outcome === 'throttled' || outcome.outcome === 'disabled') throw new AccountPaused(outcome)
        answers.push(outcome)
        return outcome.outcome === 'proved'
      })
      return stricter(answers[0] ?? ofSource, ofSource)
    } catch (error) {
      if (error instanceof AccountPaused) return error.outcome
      throw error
    }
  }

  const rehash = async (realm: RealmStore, accountId: AccountId, from: string, password: string, source?: string) => {
    try {
      await realm.passwords.rehash(accountId, from, await hashing.hash(password, source))
    } catch (error) {
      // The person has proved the password; renewing the hash can wait for a quieter hour.
      if (!(error instanceof Overloaded)) throw error
    }
  }

  return Object.freeze({
    async signIn(realm, { name, password, source: address }) {
      // PostgreSQL keeps no NUL in a text, and refuses a question that has one.
      const typed = name.trim().toWellFormed().normalize('NFKC').replaceAll('\0', '\u{fffd}').slice(0, 320)
      const source = address === undefined ? undefined : sourceOf(address)
      const { named, known } = await find(realm, typed)
      const subject = known ? `account:${known.account.id}` : `name:${names(typed.toLowerCase())}`
      const guess = isTooLong(password) ? undefined : password
      let isOutdated = false
      const verify = async () => {
        if (known === undefined || guess === undefined) {
          await hashing.verifyNothing(guess ?? '', source)
          return false
        }
        const verdict = await hashing.verify(known.stored, guess, source)
        isOutdated = verdict === 'rehash'
        return verdict !== 'wrong'
      }
      const counter = { attempts: realm.attempts, subject, method, rules: passwordRules }
      const result = await checkFrom(realm, source, () => gate.check(counter, verify))
      if (result.outcome === 'disabled') throw new TypeError('Passwords are never disabled by failures.')
      if (result.outcome !== 'proved') return Object.freeze({ ...result, ...(named && { accountId: named }) })
      if (known === undefined) throw new TypeError('Nobody can prove the password of a name that nobody has.')
      if (isOutdated) await rehash(realm, known.account.id, known.stored, password, source)
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

/** Of two counters that a wrong answer went into, the person is told of whichever lets fewer more follow, or later. */
function stricter(ofAccount: GateOutcome, ofSource: GateOutcome): GateOutcome {
  if (ofAccount.outcome !== 'wrong' || ofSource.outcome !== 'wrong') return ofAccount
  const attemptsLeft = Math.min(ofAccount.attemptsLeft, ofSource.attemptsLeft)
  const [until] = [ofAccount.until, ofSource.until].filter((time) => time !== undefined).toSorted((one, other) => +other - +one)
  return Object.freeze({ outcome: 'wrong', attemptsLeft, ...(until && { until }) })
}
