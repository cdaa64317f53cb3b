import { describe, expect, test } from 'vitest'
import { decideRemoval, decideSignIn, isMessagesOnly, lacksFactor, mayChange, mayEnroll, portalPath } from './demands.ts'

const now = new Date('2026-03-02T09:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const aal2 = 'urn:postern:acr:aal2'

describe('decideSignIn', () => {
  const asked = { evidence: ['pwd', 'otp', 'mfa'], signedInAt: ago(600), hasFactor: true, now }

  test.each(['signed-in', 'own-factor', 'second-factor', 'fresh'] as const)(
    'lets two things of ten minutes ago through: %s',
    (demand) => {
      expect(decideSignIn({ ...asked, demand })).toBeUndefined()
    },
  )

  test('asks again for everything one second later, where it has to be fresh and nowhere else', () => {
    const old = { ...asked, signedInAt: ago(601) }
    expect(decideSignIn({ ...old, demand: 'fresh' })).toEqual({ acr: aal2, maxAgeSeconds: 540 })
    expect(decideSignIn({ ...old, demand: 'second-factor' })).toBeUndefined()
    expect(decideSignIn({ ...old, demand: 'own-factor' })).toBeUndefined()
  })

  test('never asks for a sign-in that the engine would hold for young enough, or the browser would go round in circles', () => {
    for (let milliseconds = 599_000; milliseconds < 602_000; milliseconds += 100) {
      const later = new Date(ago(0).getTime() + milliseconds)
      const asked = decideSignIn({ demand: 'fresh', evidence: ['pwd'], hasFactor: false, signedInAt: now, now: later })
      if (asked === undefined) continue
      // The rule of oidc-provider's session: whole seconds, and more than `max_age`.
      const age = Math.floor(later.getTime() / 1000) - Math.floor(now.getTime() / 1000)
      expect(age).toBeGreaterThan(asked.maxAgeSeconds ?? Number.POSITIVE_INFINITY)
    }
  })

  test('asks a password alone for the factor that the account has', () => {
    const bare = { ...asked, evidence: ['pwd'], signedInAt: ago(0) }
    expect(decideSignIn({ ...bare, demand: 'signed-in' })).toBeUndefined()
    expect(decideSignIn({ ...bare, demand: 'own-factor' })).toEqual({ acr: aal2 })
    expect(decideSignIn({ ...bare, demand: 'fresh' })).toEqual({ acr: aal2, maxAgeSeconds: 540 })
  })

  test('asks nobody for a factor that there is none of, but for what needs one in any case', () => {
    const bare = { ...asked, evidence: ['pwd'], hasFactor: false, signedInAt: ago(0) }
    expect(decideSignIn({ ...bare, demand: 'own-factor' })).toBeUndefined()
    expect(decideSignIn({ ...bare, demand: 'fresh' })).toBeUndefined()
    expect(decideSignIn({ ...bare, demand: 'fresh', signedInAt: ago(601) })).toEqual({ maxAgeSeconds: 540 })
    expect(decideSignIn({ ...bare, demand: 'second-factor' })).toEqual({ acr: aal2 })
  })

  test('asks for a fresh second factor in any case, where something is let in for good', () => {
    const bare = { demand: 'fresh-factor', evidence: ['pwd'], hasFactor: false, signedInAt: ago(0), now } as const
    expect(decideSignIn(bare)).toEqual({ acr: aal2, maxAgeSeconds: 540 })
    expect(decideSignIn({ ...asked, demand: 'fresh-factor' })).toBeUndefined()
    expect(decideSignIn({ ...asked, demand: 'fresh-factor', signedInAt: ago(601) })).toEqual({ acr: aal2, maxAgeSeconds: 540 })
    // Nobody without a factor is sent to a sign-in that could bring none.
    expect([lacksFactor(bare), lacksFactor({ ...bare, hasFactor: true }), lacksFactor({ ...bare, demand: 'fresh' })]).toEqual([
      true,
      false,
      false,
    ])
    expect(lacksFactor({ ...bare, evidence: ['pwd', 'otp', 'mfa'] })).toBe(false)
  })

  test('takes a remembered browser for no factor, whatever stands beside it', () => {
    expect(decideSignIn({ ...asked, demand: 'own-factor', evidence: ['pwd', 'rba'] })).toEqual({ acr: aal2 })
    expect(decideSignIn({ ...asked, demand: 'own-factor', evidence: ['pwd', 'rba', 'mfa'] })).toEqual({ acr: aal2 })
  })
})

describe('mayEnroll', () => {
  const bare = { hasFactor: false, evidence: ['pwd'], isTrustedNetwork: false, hasPermit: false }

  test('lets a password alone bind nothing', () => {
    expect(mayEnroll(bare)).toBe('unproved')
    expect(mayEnroll({ ...bare, hasFactor: true })).toBe('unproved')
  })

  test.each([{ isTrustedNetwork: true }, { hasPermit: true }, { evidence: ['pwd', 'otp', 'mfa'] }])(
    'lets %j bind a first one',
    (more) => {
      expect(mayEnroll({ ...bare, ...more })).toBe('first')
    },
  )

  test('wants one of the own factors for a further one: neither a network nor a pass stands in for it', () => {
    expect(mayEnroll({ hasFactor: true, evidence: ['pwd'], isTrustedNetwork: true, hasPermit: true })).toBe('unproved')
    expect(mayEnroll({ ...bare, hasFactor: true, evidence: ['pwd', 'sms', 'mfa'] })).toBe('further')
  })
})

describe('mayChange', () => {
  const bare = { hasFactor: true, evidence: ['pwd'], hasPermit: false }

  test('wants one of the own factors where one is accepted: no pass stands in for it', () => {
    expect(mayChange(bare)).toBe(false)
    expect(mayChange({ ...bare, hasPermit: true })).toBe(false)
    expect(mayChange({ ...bare, evidence: ['pwd', 'otp', 'mfa'] })).toBe(true)
  })

  test('wants a pass, or what still stands in for a factor, where none is accepted', () => {
    expect(mayChange({ ...bare, hasFactor: false })).toBe(false)
    expect(mayChange({ ...bare, hasFactor: false, hasPermit: true })).toBe(true)
    expect(mayChange({ ...bare, hasFactor: false, evidence: ['pwd', 'otp', 'mfa'] })).toBe(true)
  })
})

describe('decideRemoval', () => {
  type Of = Parameters<typeof decideRemoval>[0][number]
  const of = (id: string, more: Partial<Of> = {}) =>
    ({ id, method: 'totp', state: 'active', strength: 'second-factor', ...more }) as Of // the id is a brand without a runtime part
  const key = (id: string) => of(id, { method: 'webauthn', strength: 'phishing-resistant' })
  const isUsable = () => true

  test('keeps the last one that works where a second factor is demanded', () => {
    const asked = { demands: ['second-factor'], isUsable } as const
    expect(decideRemoval([of('a')], 'a', asked)).toEqual({ allowed: false, because: 'second-factor' })
    expect(decideRemoval([of('a'), of('b')], 'a', asked)).toEqual({ allowed: true, isLast: false })
    expect(decideRemoval([of('a'), of('b', { state: 'disabled' })], 'a', asked).allowed).toBe(false)
    expect(decideRemoval([of('a'), of('b', { state: 'disabled' })], 'b', asked).allowed).toBe(true)
  })

  test('does not count what the realm has switched off', () => {
    const asked = { demands: ['second-factor'] as const, isUsable: (method: string) => method !== 'sms' }
    expect(decideRemoval([of('a'), of('b', { method: 'sms' })], 'a', asked).allowed).toBe(false)
    expect(decideRemoval([of('a'), of('b', { method: 'sms' })], 'b', asked).allowed).toBe(true)
  })

  test('keeps the last passkey where one is demanded, and says so', () => {
    const asked = { demands: ['second-factor', 'phishing-resistant'], isUsable } as const
    expect(decideRemoval([of('a'), key('b')], 'b', asked)).toEqual({ allowed: false, because: 'phishing-resistant' })
    expect(decideRemoval([of('a'), key('b')], 'a', asked)).toEqual({ allowed: true, isLast: false })
    expect(decideRemoval([key('a'), key('b')], 'b', asked).allowed).toBe(true)
  })

  test('keeps the last one even when it is locked: without any, the password alone would lead to a first enrolment', () => {
    const locked = of('a', { state: 'disabled' })
    expect(decideRemoval([locked], 'a', { demands: ['second-factor'], isUsable }).allowed).toBe(false)
  })

  test('lets the last one go where nothing is demanded, and says that it is the last', () => {
    expect(decideRemoval([of('a')], 'a', { demands: [], isUsable })).toEqual({ allowed: true, isLast: true })
  })
})

describe('portalPath', () => {
  test.each(['/portal', '/portal/methods', '/portal/methods/0b6a-1/remove'])('leads to %s', (path) => {
    expect(portalPath(path)).toBe(path)
  })

  test.each([
    undefined,
    '',
    '/',
    '/portalx',
    'https://evil.example/portal',
    '//evil.example/portal',
    '/portal//evil.example',
    '/portal/../signin/x',
    '/portal/%2e%2e/x',
    '/portal\\evil.example',
    '/portal/methods?x=1',
    '/portal/signed-in',
    '/portal/a\r\nSet-Cookie: x=1',
    `/portal/${'a'.repeat(300)}`,
  ])('leads home instead of to %j', (path) => {
    expect(portalPath(path)).toBe('/portal')
  })
})

test('messages are all there is when there is nothing else, and when there is something', () => {
  expect(isMessagesOnly([{ method: 'sms' }, { method: 'sms' }])).toBe(true)
  expect(isMessagesOnly([{ method: 'sms' }, { method: 'totp' }])).toBe(false)
  expect(isMessagesOnly([])).toBe(false)
})
