import { expect, test } from 'vitest'
import type { AccessTokenClaims } from './claims.ts'
import { requireAnyScope, requireAssurance, requireRecentSignIn, requireScope, requireUser, ScopeSet } from './scopes.ts'
import { refusal } from './testing/refusal.ts'

const noon = 1_800_000_000
const claimsWith = (changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  iss: 'https://sts.example',
  sub: 'mary',
  aud: 'https://mail.contoso.com/',
  client_id: 'outlook',
  jti: 'j1',
  iat: noon,
  exp: noon + 3600,
  scope: 'Mail.Read EAS',
  scopes: ScopeSet.of('Mail.Read EAS'),
  ...changes,
})

test('a set of scopes splits at spaces, cannot be changed, and is a list in JSON', () => {
  const scopes = ScopeSet.of('a b') as Set<string>
  for (const change of [() => scopes.add('c'), () => scopes.delete('a'), () => scopes.clear()])
    expect(change).toThrow(new TypeError('The scopes of a token cannot be changed'))
  expect(JSON.stringify({ scopes })).toBe('{"scopes":["a","b"]}')
  expect([...ScopeSet.of('')]).toEqual([])
})

test('every required scope must be there, and the first that lacks is named', () => {
  expect(refusal(() => requireScope(claimsWith(), 'Mail.Read', 'EAS'))).toBe('accepted')
  expect(refusal(() => requireScope(claimsWith()))).toBe('accepted')
  expect(refusal(() => requireScope(claimsWith(), 'EAS', 'mail.read'))).toBe('insufficient_scope: lacks mail.read')
})

test('one scope of several will do, and all are named when none is there', () => {
  expect(refusal(() => requireAnyScope(claimsWith(), 'EWS', 'EAS'))).toBe('accepted')
  expect(refusal(() => requireAnyScope(claimsWith(), 'EWS', 'IMAP'))).toBe('insufficient_scope: lacks all of EWS IMAP')
  expect(refusal(() => requireAnyScope(claimsWith()))).toBe('insufficient_scope: lacks all of ')
})

test('a program is no person, by its subject or by its kind', () => {
  expect(refusal(() => requireUser(claimsWith()))).toBe('accepted')
  expect(refusal(() => requireUser(claimsWith({ idtyp: 'user' })))).toBe('accepted')
  expect(refusal(() => requireUser(claimsWith({ idtyp: 'app' })))).toBe('user_required: undefined')
  expect(refusal(() => requireUser(claimsWith({ sub: 'outlook' })))).toBe('user_required: undefined')
})

test('a sign-in is strong enough when its acr is one of the accepted', () => {
  expect(refusal(() => requireAssurance(claimsWith({ acr: 'aal2' }), 'aal3', 'aal2'))).toBe('accepted')
  expect(refusal(() => requireAssurance(claimsWith({ acr: 'aal1' }), 'aal2'))).toBe('assurance_insufficient: acr aal1')
  expect(refusal(() => requireAssurance(claimsWith(), 'aal2'))).toBe('assurance_insufficient: acr missing')
})

test('a sign-in is recent up to the second', () => {
  const after = (milliseconds: number) => new Date(noon * 1000 + milliseconds)
  const signedIn = claimsWith({ auth_time: noon })
  expect(refusal(() => requireRecentSignIn(signedIn, 60, after(60_000)))).toBe('accepted')
  expect(refusal(() => requireRecentSignIn(signedIn, 60, after(60_001)))).toBe(`authentication_too_old: auth_time ${noon}`)
  expect(refusal(() => requireRecentSignIn(claimsWith(), 60, after(0)))).toBe('authentication_too_old: auth_time missing')
})
