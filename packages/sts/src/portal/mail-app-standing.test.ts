import { describe, expect, test } from 'vitest'
import { createAppAccessRule } from '../policy/mail/app-access-rule.ts'
import { createAuthenticationPolicy } from '../policy/mail/authentication-policy.ts'
import type { MailRules } from '../policy/mail/mail-access.ts'
import { passwordHelps, standingOf } from './mail-app-standing.ts'
import { isBlockedByThem, powersOf, stateOf } from './views/mail-app-words.ts'

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
