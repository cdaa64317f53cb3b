/** What it costs to hold a hundred policies against the signals of one sign-in: pure work, in one process. */
import { createPolicy, evaluate, type Signals } from '@postern/sts/testing/policy'
import { describeMachine } from './machine.ts'
import { inProcess, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

const POLICIES = 100
const BATCH = 1000
const TARGET_MICROSECONDS = 50

/** A realm's policies: by group, app, resource, network and flow, some with exceptions, one that blocks, a few not on. */
function makePolicies() {
  const id = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
  const kinds = [
    (index: number) => ({ when: { group: [`department-${index}`, 'managers'] }, require: ['second-factor'] }),
    (index: number) => ({ when: { client: [id(index)], flow: ['authorization', 'device'] }, require: ['second-factor'] }),
    (index: number) => ({
      when: { network: [`10.${index}.0.0/16`, '192.0.2.0/24', '2001:db8::/32'] },
      except: { group: ['helpdesk'] },
      require: ['second-factor'],
    }),
    (index: number) => ({ when: { account: [`robot-${index}@contoso.com`] }, access: 'block' }),
    () => ({
      when: { resource: ['https://mail.contoso.com/'] },
      except: { network: ['198.51.100.0/24'] },
      require: ['second-factor'],
    }),
  ]
  return Array.from({ length: POLICIES }, (_, index) =>
    createPolicy({
      id: id(index),
      name: `Policy ${index}`,
      mode: index % 20 === 19 ? 'report-only' : 'on',
      definition: kinds[index % kinds.length]?.(index),
    }),
  )
}

const people: readonly Signals[] = Array.from({ length: 16 }, (_, index) => ({
  account: { id: `a${index}`, upn: `person-${index}@contoso.com`, groups: ['staff', `department-${index * 5}`, 'vpn', 'mail'] },
  client: { id: '00000000-0000-4000-8000-000000000006' },
  resource: 'https://mail.contoso.com/',
  source: index % 2 === 0 ? '192.0.2.7' : '2001:db8:1::25',
  flow: index % 3 === 0 ? 'refresh' : 'authorization',
  evidence: index % 4 === 0 ? ['pwd'] : ['pwd', 'otp', 'mfa'],
}))

export async function benchPolicy(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const hundred = makePolicies()
  const outcomes = new Set(people.map((signals) => evaluate(hundred, signals).outcome))
  if (!outcomes.has('allow') || !outcomes.has('require')) throw new TypeError('the policies of the bench decide nothing')
  const evaluating = (policies: typeof hundred) => () => {
    let allowed = 0
    for (let turn = 0; turn < BATCH; turn += 1)
      if (evaluate(policies, people[turn % people.length] as Signals).outcome === 'allow') allowed += 1
    if (policies === hundred && allowed === 0) throw new TypeError('nobody was let in')
    return BATCH
  }
  const measured = await measureInRounds(
    [inProcess('100 policies', evaluating(hundred)), inProcess('1 policy', evaluating(hundred.slice(4, 5)))],
    options,
  )
  const microseconds = 1e6 / (measured[0]?.median ?? Number.NaN)
  return {
    name: 'policy',
    what: 'policies held against one sign-in',
    unit: 'evaluations/s',
    baselines: ['1 policy'],
    measured,
    targets: [{ what: '100 policies', value: microseconds, unit: 'µs', atMost: TARGET_MICROSECONDS }],
    notes: [
      'Policies by group, app, resource, network, flow and account, with exceptions and one in twenty in report-only mode; 16 people in turn, of whom some are let in and some lack a factor. The decision comes with a reason for each policy.',
    ],
    figures: { microseconds },
    machine: describeMachine([], options.now),
  }
}
