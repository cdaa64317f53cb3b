/**
 * demands are the decisions of the portal: what must be shown before a page, who may bind a first factor, and which one may
 * go. Pure; what is decided is done elsewhere.
 * @module
 */
import type { BoundFactor } from '@postern/mfa'
import { decideEnrollment } from '../policy/enrollment.ts'
import { isSatisfied, type Requirement } from '../policy/policy.ts'

/**
 * What a page wants of the session. `signed-in`: no more than that. `own-factor`: a second thing, where the account has one.
 * `second-factor`: a second thing in any case. `fresh`: `own-factor`, and none of it older than ten minutes (R107, R121).
 * `fresh-factor`: both of the last two: what opens the mailbox to something that is not asked for a second thing again.
 */
export type Demand = 'signed-in' | 'own-factor' | 'second-factor' | 'fresh' | 'fresh-factor'

export const freshSeconds = 600
/**
 * The sign-in is asked for something a little younger than the portal wants: were it the same, a process whose clock is
 * behind would find the session young enough and send the browser back, and so on.
 */
const askedSeconds = freshSeconds - 60
const AAL2 = 'urn:postern:acr:aal2'

/**
 * What is to be shown first; `undefined`: nothing. A sign-in starts from nothing, so whatever a session shows is as old as
 * the session or younger, and the age of the first thing is the age of all that counts.
 */
export function decideSignIn(asked: {
  demand: Demand
  evidence: readonly string[]
  signedInAt: Date
  hasFactor: boolean
  now: Date
}): Readonly<{ acr?: string; maxAgeSeconds?: number }> | undefined {
  const { demand, evidence, signedInAt, hasFactor, now } = asked
  if (demand === 'signed-in') return undefined
  const wantsFresh = demand === 'fresh' || demand === 'fresh-factor'
  const wantsSecond = demand === 'second-factor' || demand === 'fresh-factor' || hasFactor
  const isOld = wantsFresh && ageInSeconds(signedInAt, now) > freshSeconds
  const isMissing = wantsSecond && !isSatisfied('second-factor', evidence)
  if (!isOld && !isMissing) return undefined
  return Object.freeze({ ...(wantsSecond && { acr: AAL2 }), ...(wantsFresh && { maxAgeSeconds: askedSeconds }) })
}

/**
 * Whether a factor has to be set up before anything else: the page wants one in any case, and no sign-in could bring what this
 * person does not have.
 */
export const lacksFactor = (asked: { demand: Demand; evidence: readonly string[]; hasFactor: boolean }): boolean =>
  asked.demand === 'fresh-factor' && !asked.hasFactor && !isSatisfied('second-factor', asked.evidence)

/** In whole seconds, as sessions count (`auth_time`). */
const ageInSeconds = (then: Date, now: Date): number => Math.floor(now.getTime() / 1000) - Math.floor(then.getTime() / 1000)

/**
 * Whether this person may bind one more factor. `further`: one of the account's own was shown. `first`: there is none yet,
 * and something beside the password speaks for the person. `unproved`: nothing does. Which is which, policy says for sign-in and portal alike;
 * a number that an administrator proposed has a page of its own here.
 */
export function mayEnroll(asked: {
  hasFactor: boolean
  evidence: readonly string[]
  isTrustedNetwork: boolean
  hasPermit: boolean
}): 'further' | 'first' | 'unproved' {
  const { evidence, ...signals } = asked
  const wasFactorShown = isSatisfied('second-factor', evidence)
  const permission = decideEnrollment({ ...signals, wasFactorShown, hasProposal: false })
  return permission.may === 'anything' ? permission.kind : 'unproved'
}

/**
 * Whether what is bound may be renamed, put first or removed: one of the account's factors was shown. Where the realm accepts
 * none of them any more, an access pass stands in, and no network does: what a factor kept closed does not open to a password
 * because its method was switched off.
 */
export const mayChange = (asked: { hasFactor: boolean; evidence: readonly string[]; hasPermit: boolean }): boolean =>
  isSatisfied('second-factor', asked.evidence) || (!asked.hasFactor && asked.hasPermit)

export type Removal = Readonly<{ allowed: true; isLast: boolean } | { allowed: false; because: Requirement }>

/**
 * Whether one of `factors` may go. It may not if a demand that is met, or that nothing else could meet, would be met no more.
 * `usable`: the methods that this realm has not switched off.
 */
export function decideRemoval(
  factors: readonly Pick<BoundFactor, 'id' | 'method' | 'state' | 'strength'>[],
  id: string,
  asked: { demands: readonly Requirement[]; isUsable: (method: string) => boolean },
): Removal {
  const meeting = (demand: Requirement) =>
    factors.filter(
      (one) =>
        one.state === 'active' &&
        asked.isUsable(one.method) &&
        (demand === 'second-factor' || one.strength === 'phishing-resistant'),
    )
  const rest = factors.filter((one) => one.id !== id)
  // The stronger demand is named, since meeting it meets the other.
  for (const demand of ['phishing-resistant', 'second-factor'] as const) {
    if (!asked.demands.includes(demand)) continue
    const now = meeting(demand)
    if (now.length > 0 && now.every((one) => one.id === id)) return Object.freeze({ allowed: false, because: demand })
  }
  // Locked ones count as bound: without any, the password alone would be led through a first enrolment.
  if (rest.length === 0 && asked.demands.length > 0) return Object.freeze({ allowed: false, because: 'second-factor' })
  return Object.freeze({ allowed: true, isLast: rest.length === 0 })
}

/** Whether messages are all there is (R101). */
export const isMessagesOnly = (factors: readonly Pick<BoundFactor, 'method'>[]): boolean =>
  factors.length > 0 && factors.every(({ method }) => method === 'sms')

/** A page of the portal, relative to the issuer; anything else becomes its first page. `state` comes back from a sign-in. */
export const portalPath = (state: string | undefined): string =>
  state !== undefined && state.length <= 200 && /^\/portal(?:\/[\w-]+)*$/.test(state) && state !== '/portal/signed-in'
    ? state
    : '/portal'
