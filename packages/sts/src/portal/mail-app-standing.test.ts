import { describe, expect, test } from 'vitest'
import { createAppAccessRule } from '../policy/mail/app-access-rule.ts'
import { createAuthenticationPolicy } from '../policy/mail/authentication-policy.ts'
import type { MailRules } from '../policy/mail/mail-access.ts'
import { openedByOf, passwordHelps, standingOf } from './mail-app-standing.ts'
import { isBlockedByThem, needsAppPassword, powersOf, stateOf } from './views/mail-app-words.ts'

const account = { id: 'a', upn: 'mary@contoso.com', groups: [] } as never // the id is a brand without a runtime part
const nothing: MailRules = { accessRules: [], appAccess: 'allow' }
const app = { state: 'pending', protocols: ['imap', 'ews'], traits: { userAgent: 'Thunderbird' } } as const
const blocks = (password: Record<string, string>, more = {}): MailRules => ({
  ...nothing,
  standard: createAuthenticationPolicy({ id: 'p', name: 'P', mode: 'on', definition: { password, ...more } }),
})
const rule = (access: 'allow' | 'block' | 'quarantine', match: unknown): MailRules => ({
  ...nothing,
  accessRules: [createAppAccessRule({ id: 'r', name: 'R', mode: 'on', access, match })],
})

describe('what is left to an owner', () => {
  test('is to let an app in where no rule says otherwise, or one that allows', () => {
    expect(standingOf(nothing, account, app)).toBe('owner')
    expect(standingOf(rule('allow', { userAgent: ['Thunder*'] }), account, app)).toBe('owner')
  })

  test('is nothing where one of its protocols is for the organisation, also while it is kept as waiting for its owner or blocked by them', () => {
    for (const state of ['pending', 'blocked'] as const)
      expect(standingOf(rule('quarantine', { protocol: ['ews'] }), account, { ...app, state })).toBe('organisation')
    expect(standingOf({ ...nothing, appAccess: 'quarantine' }, account, app)).toBe('organisation')
    expect(standingOf(nothing, account, { ...app, state: 'quarantined' })).toBe('organisation')
    // What was let in already stays in.
    expect(standingOf(rule('quarantine', { protocol: ['ews'] }), account, { ...app, state: 'active' })).toBe('owner')
  })

  test('is nothing where no password opens any of its protocols, and an app password may help', () => {
    const noImap = blocks({ imap: 'block' })
    expect(standingOf(noImap, account, app)).toBe('owner')
    expect(standingOf(noImap, account, { ...app, protocols: ['imap', 'autodiscover'] })).toBe('closed')
    expect(standingOf(rule('block', { userAgent: ['Thunder*'] }), account, app)).toBe('closed')
    expect(passwordHelps(noImap, account, app)).toBe(true)
    expect(passwordHelps(noImap, account, { protocols: ['imap', 'autodiscover'] })).toBe(false)
    expect(passwordHelps(blocks({}, { appPasswords: false }), account, app)).toBe(false)
  })
})

describe('an app that app passwords alone open', () => {
  const only = blocks({ imap: 'app-password', ews: 'app-password' })
  const now = new Date('2026-03-02T09:00:00Z')
  const kept = { ...app, id: 't', state: 'active', decidedBy: 'app-password' } as const
  const password = { label: 'Tablet', bindsToFirstApp: false, protocols: ['imap'], lastUsedAt: now }
  const openedBy = (rules: MailRules, change = {}, passwords: readonly object[] = [password]) =>
    openedByOf(rules, account, { ...kept, ...change }, { passwords: passwords as never, now })

  test('is not for its owner to let in: what helps is an app password', () => {
    expect(standingOf(only, account, app)).toBe('app-password')
    expect(passwordHelps(only, account, app)).toBe(true)
    expect(powersOf({ ...app, standing: 'app-password' } as never)).toMatchObject({ activate: false, block: true })
    expect(needsAppPassword({ state: 'pending', standing: 'app-password' })).toBe(true)
    // Where one of its protocols takes the password, letting it in changes something.
    expect(standingOf(blocks({ imap: 'app-password' }), account, app)).toBe('owner')
    expect(standingOf(blocks({ imap: 'app-password', ews: 'block' }, { appPasswords: false }), account, app)).toBe('closed')
  })

  test('names them, and needs a new one when the last has ended', () => {
    expect(openedBy(nothing)).toEqual(['Tablet'])
    expect(openedBy(only, { decidedBy: 'owner' })).toEqual(['Tablet'])
    const gone = [
      { ...password, expiresAt: now },
      { ...password, protocols: ['pop'] },
      { ...password, lastUsedAt: undefined },
      { ...password, bindsToFirstApp: true, mailAppId: 'another' },
    ]
    expect(openedBy(nothing, {}, gone)).toEqual([])
    expect(needsAppPassword({ state: 'active', standing: 'owner', openedBy: [] })).toBe(true)
    expect(openedBy(nothing, {}, [{ ...password, bindsToFirstApp: true, mailAppId: 't' }])).toEqual(['Tablet'])
  })

  test('is none that the account’s own password opens, or that is not in', () => {
    expect(openedBy(nothing, { decidedBy: 'owner' })).toBeUndefined()
    expect(openedBy(nothing, { state: 'blocked' })).toBeUndefined()
    expect(openedBy(blocks({ imap: 'allow' }))).toBeUndefined()
    expect(openedBy(blocks({ imap: 'block', ews: 'block' }))).toBeUndefined()
  })

  test('may be let in with the account’s own by its owner, and comes back from being blocked for its app password', () => {
    const powers = (change: object) => powersOf({ ...kept, standing: 'owner', ...change } as never).activate
    expect([powers({}), powers({ decidedBy: 'owner' }), powers({ standing: 'app-password' })]).toEqual([true, false, false])
    const blocked = { state: 'blocked', standing: 'app-password' }
    expect([powers({ ...blocked, decidedBy: 'owner' }), powers({ ...blocked, decidedBy: 'admin' })]).toEqual([true, false])
  })
})

test('an owner cannot reach by detours what is not theirs to decide', () => {
  const powers = (state: string, more = {}) => powersOf({ ...app, state, standing: 'owner', ...more } as never)
  expect(powers('pending')).toEqual({ activate: true, block: true, remove: true })
  expect(powers('active')).toEqual({ activate: false, block: true, remove: true })
  expect(powers('blocked', { decidedBy: 'owner' })).toEqual({ activate: true, block: false, remove: true })
  // Removed, it would come back as new; blocked, it would be its owner's to unblock.
  expect(powers('blocked', { decidedBy: 'admin@contoso.com' })).toEqual({ activate: false, block: false, remove: false })
  expect(powers('blocked')).toEqual({ activate: false, block: false, remove: false })
  expect(powers('quarantined', { standing: 'organisation' })).toEqual({ activate: false, block: false, remove: true })
  expect(powers('pending', { standing: 'organisation' })).toEqual({ activate: false, block: false, remove: true })
  expect(stateOf({ state: 'pending', standing: 'organisation' })).toBe('quarantined')
  expect(isBlockedByThem({ state: 'active', decidedBy: 'admin@contoso.com' })).toBe(false)
})
