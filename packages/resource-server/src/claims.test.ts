import { expect, test } from 'vitest'
import { type ClaimRules, requireClaims } from './claims.ts'
import type { JsonObject, JsonValue } from './strict-json.ts'
import { refusal } from './testing/refusal.ts'

const noon = 1_800_000_000
const audience = 'https://mail.contoso.com/'
const good: JsonObject = { aud: audience, sub: 'mary', client_id: 'outlook', jti: 'j1', iat: noon, exp: noon + 3600 }
const rulesWith = (changes: Partial<ClaimRules> = {}): ClaimRules => ({
  knownScopes: new Map(),
  audiences: new Set([audience, 'api://mail']),
  acceptAudienceLists: false,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
  ...changes,
})
const judge = (changes: JsonObject, rules: Partial<ClaimRules> = {}, now = noon): string =>
  refusal(() => requireClaims({ ...good, ...changes }, rulesWith(rules), now))

function expectEach(rows: readonly (readonly [claim: string, value: JsonValue | undefined, said: string])[]): void {
  expect(rows.map(([claim, value]) => [claim, value, judge({ [claim]: value })])).toEqual(rows)
}

test('names of people, programs and tokens are printable ASCII of at most 255 characters', () => {
  for (const name of ['sub', 'client_id', 'jti'])
    expectEach([
      [name, undefined, `claim_missing: ${name}`],
      [name, 7, `claim_invalid: ${name}: not a string`],
      [name, null, `claim_invalid: ${name}: not a string`],
      [name, '', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'a b', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'a ', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, ' a', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'a\u007f', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'mа', `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'x'.repeat(256), `claim_invalid: ${name}: empty, too long or not printable ASCII`],
      [name, 'x'.repeat(255), 'accepted'],
      [name, '!~', 'accepted'],
    ])
})

test('times are whole seconds in this age', () => {
  for (const name of ['exp', 'iat', 'nbf', 'auth_time']) {
    const wrong = `claim_invalid: ${name}: not whole seconds since 1970`
    expectEach([
      [name, '1800000000', wrong],
      [name, null, wrong],
      [name, noon + 0.5, wrong],
      [name, 0, wrong],
      [name, -1, wrong],
      [name, 1e11, wrong],
    ])
  }
  expectEach([
    ['exp', undefined, 'claim_missing: exp'],
    ['iat', undefined, 'claim_missing: iat'],
    ['nbf', undefined, 'accepted'],
    ['auth_time', 1, 'accepted'],
    ['auth_time', 1e11 - 1, 'accepted'],
    ['auth_time', undefined, 'accepted'],
  ])
})

test('a life begins before it ends, and is not too long', () => {
  const reversed = 'claim_invalid: exp: before iat or nbf'
  expect(judge({ exp: noon - 1 })).toBe(reversed)
  expect(judge({ exp: noon })).toBe('accepted')
  expect(judge({ exp: noon + 5, nbf: noon + 6 })).toBe(reversed)
  expect(judge({ exp: noon + 5, nbf: noon + 5 })).toBe('accepted')
  expect(judge({ exp: noon + 100 }, { maxLifetimeSeconds: 100 })).toBe('accepted')
  expect(judge({ exp: noon + 101 }, { maxLifetimeSeconds: 100 })).toBe('lifetime_too_long: 101 s')
})

test('the clock tolerance holds to the second, at the end and at the beginning', () => {
  const end = noon + 3600
  expect(judge({}, {}, end + 29)).toBe('accepted')
  expect(judge({}, {}, end + 30)).toBe(`token_expired: exp ${end}`)
  expect(judge({}, {}, noon - 30)).toBe('accepted')
  expect(judge({}, {}, noon - 31)).toBe(`token_not_yet_valid: iat ${noon}, nbf ${noon}`)
  expect(judge({ nbf: noon + 60 }, {}, noon + 30)).toBe('accepted')
  expect(judge({ nbf: noon + 60 }, {}, noon + 29)).toBe(`token_not_yet_valid: iat ${noon}, nbf ${noon + 60}`)
  // An earlier nbf opens nothing that iat has not.
  expect(judge({ nbf: noon - 600 }, {}, noon - 31)).toBe(`token_not_yet_valid: iat ${noon}, nbf ${noon - 600}`)
})

test('the audience is one string that means us', () => {
  expectEach([
    ['aud', undefined, 'claim_missing: aud'],
    ['aud', audience, 'accepted'],
    ['aud', 'api://mail', 'accepted'],
    ['aud', 'https://other/', 'audience_mismatch: "https://other/"'],
    ['aud', `"${'o'.repeat(300)}`, `audience_mismatch: "\\"${'o'.repeat(199)}"`],
    ['aud', [audience], 'claim_invalid: aud: not a single string'],
    ['aud', 7, 'claim_invalid: aud: not a single string'],
  ])
})

test('a list of audiences is taken only where that was asked for, whole and with us in it', () => {
  const listed = (aud: JsonValue): string => judge({ aud }, { acceptAudienceLists: true })
  expect(listed(['https://other/', audience])).toBe('accepted')
  expect(listed(['https://other/'])).toBe('audience_mismatch: none of the list')
  expect(listed([])).toBe('claim_invalid: aud: not a single string')
  expect(listed([audience, 7])).toBe('claim_invalid: aud: not a single string')
  expect(listed({ 0: audience })).toBe('claim_invalid: aud: not a single string')
  expect(listed(null)).toBe('claim_invalid: aud: not a single string')
  expect(listed(audience)).toBe('accepted')
})

test('optional claims have their form, or are absent', () => {
  for (const name of ['acr', 'sid', 'upn', 'email', 'oid', 'tid'])
    expectEach([
      [name, 7, `claim_invalid: ${name}: not a string`],
      [name, null, `claim_invalid: ${name}: not a string`],
      [name, 'x', 'accepted'],
    ])
  const wrong = 'claim_invalid: amr: not a list of strings'
  expectEach([
    ['amr', 'pwd', wrong],
    ['amr', null, wrong],
    ['amr', ['pwd', 7], wrong],
    ['amr', { 0: 'pwd' }, wrong],
    ['amr', [], 'accepted'],
    ['amr', ['pwd', 'otp'], 'accepted'],
  ])
  expect(judge({ cnf: { jkt: 'x' } })).toBe('sender_constraint_missing: cnf')
})

test('a scope is names with single spaces between', () => {
  const wrong = 'claim_invalid: scope: not a list of scope names'
  expectEach([
    ['scope', 7, wrong],
    ['scope', null, wrong],
    ['scope', '', wrong],
    ['scope', ' a', wrong],
    ['scope', 'a ', wrong],
    ['scope', 'a  b', wrong],
    ['scope', 'a"b', wrong],
    ['scope', 'a\\b', wrong],
    ['scope', 'a é', wrong],
    ['scope', 'Mail.Read !#[]~ b', 'accepted'],
    ['scope', undefined, 'accepted'],
  ])
})

test('what comes out is frozen, with scope as signed and the set of its names', () => {
  const claims = requireClaims({ ...good, scope: 'a b', scopes: ['forged'] }, rulesWith(), noon)
  expect([claims.scope, [...claims.scopes], Object.isFrozen(claims)]).toEqual(['a b', ['a', 'b'], true])
  const none = requireClaims({ ...good }, rulesWith(), noon)
  expect([none.scope, [...none.scopes]]).toEqual(['', []])
})

test('the same scope is read once, and a thousand different ones are remembered at most', () => {
  const rules = rulesWith()
  const scopesOf = (scope?: string) => requireClaims(scope === undefined ? { ...good } : { ...good, scope }, rules, noon).scopes
  expect(scopesOf('a b')).toBe(scopesOf('a b'))
  scopesOf()
  expect([...rules.knownScopes.keys()]).toEqual(['a b'])
  expect(refusal(() => scopesOf('a  b'))).toBe('claim_invalid: scope: not a list of scope names')
  for (let index = 0; index < 1100; index += 1) scopesOf(`s${index}`)
  expect(rules.knownScopes.size).toBe(1000)
  expect([...scopesOf('s1099')]).toEqual(['s1099'])
})
