import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AppAccessRule, appAccesses, createAppAccessRule } from './app-access-rule.ts'
import { createAuthenticationPolicy, passwordSettings } from './authentication-policy.ts'
import {
  decideMailAccess,
  gatedOff,
  type MailOutcome,
  type MailRules,
  type MailSignals,
  mayMakeAppPassword,
} from './mail-access.ts'
import { mailRulesOf, rulesOfAccount } from './mail-rules.ts'
import { type MailProtocol, mailProtocols } from './protocols.ts'

const account = { id: 'a1', upn: 'mary@contoso.com', groups: ['Sales'] }
const nothing: MailRules = { accessRules: [], appAccess: 'allow' }
const policy = (definition: unknown, mode: 'on' | 'report-only' | 'off' = 'on', name = 'P') =>
  createAuthenticationPolicy({ id: name, name, mode, definition })
const rule = (access: AppAccessRule['access'], match: unknown, mode: AppAccessRule['mode'] = 'on') =>
  createAppAccessRule({ id: access, name: `${access} rule`, mode, access, match })

const attempt = (
  given: Partial<Omit<MailSignals, 'app'>> & { state?: MailSignals['app']['state']; deviceType?: string } = {},
): MailSignals => {
  const { state = 'new', deviceType, ...signals } = given
  return { account, protocol: 'imap', shown: 'password', app: { state, ...(deviceType && { deviceType }) }, ...signals }
}
const decide = (rules: Partial<MailRules>, given?: Parameters<typeof attempt>[0]) =>
  decideMailAccess({ ...nothing, ...rules }, attempt(given))

describe('without any rule', () => {
  test('a password makes an unknown app wait for its owner, and an app password would help', () => {
    expect(decide({})).toMatchObject({
      outcome: 'pending',
      reason: 'app_pending',
      newState: 'pending',
      appPasswordHelps: true,
      because: [{ rule: 'built-in', mode: 'on', result: 'pending' }],
    })
  })

  test('an app that was let in, an app password and a token open mail; a blocked app opens none by any of them', () => {
    expect(decide({}, { state: 'active' })).toMatchObject({ outcome: 'allow', reason: 'app_active' })
    expect(decide({}, { shown: 'app-password' })).toMatchObject({ outcome: 'allow', reason: 'app_password' })
    expect(decide({}, { shown: 'token' })).toMatchObject({ outcome: 'allow', reason: 'modern' })
    for (const shown of ['password', 'app-password', 'token'] as const)
      expect(decide({}, { shown, state: 'blocked' })).toMatchObject({
        outcome: 'blocked',
        reason: 'app_blocked',
        appPasswordHelps: false,
      })
  })

  test('looking for the mail server takes a password alone and makes no tile', () => {
    const found = decide({}, { protocol: 'autodiscover' })
    expect(found).toMatchObject({ outcome: 'allow', reason: 'autodiscover_opens_no_mail' })
    expect(found).not.toHaveProperty('newState')
    expect(decide({ appAccess: 'block' }, { protocol: 'autodiscover' })).toMatchObject({ outcome: 'allow' })
    expect(decide({ accessRules: [rule('block', { protocol: ['autodiscover'] })] }, { protocol: 'autodiscover' })).toMatchObject({
      outcome: 'blocked',
    })
    expect(decide({ standard: policy({ password: { autodiscover: 'block' } }) }, { protocol: 'autodiscover' })).toMatchObject({
      outcome: 'blocked',
      reason: 'protocol_blocked',
    })
  })
})

describe('an authentication policy', () => {
  test('allows, blocks, and takes tokens and app passwords, each protocol for itself', () => {
    const standard = policy({ password: { imap: 'allow', pop: 'block' }, modern: { rpc: false }, appPasswords: false })
    expect(decide({ standard })).toMatchObject({ outcome: 'allow', reason: 'basic_allowed' })
    expect(decide({ standard }, { protocol: 'pop' })).toMatchObject({ outcome: 'blocked', reason: 'protocol_blocked' })
    expect(decide({ standard }, { protocol: 'pop', shown: 'app-password' })).toMatchObject({ reason: 'protocol_blocked' })
    expect(decide({ standard }, { protocol: 'pop', state: 'active' })).toMatchObject({ outcome: 'blocked' })
    expect(decide({ standard }, { protocol: 'smtp' })).toMatchObject({ outcome: 'pending', appPasswordHelps: false })
    expect(decide({ standard }, { shown: 'app-password' })).toMatchObject({ outcome: 'blocked', reason: 'app_passwords_off' })
    expect(decide({ standard }, { protocol: 'rpc', shown: 'token' })).toMatchObject({ reason: 'modern_blocked' })
    expect(decide({ standard }, { protocol: 'pop', shown: 'token' })).toMatchObject({ outcome: 'allow' })
  })

  test('of the account wins over the one of the realm; switched off or reporting it leaves its place', () => {
    const standard = policy({ password: { imap: 'block' } }, 'on', 'everybody')
    const own = (mode: 'on' | 'report-only' | 'off') => ({
      standard,
      assigned: policy({ password: { imap: 'allow' } }, mode, 'mary'),
    })
    expect(decide(own('on'))).toMatchObject({ outcome: 'allow', because: [{ rule: 'mary' }] })
    expect(decide(own('off'))).toMatchObject({ outcome: 'blocked', ifReportOnlyWereOn: 'blocked' })
    expect(decide(own('report-only'))).toMatchObject({
      outcome: 'blocked',
      ifReportOnlyWereOn: 'allow',
      because: [
        { rule: 'everybody', mode: 'on', result: 'blocked' },
        { rule: 'mary', mode: 'report-only', result: 'allow' },
      ],
    })
  })

  test('says for which protocols an app password may be made', () => {
    const standard = policy({ password: { imap: 'block', smtp: 'allow' } })
    const { allowed, protocols } = mayMakeAppPassword({ ...nothing, standard }, account)
    expect([allowed, protocols.includes('imap'), protocols.includes('smtp'), protocols.includes('pop')]).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(mayMakeAppPassword({ ...nothing, standard: policy({ appPasswords: false }) }, account)).toEqual({
      allowed: false,
      protocols: [],
    })
  })
})

describe('gating', () => {
  const on = { for: 'everybody', mode: 'on' } as const
  test('switches passwords off for the old protocols unless the policy names them, and never tokens', () => {
    for (const protocol of gatedOff) {
      expect(decide({ gating: on }, { protocol }), protocol).toMatchObject({
        outcome: 'blocked',
        reason: 'gating_blocks_protocol',
      })
      expect(decide({ gating: on }, { protocol, shown: 'app-password' }), protocol).toMatchObject({ outcome: 'blocked' })
      expect(decide({ gating: on }, { protocol, shown: 'token' }), protocol).toMatchObject({ outcome: 'allow' })
    }
    const named = policy({ password: { imap: 'approved', smtp: 'allow' } })
    expect(decide({ gating: on, standard: named })).toMatchObject({ outcome: 'pending', appPasswordHelps: true })
    expect(decide({ gating: on, standard: named }, { protocol: 'smtp' })).toMatchObject({ outcome: 'pending' })
    expect(decide({ gating: on }, { protocol: 'activesync' })).toMatchObject({ outcome: 'pending' })
    expect(mayMakeAppPassword({ ...nothing, gating: on }, account).protocols).not.toContain('imap')
  })

  test('makes apps wait although the policy allows the password', () => {
    const standard = policy({ password: { ews: 'allow' } })
    expect(decide({ standard }, { protocol: 'ews' })).toMatchObject({ outcome: 'allow' })
    expect(decide({ standard, gating: on }, { protocol: 'ews' })).toMatchObject({ outcome: 'pending', reason: 'app_pending' })
    expect(decide({ standard, gating: on }, { protocol: 'ews', state: 'active' })).toMatchObject({ outcome: 'allow' })
  })

  test('is for the members of its group, whatever the letter case, or for nobody', () => {
    const ofGroup = (group: string) => ({ gating: { for: 'group', group, mode: 'on' } as const })
    expect(decide(ofGroup('sales'))).toMatchObject({ outcome: 'blocked' })
    expect(decide(ofGroup('board'))).toMatchObject({ outcome: 'pending' })
    expect(decide({ gating: { for: 'nobody', mode: 'on' } })).toMatchObject({ outcome: 'pending' })
  })

  test('that only reports is told and not enforced', () => {
    expect(decide({ gating: { for: 'everybody', mode: 'report-only' } })).toMatchObject({
      outcome: 'pending',
      ifReportOnlyWereOn: 'blocked',
      because: [{ kind: 'authentication-policy' }, { kind: 'gating', mode: 'report-only', result: 'blocked' }],
    })
  })
})

describe('access to apps', () => {
  const iphone = { protocol: 'activesync', deviceType: 'iPhone', state: 'active' } as const
  test('lets only one client in: the default blocks, a rule allows', () => {
    const rules = { appAccess: 'block', accessRules: [rule('allow', { deviceType: ['iphone*'] })] } as const
    expect(decide(rules, iphone)).toMatchObject({ outcome: 'allow', reason: 'app_active' })
    expect(decide(rules, { ...iphone, deviceType: 'Android' })).toMatchObject({ outcome: 'blocked', reason: 'access_default' })
    expect(decide(rules, { protocol: 'imap', shown: 'token' })).toMatchObject({ outcome: 'blocked', reason: 'access_default' })
  })

  test('block wins over quarantine and quarantine over allow, whatever their order', () => {
    const rules = [rule('allow', { deviceType: ['*'] }), rule('quarantine', { deviceType: ['i*'] })]
    expect(decide({ accessRules: rules }, { ...iphone, state: 'new' })).toMatchObject({ reason: 'app_quarantined' })
    expect(decide({ accessRules: [...rules, rule('block', { protocol: ['activesync'] })] }, iphone)).toMatchObject({
      outcome: 'blocked',
      reason: 'access_rule',
      because: [{}, { rule: 'allow rule' }, { rule: 'quarantine rule' }, { rule: 'block rule', result: 'blocked' }],
    })
  })

  test('quarantine holds what an administrator has not let in, app passwords and tokens too, and outlasts the rule', () => {
    for (const shown of ['password', 'app-password', 'token'] as const) {
      expect(decide({ appAccess: 'quarantine' }, { shown })).toMatchObject({ outcome: 'pending', newState: 'quarantined' })
      expect(decide({ appAccess: 'quarantine' }, { shown, state: 'active' })).toMatchObject({ outcome: 'allow' })
      expect(decide({}, { shown, state: 'quarantined' })).toMatchObject({ outcome: 'pending', reason: 'app_quarantined' })
    }
    expect(decide({ appAccess: 'quarantine' }, { state: 'pending' })).toMatchObject({ newState: 'quarantined' })
  })
})

describe('whatever the rules', () => {
  const mode = fc.constantFrom('on', 'report-only', 'off')
  const byProtocol = <T>(value: fc.Arbitrary<T>) => fc.dictionary(fc.constantFrom(...mailProtocols), value, { maxKeys: 5 })
  const policies = fc
    .record(
      {
        password: byProtocol(fc.constantFrom(...passwordSettings)),
        modern: byProtocol(fc.boolean()),
        appPasswords: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .chain((definition) => mode.map((one) => policy(definition, one)))
  const word = fc.constantFrom('iPhone', 'Android', 'i*', '*', 'Out*look')
  const accessRules = fc
    .record({ deviceType: fc.array(word, { minLength: 1, maxLength: 3 }), access: fc.constantFrom(...appAccesses), mode })
    .map(({ deviceType, access, mode }) => rule(access, { deviceType }, mode))
  const some: fc.Arbitrary<MailRules> = fc.record(
    {
      assigned: policies,
      standard: policies,
      accessRules: fc.array(accessRules, { maxLength: 4 }),
      appAccess: fc.constantFrom(...appAccesses),
      gating: fc.record({
        for: fc.constantFrom('nobody', 'everybody', 'group'),
        group: fc.constantFrom('sales', 'board'),
        mode: fc.constantFrom('on', 'report-only'),
      }),
    },
    { requiredKeys: ['accessRules', 'appAccess'] },
  )
  const tries: fc.Arbitrary<MailSignals> = fc.record({
    account: fc.constant(account),
    protocol: fc.constantFrom(...mailProtocols),
    shown: fc.constantFrom('password', 'app-password', 'token'),
    app: fc.record(
      {
        state: fc.constantFrom('new', 'pending', 'quarantined', 'active', 'blocked'),
        deviceType: fc.constantFrom('iPhone', 'Android', 'Outlook'),
      },
      { requiredKeys: ['state'] },
    ),
  })
  const strength: Record<MailOutcome, number> = { allow: 0, pending: 1, blocked: 2 }
  const off = <T extends { mode: string }>(one: T): T => (one.mode === 'report-only' ? { ...one, mode: 'off' } : one)

  test('what only reports never changes what is decided', () => {
    fc.assert(
      fc.property(some, tries, ({ assigned, standard, gating, ...rules }, signals) => {
        const silent: MailRules = {
          ...rules,
          ...(assigned && { assigned: off(assigned) }),
          ...(standard && { standard: off(standard) }),
          ...(gating?.mode === 'on' && { gating }),
          accessRules: rules.accessRules.map(off),
        }
        const loud = { ...rules, ...(assigned && { assigned }), ...(standard && { standard }), ...(gating && { gating }) }
        const { because: _, ifReportOnlyWereOn: __, ...decided } = decideMailAccess(loud, signals)
        expect(decideMailAccess(silent, signals)).toMatchObject(decided)
      }),
      { numRuns: 1000 },
    )
  })

  test('one more rule that blocks, blocked password or gating never lets anything in', () => {
    fc.assert(
      fc.property(some, tries, fc.array(word, { minLength: 1 }), (rules, signals, deviceType) => {
        const before = decideMailAccess(rules, signals)
        const stricter: MailRules[] = [
          { ...rules, accessRules: [...rules.accessRules, rule('block', { deviceType })] },
          { ...rules, gating: { for: 'everybody', mode: 'on' } },
          { ...rules, assigned: blocked(rules, signals.protocol) },
        ]
        for (const one of stricter)
          expect(strength[decideMailAccess(one, signals).outcome]).toBeGreaterThanOrEqual(strength[before.outcome])
      }),
      { numRuns: 1000 },
    )
  })

  function blocked(rules: MailRules, protocol: MailProtocol) {
    const now = [rules.assigned, rules.standard].find((one) => one?.mode === 'on')?.definition ?? {}
    return policy({ ...now, password: { ...now.password, [protocol]: 'block' } })
  }

  test('a password alone opens mail from an app that was not let in only where the policy says so and nothing gates it', () => {
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        const { outcome, newState } = decideMailAccess(rules, signals)
        if (outcome !== 'allow') return
        expect(newState).toBeUndefined()
        expect(signals.app.state).not.toBe('blocked')
        if (signals.shown !== 'password' || signals.app.state === 'active' || signals.protocol === 'autodiscover') return
        const now = [rules.assigned, rules.standard].find((one) => one?.mode === 'on')
        expect(now?.definition.password?.[signals.protocol]).toBe('allow')
        expect(rules.gating?.mode === 'on' && rules.gating.for === 'everybody').toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  test('every reason that is given is one of those that decided, and every code can be reached', () => {
    const reached = new Set<string>()
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        const { reason, outcome, because } = decideMailAccess(rules, signals)
        reached.add(reason)
        expect(because).toContainEqual(expect.objectContaining({ mode: 'on', result: outcome, code: reason }))
      }),
      { numRuns: 4000, seed: 5 },
    )
    expect([...reached].sort()).toEqual([
      'access_default',
      'access_rule',
      'app_active',
      'app_blocked',
      'app_password',
      'app_passwords_off',
      'app_pending',
      'app_quarantined',
      'autodiscover_opens_no_mail',
      'basic_allowed',
      'gating_blocks_protocol',
      'modern',
      'modern_blocked',
      'protocol_blocked',
    ])
  })

  test('an app password may be made exactly for the protocols that would take it, access rules aside', () => {
    fc.assert(
      fc.property(some, (rules) => {
        const open: MailRules = { ...rules, accessRules: [], appAccess: 'allow' }
        const taken = mailProtocols.filter((protocol) => decide(open, { protocol, shown: 'app-password' }).outcome === 'allow')
        expect(mayMakeAppPassword(open, account)).toEqual({ allowed: taken.length > 0, protocols: taken })
      }),
    )
  })

  test('an app password that would help is taken, and one may be made for that protocol', () => {
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        if (!decideMailAccess(rules, signals).appPasswordHelps) return
        expect(decideMailAccess(rules, { ...signals, shown: 'app-password' }).outcome).toBe('allow')
        expect(mayMakeAppPassword(rules, signals.account).protocols).toContain(signals.protocol)
      }),
    )
  })
})

describe('what is stored of a realm', () => {
  const stored = (id: string, isDefault: boolean) => ({
    id,
    name: id,
    mode: 'on' as const,
    definition: { password: { imap: id === 'own' ? 'allow' : 'block' } },
    isDefault,
  })
  test('becomes the rules of each account, with the defaults of a new realm', () => {
    const rules = mailRulesOf([stored('own', false), stored('all', true)], [], {})
    expect(rules.appAccess).toBe('allow')
    expect(decideMailAccess(rulesOfAccount(rules, 'own'), attempt())).toMatchObject({ outcome: 'allow' })
    expect(decideMailAccess(rulesOfAccount(rules, 'gone'), attempt())).toMatchObject({ outcome: 'blocked' })
    expect(decideMailAccess(rulesOfAccount(rules, undefined), attempt())).toMatchObject({ outcome: 'blocked' })
  })

  test('is refused as a whole where one part of it means nothing', () => {
    expect(() => mailRulesOf([{ ...stored('x', false), definition: { passwords: {} } }], [], {})).toThrow(
      /passwords: is not known/,
    )
    expect(() => mailRulesOf([], [{ id: 'r', name: 'r', mode: 'off', access: 'allow', match: {} }], {})).toThrow(/at least one/)
  })
})
