/**
 * policy decides whether a sign-in or a token request may go on, and what it still lacks.
 *
 * It owns conditions, requirements, assurance levels, and the decision with its reasons. It does not gather signals
 * (protocol/assurance.ts does) nor meet a requirement (signin/ does). It imports nothing of ours and does no I/O.
 * Policies only restrict: adding one never lets anybody in who was kept out before.
 * @module
 */
import type { Match } from './conditions/condition.ts'
import { type ConditionName, conditions } from './conditions/conditions.ts'
import { type Conditions, type PolicyDefinition, parsePolicy } from './definition.ts'
import { isSatisfied, type Requirement, requirementNames } from './requirements.ts'
import type { Signals } from './signals.ts'

export { type AssuranceLevel, acrOf, requirementOf, satisfiesAcr } from './assurance-level.ts'
export { type PolicyDefinition, parsePolicy } from './definition.ts'
export { demandsOf } from './demands.ts'
export { decideEnforcement, type Enforced, withoutCampaign } from './enforcement.ts'
export { PolicyError } from './errors.ts'
export { firstPolicy } from './first-policy.ts'
export { isSatisfied, type Requirement } from './requirements.ts'
export { type Flow, flows, type Signals } from './signals.ts'

export type PolicyMode = 'on' | 'report-only' | 'off'

/** A policy that is ready to be asked. Made by {@link createPolicy}. */
export interface Policy {
  readonly id: string
  readonly name: string
  readonly mode: PolicyMode
  readonly definition: PolicyDefinition
  readonly when: readonly Matcher[]
  readonly except: readonly Matcher[]
}

type Matcher = Readonly<{ condition: ConditionName; matches: (signals: Signals) => Match }>

/** What one policy said, and why. One is given for each policy, whether it applied or not. */
export type Reason = Readonly<{
  policy: { readonly id: string; readonly name: string; readonly mode: PolicyMode }
  /** `not-applicable`: switched off, a condition did not match, or an exception did. */
  result: 'not-applicable' | 'met' | 'missing' | 'blocked'
  /** What the policy asks for and the evidence does not show. */
  missing: readonly Requirement[]
  /** A short English sentence for the audit trail and for administrators; not meant for the person who signs in. */
  text: string
}>

/** `missing` is empty unless `outcome` is `require`; the strongest requirement comes last. */
export type Decision = Readonly<{
  outcome: 'allow' | 'block' | 'require'
  missing: readonly Requirement[]
  because: readonly Reason[]
  /** What the outcome would be if the policies in report-only mode were on. */
  ifReportOnlyWereOn: 'allow' | 'block' | 'require'
}>

/**
 * Makes a stored policy ready for {@link evaluate}.
 * @throws {PolicyError} when the definition cannot be read. The caller must then refuse: a policy that nobody understands must not be ignored.
 */
export function createPolicy(stored: { id: string; name: string; mode: PolicyMode; definition: unknown }): Policy {
  const definition = parsePolicy(stored.definition)
  return Object.freeze({
    id: stored.id,
    name: stored.name,
    mode: stored.mode,
    definition,
    when: matchersOf(definition.when),
    except: matchersOf(definition.except),
  })
}

/**
 * Holds the policies against the signals. All that apply are added up: one that blocks wins, and otherwise everything that
 * any of them requires must have been shown. With no policy that applies, the answer is `allow`.
 *
 * Does NOT look whether the account or the client is disabled, nor how old the evidence is.
 */
export function evaluate(policies: readonly Policy[], signals: Signals): Decision {
  const because = policies.map((policy) => judge(policy, signals))
  const enforced = conclude(because.filter(({ policy }) => policy.mode === 'on'))
  return Object.freeze({ ...enforced, because: Object.freeze(because), ifReportOnlyWereOn: conclude(because).outcome })
}

function judge(policy: Policy, signals: Signals): Reason {
  const { id, name, mode } = policy
  const reason = (result: Reason['result'], text: string, missing: readonly Requirement[] = []): Reason =>
    Object.freeze({ policy: Object.freeze({ id, name, mode }), result, missing: Object.freeze(missing), text })

  if (mode === 'off') return reason('not-applicable', 'The policy is switched off.')
  const unmet = policy.when.find(({ matches }) => matches(signals) === false)
  if (unmet !== undefined) return reason('not-applicable', `The condition "${unmet.condition}" does not match.`)
  const exempt = policy.except.find(({ matches }) => matches(signals) === true)
  if (exempt !== undefined) return reason('not-applicable', `The exception "${exempt.condition}" matches.`)

  const unknown = [...policy.when, ...policy.except].filter(({ matches }) => matches(signals) === 'unknown')
  const doubt = unknown.length > 0 ? ` What "${unknown[0]?.condition}" needs to know is missing, so the policy applies.` : ''
  // A program has shown its own credentials and can show nothing else.
  if (signals.flow === 'client' && policy.definition.access !== 'block')
    return reason('not-applicable', 'A program for itself can only be blocked.')
  if (policy.definition.access === 'block') return reason('blocked', `The policy blocks access.${doubt}`)
  const required = policy.definition.require ?? []
  const missing = required.filter((requirement) => !isSatisfied(requirement, signals.evidence))
  return missing.length > 0
    ? reason('missing', `Not shown yet: ${missing.join(', ')}.${doubt}`, missing)
    : reason('met', `Shown: ${required.join(', ')}.${doubt}`)
}

function conclude(reasons: readonly Reason[]): Pick<Decision, 'outcome' | 'missing'> {
  if (reasons.some(({ result }) => result === 'blocked')) return { outcome: 'block', missing: Object.freeze([]) }
  const missing = new Set(reasons.flatMap((reason) => reason.missing))
  const ordered = requirementNames.filter((requirement) => missing.has(requirement))
  return { outcome: ordered.length > 0 ? 'require' : 'allow', missing: Object.freeze(ordered) }
}

function matchersOf(wanted: Conditions = {}): readonly Matcher[] {
  return Object.freeze(
    Object.entries(conditions).flatMap(([name, { matcher }]): Matcher[] => {
      const condition = name as ConditionName // Object.entries forgets the names that the table is known to have
      const values = wanted[condition]
      return values === undefined ? [] : [{ condition, matches: matcher(values) }]
    }),
  )
}
