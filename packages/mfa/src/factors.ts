import { createHash } from 'node:crypto'
import type { AccountId, AttemptState, Authenticator, AuthenticatorId, RealmStore } from '@postern/storage'
import { answerChallenge, type Outcome } from './challenge.ts'
import type { Clock } from './clock.ts'
import { enrollmentCounterOf, forgetEnrollments, ofStrangersToo } from './enrollment-counters.ts'
import { FactorError } from './errors.ts'
import type { AttemptGate } from './gate.ts'
import { identifierFrom } from './identifier.ts'
import type { EnrollmentInput, EnrollmentPart, EnrollmentRefusal, Method, Occasion, Presentation, Prompt, Way } from './method.ts'

/** A factor that an account has. `disabled`: it is bound and refuses every code; it does NOT mean that one is missing. */
export type BoundFactor = Readonly<{
  id: AuthenticatorId
  method: string
  label: string
  state: 'active' | 'disabled'
  strength: Method['strength']
  isDefault: boolean
  detail: Authenticator['detail']
  createdAt: Date
  lastUsedAt?: Date
}>

/** A factor that is being bound. What it presents is shown to the person and to nobody else; it never goes into a log. */
export type Enrollment = Readonly<{ authenticatorId: AuthenticatorId; method: string; presentation: Presentation }>

/**
 * `first`: nothing of the account was shown but what lets one begin (a password, an access pass), so it is refused once the
 * account has any factor; otherwise a stolen password could bind one more. `further`: the caller made sure that a factor was
 * shown just now (R121).
 */
export type EnrollmentKind = 'first' | 'further'

type Wanted = Readonly<{ method: string }>

/** What was read of an account for one occasion. */
interface Look {
  readonly bound: readonly Authenticator[]
  /** By method. */
  readonly attempts: Map<string, AttemptState | undefined>
}

/** The second things that people show, over all methods. Every check goes through the one gate. */
export interface Factors {
  /** What the account has, disabled ones included: whoever finds nothing here may be led through a first enrolment. */
  methodsOf(realm: RealmStore, accountId: AccountId): Promise<readonly BoundFactor[]>
  /**
   * The same, and remembers for this very occasion what it has read: `waysOf` and `verify` of the same occasion go by that, until
   * one of these functions may have changed something. Whoever looks makes an occasion for each request.
   */
  look(occasion: Occasion): Promise<readonly BoundFactor[]>
  /** Every way to show something now, the default one first; recovery codes and passes last. Without methods that the realm switched off; `only` looks at one method. */
  waysOf(occasion: Occasion, only?: Wanted): Promise<readonly Way[]>
  /**
   * Prepares an answer: sends a message, makes a challenge. `again`: a resend, which replaces the code and never resets a
   * counter (R94). A page that is loaded twice sends once. `undefined`: the account has no such way, or it is switched off.
   */
  begin(occasion: Occasion, wanted: Wanted & { authenticatorId?: string; again?: boolean }): Promise<Prompt | undefined>
  /** Checks an answer against every active factor of the method. `expired`: the account has none, or nothing was begun. */
  verify(occasion: Occasion, shown: Wanted & { answer: string }): Promise<Outcome>
  /**
   * Begins anew: an unfinished enrolment of the method is forgotten. Nothing is accepted at sign-in before
   * {@link Factors.confirmEnrollment} (R98). Does NOT ask whether this person may enrol: the caller has.
   *
   * A proposed number may be confirmed with a password alone, so wrong codes for it are counted by themselves, where a
   * stranger with the password holds up nobody else. `isPermitted`: more than a password let this person begin (a pass, a
   * trusted network, a factor), so theirs are counted with the enrolments that no stranger reaches.
   * @throws {FactorError} `already_bound`, see {@link EnrollmentKind}
   */
  beginEnrollment(
    occasion: Occasion,
    wanted: Wanted & EnrollmentInput & { label: string; kind: EnrollmentKind; isPermitted?: boolean },
  ): Promise<Enrollment | Readonly<{ refused: EnrollmentRefusal }>>
  /**
   * The enrolment that this very attempt has not finished, so that a page loaded twice shows the same secret. `undefined`:
   * none, older than 30 minutes, or begun by somebody else.
   */
  pendingEnrollment(occasion: Occasion, wanted?: Wanted): Promise<Enrollment | undefined>
  /** Sends the message of an unfinished enrolment again. `undefined`: there is none. */
  promptEnrollment(occasion: Occasion, wanted: Wanted): Promise<Prompt | undefined>
  /** Forgets what this attempt has begun and not finished. */
  abandonEnrollment(occasion: Occasion, wanted: Wanted): Promise<void>
  /**
   * Makes a pending factor active if the answer is right and who began is who confirms; otherwise it is `expired`. What
   * proved it is used up with it, and old failures of the method are forgotten. Failures pause it and never end it: nobody
   * could be let in again who has nothing bound.
   * @throws {FactorError} `already_bound`, when somebody else was first, or another account has this credential.
   */
  confirmEnrollment(
    occasion: Occasion,
    shown: { authenticatorId: string; answer: string; kind: EnrollmentKind },
  ): Promise<EnrollmentOutcome>
}

export type EnrollmentOutcome = Exclude<Outcome, { outcome: 'disabled' }>

const enrollmentLastsSeconds = 30 * 60

export interface FactorsParts {
  readonly clock: Clock
  /** n bytes of a cryptographically strong generator. */
  readonly random: (bytes: number) => Uint8Array
  readonly gate: AttemptGate
  readonly methods: readonly Method[]
  /** Whose factors never end by failures: were the last administrator's to, nobody could bind them anew. */
  readonly isIrreplaceable?: (realm: RealmStore, accountId: AccountId) => Promise<boolean>
}

export function createFactors({ clock, random, gate, methods, isIrreplaceable = async () => false }: FactorsParts): Factors {
  const isPending = (one: Authenticator): boolean =>
    one.state === 'pending' && one.createdAt.getTime() + enrollmentLastsSeconds * 1000 > clock().getTime()

  const isBegunBy = (one: Authenticator, attempt: string): boolean => isPending(one) && one.begunBy === digestOf(attempt)

  const looks = new WeakMap<Occasion, Look>()

  const boundNow = async (occasion: Occasion) => looks.get(occasion)?.bound ?? (await boundOf(occasion.realm, occasion.accountId))

  const attemptsNow = async (occasion: Occasion, method: string): Promise<AttemptState | undefined> => {
    const look = looks.get(occasion)
    if (look?.attempts.has(method)) return look.attempts.get(method)
    const { realm, accountId } = occasion
    const state = await realm.attempts.find(counterOf(realm, accountId, method))
    look?.attempts.set(method, state)
    return state
  }

  const requireEnrollable = async ({ realm, accountId, settings }: Occasion, kind: EnrollmentKind) => {
    // What the realm has switched off can be shown to nobody, so it keeps nobody from binding something else.
    const usable = (await boundOf(realm, accountId)).filter(({ method }) => !settings.disabledMethods?.includes(method))
    if (kind === 'first' && usable.length > 0) {
      throw new FactorError('already_bound', 'The account has a second factor already.')
    }
  }

  /** The method, where this realm has not switched it off. */
  const allowed = ({ settings }: Occasion, id: string): Method | undefined => {
    const method = requireMethod(methods, id)
    return settings.disabledMethods?.includes(id) ? undefined : method
  }

  const pausedUntil = async (
    occasion: Occasion,
    { id, rules }: Method,
  ): Promise<Readonly<{ state?: 'disabled'; pausedUntil?: Date }>> => {
    if (rules === 'unguessable') return {}
    const state = await attemptsNow(occasion, id)
    if (state?.disabled === true) return { state: 'disabled' }
    return state?.blockedUntil !== undefined && state.blockedUntil > clock() ? { pausedUntil: state.blockedUntil } : {}
  }

  /** Whether failures may end the method for this person. Looked up only once they are about to, or have. */
  const mayEnd = async (occasion: Occasion, { id, rules }: Method): Promise<boolean> => {
    if (rules === 'unguessable' || rules.disableAfter === 'never') return true
    const state = await attemptsNow(occasion, id)
    const isNear = state !== undefined && (state.disabled || state.consecutive + 1 >= rules.disableAfter)
    return !isNear || !(await isIrreplaceable(occasion.realm, occasion.accountId))
  }

  const findPending = async ({ realm, accountId, attempt }: Occasion, wanted: Partial<Wanted>) =>
    (await realm.authenticators.list(accountId)).findLast(
      (one) => (wanted.method === undefined || one.method === wanted.method) && isBegunBy(one, attempt),
    )

  const present = async (occasion: Occasion, pending: Authenticator): Promise<Enrollment> =>
    Object.freeze({
      authenticatorId: pending.id,
      method: pending.method,
      presentation: await enrollmentOf(requireMethod(methods, pending.method)).present(occasion, pending),
    })

  const describe = ({ id, method, label, state, isDefault, detail, createdAt, lastUsedAt }: Authenticator): BoundFactor =>
    Object.freeze({
      id,
      method,
      label,
      state: state === 'disabled' ? 'disabled' : 'active',
      strength: requireMethod(methods, method).strength,
      isDefault,
      detail,
      createdAt,
      ...(lastUsedAt && { lastUsedAt }),
    })

  return Object.freeze({
    methodsOf: async (realm, accountId) => (await boundOf(realm, accountId)).map(describe),

    async look(occasion) {
      const bound = await boundOf(occasion.realm, occasion.accountId)
      looks.set(occasion, { bound, attempts: new Map() })
      return bound.map(describe)
    },

    async waysOf(occasion, only) {
      const bound = await boundNow(occasion)
      const ways: Way[] = []
      for (const method of methods) {
        if (only !== undefined && only.method !== method.id) continue
        if (allowed(occasion, method.id) === undefined) continue
        const own = await method.waysOf(occasion, ofMethod(bound, method.id))
        if (own.length === 0) continue
        const pause = await pausedUntil(occasion, method)
        ways.push(...own.map((way) => Object.freeze({ ...way, strength: method.strength, ...pause })))
      }
      return Object.freeze(ways.toSorted((one, other) => Number(other.isDefault) - Number(one.isDefault)))
    },

    async begin(occasion, { method: id, authenticatorId, again = false }) {
      looks.delete(occasion)
      const method = allowed(occasion, id)
      if (method === undefined) return undefined
      const bound = ofMethod(await boundOf(occasion.realm, occasion.accountId), id).filter(({ state }) => state === 'active')
      const chosen = authenticatorId === undefined ? bound : bound.filter((one) => one.id === authenticatorId)
      if ((await method.waysOf(occasion, chosen)).length === 0) return undefined
      // What refuses every answer needs no message that asks for one.
      const { state } = await pausedUntil(occasion, method)
      if (state === 'disabled' && (await mayEnd(occasion, method))) return undefined
      return method.begin === undefined ? Object.freeze({ kind: 'code' }) : method.begin(occasion, chosen, { again })
    },

    async verify(occasion, { method: id, answer }) {
      const method = allowed(occasion, id)
      if (method === undefined) return Object.freeze({ outcome: 'expired' })
      const { realm, accountId } = occasion
      const bound = ofMethod(await boundNow(occasion), id)
      const active = bound.filter(({ state }) => state === 'active')
      if (active.length === 0 && bound.length > 0) return Object.freeze({ outcome: 'disabled' })
      // Whoever has nothing to be guessed at is not counted either.
      if ((await method.waysOf(occasion, active)).length === 0) return Object.freeze({ outcome: 'expired' })
      const mayDisable = await mayEnd(occasion, method)
      // What is counted and burned now is looked up anew by whoever asks afterwards.
      looks.delete(occasion)
      const match = (now: Date) => method.match(occasion, active, answer, now)
      const challenge = { realm, accountId, counter: id, rules: method.rules, mayDisable, from: whence(occasion), match }
      const outcome = await answerChallenge(challenge, { gate, clock })
      if (outcome.outcome === 'proved' && method.opensEnrollment === true)
        for (const one of methods) await forgetEnrollments(realm, accountId, { gate, method: one.id })
      return outcome
    },

    async beginEnrollment(occasion, { method: id, label, kind, isPermitted = false, ...input }) {
      looks.delete(occasion)
      const { realm, accountId, attempt } = occasion
      const method = allowed(occasion, id)
      if (method === undefined) throw new FactorError('method_off', 'This realm has switched the method off.')
      const enrollment = enrollmentOf(method)
      await requireEnrollable(occasion, kind)
      const drafted = await enrollment.draft(occasion, input)
      if ('refused' in drafted) return drafted
      const pending: Authenticator = {
        id: identifierFrom(random(16)) as AuthenticatorId, // a brand has no runtime part
        accountId,
        method: id,
        label,
        ...drafted,
        detail: isPermitted || input.proposedId === undefined ? drafted.detail : ofStrangersToo(drafted.detail),
        state: 'pending',
        isDefault: false,
        begunBy: digestOf(attempt),
        createdAt: clock(),
      }
      await realm.authenticators.removePending(accountId, id)
      await realm.authenticators.add(pending)
      await enrollment.begin?.(occasion, pending)
      return present(occasion, pending)
    },

    async pendingEnrollment(occasion, wanted = undefined) {
      const pending = await findPending(occasion, wanted ?? {})
      return pending && present(occasion, pending)
    },

    async promptEnrollment(occasion, wanted) {
      const pending = await findPending(occasion, wanted)
      return pending && enrollmentOf(requireMethod(methods, pending.method)).begin?.(occasion, pending)
    },

    async abandonEnrollment(occasion, wanted) {
      looks.delete(occasion)
      const pending = await findPending(occasion, wanted)
      if (pending !== undefined) await occasion.realm.authenticators.remove(pending.id)
    },

    async confirmEnrollment(occasion, { authenticatorId, answer, kind }) {
      looks.delete(occasion)
      const { realm, accountId, attempt } = occasion
      const found = await realm.authenticators.find(authenticatorId as AuthenticatorId) // whatever it is, the store looks
      // Somebody else's id is treated as none: an id in a form is whatever the browser sends.
      if (found === undefined || found.accountId !== accountId || !isBegunBy(found, attempt))
        return Object.freeze({ outcome: 'expired' })
      await requireEnrollable(occasion, kind)
      const method = requireMethod(methods, found.method)
      let isTaken = false
      const outcome = await answerChallenge(
        {
          realm,
          accountId,
          counter: enrollmentCounterOf(found),
          rules: method.rules,
          mayDisable: false,
          from: whence(occasion),
          async match(now) {
            const matched = await enrollmentOf(method).match(occasion, found, answer, now)
            if (matched === undefined || 'because' in matched) return matched
            const burn = async () => {
              const confirmed = await realm.authenticators.confirm(found.id, { at: now, ...matched.proof })
              isTaken = confirmed === 'conflict'
              return confirmed === true
            }
            return Object.freeze({ amr: matched.amr, authenticatorId: found.id, burn })
          },
        },
        { gate, clock },
      )
      if (isTaken) throw new FactorError('already_bound', 'This credential is bound to an account already.')
      if (outcome.outcome === 'disabled') throw new TypeError('An enrolment ended by failures, which only pause it.')
      if (outcome.outcome === 'proved') {
        await gate.rebound(counterOf(realm, accountId, found.method))
        await method.enrollment?.confirmed?.(occasion, found)
      }
      return outcome
    },
  } satisfies Factors)
}

/** Those that count: neither proposed nor pending. */
export const boundOf = async (realm: RealmStore, accountId: AccountId): Promise<readonly Authenticator[]> =>
  (await realm.authenticators.list(accountId)).filter(({ state }) => state === 'active' || state === 'disabled')

export const counterOf = (realm: RealmStore, accountId: AccountId, method: string) => ({
  attempts: realm.attempts,
  subject: `account:${accountId}`,
  method,
})

/** @throws {TypeError} when there is no such method. */
export function requireMethod(methods: readonly Method[], id: string): Method {
  const method = methods.find((one) => one.id === id)
  if (method === undefined) throw new TypeError(`There is no method "${id}".`)
  return method
}

function enrollmentOf({ id, enrollment }: Method): EnrollmentPart {
  if (enrollment === undefined) throw new TypeError(`Nothing can be bound for "${id}".`)
  return enrollment
}

const whence = ({ source, browser }: Occasion) => ({ ...(source && { source }), ...(browser && { app: browser }) })

const ofMethod = (authenticators: readonly Authenticator[], id: string): readonly Authenticator[] =>
  authenticators.filter(({ method }) => method === id)

/** Not keyed: what is digested cannot be guessed. */
export const digestOf = (attempt: string): string => createHash('sha256').update(attempt).digest('base64url')
