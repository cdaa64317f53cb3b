import type { Match } from './conditions/condition.ts'
import type { ConditionName } from './conditions/conditions.ts'
import type { PolicyDefinition } from './definition.ts'
import type { Facts } from './facts.ts'
import { isSatisfied, type Requirement } from './requirements.ts'

export type PolicyMode = 'on' | 'report-only' | 'off'

export type Matcher = Readonly<{ condition: ConditionName; matches: (facts: Facts) => Match }>

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

export type Judge = (facts: Facts) => Reason

const none: readonly Requirement[] = Object.freeze([])

/**
 * How one policy judges. What it can say is little and always the same, so each reason is made once and handed out again:
 * making a hundred of them anew was most of what a decision cost.
 */
export function judgeOf(policy: {
  readonly id: string
  readonly name: string
  readonly mode: PolicyMode
  readonly definition: PolicyDefinition
  readonly when: readonly Matcher[]
  readonly except: readonly Matcher[]
}): Judge {
  const { definition, mode } = policy
  const named = Object.freeze({ id: policy.id, name: policy.name, mode })
  const reason = (result: Reason['result'], text: string, missing: readonly Requirement[] = none): Reason =>
    Object.freeze({ policy: named, result, missing, text })
  const notApplicable = (text: string): Reason => reason('not-applicable', text)

  const off = notApplicable('The policy is switched off.')
  if (mode === 'off') return () => off
  const when = policy.when.map(({ condition, matches }) => {
    return { condition, matches, unmet: notApplicable(`The condition "${condition}" does not match.`) }
  })
  const except = policy.except.map(({ condition, matches }) => {
    return { condition, matches, exempt: notApplicable(`The exception "${condition}" matches.`) }
  })
  const program = notApplicable('A program for itself can only be blocked.')
  const blocks = definition.access === 'block'
  const required = definition.require ?? none
  const decide = (evidence: ReadonlySet<string>, doubtful: ConditionName | undefined): Reason => {
    const doubt = doubtful === undefined ? '' : ` What "${doubtful}" needs to know is missing, so the policy applies.`
    if (blocks) return reason('blocked', `The policy blocks access.${doubt}`)
    const missing = required.filter((requirement) => !isSatisfied(requirement, evidence))
    return missing.length > 0
      ? reason('missing', `Not shown yet: ${missing.join(', ')}.${doubt}`, Object.freeze(missing))
      : reason('met', `Shown: ${required.join(', ')}.${doubt}`)
  }
  const verdicts = new Map<ConditionName | undefined, Map<string, Reason>>()
  const decideOnce = (facts: Facts, doubtful: ConditionName | undefined): Reason => {
    const known = verdicts.get(doubtful) ?? new Map<string, Reason>()
    const verdict = known.get(facts.lacking) ?? decide(facts.evidence, doubtful)
    verdicts.set(doubtful, known.set(facts.lacking, verdict))
    return verdict
  }

  return (facts) => {
    let doubtful: ConditionName | undefined
    for (const { condition, matches, unmet } of when) {
      const match = matches(facts)
      if (match === false) return unmet
      if (match === 'unknown') doubtful ??= condition
    }
    for (const { condition, matches, exempt } of except) {
      const match = matches(facts)
      if (match === true) return exempt
      if (match === 'unknown') doubtful ??= condition
    }
    return facts.signals.flow === 'client' && !blocks ? program : decideOnce(facts, doubtful)
  }
}
