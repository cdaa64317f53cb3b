import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  acrOf,
  createPolicy,
  evaluate,
  firstPolicy,
  type Policy,
  PolicyError,
  parsePolicy,
  type Signals,
  satisfiesAcr,
} from './policy.ts'

const signals = (change: Partial<Signals> = {}): Signals => ({
  account: { id: 'a1', upn: 'mary@contoso.com', groups: ['Staff'] },
  client: { id: 'mail' },
  resource: 'https://mail.contoso.com/',
  source: '192.0.2.7',
  flow: 'authorization',
  evidence: ['pwd'],
  ...change,
})
const policy = (definition: unknown, mode: Policy['mode'] = 'on', id = 'p1') =>
  createPolicy({ id, name: `Policy ${id}`, mode, definition })
const applies = (definition: object, change: Partial<Signals> = {}) =>
  evaluate([policy({ ...definition, access: 'block' })], signals(change)).outcome === 'block'

describe('the first policy', () => {
  const policies = [createPolicy({ id: 'p0', ...firstPolicy() })]
  test.each([
    [[], 'require'],
    [['pwd'], 'require'],
    [['otp'], 'require'],
    [['otp', 'sms'], 'require'],
    [['pwd', 'pop'], 'require'],
    [['pwd', 'mfa'], 'require'],
    [['hwk'], 'require'],
    [['pwd', 'email'], 'require'],
    [['pwd', 'otp'], 'allow'],
    [['otp', 'pwd'], 'allow'],
    [['pwd', 'sms'], 'allow'],
    [['pwd', 'hwk'], 'allow'],
    [['swk', 'mfa'], 'allow'],
  ] as const)('given %j answers %s', (evidence, outcome) => {
    expect(evaluate(policies, signals({ evidence })).outcome).toBe(outcome)
  })

  test('says what is missing and why', () => {
    const decision = evaluate(policies, signals())
    expect(decision.missing).toEqual(['second-factor'])
    expect(decision.because).toEqual([
      {
        policy: { id: 'p0', name: 'Everybody needs a second factor', mode: 'on' },
        result: 'missing',
        missing: ['second-factor'],
        text: 'Not shown yet: second-factor.',
      },
    ])
  })
})

describe('a condition', () => {
  test.each([
    ['account by id', { account: ['a1'] }, {}, true],
    ['account by name in other letters', { account: ['MARY@Contoso.com'] }, {}, true],
    ['another account', { account: ['joe@contoso.com'] }, {}, false],
    ['group in other letters', { group: ['staff'] }, {}, true],
    ['another group', { group: ['admins'] }, {}, false],
    ['client', { client: ['mail'] }, {}, true],
    ['client in other letters', { client: ['Mail'] }, {}, false],
    ['resource', { resource: ['https://mail.contoso.com/'] }, {}, true],
    ['resource where none was asked for', { resource: ['https://mail.contoso.com/'] }, { resource: undefined }, false],
    ['flow', { flow: ['device', 'authorization'] }, {}, true],
    ['another flow', { flow: ['refresh'] }, {}, false],
    ['address', { network: ['192.0.2.7'] }, {}, true],
    ['range', { network: ['192.0.2.0/24'] }, {}, true],
    ['range of everything', { network: ['0.0.0.0/0'] }, {}, true],
    ['another range', { network: ['192.0.3.0/24'] }, {}, false],
    ['range just below', { network: ['192.0.2.8/29'] }, {}, false],
    ['range by an IPv4-mapped source', { network: ['192.0.2.0/24'] }, { source: '::ffff:192.0.2.7' }, true],
    ['range by an IPv4-mapped source in hex', { network: ['192.0.2.0/24'] }, { source: '::ffff:c000:207' }, true],
    ['another range by an IPv4-mapped source', { network: ['192.0.3.0/24'] }, { source: '::ffff:192.0.2.7' }, false],
    ['IPv6 range', { network: ['2001:db8::/32'] }, { source: '2001:DB8:1::1' }, true],
    ['IPv6 range with a zone in the source', { network: ['fe80::/10'] }, { source: 'fe80::1%eth0' }, true],
    ['another IPv6 range', { network: ['2001:db8::/32'] }, { source: '2001:db9::1' }, false],
    ['IPv6 range of everything by an IPv4 source', { network: ['2001:db8::/32'] }, {}, false],
    ['all of two that match', { group: ['staff'], client: ['mail'] }, {}, true],
    ['all of two of which one matches', { group: ['staff'], client: ['other'] }, {}, false],
  ] as const)('on %s', (_name, when, change, expected) => {
    expect(applies({ when }, change)).toBe(expected)
  })

  test('whose signal is missing applies a policy and exempts nobody', () => {
    for (const source of [undefined, '', 'unknown', '192.0.2.7:4711']) {
      expect(applies({ when: { network: ['10.0.0.0/8'] } }, { source })).toBe(true)
      expect(applies({ except: { network: ['10.0.0.0/8'] } }, { source })).toBe(true)
    }
    const [reason] = evaluate(
      [policy({ when: { network: ['10.0.0.0/8'] }, access: 'block' })],
      signals({ source: undefined }),
    ).because
    expect(reason?.text).toContain('missing')
  })
})

describe('an exception', () => {
  test('exempts whom it names and nobody else', () => {
    const except = { account: ['test@contoso.com'], group: ['Robots'] }
    expect(applies({ except })).toBe(true)
    expect(applies({ except }, { account: { id: 'a2', upn: 'test@contoso.com', groups: [] } })).toBe(false)
    expect(applies({ except }, { account: { id: 'a3', upn: 'r@contoso.com', groups: ['robots'] } })).toBe(false)
  })

  test('explains itself', () => {
    const decision = evaluate([policy({ except: { account: ['a1'] }, require: ['second-factor'] })], signals())
    expect(decision.outcome).toBe('allow')
    expect(decision.because[0]).toMatchObject({ result: 'not-applicable', text: 'The exception "account" matches.' })
  })
})

describe('several policies', () => {
  test('are added up, and the strongest requirement comes last', () => {
    const policies = [policy({ require: ['phishing-resistant'] }), policy({ require: ['second-factor'] }, 'on', 'p2')]
    expect(evaluate(policies, signals()).missing).toEqual(['second-factor', 'phishing-resistant'])
    expect(evaluate(policies, signals({ evidence: ['pwd', 'otp'] })).missing).toEqual(['phishing-resistant'])
  })

  test('let a block win over everything that was shown', () => {
    const decision = evaluate(
      [policy({ require: ['second-factor'] }), policy({ access: 'block' }, 'on', 'p2')],
      signals({ evidence: ['pwd', 'hwk'] }),
    )
    expect(decision).toMatchObject({ outcome: 'block', missing: [] })
    expect(decision.because.map(({ result }) => result)).toEqual(['met', 'blocked'])
  })

  test('of which one only reports are not changed by it, and say what it would have done', () => {
    const decision = evaluate([policy({ access: 'block' }, 'report-only')], signals())
    expect(decision).toMatchObject({ outcome: 'allow', missing: [], ifReportOnlyWereOn: 'block' })
    expect(decision.because[0]).toMatchObject({ result: 'blocked', policy: { mode: 'report-only' } })
  })

  test('that are off do nothing', () => {
    expect(evaluate([policy({ access: 'block' }, 'off')], signals())).toMatchObject({
      outcome: 'allow',
      ifReportOnlyWereOn: 'allow',
    })
  })
})

describe('a definition', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no object', 'block'],
    ['neither requirement nor access', {}],
    ['both requirement and access', { require: ['second-factor'], access: 'block' }],
    ['no requirement in the list', { require: [] }],
    ['an unknown requirement', { require: ['password'] }],
    ['an access that would let people in', { access: 'allow' }],
    ['an unknown member', { require: ['second-factor'], unless: {} }],
    ['an unknown condition', { when: { planet: ['mars'] }, access: 'block' }],
    ['a condition without values', { when: { group: [] }, access: 'block' }],
    ['a condition that is no list', { when: { group: 'staff' }, access: 'block' }],
    ['an inherited name as a condition', { when: { constructor: ['x'] }, access: 'block' }],
    ['an unknown flow', { when: { flow: ['password'] }, access: 'block' }],
    ...['10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/8/8', '::/129', 'fe80::1%eth0', 'example.com', ''].map(
      (range): [string, unknown] => [`the range "${range}"`, { when: { network: [range] }, access: 'block' }],
    ),
  ])('with %s is refused', (_name, definition) => {
    expect(() => parsePolicy(definition)).toThrow(PolicyError)
  })

  test('that is wrong in two places says both', () => {
    const parse = () => parsePolicy({ when: { network: ['x'] }, require: ['y'] })
    expect(parse).toThrow(/when\.network\.0: must be an IP address.*require\.0/)
  })

  test('is frozen and survives JSON', () => {
    const definition = parsePolicy({ when: { group: ['staff'] }, require: ['second-factor'] })
    expect(parsePolicy(JSON.parse(JSON.stringify(definition)))).toEqual(definition)
    expect(Object.isFrozen(definition.when?.group)).toBe(true)
  })
})

describe('properties', () => {
  const amr = fc.subarray(['pwd', 'otp', 'sms', 'hwk', 'swk', 'mfa', 'pop'])
  const conditionsOf = fc.record(
    {
      group: fc.subarray(['staff', 'admins'], { minLength: 1 }),
      client: fc.subarray(['mail', 'web'], { minLength: 1 }),
      network: fc.subarray(['10.0.0.0/8', '2001:db8::/32'], { minLength: 1 }),
      flow: fc.subarray(['refresh', 'device'], { minLength: 1 }),
    },
    { requiredKeys: [] },
  )
  const aPolicy = fc
    .record({
      when: conditionsOf,
      except: conditionsOf,
      asks: fc.constantFrom({ access: 'block' }, { require: ['second-factor'] }, { require: ['phishing-resistant'] }),
      mode: fc.constantFrom('on' as const, 'report-only' as const, 'off' as const),
    })
    .map(({ when, except, asks, mode }) => policy({ when, except, ...asks }, mode))
  const someSignals = fc
    .record({
      groups: fc.subarray(['staff', 'admins']),
      client: fc.constantFrom('mail', 'web'),
      source: fc.constantFrom(undefined, '10.1.1.1', '192.0.2.1', '2001:db8::1'),
      flow: fc.constantFrom('authorization' as const, 'refresh' as const, 'device' as const),
      evidence: amr,
    })
    .map(({ groups, client, source, flow, evidence }) =>
      signals({ account: { id: 'a1', upn: 'mary@contoso.com', groups }, client: { id: client }, source, flow, evidence }),
    )
  const strictness = { allow: 0, require: 1, block: 2 } as const

  test('one more policy never makes a decision milder', () => {
    fc.assert(
      fc.property(fc.array(aPolicy, { maxLength: 4 }), aPolicy, someSignals, (policies, further, given) => {
        const before = strictness[evaluate(policies, given).outcome]
        expect(strictness[evaluate([...policies, further], given).outcome]).toBeGreaterThanOrEqual(before)
      }),
    )
  })

  test('more evidence never makes a decision stricter', () => {
    fc.assert(
      fc.property(fc.array(aPolicy, { maxLength: 4 }), someSignals, amr, (policies, given, more) => {
        const richer = { ...given, evidence: [...given.evidence, ...more] }
        expect(strictness[evaluate(policies, richer).outcome]).toBeLessThanOrEqual(strictness[evaluate(policies, given).outcome])
      }),
    )
  })

  test('the order of policies does not matter, and each one is explained', () => {
    fc.assert(
      fc.property(fc.array(aPolicy, { maxLength: 5 }), someSignals, (policies, given) => {
        const decision = evaluate(policies, given)
        expect(decision.because).toHaveLength(policies.length)
        expect(evaluate(policies.toReversed(), given)).toMatchObject({ outcome: decision.outcome, missing: decision.missing })
      }),
    )
  })

  test('a decision that requires something names it, and no other does', () => {
    fc.assert(
      fc.property(fc.array(aPolicy, { maxLength: 5 }), someSignals, (policies, given) => {
        const { outcome, missing } = evaluate(policies, given)
        expect(missing.length > 0).toBe(outcome === 'require')
      }),
    )
  })
})

describe('assurance levels', () => {
  test.each([
    [[], 'urn:postern:acr:aal1'],
    [['pwd'], 'urn:postern:acr:aal1'],
    [['hwk'], 'urn:postern:acr:aal1'],
    [['pwd', 'otp'], 'urn:postern:acr:aal2'],
    [['pwd', 'otp', 'hwk'], 'urn:postern:acr:phishing-resistant'],
    [['swk', 'mfa'], 'urn:postern:acr:phishing-resistant'],
  ] as const)('%j amounts to %s', (amr, level) => {
    expect(acrOf(amr)).toBe(level)
  })

  test('are met by themselves and by stronger ones only', () => {
    expect(satisfiesAcr('urn:postern:acr:aal1', 'urn:postern:acr:phishing-resistant')).toBe(true)
    expect(satisfiesAcr('urn:postern:acr:aal2', 'urn:postern:acr:aal2')).toBe(true)
    expect(satisfiesAcr('urn:postern:acr:aal2', 'urn:postern:acr:aal1')).toBe(false)
    expect(satisfiesAcr('urn:example:gold', 'urn:postern:acr:phishing-resistant')).toBe(false)
  })
})
