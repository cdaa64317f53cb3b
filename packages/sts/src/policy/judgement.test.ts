import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conditions } from './conditions/conditions.ts'
import { factsOf } from './facts.ts'
import { createPolicy, type Decision, evaluate, isSatisfied, type Policy, type Reason, type Signals } from './policy.ts'
import { requirementNames } from './requirements.ts'

/** What a decision is, in as few words as possible: every reason made anew, each condition read from the definition again. */
function judgePlainly({ id, name, mode, definition }: Policy, signals: Signals): Reason {
  const reason = (result: Reason['result'], text: string, missing: Reason['missing'] = []): Reason => ({
    policy: { id, name, mode },
    result,
    missing,
    text,
  })
  const held = (wanted: Policy['definition']['when'] = {}) =>
    Object.entries(conditions).flatMap(([condition, { matcher }]) => {
      const values = Object.entries(wanted).find(([one]) => one === condition)?.[1]
      return values === undefined ? [] : [{ condition, match: matcher(values)(factsOf(signals)) }]
    })
  if (mode === 'off') return reason('not-applicable', 'The policy is switched off.')
  const [when, except] = [held(definition.when), held(definition.except)]
  const unmet = when.find(({ match }) => match === false)
  if (unmet) return reason('not-applicable', `The condition "${unmet.condition}" does not match.`)
  const exempt = except.find(({ match }) => match === true)
  if (exempt) return reason('not-applicable', `The exception "${exempt.condition}" matches.`)
  const unknown = [...when, ...except].find(({ match }) => match === 'unknown')
  const doubt = unknown ? ` What "${unknown.condition}" needs to know is missing, so the policy applies.` : ''
  if (signals.flow === 'client' && definition.access !== 'block')
    return reason('not-applicable', 'A program for itself can only be blocked.')
  if (definition.access === 'block') return reason('blocked', `The policy blocks access.${doubt}`)
  const required = definition.require ?? []
  const missing = required.filter((requirement) => !isSatisfied(requirement, signals.evidence))
  return missing.length > 0
    ? reason('missing', `Not shown yet: ${missing.join(', ')}.${doubt}`, missing)
    : reason('met', `Shown: ${required.join(', ')}.${doubt}`)
}

function concludePlainly(reasons: readonly Reason[]): Pick<Decision, 'outcome' | 'missing'> {
  if (reasons.some(({ result }) => result === 'blocked')) return { outcome: 'block', missing: [] }
  const missing = requirementNames.filter((one) => reasons.some((reason) => reason.missing.includes(one)))
  return { outcome: missing.length > 0 ? 'require' : 'allow', missing }
}

function evaluatePlainly(policies: readonly Policy[], signals: Signals): Decision {
  const because = policies.map((policy) => judgePlainly(policy, signals))
  return {
    ...concludePlainly(because.filter(({ policy }) => policy.mode === 'on')),
    because,
    ifReportOnlyWereOn: concludePlainly(because).outcome,
  }
}

const some = <T>(...values: readonly T[]) => fc.subarray([...values], { minLength: 1 })
const each = {
  account: some('A1', 'Mary@Contoso.com'),
  group: some('staff', 'ADMINS'),
  client: some('mail', 'web'),
  resource: some('https://mail.contoso.com/', 'calendar'),
  network: some('10.0.0.0/8', '2001:db8::/32', '192.0.2.7'),
  flow: some('refresh', 'device', 'client'),
  browser: some('remembered'),
  protocol: some('imap', 'ActiveSync'),
}
/** Few at a time, or hardly any policy would apply. */
const conditionsOf = fc
  .subarray(Object.keys(each) as (keyof typeof each)[], { maxLength: 2 }) // Object.keys forgets the names that the record is known to have
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, each[name]]))))
const asks = fc.oneof(
  fc.constant({ access: 'block' }),
  fc.array(fc.constantFrom(...requirementNames), { minLength: 1, maxLength: 3 }).map((require) => ({ require })),
)
const policies = fc
  .array(fc.record({ when: conditionsOf, except: conditionsOf, asks, mode: fc.constantFrom('on', 'on', 'report-only', 'off') }), {
    maxLength: 5,
  })
  .map((drawn) =>
    drawn.map(({ when, except, asks, mode }, index) =>
      createPolicy({ id: `p${index}`, name: `Policy ${index}`, mode, definition: { when, except, ...asks } }),
    ),
  )
const signals: fc.Arbitrary<Signals> = fc.record({
  account: fc.record({
    id: fc.constantFrom('a1', 'a2'),
    upn: fc.constantFrom('mary@contoso.com', 'PAT@contoso.com'),
    groups: fc.subarray(['Staff', 'admins']),
  }),
  client: fc.record({ id: fc.constantFrom('mail', 'web', 'other') }),
  resource: fc.constantFrom(undefined, 'https://mail.contoso.com/', 'calendar'),
  source: fc.constantFrom(undefined, 'nowhere', '10.1.1.1', '::ffff:192.0.2.7', '192.0.2.1', '2001:db8::1', '2001:db9::1'),
  flow: fc.constantFrom('authorization', 'device', 'refresh', 'exchange', 'client', 'mail-app'),
  protocol: fc.constantFrom(undefined, 'IMAP', 'activesync'),
  evidence: fc.subarray(['pwd', 'otp', 'sms', 'mca', 'hwk', 'swk', 'mfa', 'rba']),
})

describe('a decision', () => {
  test('says to the letter what each policy says by itself, however often the same policies were asked before', () => {
    fc.assert(
      fc.property(policies, fc.array(signals, { minLength: 1, maxLength: 6 }), (drawn, asked) => {
        for (const one of asked) expect(JSON.stringify(evaluate(drawn, one))).toBe(JSON.stringify(evaluatePlainly(drawn, one)))
      }),
      { numRuns: 300 },
    )
  })

  test('cannot be changed by whoever got it, nor what the same policies say next', () => {
    const policy = createPolicy({ id: 'p', name: 'p', mode: 'on', definition: { require: ['second-factor'] } })
    const [reason] = evaluate([policy], fc.sample(signals, { numRuns: 1, seed: 1 })[0] as Signals).because
    for (const part of [reason, reason?.policy, reason?.missing]) expect(Object.isFrozen(part)).toBe(true)
  })
})
