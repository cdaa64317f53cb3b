/** What holds of decisions about mail apps whatever the rules are. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AppAccessRule, appAccesses, createAppAccessRule } from './app-access-rule.ts'
import { createAuthenticationPolicy, passwordSettings } from './authentication-policy.ts'
import { decideMailAccess, type MailOutcome, type MailRules, type MailSignals, mayMakeAppPassword } from './mail-access.ts'
import { type MailProtocol, mailProtocols } from './protocols.ts'

const account = { id: 'a1', upn: 'mary@contoso.com', groups: ['Sales'] }
const policy = (definition: unknown, mode: 'on' | 'report-only' | 'off' = 'on', name = 'P') =>
  createAuthenticationPolicy({ id: name, name, mode, definition })
const rule = (access: AppAccessRule['access'], match: unknown, mode: AppAccessRule['mode'] = 'on') =>
  createAppAccessRule({ id: access, name: `${access} rule`, mode, access, match })

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
        letInBy: fc.constantFrom('owner', 'app-password'),
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
    return policy({ ...nowOf(rules), password: { ...nowOf(rules).password, [protocol]: 'block' } })
  }

  function nowOf(rules: MailRules) {
    return [rules.assigned, rules.standard].find((one) => one?.mode === 'on')?.definition ?? {}
  }

  test('a password alone opens mail from an app that was not let in only where the policy says so and nothing gates it', () => {
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        const { outcome, newState } = decideMailAccess(rules, signals)
        if (outcome !== 'allow') return
        expect(newState).toBeUndefined()
        expect(signals.app.state).not.toBe('blocked')
        if (signals.shown !== 'password') return
        const now = [rules.assigned, rules.standard].find((one) => one?.mode === 'on')
        expect(now?.definition.password?.[signals.protocol]).not.toBe('app-password')
        const isLetIn = signals.app.state === 'active' && signals.app.letInBy === 'owner'
        if (isLetIn || signals.protocol === 'autodiscover') return
        expect(now?.definition.password?.[signals.protocol]).toBe('allow')
        expect(rules.gating?.mode === 'on' && rules.gating.for === 'everybody').toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  test('of two settings the stricter one lets in nothing that the other keeps out', () => {
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        const outcomes = passwordSettings.map((setting) => {
          const assigned = policy({ ...nowOf(rules), password: { ...nowOf(rules).password, [signals.protocol]: setting } })
          return strength[decideMailAccess({ ...rules, assigned }, signals).outcome]
        })
        expect(outcomes).toEqual(outcomes.toSorted())
      }),
      { numRuns: 1000 },
    )
  })

  test('an app password lets no other secret in: the tile that it leaves opens by the password what an unknown app would open', () => {
    fc.assert(
      fc.property(some, tries, (rules, signals) => {
        const open: MailRules = { ...rules, accessRules: [], appAccess: 'allow' }
        const as = (app: Pick<MailSignals['app'], 'state' | 'letInBy'>) =>
          decideMailAccess(open, { ...signals, shown: 'password', app: { ...signals.app, ...app } }).outcome === 'allow'
        expect(as({ state: 'active', letInBy: 'app-password' })).toBe(as({ state: 'new' }))
      }),
      { numRuns: 1000 },
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
      'app_password_required',
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
        const taken = mailProtocols.filter(
          (protocol) =>
            decideMailAccess(open, { account, protocol, shown: 'app-password', app: { state: 'new' } }).outcome === 'allow',
        )
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
