/**
 * policy decides whether a sign-in or a token request may go on, and what it still lacks.
 *
 * It owns conditions, requirements, assurance levels, and the decision with its reasons. It does not gather signals
 * (protocol/assurance.ts does) nor meet a requirement (signin/ does). It imports nothing of ours and does no I/O.
 * Policies only restrict: adding one never lets anybody in who was kept out before.
 * @module
 */
import { type ConditionName, conditions } from './conditions/conditions.ts'
import { type Conditions, type PolicyDefinition, parsePolicy } from './definition.ts'
import { factsOf } from './facts.ts'
import { type Judge, judgeOf, type Matcher, type PolicyMode, type Reason } from './judgement.ts'
import { type Requirement, requirementNames } from './requirements.ts'
import type { Signals } from './signals.ts'

export { type AssuranceLevel, acrOf, requirementOf, satisfiesAcr } from './assurance-level.ts'
export { type PolicyDefinition, parsePolicy } from './definition.ts'
export { demandsOf } from './demands.ts'
export { decideEnforcement, type Enforced, withoutCampaign } from './enforcement.ts'
export { PolicyError } from './errors.ts'
export { firstPolicy } from './first-policy.ts'
export type { PolicyMode, Reason } from './judgement.ts'
export { isSatisfied, type Requirement } from './requirements.ts'
export { type Flow, flows, type Signals } from './signals.ts'

/** A policy that is ready to be asked. Made by {@link createPolicy}, and only so: what it says was made with it, so a changed copy says the same. */
export interface Policy {
  readonly id: string
  readonly name: string
  readonly mode: PolicyMode
  readonly definition: PolicyDefinition
  readonly when: readonly Matcher[]
  readonly except: readonly Matcher[]
  readonly judge: Judge
}

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
  const policy = {
    id: stored.id,
    name: stored.name,
    mode: stored.mode,
    definition,
    when: matchersOf(definition.when),
    except: matchersOf(definition.except),
  }
  return Object.freeze({ ...policy, judge: judgeOf(policy) })
}

/**
 * Holds the policies against the signals. All that apply are added up: one that blocks wins, and otherwise everything that
 * any of them requires must have been shown. With no policy that applies, the answer is `allow`.
 *
 * Does NOT look whether the account or the client is disabled, nor how old the evidence is.
 */
export function evaluate(policies: readonly Policy[], signals: Signals): Decision {
  const facts = factsOf(signals)
  const because = policies.map(({ judge }) => judge(facts))
  const { outcome, missing } = conclude(because, isOn)
  return Object.freeze({
    outcome,
    missing,
    because: Object.freeze(because),
    ifReportOnlyWereOn: conclude(because, () => true).outcome,
  })
}

const isOn = ({ policy }: Reason): boolean => policy.mode === 'on'
const nothing: readonly Requirement[] = Object.freeze([])

function conclude(reasons: readonly Reason[], counts: (reason: Reason) => boolean): Pick<Decision, 'outcome' | 'missing'> {
  const lacking = reasons.filter((reason) => reason.missing.length > 0 && counts(reason))
  if (reasons.some((reason) => reason.result === 'blocked' && counts(reason))) return { outcome: 'block', missing: nothing }
  if (lacking.length === 0) return { outcome: 'allow', missing: nothing }
  const missing = new Set(lacking.flatMap((reason) => reason.missing))
  return { outcome: 'require', missing: Object.freeze(requirementNames.filter((requirement) => missing.has(requirement))) }
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
