import { createHash } from 'node:crypto'
import type { AccountId, Authenticator, AuthenticatorId, RealmStore } from '@postern/storage'
import { answerChallenge, type Outcome } from './challenge.ts'
import type { Clock } from './clock.ts'
import { FactorError } from './errors.ts'
import type { AttemptGate } from './gate.ts'
import type { Names, Presentation } from './method.ts'
import { requireMethod } from './methods.ts'

/** A factor that an account has. `disabled`: it is bound and refuses every code; it does NOT mean that one is missing. */
export type BoundFactor = Readonly<{ id: AuthenticatorId; method: string; label: string; state: 'active' | 'disabled' }>

/** A factor that is being bound. The secret is shown to the person and to nobody else; it never goes into a log. */
export type Enrollment = Presentation & Readonly<{ authenticatorId: AuthenticatorId }>

/**
 * `first`: the person has shown a password only, so it is refused once the account has any factor; otherwise a stolen
 * password could bind one more. `further`: the caller made sure that a factor was shown just now (R121).
 */
export type EnrollmentKind = 'first' | 'further'

/**
 * `begunBy` names the one sign-in that an enrolment belongs to, by something that no other browser has and nobody can
 * guess; a digest of it is kept. Two people may know one password: were the secret shown to both, one of them could copy
 * what the other then proves.
 */
type Begun = Readonly<{ begunBy: string }>

/** The second things that people show, over all methods. Every check goes through the one gate. */
export interface Factors {
  /** What the account has, disabled ones included: whoever finds nothing here may be led through a first enrolment. */
  methodsOf(realm: RealmStore, accountId: AccountId): Promise<readonly BoundFactor[]>
  /**
   * Begins anew: an unfinished enrolment of the method is forgotten. Nothing is accepted at sign-in before
   * {@link Factors.confirmEnrollment} (R98).
   * @throws {FactorError} `already_bound`, see {@link EnrollmentKind}; the default is `first`.
   */
  beginEnrollment(
    realm: RealmStore,
    request: { accountId: AccountId; method: string; label: string; kind?: EnrollmentKind } & Partial<Begun> & Names,
  ): Promise<Enrollment>
  /**
   * The enrolment that this very sign-in has not finished, so that a page loaded twice shows the same secret. `undefined`:
   * none, older than 30 minutes, or begun by somebody else, which includes those begun without `begunBy`.
   */
  pendingEnrollment(
    realm: RealmStore,
    request: { accountId: AccountId; method: string } & Begun & Names,
  ): Promise<Enrollment | undefined>
  /**
   * Makes a pending factor active if the code is right and who began is who confirms; otherwise it is `expired`. Its step is burnt with it, and old failures of the method are forgotten.
   * @throws {FactorError} `already_bound`, when somebody else was first.
   */
  confirmEnrollment(
    realm: RealmStore,
    request: { accountId: AccountId; authenticatorId: AuthenticatorId; code: string; kind?: EnrollmentKind } & Begun,
  ): Promise<Outcome>
  /** Checks a code against every active factor of the method. `expired`: the account has none. */
  verify(realm: RealmStore, request: { accountId: AccountId; method: string; code: string }): Promise<Outcome>
  /** Takes every factor away, unfinished ones included, and forgets their failures. Returns how many went. For administrators (R122). */
  reset(realm: RealmStore, accountId: AccountId): Promise<number>
}

const enrollmentLastsSeconds = 30 * 60

/** `random(n)` gives n bytes of a cryptographically strong generator. */
export function createFactors(parts: { clock: Clock; random: (bytes: number) => Uint8Array; gate: AttemptGate }): Factors {
  const { clock, random, gate } = parts

  const isPending = (one: Authenticator): boolean =>
    one.state === 'pending' && one.createdAt.getTime() + enrollmentLastsSeconds * 1000 > clock().getTime()

  const isBegunBy = (one: Authenticator, begunBy: string): boolean => isPending(one) && one.begunBy === digestOf(begunBy)

  const bound = async (realm: RealmStore, accountId: AccountId) =>
    (await realm.authenticators.list(accountId)).filter(({ state }) => state !== 'pending')

  const requireEnrollable = async (realm: RealmStore, accountId: AccountId, kind: EnrollmentKind) => {
    if (kind === 'first' && (await bound(realm, accountId)).length > 0) {
      throw new FactorError('already_bound', 'The account has a second factor already.')
    }
  }

  const present = (authenticator: Authenticator, names: Names): Enrollment =>
    Object.freeze({
      authenticatorId: authenticator.id,
      ...requireMethod(authenticator.method).present(authenticator.secret, names),
    })

  return Object.freeze({
    async methodsOf(realm, accountId) {
      const authenticators = await bound(realm, accountId)
      return authenticators.map(({ id, method, label, state }) =>
        Object.freeze({ id, method, label, state: state === 'disabled' ? 'disabled' : 'active' }),
      )
    },

    async beginEnrollment(realm, { accountId, method, label, begunBy, kind = 'first', ...names }) {
      const { secretBytes } = requireMethod(method)
      await requireEnrollable(realm, accountId, kind)
      const authenticator: Authenticator = {
        id: identifierFrom(random(16)),
        accountId,
        method,
        label,
        secret: random(secretBytes),
        state: 'pending',
        ...(begunBy === undefined ? {} : { begunBy: digestOf(begunBy) }),
        createdAt: clock(),
      }
      await realm.authenticators.removePending(accountId, method)
      await realm.authenticators.add(authenticator)
      return present(authenticator, names)
    },

    async pendingEnrollment(realm, { accountId, method, begunBy, ...names }) {
      const all = await realm.authenticators.list(accountId)
      const pending = all.find((one) => one.method === method && isBegunBy(one, begunBy))
      return pending && present(pending, names)
    },

    async confirmEnrollment(realm, { accountId, authenticatorId, begunBy, code, kind = 'first' }) {
      const found = await realm.authenticators.find(authenticatorId)
      // Somebody else's id is treated as none: an id in a form is whatever the browser sends.
      const isOwn = found !== undefined && found.accountId === accountId && isBegunBy(found, begunBy)
      if (!isOwn) return Object.freeze({ outcome: 'expired' })
      await requireEnrollable(realm, accountId, kind)
      const outcome = await answerChallenge(
        {
          realm,
          accountId,
          method: requireMethod(found.method),
          // A counter of its own: fumbling with a new app must not lock the factors that work.
          counter: `${found.method}-enrollment`,
          authenticators: [found],
          code,
          burn: ({ id }, proof) => realm.authenticators.confirm(id, proof),
        },
        { gate, clock },
      )
      if (outcome.outcome === 'proved') await gate.rebound(counterOf(realm, accountId, found.method))
      return outcome
    },

    async verify(realm, { accountId, method: id, code }) {
      const method = requireMethod(id)
      const candidates = (await bound(realm, accountId)).filter((one) => one.method === id)
      const active = candidates.filter(({ state }) => state === 'active')
      if (active.length === 0 && candidates.length > 0) return Object.freeze({ outcome: 'disabled' })
      return answerChallenge(
        {
          realm,
          accountId,
          method,
          counter: id,
          authenticators: active,
          code,
          burn: (authenticator, proof) => realm.authenticators.acceptStep(authenticator.id, proof),
        },
        { gate, clock },
      )
    },

    async reset(realm, accountId) {
      const authenticators = await realm.authenticators.list(accountId)
      const removed = await Promise.all(authenticators.map(({ id }) => realm.authenticators.remove(id)))
      for (const method of new Set(authenticators.map((one) => one.method))) {
        await gate.rebound(counterOf(realm, accountId, method))
        await gate.rebound(counterOf(realm, accountId, `${method}-enrollment`))
      }
      return removed.filter(Boolean).length
    },
  } satisfies Factors)
}

const counterOf = (realm: RealmStore, accountId: AccountId, method: string) => ({
  attempts: realm.attempts,
  subject: `account:${accountId}`,
  method,
})

/** Not keyed: what is digested cannot be guessed. */
const digestOf = (begunBy: string): string => createHash('sha256').update(begunBy).digest('base64url')

/** A UUID of version 4 (RFC 9562 section 5.4) from 16 random bytes. */
function identifierFrom(bytes: Uint8Array): AuthenticatorId {
  const hex = Buffer.from(bytes).toString('hex')
  const variant = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant.toString(16) + hex.slice(18, 20),
    hex.slice(20, 32),
  ]
  return parts.join('-') as AuthenticatorId // a brand has no runtime part, and this package imports storage as types only
}
