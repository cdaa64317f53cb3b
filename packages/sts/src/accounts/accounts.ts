/**
 * accounts knows who somebody is by name and password.
 *
 * It owns looking an account up, passwords with their hashing and their rules, equal answers for names that nobody has, and
 * what counts as one source. It does not own counting (the gate of mfa does), second factors, pages, sessions, or the audit trail.
 * @module
 */
import { type AttemptGate, type From, type GateOutcome, type Guess, NotEvaluated, passwordRules, sourceRules } from '@postern/mfa'
import type { Account, AccountId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { AccountsError, Overloaded } from './errors.ts'
import { type Hashing, normalise } from './password.ts'
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

/** A name and a password, and what is known of who sends them. */
export type SignInAttempt = Readonly<{
  name: string
  password: string
  /** IP address of the caller. */
  source?: string
  /** Which mail app or browser, in words for its owner, e.g. a user agent. Whoever asks chooses it: it proves nothing. */
  app?: string
  /**
   * The browser in which this account showed a second factor before, and what it is called there. The caller has checked the
   * secret that it keeps. Of no effect where the name is another account's.
   */
  knownBrowser?: Readonly<{ accountId: AccountId; id: string }>
}>

export interface Accounts {
  /**
   * Checks a name (UPN or any address, case-insensitive) and a password, behind the gate.
   *
   * A name that nobody has, a disabled account and one without a password cost the same work and get the same answers as a
   * wrong password (R87). One difference remains: all names of one account share its counter.
   *
   * Only different wrong passwords are counted, so an app that sends an old one all day locks nobody out. The same one for
   * the third time in a day makes the outcome `stale`, once a day.
   *
   * What fails from one `source`, under whichever names, is counted before the account is, so a source with too many
   * failures is refused without a count or a hash (R92), its share of the hash queue is limited, and it uses up no more than
   * a part of an account's tries. Without `source` none of this is done. A `knownBrowser` is counted for itself, so that no
   * stranger's failures stop it. What remains, and why: docs/decisions/0014-distinct-wrong-passwords.md.
   *
   * Does NOT look whether the realm is active, nor whether policy asks for more.
   * @throws {Overloaded} when too many passwords wait to be hashed; the attempt is not counted then.
   */
  signIn(realm: RealmStore, attempt: SignInAttempt): Promise<SignInOutcome>
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
/** Of base64url: 48 bits tell ten passwords apart, 24 tell a few networks apart. */
const guessDigits = 8
const originDigits = 4
/** The counter of one browser; what follows the `@` tells the gate's watch nothing. */
const methodIn = (browser: string): string => `${method}@${browser}`

/**
 * The account is not heard now, whatever its password, or has heard this very password before: that says nothing about the
 * source, which gets its count back.
 */
class NothingLearned extends NotEvaluated {
  readonly code = 'nothing_learned'
  readonly outcome: Exclude<GateOutcome, { outcome: 'proved' }>

  constructor(outcome: NothingLearned['outcome']) {
    super('What came of this attempt at an account was known before.')
    this.name = 'NothingLearned'
    this.outcome = outcome
  }
}

export interface AccountsParts {
  readonly gate: AttemptGate
  readonly hashing: Hashing
  readonly clock: Clock
  /** Turns a name into a keyed digest (e.g. HMAC under a key of this installation), as no dump should tell what people typed. */
  readonly names: (name: string) => string
  /**
   * The same for a wrong password, under a key of its own, base64url. 48 bits of it are kept until the first attempt after
   * its day: enough to tell one from another, and with the key in hand enough to try passwords against.
   */
  readonly guesses: (subject: string, password: string) => string
}

export function createAccounts(parts: AccountsParts): Accounts {
  const { gate, hashing, clock, names, guesses } = parts

  const find = async (realm: RealmStore, name: string) => {
    const account = await realm.accounts.findByName(name)
    const password = await realm.passwords.find(account?.id ?? nobody)
    const known = account !== undefined && password !== undefined && isUsable(account)
    return { named: account?.id, known: known ? { account, stored: password.hash } : undefined }
  }

  /** Counts a check of an account for its source as well, in front of it. */
  const checkFrom = async (realm: RealmStore, source: string | undefined, check: () => Promise<GateOutcome>) => {
    if (source === undefined) return check()
    const answers: GateOutcome[] = []
    const counter = { attempts: realm.attempts, subject: `source:${source}`, method, rules: sourceRules }
    try {
      const ofSource = await gate.check(counter, async () => {
        const outcome = await check()
        const isNew = outcome.outcome === 'proved' || (outcome.outcome === 'wrong' && outcome.repeated === undefined)
        if (!isNew) throw new NothingLearned(outcome)
        answers.push(outcome)
        return outcome.outcome === 'proved'
      })
      return stricter(answers[0] ?? ofSource, ofSource)
    } catch (error) {
      if (error instanceof NothingLearned) return error.outcome
      throw error
    }
  }

  const guessOf = (subject: string, password: string, source: string | undefined): Guess => {
    // Long ones are wrong for their length alone, and as many as anybody likes.
    const digest = guesses(subject, isTooLong(password) ? '' : normalise(password)).slice(0, guessDigits)
    return source === undefined ? { digest } : { digest, origin: guesses(subject, `from ${source}`).slice(0, originDigits) }
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
    async signIn(realm, { name, password, source: address, app, knownBrowser }) {
      // PostgreSQL keeps no NUL in a text, and refuses a question that has one.
      const typed = name.trim().toWellFormed().normalize('NFKC').replaceAll('\0', '\u{fffd}').slice(0, 320)
      const { named, known } = await find(realm, typed)
      const browser = known?.account.id === knownBrowser?.accountId ? knownBrowser?.id : undefined
      // A known browser is heard whatever others do, behind the same address too.
      const source = address === undefined || browser !== undefined ? undefined : sourceOf(address)
      const subject = known ? `account:${known.account.id}` : `name:${names(typed.toLowerCase())}`
      const bounded = isTooLong(password) ? undefined : password
      let isOutdated = false
      const verify = async () => {
        if (known === undefined || bounded === undefined) {
          await hashing.verifyNothing(bounded ?? '', source)
          return false
        }
        const verdict = await hashing.verify(known.stored, bounded, source)
        isOutdated = verdict === 'rehash'
        return verdict !== 'wrong'
      }
      const from: From = { ...(address !== undefined && { source: address }), ...(app !== undefined && { app }) }
      const request = {
        ...{ realm, attempts: realm.attempts, subject, rules: passwordRules, from },
        method: browser === undefined ? method : methodIn(browser),
        guess: guessOf(subject, password, source),
      }
      const result = await checkFrom(realm, source, () => gate.check(request, verify))
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
      const browsers = await realm.rememberedBrowsers.list(accountId, clock())
      for (const counted of [method, ...browsers.map(({ id }) => methodIn(id))]) {
        await gate.rebound({ attempts: realm.attempts, subject: `account:${accountId}`, method: counted })
      }
      return 'set'
    },
  } satisfies Accounts)
}

/** Of two counters that a wrong answer went into, the person is told of whichever lets fewer more follow, or later. */
function stricter(ofAccount: GateOutcome, ofSource: GateOutcome): GateOutcome {
  if (ofAccount.outcome !== 'wrong' || ofSource.outcome !== 'wrong') return ofAccount
  const attemptsLeft = Math.min(ofAccount.attemptsLeft ?? 0, ofSource.attemptsLeft ?? 0)
  const [until] = [ofAccount.until, ofSource.until].filter((time) => time !== undefined).toSorted((one, other) => +other - +one)
  return Object.freeze({ outcome: 'wrong', attemptsLeft, ...(until && { until }) })
}
