/**
 * accounts knows who somebody is by name and password.
 *
 * It owns looking an account up, passwords with their hashing and their rules, equal answers for names that nobody has, and
 * what counts as one source. It does not own counting (the gate of mfa does), second factors, pages, sessions, or the audit trail.
 * @module
 */
import type { AttemptGate, SecretMemory } from '@postern/mfa'
import type { Account, AccountId, GateView, RealmStore, StoredPassword } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { AccountsError } from './errors.ts'
import type { Hashing } from './password.ts'
import { createPasswordCheck, method, methodIn, type PasswordOutcome, type Person, type SignInOutcome } from './password-check.ts'
import { judgePassword, type PasswordRefusal } from './password-rules.ts'
import { createRememberedCheck } from './remembered-passwords.ts'

export { Overloaded } from './errors.ts'
export { createHashQueue } from './hash-queue.ts'
export { createHashing, type Hashing } from './password.ts'
export type { SignInOutcome } from './password-check.ts'
export type { PasswordRefusal } from './password-rules.ts'

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

/** A name and a password that an app showed to a mail server. */
export type GateSignInAttempt = Readonly<{
  /** What `mailApps.look` found by this name. */
  view: GateView | undefined
  name: string
  password: string
  /** IP address of the app, as the mail server tells it. */
  source?: string
  /** Which app, in words for its owner. Whoever asks chooses it: it proves nothing. */
  app?: string
  /**
   * Id of the tile of a phone that its owner let in and that names itself by a device id, which strangers do not know. It is
   * counted for itself, as a known browser is, so that neither strangers nor others behind its address shut it out.
   */
  knownPhone?: string
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
   * The same for apps that show the password to a mail server at every request: same counters, same answers, and a memory in
   * front of them. A right password is remembered for some minutes at the network and the app that showed it, a wrong one for
   * a day once the gate has heard it three times; such an answer costs no hash and no write. What holds of it, and why:
   * `remembered-passwords.ts`. A changed password is forgotten at once.
   *
   * Reads nothing: the caller has looked, at the same cost for every name (R87). Does NOT look at policy, nor whether the app
   * may come in, nor whether `password` is an app password.
   * @throws {Overloaded}
   */
  signInAtGate(realm: RealmStore, attempt: GateSignInAttempt): Promise<PasswordOutcome>
  /**
   * Sets or replaces a password and forgets failures of the old one. Does NOT end sessions and refresh families of the
   * account (R43): the caller does, in the same transaction.
   * @throws {AccountsError} `account_missing`
   * @throws {Overloaded}
   */
  setPassword(realm: RealmStore, accountId: AccountId, password: string): Promise<'set' | Readonly<{ refused: PasswordRefusal }>>
}

/** Whether anything may be issued for the account now (R33). */
export const isUsable = (account: Pick<Account, 'status'>): boolean => account.status === 'active'

/** An id that no account has, so that a name that nobody has costs the same two reads as any other. */
const nobody = '00000000-0000-0000-0000-000000000000' as AccountId // a brand has no runtime part
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
  /** Of passwords that apps show at the gate. Without one each is checked in full. */
  readonly memory?: SecretMemory
}

export function createAccounts(parts: AccountsParts): Accounts {
  const { gate, hashing, clock, names, guesses, memory } = parts
  const check = createPasswordCheck({ gate, hashing, guesses })
  const checkAtGate = memory === undefined ? check : createRememberedCheck({ check, memory })

  const subjectOf = ({ known }: Person, typed: string): string =>
    known ? `account:${known.id}` : `name:${names(typed.toLowerCase())}`

  return Object.freeze({
    async signIn(realm, { name, password, source, app, knownBrowser }) {
      const typed = nameTyped(name)
      const account = await realm.accounts.findByName(typed)
      const person = personOf(account, await realm.passwords.find(account?.id ?? nobody))
      const browser = person.known?.id === knownBrowser?.accountId ? knownBrowser?.id : undefined
      const from = { ...(source !== undefined && { source }), ...(app !== undefined && { app }) }
      const tried = {
        person,
        subject: subjectOf(person, typed),
        password,
        ...from,
        ...(browser !== undefined && { knownPlace: browser }),
      }
      const outcome = await check(realm, tried)
      if (outcome.outcome !== 'proved') return outcome
      if (account === undefined) throw new TypeError('Nobody can prove the password of a name that nobody has.')
      return Object.freeze({ outcome: 'proved', account })
    },

    async signInAtGate(realm, { view, name, password, source, app, knownPhone }) {
      const person = personOf(view?.account, view?.password)
      const knownPlace = person.known === undefined ? undefined : knownPhone
      const from = { ...(source !== undefined && { source }), ...(app !== undefined && { app }) }
      const tried = { person, subject: subjectOf(person, nameTyped(name)), password, ...from }
      return checkAtGate(realm, { ...tried, ...(knownPlace !== undefined && { knownPlace }) })
    },

    async setPassword(realm, accountId, password) {
      const account = await realm.accounts.find(accountId)
      if (account === undefined) throw new AccountsError('account_missing', 'There is no such account.')
      const { upn, address, furtherAddresses, displayName } = account
      const verdict = judgePassword(password, { upn, addresses: [address, ...furtherAddresses], displayName })
      if (verdict !== 'fine') return Object.freeze({ refused: verdict })
      const hash = await hashing.hash(password)
      await realm.passwords.set(accountId, { hash, changedAt: clock() })
      const known = [...(await realm.rememberedBrowsers.list(accountId, clock())), ...(await realm.mailApps.list(accountId))]
      for (const counted of [method, ...known.map(({ id }) => methodIn(id))]) {
        await gate.rebound({ attempts: realm.attempts, subject: `account:${accountId}`, method: counted })
      }
      return 'set'
    },
  } satisfies Accounts)
}

/** PostgreSQL keeps no NUL in a text, and refuses a question that has one. */
const nameTyped = (name: string): string =>
  name.trim().toWellFormed().normalize('NFKC').replaceAll('\0', '\u{fffd}').slice(0, 320)

function personOf(account: Pick<Account, 'id' | 'status'> | undefined, password: StoredPassword | undefined): Person {
  if (account === undefined) return {}
  const isKnown = password !== undefined && isUsable(account)
  return { named: account.id, ...(isKnown && { known: { id: account.id, stored: password.hash } }) }
}
