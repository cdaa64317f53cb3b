import { describe, expect, test } from 'vitest'
import { type AppAccessRule, createAppAccessRule } from './app-access-rule.ts'
import { createAuthenticationPolicy } from './authentication-policy.ts'
import {
  decideMailAccess,
  gatedOff,
  letInOf,
  type MailRules,
  type MailSignals,
  mayMakeAppPassword,
  passwordSettingOf,
} from './mail-access.ts'
import { mailRulesOf, rulesOfAccount } from './mail-rules.ts'

const account = { id: 'a1', upn: 'mary@contoso.com', groups: ['Sales'] }
const nothing: MailRules = { accessRules: [], appAccess: 'allow' }
const policy = (definition: unknown, mode: 'on' | 'report-only' | 'off' = 'on', name = 'P') =>
  createAuthenticationPolicy({ id: name, name, mode, definition })
const rule = (access: AppAccessRule['access'], match: unknown, mode: AppAccessRule['mode'] = 'on') =>
  createAppAccessRule({ id: access, name: `${access} rule`, mode, access, match })

const attempt = (
  given: Partial<Omit<MailSignals, 'app'>> &
    Partial<Pick<MailSignals['app'], 'state' | 'letInBy'>> & { deviceType?: string } = {},
): MailSignals => {
  const { state = 'new', letInBy = 'owner', deviceType, ...signals } = given
  return { account, protocol: 'imap', shown: 'password', app: { state, letInBy, ...(deviceType && { deviceType }) }, ...signals }
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

describe('where app passwords alone are taken', () => {
  const standard = policy({ password: { imap: 'app-password', activesync: 'app-password' } })
  test('the account’s own password opens nothing, in whatever state the app is, and is told what would', () => {
    for (const state of ['new', 'pending', 'active'] as const) {
      const refused = decide({ standard }, { state })
      expect(refused).toMatchObject({ outcome: 'blocked', reason: 'app_password_required', appPasswordHelps: true })
      expect(refused).not.toHaveProperty('newState')
    }
    for (const shown of ['app-password', 'token'] as const)
      expect(decide({ standard }, { shown })).toMatchObject({ outcome: 'allow' })
    expect(decide({ standard }, { state: 'blocked' })).toMatchObject({ outcome: 'blocked', appPasswordHelps: false })
    expect(mayMakeAppPassword({ ...nothing, standard }, account).protocols).toContain('imap')
  })

  test('looking for the mail server still takes it, unless that is named too', () => {
    expect(decide({ standard }, { protocol: 'autodiscover' })).toMatchObject({ reason: 'autodiscover_opens_no_mail' })
    const named = policy({ password: { autodiscover: 'app-password' } })
    expect(decide({ standard: named }, { protocol: 'autodiscover' })).toMatchObject({ reason: 'app_password_required' })
    expect(decide({ standard: named }, { protocol: 'autodiscover', shown: 'app-password' })).toMatchObject({ outcome: 'allow' })
  })

  test('gating leaves it as it is, also for the old protocols', () => {
    const gating = { for: 'everybody', mode: 'on' } as const
    expect(decide({ standard, gating })).toMatchObject({ reason: 'app_password_required', appPasswordHelps: true })
    expect(decide({ standard, gating }, { shown: 'app-password' })).toMatchObject({ outcome: 'allow' })
    expect(decide({ standard, gating }, { protocol: 'pop' })).toMatchObject({ reason: 'gating_blocks_protocol' })
    expect(passwordSettingOf({ ...nothing, standard, gating }, account, 'imap')).toBe('app-password')
  })
})

describe('an app that is in by its app password', () => {
  const byAppPassword = { state: 'active', letInBy: 'app-password' } as const
  test('does not open mail with the account’s own, before somebody lets it in with that', () => {
    expect(decide({}, byAppPassword)).toMatchObject({
      outcome: 'blocked',
      reason: 'app_password_required',
      appPasswordHelps: true,
    })
    expect(decide({}, { ...byAppPassword, shown: 'app-password' })).toMatchObject({ outcome: 'allow' })
    expect(decide({}, { state: 'active', letInBy: 'owner' })).toMatchObject({ outcome: 'allow', reason: 'app_active' })
    expect(decideMailAccess(nothing, { ...attempt(), app: { state: 'active' } })).toMatchObject({ outcome: 'blocked' })
  })

  test('is no worse off than an unknown one where the password alone is enough, or to find the server', () => {
    const standard = policy({ password: { imap: 'allow' } })
    expect(decide({ standard }, byAppPassword)).toMatchObject({ outcome: 'allow', reason: 'basic_allowed' })
    const gating = { for: 'everybody', mode: 'on' } as const
    expect(decide({ standard, gating }, byAppPassword)).toMatchObject({ reason: 'app_password_required' })
    expect(decide({}, { ...byAppPassword, protocol: 'autodiscover' })).toMatchObject({ reason: 'autodiscover_opens_no_mail' })
  })

  test('is told from its tile: only what a person decided is let in with the password', () => {
    expect(letInOf({ state: 'active', decidedBy: 'app-password' })).toEqual(byAppPassword)
    for (const decidedBy of ['owner', 'admin@contoso.com'])
      expect(letInOf({ state: 'active', decidedBy })).toEqual({ state: 'active', letInBy: 'owner' })
    expect([letInOf({ state: 'pending', decidedBy: 'app-password' }), letInOf(undefined)]).toEqual([
      { state: 'pending' },
      { state: 'new' },
    ])
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
