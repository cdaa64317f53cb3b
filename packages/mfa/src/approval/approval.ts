/**
 * approval knows sign-ins that wait until their owner, signed in elsewhere, types the number that they show.
 *
 * It owns the number, how long one waits, how often one may ask, and what an answer does. It does not own sessions (it is
 * told whether there is another one), pages, or what follows when somebody says that it was not them. The number goes to
 * the browser that waits and never to the one that answers: whoever lets somebody in has to see both.
 * @module
 */
import type { AccountId, Approval, RealmStore } from '@postern/storage'
import { type Allowance, holdUntil, takeOne } from '../allowance.ts'
import type { Clock } from '../clock.ts'
import { digestOf } from '../factors.ts'
import type { AttemptGate } from '../gate.ts'
import { identifierFrom } from '../identifier.ts'
import type { Method, Occasion, Prompt } from '../method.ts'
import { codeRules } from '../throttle.ts'

const lastsSeconds = 5 * 60
/** Whoever has the password may ask so often and no more: people who are asked all night say yes in the end. */
const asking: Allowance = Object.freeze({ max: 5, windowSeconds: 3600 })
/** After a `not_me` nobody is asked for so long. */
const restSeconds = 3600
const counter = 'approval-number'
const asked = 'approval-asked'

/** A sign-in that waits, as its owner is told of it where they are signed in. Without the number: they have to type it. */
export type WaitingApproval = Readonly<Pick<Approval, 'id' | 'about' | 'createdAt' | 'expiresAt'>>

/** `gone`: it does not wait any more, or never did. */
export type ApprovalAnswer = 'approved' | 'wrong_number' | 'denied' | 'gone'

export interface Approvals {
  /** Newest first. */
  waiting(realm: RealmStore, accountId: AccountId): Promise<readonly WaitingApproval[]>
  /**
   * A wrong number denies the sign-in at once, so that there is nothing to guess; too many of them on a day, and the right
   * one denies it too. Does NOT ask how the one who answers has signed in: the caller has.
   */
  answer(
    realm: RealmStore,
    accountId: AccountId,
    id: string,
    said: Readonly<{ number: string }> | 'not_me',
  ): Promise<ApprovalAnswer>
}

const subjectOf = (accountId: AccountId): string => `account:${accountId}`

export function createApprovals({ clock, gate }: { clock: Clock; gate: AttemptGate }): Approvals {
  const deny = (realm: RealmStore, accountId: AccountId, id: string) =>
    realm.approvals.decide(accountId, id, { state: 'denied', at: clock() })

  return Object.freeze({
    async waiting(realm, accountId) {
      const all = await realm.approvals.listWaiting(accountId, clock())
      return Object.freeze(all.map(({ id, about, createdAt, expiresAt }) => Object.freeze({ id, about, createdAt, expiresAt })))
    },
    async answer(realm, accountId, id, said) {
      const subject = subjectOf(accountId)
      if (said === 'not_me') {
        if (!(await deny(realm, accountId, id))) return 'gone'
        const now = clock()
        const until = new Date(now.getTime() + restSeconds * 1000)
        await realm.attempts.update({ subject, method: asked }, (state) => holdUntil(state, until, now))
        return 'denied'
      }
      const found = await realm.approvals.find(accountId, id)
      if (found === undefined || found.state !== 'waiting' || found.expiresAt <= clock()) return 'gone'
      const isRight = numberTyped(said.number) === found.number
      let isDecided = false
      const rules = { ...codeRules, disableAfter: 'never' as const }
      const { outcome } = await gate.check({ attempts: realm.attempts, subject, method: counter, rules }, async () => {
        const state = isRight ? 'approved' : 'denied'
        isDecided = await realm.approvals.decide(accountId, id, { state, at: clock() })
        return isRight && isDecided
      })
      if (outcome === 'throttled' || outcome === 'disabled') return (await deny(realm, accountId, id)) ? 'denied' : 'gone'
      if (!isDecided) return 'gone'
      return isRight ? 'approved' : 'wrong_number'
    },
  } satisfies Approvals)
}

const numberTyped = (typed: string): string => (typed.length > 64 ? '' : typed.normalize('NFKC').replace(/\s/g, ''))

export interface ApprovalParts {
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  /** See `MethodParts`. Absent: nobody is. */
  readonly signedInElsewhere?: ((realm: RealmStore, accountId: AccountId, attempt: string) => Promise<boolean>) | undefined
}

/** A way for whoever is signed in elsewhere. Its label is empty: pages have a name for it. The answer itself is ignored. */
export function createApproval({ clock, random, signedInElsewhere = async () => false }: ApprovalParts): Method {
  const find = ({ realm, accountId, attempt }: Occasion) => realm.approvals.findByAttempt(accountId, digestOf(attempt))

  async function ask(occasion: Occasion): Promise<Prompt> {
    const { realm, accountId, attempt, issuerName, appName = issuerName, source, browser } = occasion
    const now = clock()
    const subject = subjectOf(accountId)
    const typed = await realm.attempts.find({ subject, method: counter })
    if (typed?.blockedUntil !== undefined && typed.blockedUntil > now)
      return Object.freeze({ kind: 'limited', until: typed.blockedUntil })
    const taking = await realm.attempts.update({ subject, method: asked }, (state) => takeOne(state, asking, now))
    if (!taking.taken) return Object.freeze({ kind: 'limited', until: taking.until })

    const others = await realm.approvals.listWaiting(accountId, now)
    const approval: Approval = {
      id: identifierFrom(random(16)),
      accountId,
      attemptDigest: digestOf(attempt),
      number: drawNumber(
        random,
        others.map(({ number }) => number),
      ),
      state: 'waiting',
      about: { appName, ...(source !== undefined && { source }), ...(browser !== undefined && { browser }) },
      createdAt: now,
      expiresAt: new Date(now.getTime() + lastsSeconds * 1000),
    }
    await realm.approvals.put(approval)
    return promptOf(approval, now)
  }

  return Object.freeze({
    id: 'approval',
    strength: 'second-factor',
    // Nothing is guessed here: the number is typed elsewhere, and counted there.
    rules: 'unguessable',
    async waysOf({ realm, accountId, attempt }) {
      if (!(await signedInElsewhere(realm, accountId, attempt))) return []
      return [Object.freeze({ method: 'approval', label: '', state: 'active', isDefault: false })]
    },
    async begin(occasion, _authenticators, { again }) {
      const found = await find(occasion)
      if (found === undefined) return ask(occasion)
      const prompt = promptOf(found, clock())
      // What was denied stays denied for this sign-in, however often it asks.
      return again && (prompt.state === 'expired' || prompt.state === 'used') ? ask(occasion) : prompt
    },
    async match(occasion, _authenticators, _answer, now) {
      const found = await find(occasion)
      if (found === undefined) return 'expired'
      const { state } = promptOf(found, now)
      if (state === 'waiting') return undefined
      if (state !== 'approved') return 'expired'
      const { realm, accountId } = occasion
      return Object.freeze({ amr: ['mca'], burn: () => realm.approvals.use(accountId, found.id, now) })
    },
  } satisfies Method)
}

function promptOf({ number, state, expiresAt }: Approval, now: Date): Extract<Prompt, { kind: 'number' }> {
  const shown = state !== 'denied' && expiresAt <= now ? 'expired' : state
  return Object.freeze({ kind: 'number', number, state: shown, expiresAt })
}

/** From 10 to 99, evenly, and none that waits already: two that look alike could be taken for each other. */
function drawNumber(random: (bytes: number) => Uint8Array, taken: readonly string[]): string {
  const free = Array.from({ length: 90 }, (_, index) => String(index + 10)).filter((number) => !taken.includes(number))
  const even = Math.floor(256 / free.length) * free.length
  for (let draws = 0; draws < 1000; draws += 1) {
    const [byte = 0] = random(1)
    const number = free[byte % free.length]
    if (byte < even && number !== undefined) return number
  }
  throw new TypeError('The generator gives no even numbers.')
}
