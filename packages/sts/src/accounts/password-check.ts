import { type AttemptGate, type From, type GateOutcome, type Guess, NotEvaluated, passwordRules, sourceRules } from '@postern/mfa'
import type { Account, AccountId, RealmStore } from '@postern/storage'
import { Overloaded } from './errors.ts'
import { type Hashing, normalise } from './password.ts'
import { isTooLong } from './password-rules.ts'
import { sourceOf } from './source.ts'

/**
 * Without a proof, `accountId` tells whose name was typed, where it is somebody's. It is for the audit trail: whoever shows
 * it, or anything that follows from it, tells a stranger who has an account here (R87).
 */
export type SignInOutcome = Readonly<{ outcome: 'proved'; account: Account }> | Unproved

/** The same of a password that an app showed, by whoever has looked for the account. */
export type PasswordOutcome =
  /** `isRemembered`: nothing was hashed for it, so no time has passed since the account was read. */
  Readonly<{ outcome: 'proved'; isRemembered?: true }> | Unproved

type Unproved = Exclude<GateOutcome, { outcome: 'proved' | 'disabled' }> & Readonly<{ accountId?: AccountId }>

/** Who was named. `known` only where there is a password to compare with, of an account that may be used. */
export type Person = Readonly<{ named?: AccountId; known?: Readonly<{ id: AccountId; stored: string }> }>

export type PasswordTry = Readonly<{
  person: Person
  /** What is counted: the account, or the name where nobody is known. */
  subject: string
  password: string
  source?: string
  app?: string
  /** Id of a browser or a phone that this very account knows, which has a counter of its own. */
  knownPlace?: string
  /** This password is known to be wrong already: it is counted, and nothing is hashed or held against its source. */
  isKnownWrong?: boolean
}>

/** Checks a password behind the gate. What is promised of it stands at `Accounts.signIn`. */
export type PasswordCheck = (realm: RealmStore, tried: PasswordTry) => Promise<PasswordOutcome>

/** What passwords are counted under, wherever they are typed (R91). */
export const method = 'password'
/** The counter of one known browser or phone; what follows the `@` tells the gate's watch nothing. */
export const methodIn = (knownPlace: string): string => `${method}@${knownPlace}`

/** Of base64url: 48 bits tell ten passwords apart, 24 tell a few networks apart. */
const guessDigits = 8
const originDigits = 4

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

export function createPasswordCheck(parts: {
  readonly gate: AttemptGate
  readonly hashing: Hashing
  readonly guesses: (subject: string, password: string) => string
}): PasswordCheck {
  const { gate, hashing, guesses } = parts

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

  return async (realm, { person: { named, known }, subject, password, source: address, app, knownPlace, isKnownWrong }) => {
    // Who comes from a known place is heard whatever others do, behind the same address too.
    const source = address === undefined || knownPlace !== undefined ? undefined : sourceOf(address)
    const bounded = isTooLong(password) ? undefined : password
    let isOutdated = false
    const verify = async () => {
      if (isKnownWrong === true) return false
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
      method: knownPlace === undefined ? method : methodIn(knownPlace),
      guess: guessOf(subject, password, source),
    }
    const counted = isKnownWrong === true ? undefined : source
    const result = await checkFrom(realm, counted, () => gate.check(request, verify))
    if (result.outcome === 'disabled') throw new TypeError('Passwords are never disabled by failures.')
    if (result.outcome !== 'proved') return Object.freeze({ ...result, ...(named && { accountId: named }) })
    if (known === undefined) throw new TypeError('Nobody can prove the password of a name that nobody has.')
    if (isOutdated) await rehash(realm, known.id, known.stored, password, source)
    return Object.freeze({ outcome: 'proved' })
  }
}

/** Of two counters that a wrong answer went into, the person is told of whichever lets fewer more follow, or later. */
function stricter(ofAccount: GateOutcome, ofSource: GateOutcome): GateOutcome {
  if (ofAccount.outcome !== 'wrong' || ofSource.outcome !== 'wrong') return ofAccount
  const attemptsLeft = Math.min(ofAccount.attemptsLeft ?? 0, ofSource.attemptsLeft ?? 0)
  const [until] = [ofAccount.until, ofSource.until].filter((time) => time !== undefined).toSorted((one, other) => +other - +one)
  return Object.freeze({ outcome: 'wrong', attemptsLeft, ...(until && { until }) })
}
